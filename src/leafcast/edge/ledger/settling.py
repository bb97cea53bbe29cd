"""Settling doubts as SQL: what a service showed, what a person said, and the orphans among Leaf's links."""

from __future__ import annotations

import json
from typing import Any

import apsw

from leafcast.decide.ledger.looking import shown_by
from leafcast.decide.ledger.wording import BY_WORD, RECALLED, refused
from leafcast.edge.ledger import sql
from leafcast.edge.ledger.operations import Stamp
from leafcast.model import (
    DoubtLifted,
    DoubtLooked,
    DoubtResolved,
    Found,
    Orphan,
    Settlement,
)


class Settler:
    """Applies the changes that settle doubts, for one run."""

    def __init__(self, connection: apsw.Connection, campaign_id: int) -> None:
        self._connection = connection
        self._campaign_id = campaign_id
        self._q: Any = sql.queries()

    def looked(self, change: DoubtLooked, stamp: Stamp) -> None:
        """Note a look; what it found is accepted."""
        attempt = self._attempt(change.message_id, change.attempt)
        showed, why = shown_by(change.look)
        self._q.insert_look(self._connection, attempt_id=attempt, showed=showed, why=why, now=stamp.now)
        if isinstance(change.look, Found):
            self._settle(attempt, Settlement.FOUND, stamp)
            self._q.found_message(
                self._connection,
                id=change.message_id,
                delivery=change.look.delivery,
                provider_id=change.look.provider_id,
                now=stamp.now,
            )

    def lifted(self, change: DoubtLifted, stamp: Stamp) -> None:
        """Plan a message again that the service, asked twice, shows no trace of."""
        self._settle(self._attempt(change.message_id, change.attempt), Settlement.ABSENT, stamp)
        self._replan(change.message_id, stamp)

    def resolved(self, change: DoubtResolved, stamp: Stamp) -> None:
        """Settle a doubt by a person's word, which is written down first."""
        attempt = self._attempt(change.message_id, change.attempt)
        self._q.insert_operator_action(
            self._connection,
            campaign_id=self._campaign_id,
            who=change.who,
            action=change.settlement,
            subject=change.message_id,
            details=json.dumps({"attempt": change.attempt}),
            now=stamp.now,
        )
        self._settle(attempt, change.settlement, stamp)
        if change.settlement is Settlement.ASSUMED_SENT:
            self._q.assume_message_sent(self._connection, id=change.message_id, reason=BY_WORD, now=stamp.now)
        elif change.settlement is Settlement.RESEND:
            self._replan(change.message_id, stamp)
        else:
            raise refused(f"{change.settlement} is nobody's word")

    def orphan_noted(self, orphan: Orphan, invitation: int, stamp: Stamp) -> None:
        """Write an orphan down beside the link in doubt that it came from."""
        link = self._q.link_in_doubt(self._connection, invitation_id=invitation, generation=orphan.doubt.generation)
        if link is None:
            raise refused("an orphan comes from a link in doubt")
        self._q.insert_orphan(
            self._connection,
            link_id=link,
            leaf_link_id=orphan.link_id,
            leaf_user_id=orphan.leaf_user_id,
            made_at=sql.to_text(orphan.created_at),
            now=stamp.now,
        )

    def orphan_revoked(self, orphan: Orphan, stamp: Stamp) -> None:
        """Write down that an orphan is gone; the link in doubt is settled with it."""
        link = self._q.revoke_orphan(self._connection, leaf_link_id=orphan.link_id, now=stamp.now)
        if link is None:
            raise refused("this orphan was not noted, or is revoked already")
        self._q.revoke_link_in_doubt(self._connection, id=link, now=stamp.now)

    def _replan(self, message_id: str, stamp: Stamp) -> None:
        """Let the next run send it, unless it was recalled meanwhile: then it surely did not leave, and never will."""
        self._q.replan_message(self._connection, id=message_id, now=stamp.now)
        self._q.cancel_if_recalled(self._connection, id=message_id, reason=RECALLED, now=stamp.now)

    def _attempt(self, message_id: str, number: int) -> int:
        found = self._q.attempt_in_doubt(
            self._connection, message_id=message_id, number=number, campaign_id=self._campaign_id
        )
        if found is None:
            raise refused(f"attempt {number} of {message_id} is not in doubt")
        return int(found)

    def _settle(self, attempt: int, settlement: Settlement, stamp: Stamp) -> None:
        self._q.settle_attempt(self._connection, id=attempt, settled_as=settlement, now=stamp.now)
