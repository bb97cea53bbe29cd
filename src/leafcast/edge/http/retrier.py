"""The only retries of the program: one policy for what may be repeated, one for what may only be put off."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_result

from leafcast.decide.pacing import LONGEST_WAIT, backoff
from leafcast.decide.replies import Answer, Reply
from leafcast.model import Outcome, Verdict
from leafcast.ports import Clock

Sleep = Callable[[float], Awaitable[None]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Policy:
    """How often, and for how many seconds in all, before the last result counts."""

    attempts: int
    total: float


READS = Policy(attempts=5, total=120.0)
SENDS = Policy(attempts=8, total=1800.0)


class Retrier:
    """Repeats what the policies allow. `chance` gives 0 to 1 and is the jitter."""

    def __init__(
        self, clock: Clock, *, reads: Policy = READS, sends: Policy = SENDS, chance: Callable[[], float] = random.random
    ) -> None:
        self._clock = clock
        self._reads = reads
        self._sends = sends
        self._chance = chance

    async def until_settled(self, attempt: Callable[[], Awaitable[Outcome]], *, sleep: Sleep | None = None) -> Outcome:
        """Attempt until the verdict is not "later", and give the last one. Only `pause` is repeated: surely not done.
        What `attempt` and `sleep` raise goes through."""
        first = await attempt()
        if first.verdict is not Verdict.PAUSE:
            return first  # nearly always: the machinery below costs more than the rest of a send
        waiting = iter((first,))

        async def again() -> Outcome:
            outcome = next(waiting, None)
            return outcome if outcome is not None else await attempt()

        return await self._repeated(
            again, self._sends, lambda o: o.verdict is Verdict.PAUSE, lambda o: o.retry_after, sleep
        )

    async def read(self, ask: Callable[[], Awaitable[Reply | Outcome]]) -> Reply | Outcome:
        """Ask for something that may be asked for again (a look-up, a login, a delete) until there is an answer. An
        outcome in the place of a reply is final: whoever asked found that there was nothing to ask."""
        return await self._repeated(
            ask, self._reads, _worth_repeating, lambda r: r.retry_after if isinstance(r, Answer) else None, None
        )

    async def _repeated(
        self,
        call: Callable[[], Awaitable[T]],
        policy: Policy,
        again: Callable[[T], bool],
        asked: Callable[[T], float | None],
        sleep: Sleep | None,
    ) -> T:
        deadline = self._clock.monotonic() + policy.total

        def wait(state: RetryCallState) -> float:
            """The service's own wish wins; a little is added to it, so that not everybody comes back at once."""
            wished = asked(_result(state))
            jitter = backoff(state.attempt_number, self._chance())
            return jitter if wished is None else min(LONGEST_WAIT, wished + min(jitter, 1.0))

        def enough(state: RetryCallState) -> bool:
            too_late = self._clock.monotonic() + state.upcoming_sleep > deadline
            return state.attempt_number >= policy.attempts or too_late

        retrying = AsyncRetrying(
            retry=retry_if_result(again),
            wait=wait,
            stop=enough,
            sleep=sleep or self._clock.sleep,
            retry_error_callback=_result,
        )

        async def once() -> T:
            return await call()  # tenacity awaits only what it recognises as a coroutine function; a lambda is none

        done: T = await retrying(once)
        return done


def _result(state: RetryCallState) -> Any:
    """The last attempt's result; what it raised comes out again."""
    assert state.outcome is not None  # noqa: S101 - tenacity sets it before it asks anybody
    return state.outcome.result()


def _worth_repeating(reply: Reply | Outcome) -> bool:
    if isinstance(reply, Outcome):
        return False
    if not isinstance(reply, Answer):
        return True
    return reply.status == 429 or reply.status >= 500 or (reply.ok and not reply.body_complete)
