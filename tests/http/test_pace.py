"""The promise of pace: never more than R in a sliding second, and nearly all of R while there is work."""

from __future__ import annotations

import asyncio
import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leafcast.decide.pacing import LONGEST_WAIT, Departure, Pace, Way, backoff, retry_after, wait_asked
from leafcast.decide.replies import Answer
from leafcast.edge.http import Door
from leafcast.edge.memory.clock import VirtualClock
from leafcast.model import Service

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


class Arrivals:
    """A network that writes down when requests arrive, each delayed on its way by up to `jitter` seconds; with
    `stall`, this share of them by 80 ms that the answer shows."""

    def __init__(self, clock: VirtualClock, jitter: float = 0.0, answer: Answer | None = None) -> None:
        self.clock, self.jitter = clock, jitter
        self.answer = answer or Answer(200, {}, b"")
        self.times: list[float] = []
        self.stall = self.hold = 0.0
        self._random = random.Random(7)

    async def send(self, *args: Any) -> Answer:
        if self.hold:
            await self.clock.sleep(self._random.uniform(0, self.hold))
            args[-1]()
        if self._random.random() < self.stall:
            await self.clock.sleep(0.08)
        self.times.append(self.clock.monotonic() + self._random.uniform(0, self.jitter))
        await self.clock.sleep(0.002)
        return self.answer

    def most_in_a_second(self, span: float = 1.0) -> int:
        times = sorted(self.times)
        first, most = 0, 0
        for last, time in enumerate(times):
            while time - times[first] >= span:
                first += 1
            most = max(most, last - first + 1)
        return most


def drive(
    rate: float | None,
    requests: int,
    *,
    workers: int = 16,
    jitter: float = 0.0,
    late: float = 0.0,
    stall: float = 0.0,
    hold: float = 0.0,
) -> Arrivals:
    """Let workers make requests as fast as the door lets them; `late` is how long a turn may lie before it is spent,
    `hold` how long this machine may take to write a request."""

    async def main() -> Arrivals:
        clock = VirtualClock()
        arrivals, chance = Arrivals(clock, jitter), random.Random(3)
        arrivals.stall, arrivals.hold = stall, hold
        door = Door(Service.LEAF, "http://127.0.0.1", arrivals, rate=rate, clock=clock)  # type: ignore[arg-type]
        todo = iter(range(requests))

        async def worker() -> None:
            for _ in todo:
                turn = await door.ready()
                if late:
                    await clock.sleep(chance.uniform(0, late))
                await door.request("POST", "/x", json={}, turn=turn)

        await asyncio.gather(*(worker() for _ in range(workers)))
        return arrivals

    return asyncio.run(main())


@pytest.mark.parametrize("rate", [1, 2, 10, 50, 200, 500])
def test_a_sliding_second_never_has_more_than_the_pace(rate: int) -> None:
    """At most R requests arrive in any second and at least 98 % of R are used, with the way to the server uneven."""
    arrivals = drive(rate, requests=max(20, rate * 4), jitter=0.005)
    assert arrivals.most_in_a_second() <= rate
    assert used(arrivals) >= rate * 0.98


@pytest.mark.parametrize("rate", [5, 100, 500])
def test_turns_that_lie_about_do_not_break_the_pace(rate: int) -> None:
    """Turns spent late, as after a slow commit, do not bunch up into more than R in a second."""
    assert drive(rate, requests=rate * 3, workers=40, late=0.3).most_in_a_second() <= rate


@pytest.mark.parametrize("rate", [10, 50, 200, 500])
def test_a_stall_does_not_break_the_pace(rate: int) -> None:
    """Requests held up for 80 ms on their way do not meet those of the next second, and 95 % of R are still used."""
    arrivals = drive(rate, requests=rate * 6, workers=80, stall=0.01)
    assert arrivals.most_in_a_second() <= rate
    assert used(arrivals) >= rate * 0.95


@pytest.mark.parametrize("rate", [10, 200])
def test_a_service_of_uneven_speed_gets_nearly_all_of_the_pace(rate: int) -> None:
    """Where answers vary all the time, being careful does not cost more than 5 % once that is known; nor does being so
    little careful put more than 5 %, or two, too many into any second, should all of it be on the way there."""
    arrivals = drive(rate, requests=max(900, rate * 8), workers=80, stall=0.6)
    assert arrivals.most_in_a_second() <= max(rate + 2, rate * 1.05)
    arrivals.times = sorted(arrivals.times)[-len(arrivals.times) // 2 :]
    assert used(arrivals) >= rate * 0.95


@pytest.mark.parametrize("rate", [10, 50, 200, 500])
def test_a_machine_that_writes_late_does_not_break_the_pace(rate: int) -> None:
    """Where this machine, or a connection that has to be made first, holds requests up, each is counted by when its
    bytes were written, however uneven that is and however long it goes on."""
    arrivals = drive(rate, requests=rate * 6, workers=64, hold=0.1)
    assert arrivals.most_in_a_second() <= rate


def test_the_quickest_answer_is_remembered_for_a_while() -> None:
    """A second of slow answers, however many they are, does not make slow ones the usual ones: those that come after
    it would not be known as the quick ones that they are."""
    way = Way()
    for number in range(500):
        way = way.after(Departure(number / 500, answered=number / 500 + 0.002), number / 500)
    for number in range(500):
        way = way.after(Departure(1 + number / 500, answered=1 + number / 500 + 0.060), 1 + number / 500)
    assert way.quickest < 0.003


@given(
    rate=st.sampled_from([1, 2, 3, 7, 20, 50, 90]),
    jitter=st.floats(0, 0.007),
    late=st.sampled_from([0.0, 0.01, 0.2, 1.5]),
    stall=st.sampled_from([0.0, 0.02, 0.2]),
    workers=st.integers(1, 90),
)
@settings(max_examples=25, deadline=None)
def test_no_way_to_the_server_breaks_the_pace(
    rate: int, jitter: float, late: float, stall: float, workers: int
) -> None:
    """However uneven the way is that a request takes from its turn to its arrival, no second has more than R."""
    arrivals = drive(rate, requests=rate * 3 + 2, workers=workers, jitter=jitter, late=late, stall=stall)
    assert arrivals.most_in_a_second() <= rate


def used(arrivals: Arrivals) -> float:
    return (len(arrivals.times) - 1) / (arrivals.times[-1] - arrivals.times[0])


@pytest.mark.parametrize(("rate", "span"), [(0.1, 10.0), (0.5, 2.0)])
def test_a_pace_below_one_is_one_request_in_its_span(rate: float, span: float) -> None:
    """0.1 a second is one request every ten seconds."""
    assert drive(rate, requests=5).most_in_a_second(span) == 1


def test_a_pace_with_a_fraction_is_rounded_down() -> None:
    """2.5 a second would put three requests into some seconds, so it is two."""
    assert drive(2.5, requests=12).most_in_a_second() == 2


def test_the_first_turn_is_immediate_and_no_limit_is_none() -> None:
    """Nobody waits for the first request, nor for any without a pace."""
    assert drive(0.1, requests=1).times == [0.0]
    assert drive(None, requests=64, workers=64).times[-1] == 0.0


def test_what_is_owed_holds_the_line() -> None:
    """A text of three segments at two segments a second: the next turn comes after three halves of a second."""

    async def main() -> list[float]:
        clock = VirtualClock()
        door = Door(Service.TWILIO, "http://127.0.0.1", Arrivals(clock), rate=2, clock=clock)  # type: ignore[arg-type]
        times = []
        for _ in range(4):
            turn = await door.ready()
            times.append(clock.monotonic())
            door.owe((3 - 1) / 2)
            turn.give_back()
        return times

    times = asyncio.run(main())
    assert [b - a for a, b in itertools.pairwise(times)] == pytest.approx([1.5] * 3, abs=0.05)


def test_turns_are_given_in_order() -> None:
    """Who asked first goes first."""

    async def main() -> list[int]:
        clock = VirtualClock()
        door = Door(Service.LEAF, "http://127.0.0.1", Arrivals(clock), rate=10, clock=clock)  # type: ignore[arg-type]
        order: list[int] = []

        async def wait(number: int) -> None:
            turn = await door.ready()
            order.append(number)
            turn.give_back()

        await asyncio.gather(*(wait(number) for number in range(20)))
        return order

    assert asyncio.run(main()) == list(range(20))


def one_answer(answer: Answer, then: int = 1) -> tuple[float, Door]:
    """How long the next turn waits after this answer."""

    async def main() -> tuple[float, Door]:
        clock = VirtualClock(NOW)
        door = Door(Service.LEAF, "http://127.0.0.1", Arrivals(clock, answer=answer), rate=10, clock=clock)  # type: ignore[arg-type]
        for _ in range(then):
            await door.request("POST", "/x", json={})
        before = clock.monotonic()
        (await door.ready()).give_back()
        return clock.monotonic() - before, door

    return asyncio.run(main())


def test_a_pause_that_the_service_asks_for_is_kept() -> None:
    """After 429 with Retry-After nobody asks before its time."""
    assert one_answer(Answer(429, {"retry-after": "7"}, b""))[0] == pytest.approx(7, abs=0.01)


def test_an_exhausted_limit_is_a_pause() -> None:
    """X-RateLimit-Remaining 0 stops us until the reset, before the service has to say 429."""
    reset = str(int((NOW + timedelta(seconds=30)).timestamp()))
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
    assert one_answer(Answer(202, headers, b""))[0] == pytest.approx(30, abs=0.2)


def test_a_429_without_a_word_still_pauses_and_slows() -> None:
    """Without Retry-After there is a short pause of our own, and the pace falls."""
    waited, door = one_answer(Answer(429, {}, b""))
    assert 0.5 <= waited <= 1.5
    assert door.rate < 10


def test_a_pace_is_more_than_nothing() -> None:
    """Nothing would never end."""
    with pytest.raises(ValueError, match="more than 0"):
        Pace(0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("0", 0.0),
        ("-5", 0.0),
        ("12", 12.0),
        (" 1.5 ", 1.5),
        ("999999", LONGEST_WAIT),
        ("inf", LONGEST_WAIT),
        ("Mon, 02 Mar 2026 15:00:30 GMT", 30.0),
        ("Mon, 02 Mar 2026 14:00:00 GMT", 0.0),
        ("Fri, 02 Mar 2029 15:00:00 GMT", LONGEST_WAIT),
        ("Mon, 99 Mar 2026 15:00:30 GMT", None),
    ],
)
def test_retry_after_in_every_form(text: str | None, seconds: float | None) -> None:
    """Seconds and dates are understood, absurd ones bounded, and what cannot be read is not taken for 0."""
    assert retry_after(text, NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"x-ratelimit-remaining": "3", "x-ratelimit-reset": "9"}, None),
        ({"x-ratelimit-remaining": "0"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "nan"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9"}, 9.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9", "retry-after": "2"}, 2.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9", "retry-after": "0"}, 9.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "inf"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "-4"}, None),
        ({"x-ratelimit-remaining": " 0 ", "x-ratelimit-reset": "999999999"}, LONGEST_WAIT),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 30)}, 30.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) - 30)}, None),
        ({"retry-after": "0"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "Mon, 02 Mar 2026 14:00:00 GMT"}, None),
        ({"retry-after": "Mon, 02 Mar 2026 15:00:30 GMT"}, 30.0),
        ({"retry-after": "31536000"}, LONGEST_WAIT),
        ({"retry-after": "soon"}, None),
    ],
)
def test_rate_limit_headers(headers: dict[str, str], seconds: float | None) -> None:
    """Retry-After wins; a reset counts only when nothing remains; a wait of nothing is no wait."""
    assert wait_asked(headers, NOW) == seconds


def test_backoff_grows_within_bounds() -> None:
    """The bound doubles up to five minutes, and chance picks anything below it."""
    assert [backoff(n, 1.0) for n in (1, 2, 3, 20, 10_000)] == [1, 2, 4, 300, 300]
    assert backoff(5, 0.0) == 0
