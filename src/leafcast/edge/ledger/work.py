"""What a run takes out of the ledger: the next invitations, and how much there is to do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import apsw

from leafcast.edge.ledger import sql
from leafcast.edge.ledger.runs import Run
from leafcast.model import Channel, Due, Grower, Invitation, Link, LinkType, Message, MessageState, Scope


@dataclass(frozen=True, slots=True)
class Backlog:
    """The planned messages of one scope, as seen at one moment."""

    connection: apsw.Connection
    run: Run
    scope: Scope
    now: str

    def invitations(
        self, *, after: int, limit: int, only: frozenset[str], channel: Channel | None
    ) -> Sequence[tuple[int, Invitation]]:
        """The next ones in list order, with their places."""
        key = {
            "campaign_id": self.run.campaign_id,
            "scope": self.scope,
            "epoch": self.run.epoch,
            "now": self.now,
            "channel": channel,
        }
        found: Iterable[tuple[Any, ...]]
        if not only:
            found = list(sql.queries().due_invitations(self.connection, **key, after=after, limit=limit))
        else:
            of_each = (
                sql.queries().due_invitations_of(self.connection, **key, after=after, external_id=one) for one in only
            )
            found = sorted((row for rows in of_each for row in rows), key=lambda row: int(row[0]))[:limit]
        return [(row[0], self._invitation(row)) for row in found]

    def linkless(self, *, again: bool, after: int, limit: int) -> Sequence[tuple[int, Invitation]]:
        """The next ones without messages that have no link yet, or (`again`) whose newest link failed."""
        key = {"campaign_id": self.run.campaign_id, "epoch": self.run.epoch, "after": after, "limit": limit}
        found = list(sql.queries().linkless(self.connection, **key, again=again))
        return [(row[0], self._invitation(row)) for row in found]

    def due(self, *, limit: int | None, only: frozenset[str]) -> Due:
        """How much that is: at most `limit` invitations of it."""
        counted = sql.queries().due_counts(
            self.connection,
            campaign_id=self.run.campaign_id,
            scope=self.scope,
            epoch=self.run.epoch,
            now=self.now,
            only=json.dumps(sorted(only)) if only else None,
            limit=-1 if limit is None else limit,
        )
        numbers = {what: (number, moment) for what, number, moment in counted}
        held, until = numbers["held"]
        return Due(
            growers=numbers["growers"][0],
            messages=MappingProxyType({one: numbers[one][0] for one in Channel if one in numbers}),
            links=numbers["linkless"][0],
            held=held,
            held_until=None if until is None else sql.to_moment(until),
        )

    def _invitation(self, row: tuple[Any, ...]) -> Invitation:
        number, round_number, cause, list_row, external_id, name, email, phone, cells, generation = row
        messages = list(sql.queries().messages_of(self.connection, invitation_id=number))
        link = sql.queries().live_link_of(self.connection, invitation_id=number) if generation else None
        return Invitation(
            grower=Grower(list_row, external_id, name, email, phone, MappingProxyType(json.loads(cells))),
            round=round_number,
            messages=tuple(
                Message(message, Channel(channel), to, attempts)
                for message, channel, to, attempts, state, not_before, reopened in messages
                if state == MessageState.PLANNED
                and (not_before is None or not_before <= self.now)
                and (self.scope is not Scope.REOPENED or reopened == self.run.epoch)
            ),
            channels_used=frozenset(Channel(channel) for _, channel, *_ in messages),
            link=_link(link) if link else None,
            generation=generation,
            cause=cause,
        )


def _link(row: tuple[Any, ...]) -> Link:
    leaf_link_id, url, leaf_user_id, expires_at, kind, providers = row
    return Link(
        leaf_link_id, url, leaf_user_id, sql.to_moment(expires_at), LinkType(kind), tuple(json.loads(providers))
    )
