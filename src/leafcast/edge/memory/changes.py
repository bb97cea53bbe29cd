"""Each change of a run, in memory: the same rules as the SQL of the ledger has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from leafcast.decide.ledger.wording import check_own, must, no_invitation, refused
from leafcast.edge.memory import again, suppressing
from leafcast.edge.memory.deliveries import delivery_seen
from leafcast.edge.memory.following import see
from leafcast.edge.memory.links import MemoryLinks
from leafcast.edge.memory.messages import MemoryMessages
from leafcast.edge.memory.rounds import MemoryRoundChanges
from leafcast.edge.memory.rows import MessageRow
from leafcast.edge.memory.settling import MemorySettler
from leafcast.edge.memory.tables import Tables
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
    MessageState,
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
                self._links.intent(change, self._place_of(change))
            case LinkSettled():
                self._links.settled(change, self._place_of(change))
            case MessageIntent():
                self._messages.intent(change, self._message(change.message_id))
            case MessageSettled():
                self._messages.settled(change, self._message(change.message_id, MessageState.SENDING))
            case MessageGivenUp():
                message = self._message(change.message_id, MessageState.PLANNED)
                self.tables.move(message, MessageState.FAILED, self.now, error_code=change.code, error=change.reason)
            case MessageHeld():
                message = self._message(change.message_id, MessageState.PLANNED)
                held = replace(message, not_before=change.until, updated_at=self.now)
                self.tables.put(self.tables.messages, held.id, held)
            case NextChannel():
                self._messages.next_channel(change, self._place_of(change))
            case Reopened():
                self._mine(change.campaign)
                self._messages.reopened(change)
            case RowTakenOver():
                again.take_over(self.tables, change, self._place_of(change), self.now)
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
                see(self.tables, change, self._place_of(change), self.now)
            case LinkCarried():
                self._rounds.carried(self._place_of(change))
            case LinkRevoked():
                self._rounds.revoked(change, self._place_of(change))
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
                self.tables.move(message, MessageState.SKIPPED, self.now, error=change.reason)
            case Suppress():
                suppressing.suppress(self.tables, change.suppressions, self.now)
            case _:
                assert_never(change)

    @property
    def _links(self) -> MemoryLinks:
        return MemoryLinks(self.tables, self.epoch, self.now)

    @property
    def _messages(self) -> MemoryMessages:
        return MemoryMessages(self.tables, self.epoch, self.now)

    @property
    def _rounds(self) -> MemoryRoundChanges:
        return MemoryRoundChanges(self.tables, self.epoch, self.now)

    def _message(self, message_id: str, state: MessageState | None = None) -> MessageRow:
        message = self.tables.messages.get(message_id)
        if message is None or self.tables.invitations[message.invitation].campaign != self.campaign:
            raise refused(f"there is no message {message_id} in campaign {self.campaign}")
        if state is not None and message.state is not state:
            raise refused(f"message {message_id} is not {state}")
        return message

    def _place_of(self, change: _OfInvitation) -> int:
        return self._place(change.campaign, change.external_id, change.round)

    def _place(self, campaign: str, external_id: str, round_number: int) -> int:
        self._mine(campaign)
        place = self.tables.place_of(campaign, external_id, round_number)
        return must(place, no_invitation(external_id, round_number))

    def _mine(self, campaign: str) -> None:
        check_own(campaign, self.campaign)
