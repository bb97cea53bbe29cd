"""The time that a person is told is right within a tenth once the first minute is over."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

import pytest

from leafcast.decide.timeleft import TimeLeft
from leafcast.model import Channel

EMAIL, SMS = Channel.EMAIL, Channel.SMS


def play(planned: Mapping[Channel, int], rates: Mapping[Channel, float], *, jitter: float = 0.0) -> list[float]:
    """Let every channel go at its rate after a slow start of three seconds; how wrong each estimate was, as a share of
    the time that was really left, asked every ten seconds from the first minute to the last."""
    chance = random.Random(3)
    events = []
    for channel, count in planned.items():
        at = 3.0
        for _ in range(count):
            at += chance.uniform(1 - jitter, 1 + jitter) / rates[channel]
            events.append((at, channel))
    events.sort()
    end, wrong, ask = events[-1][0], [], 60.0
    left = TimeLeft(planned, 0.0)
    for at, channel in events:
        while ask <= at and end - ask > 30:
            told = left.seconds(ask)
            wrong.append(abs((told or 0) - (end - ask)) / (end - ask))
            ask += 10
        left.settled(channel, at)
    return wrong


@pytest.mark.parametrize(
    ("planned", "rates"),
    [
        ({EMAIL: 9000}, {EMAIL: 50.0}),
        ({EMAIL: 9000, SMS: 400}, {EMAIL: 50.0, SMS: 1.0}),
        ({EMAIL: 20_000, SMS: 100}, {EMAIL: 50.0, SMS: 1.0}),
        ({SMS: 300}, {SMS: 0.5}),
    ],
)
def test_the_time_left_is_right_within_a_tenth(planned: Mapping[Channel, int], rates: Mapping[Channel, float]) -> None:
    """Whichever channel is the slowest, and however unevenly its answers come."""
    assert max(play(planned, rates)) < 0.1
    assert max(play(planned, rates, jitter=0.2)) < 0.1


def test_nobody_is_told_a_time_that_nobody_knows() -> None:
    """Not in the first moment, and not while a channel has not begun."""
    left = TimeLeft({EMAIL: 10, SMS: 10}, 0.0)
    assert left.seconds(1.0) is None
    left.settled(EMAIL, 5.0)
    assert left.seconds(10.0) is None
    left.settled(SMS, 10.0)
    assert left.seconds(10.0) == pytest.approx(90)


def test_what_slows_down_later_is_told_later() -> None:
    """A service that takes half of it from now on shows within a minute or so."""
    left = TimeLeft({EMAIL: 6000}, 0.0)
    for number in range(2000):
        left.settled(EMAIL, number / 20)
    for number in range(800):
        left.settled(EMAIL, 100 + number / 10)
    assert left.seconds(180.0) == pytest.approx(320, rel=0.1)


def play_changing(count: int, rate: Callable[[float], float], changes: Sequence[float]) -> list[float]:
    """Let a channel go at a rate that changes with time; how wrong each estimate was, asked every second, but for the
    first minute and a minute from each change on. What is still to come is no part of it: an estimate is held against
    the time that was left at the rate of that moment on, so the changes are all over then or do not last."""
    chance, times, at = random.Random(3), [], 3.0
    for _ in range(count):
        at += chance.uniform(0.8, 1.2) / rate(at)
        times.append(at)
    left, wrong, ask = TimeLeft({EMAIL: count}, 0.0), [], 60.0
    for at in times:
        while ask <= at and times[-1] - ask > 30:
            if all(not change <= ask < change + 60 for change in changes):
                told = left.seconds(ask)
                wrong.append(abs((told or 0) - (times[-1] - ask)) / (times[-1] - ask))
            ask += 1
        left.settled(EMAIL, at)
    return wrong


@pytest.mark.parametrize(("first", "then"), [(50.0, 20.0), (50.0, 45.0), (10.0, 20.0)])
def test_a_rate_that_changes_for_good_is_known_within_a_minute(first: float, then: float) -> None:
    """As when a service is found to take less than its pace, or takes more again."""
    wrong = play_changing(12_000, lambda now: first if now < 50 else then, [50.0])
    assert max(wrong) < 0.1


def test_a_rate_that_is_being_felt_out_does_not_make_the_time_jump() -> None:
    """Behind a real limit the rate goes down by a tenth and creeps up again every half minute (decide/adapting)."""

    def rate(now: float) -> float:
        return 20 * (1 + 0.1 * (now % 32 / 20 - 1) ** 3)

    assert max(play_changing(10_000, rate, [])) < 0.1


def test_a_channel_that_only_refusals_lead_to_is_counted() -> None:
    """It was not planned, and it does no harm."""
    left = TimeLeft({EMAIL: 100}, 0.0)
    for number in range(50):
        left.settled(EMAIL, number / 10)
    left.settled(SMS, 5.0)
    assert left.seconds(10.0) == pytest.approx(10, rel=0.1)
