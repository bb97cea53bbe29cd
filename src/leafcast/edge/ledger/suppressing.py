"""Suppressions as SQL: what joins them within a run, what they hold back, and how they are read."""

from __future__ import annotations

from typing import Any

import apsw

from leafcast.decide.ledger.wording import refused
from leafcast.decide.suppressed import after_outcome, key_of
from leafcast.edge.ledger import sql
from leafcast.edge.ledger.operations import Stamp
from leafcast.model import Channel, Grower, MessageSkipped, Outcome, SkipReason, Suppress, Suppression


class Suppressor:
    """Applies to suppressions what a run learns. That no message leaves for one of them is a rule of the schema."""

    def __init__(self, connection: apsw.Connection, campaign_id: int) -> None:
        self._connection = connection
        self._campaign_id = campaign_id
        self._q: Any = sql.queries()

    def suppress(self, change: Suppress, stamp: Stamp) -> None:
        """Add those that are not there yet."""
        for one in change.suppressions:
            insert(self._connection, one, stamp.now)

    def learn(self, message_id: str, outcome: Outcome, stamp: Stamp) -> None:
        """Keep a recipient who, by a service's answer, must be left alone."""
        for channel in Channel:
            if (told := after_outcome(channel, outcome)) is not None:
                reason, source = told
                self._q.suppress_recipient(
                    self._connection, id=message_id, channel=channel, reason=reason, source=source, now=stamp.now
                )

    def skipped(self, change: MessageSkipped, stamp: Stamp) -> None:
        """Leave out a planned message."""
        message = self._q.planned_message(self._connection, id=change.message_id, campaign_id=self._campaign_id)
        if message is None:
            raise refused(f"message {change.message_id} is not planned")
        self._q.skip_message(self._connection, id=message, reason=change.reason, now=stamp.now)


def suppression(row: tuple[Any, ...]) -> Suppression:
    """One row of the query `suppressions`."""
    channel, address, reason, source, since = row
    return Suppression(Channel(channel), address, reason, source, sql.to_moment(since))


def barred(connection: apsw.Connection, campaign_id: int, grower: Grower, *, shared: bool) -> dict[Channel, SkipReason]:
    """The grower's channels whose address is suppressed or, unless addresses may be shared, an earlier grower's."""
    queries: Any = sql.queries()
    found: dict[Channel, SkipReason] = {}
    if not shared:
        email, phone = queries.earlier_of_address(
            connection,
            campaign_id=campaign_id,
            external_id=grower.external_id,
            email=key_of(grower.email or ""),
            phone=grower.phone or "",
        )
        taken = {Channel.EMAIL: email, Channel.SMS: phone}
        found |= {channel: SkipReason.DUPLICATE for channel, is_taken in taken.items() if is_taken}
    for channel in Channel:
        address = grower.address(channel)
        if address and queries.is_suppressed(connection, channel=channel, address=key_of(address)) is not None:
            found[channel] = SkipReason.SUPPRESSED
    return found


def insert(connection: apsw.Connection, one: Suppression, now: str) -> bool:
    """Add one; False where the address is there already."""
    added = sql.queries().insert_suppression(
        connection,
        channel=one.channel,
        address=key_of(one.address),
        reason=one.reason,
        source=one.source,
        since=sql.to_text(one.since) if one.since else now,
        now=now,
    )
    return added is not None
