"""A service takes less than the pace says: its real rate is found out, and nobody is lost on the way."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import pytest

from leafcast.decide.adapting import Limit, Taken
from leafcast.decide.replies import Answer
from leafcast.edge.http import Door, Retrier
from leafcast.edge.memory.clock import VirtualClock
from leafcast.model import Outcome, Service, Verdict

LATER = Outcome(Verdict.PAUSE, "http-429")
GOOD = Outcome(Verdict.ACCEPTED)


@dataclass
class Limited:
    """A service that takes `limit` requests in a sliding second, or `at_once` under way; far away by `latency`."""

    clock: VirtualClock
    limit: float = 1e9
    at_once: int = 10**9
    latency: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    taken: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    flukes: set[int] = field(default_factory=set)
    changes: tuple[float, float] = (1e9, 0)
    """From this instant on the limit is another one."""
    _window: deque[float] = field(default_factory=deque)
    _under_way: int = 0

    async def send(self, *_args: Any) -> Answer:
        await self.clock.sleep(self.latency / 2)
        now = self.clock.monotonic()
        while self._window and now - self._window[0] >= 1:
            self._window.popleft()
        number = len(self.taken) + len(self.refused) + 1
        limit = self.limit if now < self.changes[0] else self.changes[1]
        if len(self._window) >= limit or self._under_way >= self.at_once or number in self.flukes:
            self.refused.append(now)
            await self.clock.sleep(self.latency / 2)
            return Answer(429, self.headers, b"")
        self._window.append(now)
        self._under_way += 1
        self.taken.append(now)
        await self.clock.sleep(self.latency / 2)
        self._under_way -= 1
        return Answer(200, {}, b"")

    def rate(self, first: float, last: float) -> float:
        """Requests taken a second between two instants."""
        return sum(first <= time < last for time in self.taken) / (last - first)


def drive(service: Limited, rate: float | None, requests: int, workers: int = 64) -> int:
    """Take all these requests to their end, each as often as the policy allows; how many were given up."""

    async def main() -> int:
        clock = service.clock
        chance = random.Random(5)
        door = Door(
            Service.SENDGRID,
            "http://127.0.0.1",
            service,
            rate=rate,
            clock=clock,
            chance=chance.random,  # type: ignore[arg-type]
        )
        patience = Retrier(clock, chance=chance.random)
        todo = iter(range(requests))
        given_up = 0

        async def attempt() -> Outcome:
            turn = await door.ready()
            reply = await door.request("POST", "/x", json={}, turn=turn)
            assert isinstance(reply, Answer)
            return GOOD if reply.ok else Outcome(Verdict.PAUSE, "http-429", retry_after=reply.retry_after)

        async def worker() -> None:
            nonlocal given_up
            for _ in todo:
                given_up += (await patience.until_settled(attempt)).verdict is not Verdict.ACCEPTED

        await asyncio.gather(*(worker() for _ in range(workers)))
        return given_up

    return asyncio.run(main())


@pytest.mark.parametrize("latency", [0.0, 0.1])
@pytest.mark.parametrize(("rate", "limit"), [(50, 20), (500, 40), (10, 8), (None, 30)])
def test_the_real_rate_is_found(rate: float | None, limit: int, latency: float) -> None:
    """Every request is done, 1 % at most is refused (but for those that it takes to learn), and soon the
    rate is within 10 % of the real one."""
    service = Limited(VirtualClock(), limit=limit, latency=latency)
    requests = limit * 95

    assert drive(service, rate, requests) == 0

    assert len(service.taken) == requests
    learning = 12 + (64 if rate is None else rate * latency)  # what was under way when the limit was first met
    assert len(service.refused) <= learning + requests * 0.01
    assert 0.9 * limit <= service.rate(30, 90) <= limit


@pytest.mark.parametrize("limits", [(20, 8), (15, 25)])
def test_a_limit_that_changes_is_followed(limits: tuple[int, int]) -> None:
    """A minute after the service takes less, or more, than it did, the rate is within 10 % of what it takes now, and
    nearly nothing was refused on the way."""
    before, after = limits
    service = Limited(VirtualClock(), limit=before, latency=0.1, changes=(60.0, after))
    requests = before * 60 + after * 110

    assert drive(service, 50, requests) == 0

    assert len(service.refused) <= requests * 0.02
    assert 0.9 * before <= service.rate(30, 60) <= before
    assert 0.9 * after <= service.rate(120, 160) <= after


def test_one_request_a_second_is_found() -> None:
    """Where a minute holds no more than sixty requests, four in five of them are used while it is being found out."""
    service = Limited(VirtualClock(), limit=1, latency=0.1)

    assert drive(service, 10, 120) == 0

    assert len(service.refused) <= 12
    assert service.rate(30, 120) >= 0.8


@pytest.mark.parametrize("headers", [{}, {"retry-after": "1"}])
def test_a_limit_of_requests_at_once_is_found_too(headers: dict[str, str]) -> None:
    """Twilio counts what is under way (20429): where ten at once is all, the rate settles near what ten at once come
    to, though all 64 workers are at this one service."""
    service = Limited(VirtualClock(), at_once=10, latency=0.25, headers=headers)

    assert drive(service, 200, 3600) == 0

    assert len(service.refused) <= 3600 * 0.02
    assert service.rate(30, 90) >= 40 * 0.9


@dataclass
class Windowed(Limited):
    """A service that takes `limit` requests in each minute of the clock and says how many are left, as SendGrid does
    (docs "rate limits", 2026-11)."""

    async def send(self, *_args: Any) -> Answer:
        await self.clock.sleep(self.latency)
        now = self.clock.monotonic()
        left = int(self.limit) - sum(time >= now // 60 * 60 for time in self.taken[-int(self.limit) :])
        (self.taken if left else self.refused).append(now)
        reset = int(self.clock.now().timestamp() - now % 60) + 60
        told = {"x-ratelimit-remaining": str(max(0, left - 1)), "x-ratelimit-reset": str(reset)}
        return Answer(200 if left else 429, told, b"")


def test_a_window_that_is_told_is_kept() -> None:
    """What X-RateLimit says is left of a minute is all that is sent in it, but for what is under way then; and all of
    it is used."""
    service = Windowed(VirtualClock(), limit=120, latency=0.1)

    assert drive(service, 20, 600) == 0

    assert len(service.refused) <= 600 * 0.02
    assert service.rate(60, 240) >= 2 * 0.98


@pytest.mark.parametrize("headers", [{}, {"retry-after": "86400"}, {"retry-after": "0"}])
def test_one_bad_answer_stalls_nobody_else(headers: dict[str, str]) -> None:
    """A single 429, whatever it asks for, costs the others less than a second or two."""
    service = Limited(VirtualClock(), latency=0.1, headers=headers, flukes={300})

    assert drive(service, 50, 1500) == 0

    others = sorted(service.taken)[:1490]
    assert others[-1] < 1500 / 50 * 1.1


def test_a_service_that_refuses_all_is_asked_less_and_less() -> None:
    """Without a word from it the pauses double."""
    service = Limited(VirtualClock(), limit=0)

    drive(service, 50, 12, workers=12)

    gaps = [b - a for a, b in zip(service.refused, service.refused[1:], strict=False) if b - a > 0.2]
    assert max(gaps[:12]) > 4
    assert len([time for time in service.refused if time < 60]) < 40


def test_a_wait_that_is_asked_for_is_kept() -> None:
    """Nothing is sent before its time where the service means everybody."""
    service = Limited(VirtualClock(), limit=5, headers={"retry-after": "7"})

    assert drive(service, 20, 40) == 0

    for refused in service.refused:
        assert not [time for time in service.taken if refused < time < refused + 7]


def test_the_rate_returns_when_the_limit_is_lifted() -> None:
    """What was slow for a while is not slow for ever: within two minutes the pace is that of the campaign."""
    limit = Limit(50.0)
    taken = Taken(0.0)
    for number in range(20):
        taken.note(9 + number / 20)
    limit = limit.refused(10.0, 9.9, taken)

    assert limit.rate(10.0) == pytest.approx(18)
    assert limit.rate(30.0) == pytest.approx(20)
    assert limit.rate(130.0) == 50


def test_refusals_of_the_same_moment_are_one_piece_of_news() -> None:
    """What had left before the last cut met the same limit."""
    taken = Taken(0.0)
    limit = Limit(10.0).refused(0.5, 0.4, taken)
    assert limit.rate(0.5) == pytest.approx(10 * 0.7 * 0.9)
    assert limit.refused(0.6, 0.45, taken) is limit
