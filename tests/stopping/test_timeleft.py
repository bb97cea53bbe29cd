"""The time that a person is told is right within a tenth once the first minute is over."""

from __future__ import annotations

import random
from collections.abc import Mapping

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


def test_a_channel_that_only_refusals_lead_to_is_counted() -> None:
    """It was not planned, and it does no harm."""
    left = TimeLeft({EMAIL: 100}, 0.0)
    for number in range(50):
        left.settled(EMAIL, number / 10)
    left.settled(SMS, 5.0)
    assert left.seconds(10.0) == pytest.approx(10, rel=0.1)
