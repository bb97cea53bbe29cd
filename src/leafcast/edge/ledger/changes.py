"""Each change of a run as SQL. Runs on the writer's thread, within its transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar, assert_never

import apsw

from leafcast.decide.fitting import fits
from leafcast.edge.ledger import sql
from leafcast.edge.ledger.deliveries import Postmark
from leafcast.edge.ledger.following import Follower
from leafcast.edge.ledger.rounds import RoundChanges
from leafcast.edge.ledger.settling import Settler
from leafcast.edge.ledger.suppressing import Suppressor
from leafcast.edge.ledger.transitions import link_state_after, message_state_after
from leafcast.edge.ledger.writer import Stamp
from leafcast.errors import LeafcastError
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
    LinkRequest,
    LinkRevoked,
    LinkSeen,
    LinkSettled,
    LinkType,
    MessageGivenUp,
    MessageHeld,
    MessageIntent,
    MessageSettled,
    MessageSkipped,
    MessageState,
    NextChannel,
    OrphanNoted,
    OrphanRevoked,
    Outcome,
    ReadUpTo,
    Recalled,
    Reopened,
    SkipReason,
    Suppress,
    Verdict,
)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Run:
    """The run that holds the ledger."""

    id: str
    campaign: str
    campaign_id: int
    epoch: int


def is_intent(change: Change) -> bool:
    """Whether a change must be durable before the next thing happens."""
    return isinstance(change, LinkIntent | MessageIntent)


class Changes:
    """Applies the changes of one run."""

    def __init__(self, connection: apsw.Connection, run: Run) -> None:
        self._connection = connection
        self._run = run
        self._q: Any = sql.queries()
        self._settler = Settler(connection, run.campaign_id)
        self._follower = Follower(connection)
        self._rounds = RoundChanges(connection, run.campaign_id, run.epoch)
        self._postmark = Postmark(connection, run.campaign_id)
        self._suppressor = Suppressor(connection, run.campaign_id)

    def apply(self, change: Change, stamp: Stamp) -> None:  # noqa: C901 - one arm for each change
        """Make one change, or raise `LeafcastError` (or a constraint's error) where it would break a rule."""
        match change:
            case LinkIntent():
                self._link_intent(change, stamp)
            case LinkSettled():
                self._link_settled(change, stamp)
            case MessageIntent():
                self._message_intent(change, stamp)
            case MessageSettled():
                self._message_settled(change, stamp)
            case MessageGivenUp():
                self._message_given_up(change, stamp)
            case MessageHeld():
                self._message_held(change, stamp)
            case NextChannel():
                self._next_channel(change, stamp)
            case Reopened():
                self._reopened(change, stamp)
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
                invitation = self._invitation(change.campaign, change.external_id, change.round)
                self._follower.link_seen(change, invitation, stamp)
            case ConnectionSeen():
                invitation = self._invitation(change.campaign, change.external_id, change.round)
                self._follower.connection_seen(change, invitation, stamp)
            case LinkCarried():
                self._rounds.carried(self._invitation(change.campaign, change.external_id, change.round), stamp)
            case LinkRevoked():
                invitation = self._invitation(change.campaign, change.external_id, change.round)
                self._rounds.revoked(change, invitation, stamp)
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

    def _link_intent(self, change: LinkIntent, stamp: Stamp) -> None:
        invitation = self._invitation(change.campaign, change.external_id, change.round)
        self._retire_link(invitation, change.request, stamp)
        self._q.expire_dead_links(self._connection, invitation_id=invitation, now=stamp.now)
        self._q.supersede_links(self._connection, invitation_id=invitation, generation=change.generation, now=stamp.now)
        link = self._q.insert_link(
            self._connection,
            campaign_id=self._run.campaign_id,
            invitation_id=invitation,
            generation=change.generation,
            type=change.request.type,
            providers=sql.to_json(change.request.providers),
            expires_in=change.request.expires_in,
            leaf_user_id=change.request.leaf_user_id or "",
            epoch=self._run.epoch,
            now=stamp.now,
        )
        self._q.insert_attempt(
            self._connection, message_id=None, link_id=link, number=1, epoch=self._run.epoch, now=stamp.now
        )

    def _retire_link(self, invitation: int, request: LinkRequest, stamp: Stamp) -> None:
        """A live link makes room for the next one when that is another kind of link, or will live at least twice as
        long as this one still does; a fresher one stands in the way."""
        live = self._q.live_link(self._connection, invitation_id=invitation)
        if live is None:
            return
        link, expires_at, kind, providers, leaf_user_id = live
        worn = sql.to_moment(expires_at) - stamp.moment <= timedelta(seconds=request.expires_in / 2)
        if worn or not fits(request, LinkType(kind), json.loads(providers), leaf_user_id):
            self._q.expire_link(self._connection, id=link, now=stamp.now)

    def _link_settled(self, change: LinkSettled, stamp: Stamp) -> None:
        invitation = self._invitation(change.campaign, change.external_id, change.round)
        outcome, made = change.result.outcome, change.result.link
        key = {"invitation_id": invitation, "generation": change.generation, "now": stamp.now}
        if (outcome.verdict is Verdict.ACCEPTED) != (made is not None):
            raise LeafcastError("a link outcome is accepted exactly when it carries a link")
        if made is not None:
            link = self._q.link_made(
                self._connection,
                **key,
                leaf_link_id=made.id,
                url=made.url,
                leaf_user_id=made.leaf_user_id,
                expires_at=sql.to_text(made.expires_at),
                type=made.type,
                providers=sql.to_json(made.providers),
            )
        else:
            state = link_state_after(outcome.verdict)
            link = self._q.settle_link(
                self._connection, **key, state=state, error_code=outcome.code, error=outcome.reason
            )
        _must(link, f"link generation {change.generation} of {change.external_id!r} was not being asked for")
        self._q.end_attempt_of_link(
            self._connection,
            link_id=link,
            verdict=outcome.verdict,
            code=outcome.code,
            reason=outcome.reason,
            now=stamp.now,
        )

    def _message_intent(self, change: MessageIntent, stamp: Stamp) -> None:
        number = self._q.begin_message(
            self._connection,
            id=change.message_id,
            campaign_id=self._run.campaign_id,
            epoch=self._run.epoch,
            link_generation=change.link_generation,
            now=stamp.now,
        )
        _must(number, f"there is no message {change.message_id} in campaign {self._run.campaign}")
        self._q.insert_attempt(
            self._connection,
            message_id=change.message_id,
            link_id=None,
            number=number,
            epoch=self._run.epoch,
            now=stamp.now,
        )

    def _message_settled(self, change: MessageSettled, stamp: Stamp) -> None:
        outcome = change.outcome
        key = {"id": change.message_id, "campaign_id": self._run.campaign_id, "now": stamp.now}
        state = message_state_after(outcome.verdict)
        if state is MessageState.ACCEPTED:
            settled = self._q.accept_message(self._connection, **key, provider_id=outcome.provider_id)
        else:
            held = change.not_before if state is MessageState.PLANNED else None
            settled = self._q.settle_message(
                self._connection,
                **key,
                state=state,
                not_before=held and sql.to_text(held),
                error_code=outcome.code,
                error=outcome.reason,
                provider_id=outcome.provider_id,
            )
        _must(settled, f"message {change.message_id} was not being sent, so nothing can have come of it")
        self._end_attempt(change.message_id, outcome, stamp)
        self._suppressor.learn(change.message_id, outcome, stamp)

    def _end_attempt(self, message_id: str, outcome: Outcome, stamp: Stamp) -> None:
        self._q.end_attempt_of_message(
            self._connection,
            message_id=message_id,
            verdict=outcome.verdict,
            code=outcome.code,
            reason=outcome.reason,
            provider_id=outcome.provider_id,
            now=stamp.now,
        )

    def _message_given_up(self, change: MessageGivenUp, stamp: Stamp) -> None:
        given_up = self._q.give_up_message(
            self._connection,
            id=change.message_id,
            campaign_id=self._run.campaign_id,
            error_code=change.code,
            error=change.reason,
            now=stamp.now,
        )
        _must(given_up, f"message {change.message_id} is not planned, so it cannot be given up")

    def _message_held(self, change: MessageHeld, stamp: Stamp) -> None:
        held = self._q.hold_message(
            self._connection,
            id=change.message_id,
            campaign_id=self._run.campaign_id,
            not_before=sql.to_text(change.until),
            now=stamp.now,
        )
        _must(held, f"message {change.message_id} is not planned, so it cannot be held")

    def _next_channel(self, change: NextChannel, stamp: Stamp) -> None:
        planned = change.message
        self._q.insert_message(
            self._connection,
            id=change.message_id,
            campaign_id=self._run.campaign_id,
            invitation_id=self._invitation(change.campaign, change.external_id, change.round),
            channel=planned.channel,
            to_address=planned.to,
            state=MessageState.SKIPPED if planned.skip else MessageState.PLANNED,
            error=planned.skip or "",
            now=stamp.now,
        )
        self._q.reopen_beside(self._connection, id=change.message_id, campaign_id=self._run.campaign_id)

    def _reopened(self, change: Reopened, stamp: Stamp) -> None:
        self._mine(change.campaign)
        failed = list(self._q.failed_messages(self._connection, campaign_id=self._run.campaign_id))
        for message, channel, external_id, state in failed:
            if change.channel not in (None, channel) or (change.only and external_id not in change.only):
                continue
            if state == MessageState.FAILED:
                self._q.reopen_message(self._connection, id=message, epoch=self._run.epoch, now=stamp.now)
            else:
                self._q.still_reopened(self._connection, id=message, epoch=self._run.epoch)
        key = {"campaign_id": self._run.campaign_id, "epoch": self._run.epoch}
        self._q.skip_suppressed(self._connection, **key, reason=SkipReason.SUPPRESSED, now=stamp.now)
        self._q.skip_connected(self._connection, **key, reason=SkipReason.CONNECTED, now=stamp.now)

    def _excluded(self, change: Excluded, stamp: Stamp) -> None:
        self._mine(change.campaign)
        self._q.clear_excluded(self._connection, campaign_id=self._run.campaign_id)
        for row, reason in change.rows:
            self._q.insert_excluded(
                self._connection, campaign_id=self._run.campaign_id, list_row=row, reason=reason, now=stamp.now
            )

    def _invitation(self, campaign: str, external_id: str, round_number: int) -> int:
        self._mine(campaign)
        found = self._q.find_invitation(
            self._connection, campaign_id=self._run.campaign_id, external_id=external_id, round=round_number
        )
        return int(_must(found, f"grower {external_id!r} has no invitation of round {round_number}"))

    def _mine(self, campaign: str) -> None:
        if campaign != self._run.campaign:
            raise LeafcastError(f"a change of campaign {campaign!r} came to the run of {self._run.campaign!r}")


def _must(found: _T | None, otherwise: str) -> _T:
    if found is None:
        raise LeafcastError(f"the ledger refused a change: {otherwise}")
    return found
