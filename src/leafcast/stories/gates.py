"""Leave to ask a service, and what its answers mean for the whole run: its pace, its breaker, the rules that stop."""

from __future__ import annotations

from typing import Any

from leafcast.decide.breaker import OPEN_IN_ALL, Breaker
from leafcast.decide.stopping import NAMES, Allowance, StopRules
from leafcast.errors import RunStopped
from leafcast.model import Outcome, Service, Verdict
from leafcast.ports import Clock, LinkMaker, Progress, Turn
from leafcast.stories.brake import Brake
from leafcast.stories.world import Courier

LONG_WAIT, AGAIN_AFTER = 5.0, 30.0
"""Seconds: a wait that a person would notice is worth a line, and the next one of that service not before."""


class Gates:
    """The ways to all services of one run. `expected` is how many messages it was confirmed for: no more may leave."""

    def __init__(self, clock: Clock, progress: Progress, brake: Brake, expected: int) -> None:
        self._clock = clock
        self._progress = progress
        self._brake = brake
        self._rules = StopRules(expected)
        self._breakers = {service: Breaker() for service in Service}
        self._told: dict[Service, float] = {}
        self.allowance = Allowance(expected)

    async def turn(self, service: Service, door: LinkMaker | Courier[Any]) -> Turn:
        """Wait until one request may go. Raises Braked."""
        breaker, clock = self._breakers[service], self._clock
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

    def unused(self, service: Service) -> None:
        """A turn was not needed after all."""
        self._breakers[service].unused()

    async def sleep(self, seconds: float) -> None:
        """Wait before the next attempt. Raises Braked."""
        async with self._brake.waiting():
            await self._clock.sleep(seconds)

    def observe(self, service: Service, outcome: Outcome) -> None:
        """Learn from an outcome: it may leave the service alone for a while, or end the run."""
        now = self._clock.monotonic()
        sentence = self._rules.observe(service, outcome, now)
        breaker = self._breakers[service]
        opened = breaker.observe(outcome, now)
        if sentence is None and breaker.open_seconds(now) >= OPEN_IN_ALL:
            sentence = f"{NAMES[service]} was out of reach for {OPEN_IN_ALL / 60:.0f} minutes: {outcome.reason}"
        if sentence is not None:
            self._brake.pull(RunStopped(sentence))
        elif opened:
            self._progress.notice(
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
        self._progress.notice(f"{NAMES[service]}: {outcome.reason}.{asked}")
