"""The only retries of the program."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from leafcast.decide.replies import Answer, Fault, NotSent, Reply, Unanswered
from leafcast.edge.http import Retrier
from leafcast.edge.http.retrier import Policy
from leafcast.edge.memory.clock import VirtualClock
from leafcast.model import Outcome, Verdict

LATER = Outcome(Verdict.PAUSE, "not-sent")


def settle(outcomes: Iterable[Outcome], **options: Any) -> tuple[Outcome, int, float]:
    """The last outcome, how many attempts it took, and how long."""
    clock, left, attempts = VirtualClock(), iter(outcomes), 0

    async def attempt() -> Outcome:
        nonlocal attempts
        attempts += 1
        return next(left)

    last = asyncio.run(Retrier(clock, chance=lambda: 1.0, **options).until_settled(attempt))
    return last, attempts, clock.monotonic()


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict is not Verdict.PAUSE])
def test_only_later_is_repeated(verdict: Verdict) -> None:
    """Whatever is not surely undone is never attempted again."""
    assert settle([Outcome(verdict), Outcome(Verdict.ACCEPTED)])[:2] == (Outcome(verdict), 1)


def test_later_is_repeated_until_something_else() -> None:
    """A pause ends with the first other verdict, and the waits double."""
    last, attempts, seconds = settle([LATER, LATER, LATER, Outcome(Verdict.REFUSED)])
    assert (last.verdict, attempts, seconds) == (Verdict.REFUSED, 4, 1 + 2 + 4)


def test_attempts_are_limited() -> None:
    """After eight attempts the last "later" is the answer."""
    assert settle([LATER] * 20)[:2] == (LATER, 8)


def test_the_total_time_is_limited() -> None:
    """No wait is begun that would end after the total."""
    slow = Outcome(Verdict.PAUSE, "http-429", retry_after=100.0)
    last, attempts, seconds = settle([slow] * 20, sends=Policy(attempts=8, total=250))
    assert (last, attempts) == (slow, 3)
    assert seconds <= 250


def test_the_services_own_wait_wins() -> None:
    """Retry-After replaces the backoff, give or take a second."""
    slow = Outcome(Verdict.PAUSE, "http-429", retry_after=30.0)
    assert 30 <= settle([slow, Outcome(Verdict.ACCEPTED)])[2] <= 31


def test_a_stop_comes_through() -> None:
    """What the given sleep raises ends the waiting at once, as a run that is told to stop needs it."""

    async def sleep(_seconds: float) -> None:
        raise KeyError("stop")

    async def attempt() -> Outcome:
        return LATER

    with pytest.raises(KeyError, match="stop"):
        asyncio.run(Retrier(VirtualClock()).until_settled(attempt, sleep=sleep))


def test_what_an_attempt_raises_comes_through() -> None:
    """A ledger that can no longer be written is not retried, neither at first nor later."""
    left = iter([LATER])

    async def attempt() -> Outcome:
        found = next(left, None)
        if found is None:
            raise OSError("disk full")
        return found

    with pytest.raises(OSError, match="disk full"):
        asyncio.run(Retrier(VirtualClock()).until_settled(attempt))


@pytest.mark.parametrize(
    "reply",
    [
        NotSent(Fault.NAME),
        Unanswered(Fault.CLOSED),
        Answer(429, {}, b""),
        Answer(500, {}, b""),
        Answer(503, {}, b""),
        Answer(200, {}, b"{", body_complete=False),
    ],
)
def test_reads_are_repeated_after_trouble(reply: Reply) -> None:
    """A look-up harms nobody, so all passing trouble is tried again."""
    assert _read([reply, Answer(200, {}, b"{}")]) == (Answer(200, {}, b"{}"), 2)


@pytest.mark.parametrize(
    "reply", [Answer(404, {}, b""), Answer(401, {}, b""), Answer(302, {}, b""), Outcome(Verdict.STOP)]
)
def test_reads_end_with_an_answer(reply: Any) -> None:
    """A refusal would be the same again; so would an outcome."""
    assert _read([reply, Answer(200, {}, b"{}")]) == (reply, 1)


def test_reads_are_limited() -> None:
    """Five attempts, then the trouble itself is the answer."""
    assert _read([Unanswered(Fault.TIMEOUT)] * 9) == (Unanswered(Fault.TIMEOUT), 5)


def _read(replies: list[Any]) -> tuple[Any, int]:
    clock, asked = VirtualClock(), 0

    async def ask() -> Any:
        nonlocal asked
        asked += 1
        return replies[asked - 1]

    return asyncio.run(Retrier(clock).read(lambda: ask())), asked  # noqa: PLW0108 - callers give lambdas
