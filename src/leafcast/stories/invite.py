"""The way of one invitation: its link, then its messages, each attempt written down before it leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar, assert_never

from leafcast.decide.breaker import OPEN_IN_ALL, Breaker
from leafcast.decide.campaign import Campaign
from leafcast.decide.fitting import fits, untouched
from leafcast.decide.linking import Linker
from leafcast.decide.planning import next_channel
from leafcast.decide.quiet import held_until
from leafcast.decide.stopping import NAMES, Allowance, StopRules
from leafcast.errors import LeafcastError, ListError, RunStopped
from leafcast.model import (
    Channel,
    Grower,
    Invitation,
    Link,
    LinkIntent,
    LinkRequest,
    LinkSettled,
    Message,
    MessageGivenUp,
    MessageHeld,
    MessageIntent,
    MessageSettled,
    NextChannel,
    Outcome,
    Service,
    Verdict,
)
from leafcast.ports import Clock, Ledger, LedgerReader, LinkMaker, Patience, Progress, Sender, Turn
from leafcast.stories.brake import Brake, Braked
from leafcast.stories.trials import Trials

SEND_DEADLINE = 10.0
"""Seconds between an intent's commit and the first byte of its request. A process that slept longer than that hands
the intent back, because by now somebody else may hold the ledger."""
LONG_WAIT, AGAIN_AFTER = 5.0, 30.0
"""Seconds: a wait that a person would notice is worth a line, and the next one of that service not before."""
LINK_DOUBTS = 3
"""So often is a link asked for again after a lost answer. A second link harms nobody (the first was never shown to
anyone, and is listed as a possible orphan), unlike a second message."""
LINK_RENEWALS = 3
"""So often is a link made anew because the wait for the pace used up its life; then the pace cannot keep up with it."""

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Courier(Generic[M]):
    """A channel ready for use: who writes its messages and who takes them away."""

    service: Service
    sender: Sender[M]
    write: Callable[[Grower, Link, str, int], M]
    """Grower, link, our message id and the round in; the finished message out."""

    async def ready(self) -> Turn:
        """Wait until the pace of this channel's service lets one request go."""
        return await self.sender.ready()

    def letter(
        self, grower: Grower, link: Link, message_id: str, round_number: int
    ) -> Callable[[Turn], Awaitable[Outcome]]:
        """Write the message now; what comes back hands it over, each time it is called, exactly as written."""
        message = self.write(grower, link, message_id, round_number)
        return lambda turn: self.sender.send(message, turn)


@dataclass(frozen=True, slots=True)
class World:
    """What a run touches."""

    ledger: Ledger
    reader: LedgerReader
    leaf: LinkMaker
    couriers: Mapping[Channel, Courier[Any]]
    patience: Patience
    clock: Clock
    new_id: Callable[[], str]
    progress: Progress


@dataclass(slots=True)
class Tally:
    """What this command did, as opposed to what the whole ledger holds."""

    ended: Counter[Verdict] = field(default_factory=Counter)
    links: int = 0
    held: int = 0


class Inviter:
    """Takes invitations from planned to whatever the services answer. One for a whole run; `invite` runs many times at
    once."""

    def __init__(self, campaign: Campaign, linker: Linker, world: World, brake: Brake, expected: int) -> None:
        """`expected` is how many messages the run was confirmed for: it sends no more."""
        self._campaign = campaign
        self._linker = linker
        self._world = world
        self._brake = brake
        self._rules = StopRules(expected)
        self._allowance = Allowance(expected)
        self._trials = Trials()
        self._breakers = {service: Breaker() for service in Service}
        self._told: dict[Service, float] = {}
        self.tally = Tally()

    async def invite(self, invitation: Invitation) -> None:
        """Make the link if there is none that serves, then send every planned message that is not held. Never raises:
        what ends the run is in the brake, so that others finish what they have under way."""
        try:
            due = [message for message in invitation.messages if not self._held(invitation.grower, message)]
            if due:
                async with self._trials.turn({message.channel for message in due}):
                    await self._deliver(invitation, due)
        except Braked:
            return
        except LeafcastError as error:
            self._brake.pull(error)
        except Exception as error:
            bug = LeafcastError()
            bug.__cause__ = error
            self._brake.pull(bug)

    async def _deliver(self, invitation: Invitation, due: list[Message]) -> None:
        if self._brake.pulled:
            return
        link, generation = invitation.link, invitation.generation
        request = self._linker.request(invitation.grower)
        if link is None or not self._serves(link, invitation, request):
            link, generation = await self._make_link(invitation, request)
        used, renewals = set(invitation.channels_used), 0
        while due and link is not None and not self._brake.pulled:
            try:
                verdict = await self._send(invitation, due[0], link, generation)
            except _Quiet:
                del due[0]
                continue
            except _Stale:
                renewals += 1
                if renewals > LINK_RENEWALS:
                    self._give_up(due.pop(0), _TOO_SLOW)
                    continue
                rest = replace(invitation, messages=tuple(due), generation=generation)
                link, generation = await self._make_link(rest, request)
                continue
            del due[0]
            if verdict is Verdict.REFUSED:
                due += self._fall_through(invitation, used)

    # ------------------------------------------------------------------------------------------------------- the link

    def _serves(self, link: Link, invitation: Invitation, request: LinkRequest) -> bool:
        """Whether the link is fresh, and still what the row asks for. Once a message was tried the link stays as it
        is: somebody may have it."""
        as_asked = fits(request, link.type, link.providers, link.leaf_user_id)
        return self._fresh(link) and (as_asked or not untouched(invitation))

    def _fresh(self, link: Link) -> bool:
        """Whether what is left of the link's life is worth sending: half of it, a day at most."""
        left = link.expires_at - self._world.clock.now()
        return left >= timedelta(seconds=min(self._campaign.link.expires_in / 2, 86_400))

    async def _make_link(self, invitation: Invitation, request: LinkRequest) -> tuple[Link | None, int]:
        campaign, grower, world = self._campaign.name, invitation.grower, self._world
        generation, doubts, made = invitation.generation, 0, None

        async def attempt() -> Outcome:
            nonlocal generation, doubts, made
            turn = await self._turn(Service.LEAF, world.leaf)
            generation += 1
            await world.ledger.record(LinkIntent(campaign, grower.external_id, invitation.round, generation, request))
            result = await world.leaf.create(request, turn)
            world.ledger.record(LinkSettled(campaign, grower.external_id, invitation.round, generation, result))
            self._observe(Service.LEAF, result.outcome)
            made = result.link
            doubts += result.outcome.verdict is Verdict.IN_DOUBT
            return _again(result.outcome) if doubts < LINK_DOUBTS else result.outcome

        outcome = await world.patience.until_settled(attempt, sleep=self._sleep)
        if made is not None:
            self.tally.links += 1
            return made, generation
        if outcome.verdict is not Verdict.STOP:
            for message in invitation.messages:
                self._give_up(message, replace(outcome, reason=f"no link: {outcome.reason}"))
        return None, generation

    # ---------------------------------------------------------------------------------------------------- the messages

    async def _send(self, invitation: Invitation, message: Message, link: Link, generation: int) -> Verdict:
        world, courier = self._world, self._world.couriers[message.channel]
        try:
            letter = courier.letter(invitation.grower, link, message.id, invitation.round)
        except ListError as error:
            # Every row was written once with a placeholder before the run; what still goes wrong now is this row's own.
            self._give_up(message, Outcome(Verdict.FAILED, "template", error.problems[0].what))
            return Verdict.FAILED

        async def attempt() -> Outcome:
            turn = await self._turn(courier.service, courier)
            if not self._fresh(link):  # the wait for this turn was long, or this machine slept
                self._breakers[courier.service].unused()
                raise _Stale
            if self._held(invitation.grower, message):  # quiet hours began meanwhile
                self._breakers[courier.service].unused()
                raise _Quiet
            self._allowance.take()
            committed = await world.ledger.record(MessageIntent(message.id, generation))
            if world.clock.monotonic() - committed > SEND_DEADLINE or not self._fresh(link):
                outcome = Outcome(Verdict.PAUSE, "too-slow", "this machine stood still before the request left")
            else:
                outcome = await letter(turn)
            world.ledger.record(MessageSettled(message.id, outcome, self._not_before(outcome)))
            self._allowance.settle(outcome)
            self._observe(courier.service, outcome)
            return outcome

        outcome = await world.patience.until_settled(attempt, sleep=self._sleep)
        match outcome.verdict:
            case Verdict.PAUSE:
                self._give_up(message, outcome)
            case Verdict.ACCEPTED | Verdict.REFUSED | Verdict.FAILED | Verdict.IN_DOUBT:
                self._ended(message, outcome)
            case Verdict.STOP:
                pass
            case _:
                assert_never(outcome.verdict)
        return outcome.verdict

    def _fall_through(self, invitation: Invitation, used: set[Channel]) -> list[Message]:
        """The next channel's message after a refusal, planned in the ledger; none where no channel is left."""
        campaign, grower = self._campaign, invitation.grower
        planned = next_channel(campaign, grower, used)
        if planned is None or planned.to is None:
            return []
        used.add(planned.channel)
        message = Message(self._world.new_id(), planned.channel, planned.to, attempts=0)
        self._world.ledger.record(NextChannel(campaign.name, grower.external_id, invitation.round, message.id, planned))
        return [] if self._held(grower, message) else [message]

    def _give_up(self, message: Message, outcome: Outcome) -> None:
        self._world.ledger.record(MessageGivenUp(message.id, outcome.code, outcome.reason))
        self._ended(message, replace(outcome, verdict=Verdict.FAILED))

    def _ended(self, message: Message, outcome: Outcome) -> None:
        self.tally.ended[outcome.verdict] += 1
        self._world.progress.settled(message.channel, outcome)

    # --------------------------------------------------------------------------------------------------------- waiting

    def _held(self, grower: Grower, message: Message) -> bool:
        """Whether quiet hours keep this message; the ledger then knows until when."""
        hours = self._campaign.quiet_hours
        if hours is None or message.channel not in hours.channels:
            return False
        until = held_until(self._world.clock.now(), hours, grower.cell("timezone") or hours.timezone)
        if until is None:
            return False
        self._world.ledger.record(MessageHeld(message.id, until))
        self.tally.held += 1
        return True

    async def _turn(self, service: Service, door: LinkMaker | Courier[Any]) -> Turn:
        breaker, clock = self._breakers[service], self._world.clock
        async with self._brake.waiting():
            while True:
                while (wait := breaker.wait(clock.monotonic())) > 0:
                    await clock.sleep(wait)
                probe = not breaker.closed
                try:
                    turn = await door.ready()
                except BaseException:
                    if probe:
                        breaker.unused()
                    raise
                if probe or breaker.closed:
                    return turn
                # It opened while this one stood in line for the pace: the turn goes back, unspent.
                del turn

    async def _sleep(self, seconds: float) -> None:
        async with self._brake.waiting():
            await self._world.clock.sleep(seconds)

    def _not_before(self, outcome: Outcome) -> datetime | None:
        if outcome.verdict is not Verdict.PAUSE or not outcome.retry_after:
            return None
        return self._world.clock.now() + timedelta(seconds=outcome.retry_after)

    def _observe(self, service: Service, outcome: Outcome) -> None:
        now = self._world.clock.monotonic()
        sentence = self._rules.observe(service, outcome, now)
        breaker = self._breakers[service]
        opened = breaker.observe(outcome, now)
        if sentence is None and breaker.open_seconds(now) >= OPEN_IN_ALL:
            sentence = f"{NAMES[service]} was out of reach for {OPEN_IN_ALL / 60:.0f} minutes: {outcome.reason}"
        if sentence is not None:
            self._brake.pull(RunStopped(sentence))
        elif opened:
            self._world.progress.notice(
                f"{NAMES[service]}: {outcome.reason}. It is left alone for {breaker.wait(now):.0f} seconds, then tried."
            )
        elif outcome.verdict is Verdict.PAUSE:
            self._tell_of_waiting(service, outcome, now)

    def _tell_of_waiting(self, service: Service, outcome: Outcome, now: float) -> None:
        wait = outcome.retry_after or 0.0
        unreachable = outcome.retry_after is None and outcome.code == "not-sent"
        if (wait < LONG_WAIT and not unreachable) or now < self._told.get(service, now):
            return
        self._told[service] = now + max(wait, AGAIN_AFTER)
        asked = f" It asked to wait {wait:,.0f} seconds." if wait else ""
        self._world.progress.notice(f"{NAMES[service]}: {outcome.reason}.{asked}")


_TOO_SLOW = Outcome(Verdict.FAILED, "link-too-short", "the link's life is too short for the campaign's pace")


class _Quiet(Exception):
    """Quiet hours keep the message; the ledger knows until when."""


class _Stale(Exception):
    """The link has too little of its life left to be sent."""


def _again(outcome: Outcome) -> Outcome:
    """A link whose answer was lost is asked for again; see LINK_DOUBTS."""
    return replace(outcome, verdict=Verdict.PAUSE) if outcome.verdict is Verdict.IN_DOUBT else outcome
