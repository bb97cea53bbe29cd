"""The sending of messages in memory: the same rules as the SQL of the ledger has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from leafcast.decide.ledger.transitions import message_state_after
from leafcast.decide.ledger.wording import refused
from leafcast.edge.memory import suppressing
from leafcast.edge.memory.following import is_connected
from leafcast.edge.memory.rows import MessageRow, Trial
from leafcast.edge.memory.tables import Tables
from leafcast.errors import Withheld
from leafcast.model import Delivery, MessageIntent, MessageSettled, MessageState, NextChannel, Reopened, SkipReason


@dataclass(frozen=True, slots=True)
class MemoryMessages:
    """Applies what a run does about messages at one moment."""

    tables: Tables
    epoch: int
    now: datetime

    def intent(self, change: MessageIntent, message: MessageRow) -> None:
        """Note that a message is about to leave."""
        live = self.tables.live_link(message.invitation)
        if live is None or live.generation != change.link_generation:
            raise refused("a message may not leave without a live link of its invitation")
        if self.tables.recalled(message.invitation):
            raise refused("what was recalled does not leave any more")
        if suppressing.is_suppressed(self.tables, message):
            raise Withheld
        trial = Trial(self.now, change.link_generation, epoch=self.epoch)
        left = replace(message, trial=trial, attempts=message.attempts + 1)
        self.tables.move(left, MessageState.SENDING, self.now)

    def settled(self, change: MessageSettled, message: MessageRow) -> None:
        """Note what came of sending a message."""
        outcome, state = change.outcome, message_state_after(change.outcome.verdict)
        told = ended(message, outcome.code, outcome.reason, self.now)
        told = replace(told, provider_id=outcome.provider_id or message.provider_id)
        if state is MessageState.ACCEPTED:
            self.tables.move(replace(told, delivery=message.delivery or Delivery.UNKNOWN), state, self.now)
        else:
            held = change.not_before if state is MessageState.PLANNED else None
            self.tables.move(told, state, self.now, error_code=outcome.code, error=outcome.reason, not_before=held)
        suppressing.learn(self.tables, message, outcome, self.now)

    def next_channel(self, change: NextChannel, place: int) -> None:
        """Add the message of the next channel; see `MessageChanges`."""
        epochs = [one.reopened_epoch for one in self.tables.messages_of(place) if one.reopened_epoch is not None]
        self.tables.add_message(place, change.message_id, change.message, self.now)
        message = replace(self.tables.messages[change.message_id], reopened_epoch=max(epochs, default=None))
        self.tables.put(self.tables.messages, message.id, message)

    def reopened(self, change: Reopened) -> None:
        """Plan failed messages again, but for those that nobody must or needs to get any more."""
        tables = self.tables
        for message in tables.messages_in(change.campaign):
            invitation = tables.invitations[message.invitation]
            waits = message.state is MessageState.PLANNED and message.reopened_epoch is not None
            if (
                (waits or message.state is MessageState.FAILED)
                and change.channel in (None, message.channel)
                and (not change.only or invitation.external_id in change.only)
                and not tables.newer_rounds(invitation)
                and not tables.recalled(message.invitation)
            ):
                reopened = replace(message, reopened_epoch=self.epoch)
                if waits:
                    tables.put(tables.messages, message.id, reopened)
                else:
                    tables.move(reopened, MessageState.PLANNED, self.now)
                if is_connected(tables, invitation):
                    tables.move(tables.messages[message.id], MessageState.SKIPPED, self.now, error=SkipReason.CONNECTED)


def ended(message: MessageRow, code: str, reason: str, now: datetime) -> MessageRow:
    """The message with what ended its attempt."""
    trial = message.trial and replace(message.trial, ended_at=now, code=code, reason=reason)
    return replace(message, trial=trial)
