"""A service says "later" to everybody for a while: it is asked seldom meanwhile, whatever wait it names."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from leafcast.decide.manners import KNOCKING, Manners
from leafcast.decide.replies import Answer
from leafcast.edge.http import Door, Retrier
from leafcast.edge.memory.clock import VirtualClock
from leafcast.model import Outcome, Service, Verdict

Headers = Callable[[VirtualClock], dict[str, str]]


def _told(text: str) -> Headers:
    return lambda _clock: {"retry-after": text}


def _date(seconds: float) -> Headers:
    return lambda clock: {"retry-after": format_datetime(clock.now() + timedelta(seconds=seconds), usegmt=True)}


def _reset(seconds: float) -> Headers:
    return lambda clock: {
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(int(clock.now().timestamp() + seconds)),
    }


FORMS: dict[str, Headers] = {
    "missing": lambda _clock: {},
    "zero": _told("0"),
    "negative": _told("-5"),
    "garbage": _told("soon"),
    "fraction": _told("2.5"),
    "seconds": _told("20"),
    "date": _date(20),
    "past date": _date(-3600),
    "reset": _reset(20),
    "past reset": _reset(-5),
    "no reset": lambda _clock: {"x-ratelimit-remaining": "0"},
}


@dataclass
class Down:
    """A service that refuses everything from 1 s on until `up_at`, in its own words."""

    clock: VirtualClock
    up_at: float
    words: Headers
    status: int = 429
    taken: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    async def send(self, *_args: Any) -> Answer:
        await self.clock.sleep(0.05)
        now = self.clock.monotonic()
        down = 1 <= now < self.up_at
        (self.refused if down else self.taken).append(now)
        return Answer(self.status, self.words(self.clock), b"") if down else Answer(200, {}, b"")


def drive(service: Down, requests: int, workers: int = 64) -> None:
    """Take all these requests to their end behind a pace of 20, as a run does."""

    async def main() -> None:
        chance = random.Random(5).random
        door = Door(
            Service.SENDGRID, "http://127.0.0.1", service, rate=20, clock=service.clock, chance=chance  # type: ignore[arg-type]
        )  # fmt: skip
        patience, todo = Retrier(service.clock, chance=chance), iter(range(requests))

        async def attempt() -> Outcome:
            reply = await door.request("POST", "/x", json={}, turn=await door.ready())
            assert isinstance(reply, Answer)
            if reply.ok:
                return Outcome(Verdict.ACCEPTED)
            return Outcome(Verdict.PAUSE, "http-429", retry_after=reply.retry_after)

        async def worker() -> None:
            for _ in todo:
                await patience.until_settled(attempt)

        await asyncio.gather(*(worker() for _ in range(workers)))

    asyncio.run(main())


@pytest.mark.parametrize("seconds", [5, 60])
@pytest.mark.parametrize("form", FORMS)
def test_an_outage_takes_few_requests(form: str, seconds: float) -> None:
    """At most ten go into an outage, and when it is over nobody waits much longer than it lasted."""
    service = Down(VirtualClock(), 1 + seconds, FORMS[form])

    drive(service, 240)

    assert len(service.taken) == 240
    assert len(service.refused) <= 10
    assert service.taken[-1] <= 1 + seconds * 2 + 60


def test_after_a_refusal_one_goes_and_its_answer_is_waited_for() -> None:
    """Between two refusals of the same outage nobody else asks, however many are waiting."""
    service = Down(VirtualClock(), 31, FORMS["seconds"])

    drive(service, 100)

    later = [time for time in service.refused if time > 2]
    assert later
    assert all(b - a >= 20 for a, b in itertools.pairwise(later))


def test_a_service_that_is_unavailable_is_asked_by_one_first_too() -> None:
    """503 with a wait is no matter of the rate: it stays, and one request finds out whether the wait was enough."""
    service = Down(VirtualClock(), 50, FORMS["seconds"], status=503)

    drive(service, 100, workers=1)

    assert len(service.refused) <= 4


@pytest.mark.parametrize("asked", [None, 0.0])
def test_a_wait_of_nothing_counts_as_none(asked: float | None) -> None:
    """Our own wait doubles then, from half a second on."""
    manners, now, waits = Manners(20.0, 0.0), 10.0, []
    for _ in range(9):
        manners.heard(429, asked, now, now + 0.05, 1.0)
        waits.append(manners.paused(now + 0.05))
        now += 0.05 + waits[-1]
        manners.goes(now)
    assert waits == pytest.approx([1.5, 1, 2, 4, 8, 16, 32, 64, 64], abs=0.01)


def test_a_wait_that_was_too_short_is_believed_once() -> None:
    """A service that says "one second" for minutes is asked more and more seldom."""
    manners, now, waits = Manners(20.0, 0.0), 10.0, []
    for _ in range(5):
        manners.heard(429, 1.0, now, now + 0.05, 1.0)
        waits.append(manners.paused(now + 0.05))
        now += 0.05 + waits[-1]
        manners.goes(now)
    assert waits == pytest.approx([1, 1, 2, 4, 8], abs=0.01)


def test_whoever_waits_for_that_answer_does_not_wait_for_ever() -> None:
    """It may be lost: two seconds later the next one goes."""
    manners = Manners(20.0, 0.0)
    manners.heard(429, 3.0, 10.0, 10.0, 1.0)
    manners.goes(13.0)
    assert manners.wait(13.0) == KNOCKING
    assert manners.wait(13.0 + KNOCKING) <= 0


def test_the_one_that_is_taken_lets_the_others_go() -> None:
    """At the rate that is known; a refusal of that one says nothing about the rate."""
    manners = Manners(20.0, 0.0)
    manners.heard(429, 3.0, 10.0, 10.0, 1.0)
    rate = manners.rate(10.0)
    manners.goes(13.0)
    manners.heard(429, 3.0, 13.0, 13.1, 1.0)
    assert manners.rate(13.1) == pytest.approx(rate)
    manners.goes(17.0)
    manners.heard(200, None, 17.0, 17.1, 1.0)
    assert manners.wait(17.1) <= 0
