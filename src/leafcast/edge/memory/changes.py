"""Each change of a run, in memory: the same rules as the SQL of the ledger has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from leafcast.decide.fitting import fits
from leafcast.edge.ledger.transitions import LINK, MESSAGE, link_state_after, message_state_after
from leafcast.edge.memory import suppressing
from leafcast.edge.memory.deliveries import delivery_seen
from leafcast.edge.memory.following import is_connected, see
from leafcast.edge.memory.rounds import MemoryRoundChanges
from leafcast.edge.memory.settling import MemorySettler
from leafcast.edge.memory.tables import LinkRow, MessageRow, Tables, Trial
from leafcast.errors import LeafcastError, Withheld
from leafcast.model import (
    Change,
    ConnectionSeen,
    Delivery,
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
    LinkState,
    MessageGivenUp,
    MessageHeld,
    MessageIntent,
    MessageSettled,
    MessageSkipped,
    MessageState,
    NextChannel,
    OrphanNoted,
    OrphanRevoked,
    ReadUpTo,
    Recalled,
    Reopened,
    SkipReason,
    Suppress,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class MemoryChanges:
    """Applies the changes of one run at one moment."""

    tables: Tables
    campaign: str
    epoch: int
    now: datetime

    def apply(self, change: Change) -> None:  # noqa: C901 - one arm for each change
        """Make one change, or raise `LeafcastError` where it would break a rule."""
        match change:
            case LinkIntent():
                self._link_intent(change)
            case LinkSettled():
                self._link_settled(change)
            case MessageIntent():
                self._message_intent(change)
            case MessageSettled():
                self._message_settled(change)
            case MessageGivenUp():
                message = self._message(change.message_id, MessageState.PLANNED)
                self._move(message, MessageState.FAILED, error_code=change.code, error=change.reason)
            case MessageHeld():
                message = self._message(change.message_id, MessageState.PLANNED)
                held = replace(message, not_before=change.until, updated_at=self.now)
                self.tables.put(self.tables.messages, held.id, held)
            case NextChannel():
                self._next_channel(change)
            case Reopened():
                self._reopened(change)
            case Examined():
                self._mine(change.campaign)
                row = replace(self.tables.campaigns[change.campaign], examined=(change.fingerprint, self.epoch))
                self.tables.put(self.tables.campaigns, change.campaign, row)
            case Excluded():
                self._mine(change.campaign)
                row = replace(self.tables.campaigns[change.campaign], excluded=change.rows)
                self.tables.put(self.tables.campaigns, change.campaign, row)
            case DoubtLooked() | DoubtLifted() | DoubtResolved():
                message = self._message(change.message_id, MessageState.IN_DOUBT)
                MemorySettler(self.tables, self.now).message(message, change)
            case OrphanNoted():
                doubt = change.orphan.doubt
                place = self._place(change.campaign, doubt.external_id, doubt.round)
                MemorySettler(self.tables, self.now).orphan_noted(change.orphan, place)
            case OrphanRevoked():
                self._mine(change.campaign)
                MemorySettler(self.tables, self.now).orphan_revoked(change.orphan)
            case LinkSeen() | ConnectionSeen():
                see(self.tables, change, self._place(change.campaign, change.external_id, change.round), self.now)
            case LinkCarried():
                self._rounds.carried(self._place(change.campaign, change.external_id, change.round))
            case LinkRevoked():
                self._rounds.revoked(change, self._place(change.campaign, change.external_id, change.round))
            case Recalled():
                self._mine(change.campaign)
                self._rounds.recalled(change, [self._place(change.campaign, *one) for one in change.invitations or ()])
            case DeliverySeen():
                delivery_seen(self.tables, self.tables.messages.get(change.message_id), change, self.now)
            case ReadUpTo():
                self._mine(change.campaign)
                key = (change.campaign, change.source)
                upto = max(change.moment, self.tables.watermarks.get(key, change.moment))
                self.tables.put(self.tables.watermarks, key, upto)
            case MessageSkipped():
                message = self._message(change.message_id, MessageState.PLANNED)
                self._move(message, MessageState.SKIPPED, error=change.reason)
            case Suppress():
                suppressing.suppress(self.tables, change.suppressions, self.now)
            case _:
                assert_never(change)

    @property
    def _rounds(self) -> MemoryRoundChanges:
        return MemoryRoundChanges(self.tables, self.epoch, self.now)

    def _link_intent(self, change: LinkIntent) -> None:
        place = self._place(change.campaign, change.external_id, change.round)
        if self.tables.recalled(place):
            raise _refused("no link is made for what was recalled")
        live = self.tables.live_link(place)
        if live is not None and live.link is not None:
            left, made = live.link.expires_at - self.now, live.link
            worn = left <= timedelta(seconds=change.request.expires_in / 2)
            if worn or not fits(change.request, made.type, made.providers, made.leaf_user_id):
                self._move_link(place, live, LinkState.EXPIRED)
        self._rounds.expire_dead(place)
        links = self.tables.links_of(place)
        if any(
            link.state in (LinkState.SENDING, LinkState.LIVE)
            for link in (*links, *(row for _, row in self.tables.beside(place)))
        ):
            raise _refused("the grower has a link already")
        if any(link.generation == change.generation for link in links):
            raise _refused("this generation of the link was asked for already")
        row = LinkRow(change.generation, change.request, LinkState.SENDING, self.now, epoch=self.epoch)
        self.tables.put(self.tables.links, (place, change.generation), row)

    def _link_settled(self, change: LinkSettled) -> None:
        place = self._place(change.campaign, change.external_id, change.round)
        outcome, made = change.result.outcome, change.result.link
        if (outcome.verdict is Verdict.ACCEPTED) != (made is not None):
            raise LeafcastError("a link outcome is accepted exactly when it carries a link")
        row = self.tables.links.get((place, change.generation))
        if row is None or row.state is not LinkState.SENDING:
            raise _refused(f"link generation {change.generation} of {change.external_id!r} was not being asked for")
        told = ("", "") if made is not None else (outcome.code, outcome.reason)
        settled = replace(row, link=made, error_code=told[0], error=told[1], updated_at=self.now)
        self._move_link(place, settled, link_state_after(outcome.verdict))

    def _message_intent(self, change: MessageIntent) -> None:
        message = self._message(change.message_id)
        live = self.tables.live_link(message.invitation)
        if live is None or live.generation != change.link_generation:
            raise _refused("a message may not leave without a live link of its invitation")
        if self.tables.recalled(message.invitation):
            raise _refused("what was recalled does not leave any more")
        if suppressing.is_suppressed(self.tables, message):
            raise Withheld
        trial = Trial(self.now, change.link_generation, epoch=self.epoch)
        self._move(replace(message, trial=trial), MessageState.SENDING, attempts=message.attempts + 1)

    def _message_settled(self, change: MessageSettled) -> None:
        message = self._message(change.message_id, MessageState.SENDING)
        outcome, state = change.outcome, message_state_after(change.outcome.verdict)
        told = ended(message, outcome.code, outcome.reason, self.now)
        told = replace(told, provider_id=outcome.provider_id or message.provider_id)
        if state is MessageState.ACCEPTED:
            self._move(replace(told, delivery=message.delivery or Delivery.UNKNOWN), state)
        else:
            held = change.not_before if state is MessageState.PLANNED else None
            self._move(told, state, error_code=outcome.code, error=outcome.reason, not_before=held)
        suppressing.learn(self.tables, message, outcome, self.now)

    def _next_channel(self, change: NextChannel) -> None:
        place = self._place(change.campaign, change.external_id, change.round)
        epochs = [one.reopened_epoch for one in self.tables.messages_of(place) if one.reopened_epoch is not None]
        self.tables.add_message(place, change.message_id, change.message, self.now)
        message = replace(self.tables.messages[change.message_id], reopened_epoch=max(epochs, default=None))
        self.tables.put(self.tables.messages, message.id, message)

    def _reopened(self, change: Reopened) -> None:
        self._mine(change.campaign)
        for message in list(self.tables.messages.values()):
            invitation = self.tables.invitations[message.invitation]
            waits = message.state is MessageState.PLANNED and message.reopened_epoch is not None
            if (
                (waits or message.state is MessageState.FAILED)
                and invitation.campaign == change.campaign
                and change.channel in (None, message.channel)
                and (not change.only or invitation.external_id in change.only)
                and not self.tables.newer_rounds(invitation)
                and not self.tables.recalled(message.invitation)
            ):
                reopened = replace(message, reopened_epoch=self.epoch)
                if waits:
                    self.tables.put(self.tables.messages, message.id, reopened)
                else:
                    self._move(reopened, MessageState.PLANNED)
                if suppressing.is_suppressed(self.tables, message):
                    self._move(self.tables.messages[message.id], MessageState.SKIPPED, error=SkipReason.SUPPRESSED)
                elif is_connected(self.tables, invitation):
                    self._move(self.tables.messages[message.id], MessageState.SKIPPED, error=SkipReason.CONNECTED)

    def _move(
        self,
        message: MessageRow,
        state: MessageState,
        *,
        error_code: str = "",
        error: str = "",
        not_before: datetime | None = None,
        attempts: int | None = None,
    ) -> None:
        if state not in MESSAGE[message.state]:
            raise _refused("a message may not go from its state to that one")
        moved = replace(
            message,
            state=state,
            error_code=error_code,
            error=error,
            not_before=not_before,
            attempts=message.attempts if attempts is None else attempts,
            updated_at=self.now,
        )
        self.tables.put(self.tables.messages, moved.id, moved)

    def _move_link(self, place: int, link: LinkRow, state: LinkState) -> None:
        if state not in LINK[link.state]:
            raise _refused("a link may not go from its state to that one")
        self.tables.put(self.tables.links, (place, link.generation), replace(link, state=state))

    def _message(self, message_id: str, state: MessageState | None = None) -> MessageRow:
        message = self.tables.messages.get(message_id)
        if message is None or self.tables.invitations[message.invitation].campaign != self.campaign:
            raise _refused(f"there is no message {message_id} in campaign {self.campaign}")
        if state is not None and message.state is not state:
            raise _refused(f"message {message_id} is not {state}")
        return message

    def _place(self, campaign: str, external_id: str, round_number: int) -> int:
        self._mine(campaign)
        place = self.tables.place_of(campaign, external_id, round_number)
        if place is None:
            raise _refused(f"grower {external_id!r} has no invitation of round {round_number}")
        return place

    def _mine(self, campaign: str) -> None:
        if campaign != self.campaign:
            raise LeafcastError(f"a change of campaign {campaign!r} came to the run of {self.campaign!r}")


def ended(message: MessageRow, code: str, reason: str, now: datetime) -> MessageRow:
    """The message with what ended its attempt."""
    trial = message.trial and replace(message.trial, ended_at=now, code=code, reason=reason)
    return replace(message, trial=trial)


def _refused(why: str) -> LeafcastError:
    return LeafcastError(f"the ledger refused a change: {why}")
