"""When a service is left alone, and when it is asked again."""

from __future__ import annotations

from leafcast.decide.breaker import (
    AGAIN_FOR,
    FIRST_BREAK,
    IN_A_ROW,
    LATELY,
    LATER_FOR,
    LONGEST_BREAK,
    NOT_YET,
    TRUST,
    Breaker,
)
from leafcast.model import Outcome, Verdict

GOOD = Outcome(Verdict.ACCEPTED)
DOWN = Outcome(Verdict.PAUSE, "not-sent")
LOST = Outcome(Verdict.IN_DOUBT, "timeout")
LATER = Outcome(Verdict.PAUSE, "http-429")
NO = Outcome(Verdict.REFUSED, "http-400")


def opened(outcome: Outcome = DOWN) -> Breaker:
    breaker = Breaker()
    assert [breaker.observe(outcome, 0.0) for _ in range(IN_A_ROW)] == [False] * (IN_A_ROW - 1) + [True]
    return breaker


def half_open() -> Breaker:
    """After a good probe."""
    breaker = opened()
    assert breaker.wait(FIRST_BREAK) == 0
    breaker.observe(GOOD, FIRST_BREAK + 1)
    return breaker


def test_a_closed_breaker_lets_everybody_go() -> None:
    """Answers of any kind, a no and a "later" among them, keep it closed."""
    breaker = Breaker()
    for outcome in [GOOD, NO, LATER, DOWN, GOOD] * 20:
        assert not breaker.observe(outcome, 0.0)
    assert breaker.wait(0.0) == 0


def test_troubles_in_a_row_open_it() -> None:
    """Nobody asks for a while, whether the service was out of reach or lost its answers."""
    for trouble in (DOWN, LOST):
        assert opened(trouble).wait(10.0) == FIRST_BREAK - 10


def test_later_alone_opens_it_only_when_it_goes_on() -> None:
    """A whole crowd that met a limit together is a matter of the pace; one that is put off for seconds is not."""
    breaker = Breaker()
    assert not any(breaker.observe(LATER, 0.0) for _ in range(64))
    breaker.observe(GOOD, 1.0)
    assert not any(breaker.observe(LATER, second) for second in (2.0, 3.0, 4.0, 5.0, 6.9))
    assert breaker.observe(LATER, 2.0 + LATER_FOR)


def test_later_right_after_a_break_opens_it_sooner() -> None:
    """A service that goes up and down: the pace's pause did not help, so it gets a break and not four more requests."""
    breaker = half_open()
    assert not breaker.observe(LATER, 40.0)
    assert not breaker.observe(LATER, 40.1)  # the two were under way together
    assert breaker.observe(LATER, 40.0 + AGAIN_FOR)
    calm = half_open()
    now = FIRST_BREAK + 1 + LATELY
    assert not any(calm.observe(LATER, now + second) for second in (0.0, 2.0, 4.0))


def test_after_a_break_it_is_trusted_little_by_little() -> None:
    """One more request at once after each good answer, and everybody after the eighth."""
    breaker = half_open()
    for good in range(1, TRUST):
        assert [breaker.wait(40.0) for _ in range(good + 2)] == [0.0] * (good + 1) + [NOT_YET]
        for _ in range(good):
            breaker.unused()
        breaker.observe(GOOD, 40.0)
    assert [breaker.wait(41.0) for _ in range(200)] == [0.0] * 200


def test_trouble_right_after_a_break_opens_it_again_for_longer() -> None:
    """It was down a moment ago: one lost answer is enough."""
    breaker = half_open()
    assert breaker.observe(LOST, 40.0)
    assert breaker.wait(40.0) == FIRST_BREAK * 2


def test_half_of_the_last_twenty_open_it() -> None:
    """A service that loses every second answer is no better than one that is down."""
    breaker = Breaker()
    opens = [breaker.observe(LOST if number % 2 else GOOD, 0.0) for number in range(20)]
    assert opens == [False] * 19 + [True]


def test_after_the_break_one_may_ask_and_its_answer_decides() -> None:
    """The others wait for the probe; a good one lets all go."""
    breaker = opened()
    assert breaker.wait(FIRST_BREAK) == 0
    assert breaker.wait(FIRST_BREAK) > 0
    breaker.observe(GOOD, FIRST_BREAK + 1)
    assert breaker.wait(FIRST_BREAK + 1) == breaker.wait(FIRST_BREAK + 1) == 0


def test_each_failed_probe_doubles_the_break_up_to_a_bound() -> None:
    """A long outage costs few requests."""
    breaker, now, breaks = opened(), 0.0, []
    for _ in range(8):
        wait = breaker.wait(now)
        breaks.append(wait)
        now += wait
        assert breaker.wait(now) == 0
        breaker.observe(DOWN, now)
    assert breaks == [30, 60, 120, 240, 480, 600, 600, 600]
    assert max(breaks) == LONGEST_BREAK


def test_latecomers_do_not_lengthen_the_break() -> None:
    """What left before it opened says nothing about now; an answer among it does."""
    breaker = opened()
    for _ in range(60):
        breaker.observe(DOWN, 5.0)
    assert breaker.wait(5.0) == FIRST_BREAK - 5
    breaker.observe(GOOD, 6.0)
    assert breaker.wait(6.0) == 0


def test_a_probe_that_was_not_made_may_be_made_by_another() -> None:
    """Whoever was let through and stopped before asking takes nobody's place."""
    breaker = opened()
    assert breaker.wait(FIRST_BREAK) == 0
    breaker.unused()
    assert breaker.wait(FIRST_BREAK) == 0


def test_it_counts_how_long_it_was_open_in_all() -> None:
    """Several outages add up."""
    breaker = opened()
    assert breaker.wait(FIRST_BREAK) == 0
    breaker.observe(GOOD, 40.0)
    for _ in range(IN_A_ROW):
        breaker.observe(DOWN, 100.0)
    assert breaker.open_seconds(110.0) == 50.0
