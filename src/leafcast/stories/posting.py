"""The way of one message: each attempt written down before it leaves, and its answer afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from leafcast.decide.campaign import Campaign, SharedAddress
from leafcast.decide.holding import kept_until
from leafcast.decide.planning import next_channel
from leafcast.errors import ListError, Withheld
from leafcast.model import (
    Change,
    Message,
    MessageGivenUp,
    MessageHeld,
    MessageIntent,
    MessageSettled,
    MessageSkipped,
    NextChannel,
    Outcome,
    Service,
    Verdict,
)
from leafcast.ports import Turn
from leafcast.stories.feed import Feeds, Row
from leafcast.stories.gates import Gates
from leafcast.stories.minting import Case, Minter
from leafcast.stories.world import Tally, World

SEND_DEADLINE = 10.0
"""Seconds between an intent's commit and the first byte of its request. A process that slept longer than that hands
the intent back, because by now somebody else may hold the ledger."""
LINK_RENEWALS = 3
"""So often is a link made anew because the wait for the pace used up its life; then the pace cannot keep up with it."""


class Poster:
    """Sends messages, many at once, on every channel."""

    def __init__(
        self, campaign: Campaign, world: World, gates: Gates, minter: Minter, feeds: Feeds, tally: Tally
    ) -> None:
        self._campaign = campaign
        self._world = world
        self._gates = gates
        self._minter = minter
        self._feeds = feeds
        self._tally = tally

    def held(self, row: Row) -> bool:
        """Whether quiet hours keep this message; the ledger then knows until when."""
        until = self._kept_until(row)
        if until is None:
            return False
        self._world.ledger.record(MessageHeld(row.message.id, until))
        self._tally.held += 1
        return True

    def _kept_until(self, row: Row) -> datetime | None:
        return kept_until(self._campaign, row.invitation.grower, row.message.channel, self._world.clock.now())

    async def post(self, row: Row, case: Case, turns: list[Turn]) -> None:
        """Send a message whose case has a link, as far as it goes; a refusal goes on to the next channel. A turn that
        was had already is taken out of `turns` and used first. Raises Braked."""
        for _ in range(1 + LINK_RENEWALS):
            with suppress(_Stale):
                await self._send(row, case, turns)
                return
            trouble = await self._minter.see_to(case, [])
            if trouble is not None:
                self.without_link(row, trouble)
                return
        self._give_up(row.message, _TOO_SLOW)

    def without_link(self, row: Row, outcome: Outcome) -> None:
        """The link could not be made, so this run gives the message up; after a stop it stays planned."""
        if outcome.verdict is not Verdict.STOP:
            self._give_up(row.message, replace(outcome, reason=f"no link: {outcome.reason}"))

    # --------------------------------------------------------------------------------------------------- one message

    async def _send(self, row: Row, case: Case, turns: list[Turn]) -> None:
        """Send it, unless quiet hours keep it or its address was suppressed."""
        world, gates, message, invitation = self._world, self._gates, row.message, row.invitation
        courier, link, generation = world.couriers[message.channel], case.link, case.generation
        assert link is not None  # noqa: S101 - a row comes here with its link only
        try:
            letter = courier.letter(invitation.grower, link, message.id, invitation.round, invitation.cause)
        except ListError as error:
            self._unwritten(message, courier.service, turns, error)
            return

        async def attempt() -> Outcome:
            turn = turns.pop() if turns else await gates.turn(courier.service, courier)
            async with case.lock:
                if generation != case.generation or not self._minter.fresh(link):
                    # The wait for this turn was long, or this machine slept, or another channel made a newer link.
                    gates.unused(courier.service)
                    raise _Stale
                if self.held(row):  # quiet hours began meanwhile
                    gates.unused(courier.service)
                    raise _Quiet
                gates.allowance.take()
                committed = await world.ledger.record(MessageIntent(message.id, generation))
            late = world.clock.monotonic() - committed > SEND_DEADLINE or not self._minter.fresh(link)
            if late or self._kept_until(row) is not None:
                outcome = Outcome(Verdict.PAUSE, "too-slow", "this machine stood still before the request left")
            else:
                outcome = await letter(turn)
            gates.allowance.settle(outcome)
            gates.observe(courier.service, outcome)
            await self._write_down(row, MessageSettled(message.id, outcome, self._not_before(outcome)))
            return outcome

        try:
            outcome = await world.patience.until_settled(attempt, sleep=gates.sleep)
        except _Quiet:
            return
        except Withheld:  # suppressed since it was planned
            gates.allowance.settle(_WITHHELD)
            gates.unused(courier.service)
            world.ledger.record(MessageSkipped(message.id))
            return
        self._settled(message, outcome)

    def _unwritten(self, message: Message, service: Service, turns: list[Turn], error: ListError) -> None:
        """Every row was written once with a placeholder before the run; what still goes wrong now is this row's own."""
        if turns:
            turns.clear()
            self._gates.unused(service)
        self._give_up(message, Outcome(Verdict.FAILED, "template", error.problems[0].what))

    def _settled(self, message: Message, outcome: Outcome) -> None:
        match outcome.verdict:
            case Verdict.PAUSE:
                self._give_up(message, outcome)
            case Verdict.ACCEPTED | Verdict.REFUSED | Verdict.FAILED | Verdict.IN_DOUBT:
                self._ended(message, outcome)
            case Verdict.STOP:
                pass
            case _:
                assert_never(outcome.verdict)

    async def _write_down(self, row: Row, settled: MessageSettled) -> None:
        """Note what came of an attempt. After a refusal the next channel's message is planned with the same stroke,
        where there is one, so that a crash cannot lose the grower between the two; its own lane takes it from there."""
        changes: list[Change] = [settled]
        if settled.outcome.verdict is Verdict.REFUSED:
            changes += self._further(row)
        last = changes[-1]
        if isinstance(last, NextChannel) and last.message.skip is None and last.message.channel in self._feeds:
            await self._feeds[last.message.channel].pass_on(row, changes)
        else:
            self._world.ledger.record(*changes)

    def _further(self, row: Row) -> Iterator[NextChannel]:
        """The channels after this one, up to the first that is free: those that are closed are noted as skipped."""
        campaign, invitation = self._campaign, row.invitation
        grower, used = invitation.grower, set(invitation.channels_used)
        shared = campaign.list.shared_address is not SharedAddress.FIRST
        barred = self._world.ledger.barred(campaign.name, grower, shared=shared)
        while (planned := next_channel(campaign, grower, used, barred)) is not None:
            yield NextChannel(campaign.name, grower.external_id, invitation.round, self._world.new_id(), planned)
            if planned.skip is None:
                return
            used.add(planned.channel)

    def _give_up(self, message: Message, outcome: Outcome) -> None:
        self._world.ledger.record(MessageGivenUp(message.id, outcome.code, outcome.reason))
        self._ended(message, replace(outcome, verdict=Verdict.FAILED))

    def _ended(self, message: Message, outcome: Outcome) -> None:
        self._tally.ended[outcome.verdict] += 1
        self._world.progress.settled(message.channel, outcome)

    def _not_before(self, outcome: Outcome) -> datetime | None:
        if outcome.verdict is not Verdict.PAUSE or not outcome.retry_after:
            return None
        return self._world.clock.now() + timedelta(seconds=outcome.retry_after)


_WITHHELD = Outcome(Verdict.PAUSE, "withheld")
_TOO_SLOW = Outcome(Verdict.FAILED, "link-too-short", "the link's life is too short for the campaign's pace")


class _Quiet(Exception):
    """Quiet hours keep the message; the ledger knows until when."""


class _Stale(Exception):
    """The link has too little of its life left to be sent, or is not the invitation's newest any more."""
