"""Each change of a run as SQL. Runs on the writer's thread, within its transaction."""

from __future__ import annotations

from typing import Any, assert_never

import apsw

from leafcast.decide.ledger.wording import check_own, must, no_invitation
from leafcast.edge.ledger import again, sql
from leafcast.edge.ledger.bulk import Bulk
from leafcast.edge.ledger.deliveries import Postmark
from leafcast.edge.ledger.following import Follower
from leafcast.edge.ledger.links import LinkChanges
from leafcast.edge.ledger.messages import MessageChanges
from leafcast.edge.ledger.operations import Stamp
from leafcast.edge.ledger.rounds import RoundChanges
from leafcast.edge.ledger.runs import Run
from leafcast.edge.ledger.settling import Settler
from leafcast.edge.ledger.suppressing import Suppressor
from leafcast.model import (
    Change,
    ConnectionSeen,
    DeliverySeen,
    DoubtLifted,
    DoubtLooked,
    DoubtResolved,
    Examined,
    Excluded,
    LinkCarried,
    LinkIntent,
    LinkRevoked,
    LinkSeen,
    LinkSettled,
    MessageGivenUp,
    MessageHeld,
    MessageIntent,
    MessageSettled,
    MessageSkipped,
    NextChannel,
    OrphanNoted,
    OrphanRevoked,
    ReadUpTo,
    Recalled,
    Reopened,
    RowTakenOver,
    Suppress,
)

_OfInvitation = (
    LinkIntent | LinkSettled | NextChannel | LinkSeen | ConnectionSeen | LinkCarried | LinkRevoked | RowTakenOver
)


def is_intent(change: Change) -> bool:
    """Whether a change must be durable before the next thing happens."""
    return isinstance(change, LinkIntent | MessageIntent)


class Changes:
    """Applies the changes of one run."""

    def __init__(self, connection: apsw.Connection, run: Run) -> None:
        self._connection = connection
        self._run = run
        self._q: Any = sql.queries()
        self._links = LinkChanges(connection, run)
        self._messages = MessageChanges(connection, run)
        self._settler = Settler(connection, run.campaign_id)
        self._follower = Follower(connection)
        self._rounds = RoundChanges(connection, run.campaign_id, run.epoch)
        self._postmark = Postmark(connection, run.campaign_id)
        self._suppressor = Suppressor(connection, run.campaign_id)
        self.together = Bulk(connection, run, self.apply).apply
        """Makes many changes; see `Bulk`."""

    def apply(self, change: Change, stamp: Stamp) -> None:  # noqa: C901 - one arm for each change
        """Make one change, or raise `LeafcastError` (or a constraint's error) where it would break a rule."""
        match change:
            case LinkIntent():
                self._links.intent(change, stamp)
            case LinkSettled():
                self._links.settled(change, self._place(change), stamp)
            case MessageIntent():
                self._messages.intent(change, stamp)
            case MessageSettled():
                self._messages.settled(change, stamp)
                self._suppressor.learn(change.message_id, change.outcome, stamp)
            case MessageGivenUp():
                self._messages.given_up(change, stamp)
            case MessageHeld():
                self._messages.held(change, stamp)
            case NextChannel():
                self._messages.next_channel(change, self._place(change), stamp)
            case Reopened():
                self._mine(change.campaign)
                self._messages.reopened(change, stamp)
            case RowTakenOver():
                again.take_over(self._connection, change, self._place(change), stamp)
            case Examined():
                self._mine(change.campaign)
                key = {"campaign_id": self._run.campaign_id, "epoch": self._run.epoch}
                self._q.note_examined(self._connection, **key, fingerprint=change.fingerprint)
            case Excluded():
                self._excluded(change, stamp)
            case DoubtLooked():
                self._settler.looked(change, stamp)
            case DoubtLifted():
                self._settler.lifted(change, stamp)
            case DoubtResolved():
                self._settler.resolved(change, stamp)
            case OrphanNoted():
                doubt = change.orphan.doubt
                invitation = self._invitation(change.campaign, doubt.external_id, doubt.round)
                self._settler.orphan_noted(change.orphan, invitation, stamp)
            case OrphanRevoked():
                self._mine(change.campaign)
                self._settler.orphan_revoked(change.orphan, stamp)
            case LinkSeen():
                self._follower.link_seen(change, self._place(change), stamp)
            case ConnectionSeen():
                self._follower.connection_seen(change, self._place(change), stamp)
            case LinkCarried():
                self._rounds.carried(self._place(change), stamp)
            case LinkRevoked():
                self._rounds.revoked(change, self._place(change), stamp)
            case Recalled():
                self._mine(change.campaign)
                which = [self._invitation(change.campaign, *one) for one in change.invitations or ()]
                self._rounds.recalled(change, which, stamp)
            case DeliverySeen():
                self._postmark.delivery_seen(change, stamp)
            case ReadUpTo():
                self._mine(change.campaign)
                self._postmark.read_up_to(change)
            case MessageSkipped():
                self._suppressor.skipped(change, stamp)
            case Suppress():
                self._suppressor.suppress(change, stamp)
            case _:
                assert_never(change)

    def _excluded(self, change: Excluded, stamp: Stamp) -> None:
        self._mine(change.campaign)
        self._q.clear_excluded(self._connection, campaign_id=self._run.campaign_id)
        for row, reason in change.rows:
            self._q.insert_excluded(
                self._connection, campaign_id=self._run.campaign_id, list_row=row, reason=reason, now=stamp.now
            )

    def _place(self, change: _OfInvitation) -> int:
        return self._invitation(change.campaign, change.external_id, change.round)

    def _invitation(self, campaign: str, external_id: str, round_number: int) -> int:
        self._mine(campaign)
        found = self._q.find_invitation(
            self._connection, campaign_id=self._run.campaign_id, external_id=external_id, round=round_number
        )
        return int(must(found, no_invitation(external_id, round_number)))

    def _mine(self, campaign: str) -> None:
        check_own(campaign, self._run.campaign)
