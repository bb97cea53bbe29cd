"""The sending of messages as SQL. Runs on the writer's thread, within its transaction."""

from __future__ import annotations

from typing import Any

import apsw

from leafcast.decide.ledger.transitions import message_state_after
from leafcast.decide.ledger.wording import must
from leafcast.edge.ledger import fields, sql
from leafcast.edge.ledger.operations import Stamp
from leafcast.edge.ledger.runs import Run
from leafcast.model import (
    MessageGivenUp,
    MessageHeld,
    MessageIntent,
    MessageSettled,
    MessageState,
    NextChannel,
    Outcome,
    Reopened,
    SkipReason,
)


class MessageChanges:
    """Applies what a run does about messages."""

    def __init__(self, connection: apsw.Connection, run: Run) -> None:
        self._connection = connection
        self._run = run
        self._q: Any = sql.queries()

    def intent(self, change: MessageIntent, stamp: Stamp) -> None:
        """Note that a message is about to leave."""
        number = self._q.begin_message(
            self._connection,
            id=change.message_id,
            campaign_id=self._run.campaign_id,
            epoch=self._run.epoch,
            link_generation=change.link_generation,
            now=stamp.now,
        )
        must(number, f"there is no message {change.message_id} in campaign {self._run.campaign}")
        self._q.insert_attempt(
            self._connection,
            message_id=change.message_id,
            link_id=None,
            number=number,
            epoch=self._run.epoch,
            now=stamp.now,
        )

    def settled(self, change: MessageSettled, stamp: Stamp) -> None:
        """Note what came of sending a message."""
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
        must(settled, f"message {change.message_id} was not being sent, so nothing can have come of it")
        self._end_attempt(change.message_id, outcome, stamp)

    def given_up(self, change: MessageGivenUp, stamp: Stamp) -> None:
        """Let a planned message fail without an attempt."""
        given_up = self._q.give_up_message(
            self._connection,
            id=change.message_id,
            campaign_id=self._run.campaign_id,
            error_code=change.code,
            error=change.reason,
            now=stamp.now,
        )
        must(given_up, f"message {change.message_id} is not planned, so it cannot be given up")

    def held(self, change: MessageHeld, stamp: Stamp) -> None:
        """Let a planned message wait."""
        held = self._q.hold_message(
            self._connection,
            id=change.message_id,
            campaign_id=self._run.campaign_id,
            not_before=sql.to_text(change.until),
            now=stamp.now,
        )
        must(held, f"message {change.message_id} is not planned, so it cannot be held")

    def next_channel(self, change: NextChannel, invitation: int, stamp: Stamp) -> None:
        """Add the message of the next channel; where the first was tried again, this one belongs to the same trying."""
        self._q.insert_message(
            self._connection,
            id=change.message_id,
            campaign_id=self._run.campaign_id,
            invitation_id=invitation,
            **fields.of_message(change.message),
            now=stamp.now,
        )
        self._q.reopen_beside(self._connection, id=change.message_id, campaign_id=self._run.campaign_id)

    def reopened(self, change: Reopened, stamp: Stamp) -> None:
        """Plan failed messages again, but for those that nobody must or needs to get any more."""
        failed = list(self._q.failed_messages(self._connection, campaign_id=self._run.campaign_id))
        for message, channel, external_id, state in failed:
            if change.channel not in (None, channel) or (change.only and external_id not in change.only):
                continue
            if state == MessageState.FAILED:
                self._q.reopen_message(self._connection, id=message, epoch=self._run.epoch, now=stamp.now)
            else:
                self._q.still_reopened(self._connection, id=message, epoch=self._run.epoch)
        key = {"campaign_id": self._run.campaign_id, "epoch": self._run.epoch}
        self._q.skip_connected(self._connection, **key, reason=SkipReason.CONNECTED, now=stamp.now)

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
