"""Quiet hours: wall-clock time where the grower is, over midnight, and on the days when clocks change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leafcast.decide.quiet import find_zone, held_until, is_quiet


@dataclass(frozen=True)
class Hours:
    start: time
    end: time


NIGHT = Hours(time(21), time(8))
NOON = Hours(time(12), time(13, 30))
CHICAGO = "America/Chicago"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-04-01T01:59", None),  # 20:59 in Chicago
        ("2026-04-01T02:00", "2026-04-01T13:00"),  # 21:00: quiet until 08:00
        ("2026-04-01T05:30", "2026-04-01T13:00"),  # half past midnight
        ("2026-04-01T12:59", "2026-04-01T13:00"),
        ("2026-04-01T13:00", None),
        ("2026-03-08T04:00", "2026-03-08T13:00"),  # the night that loses an hour
        ("2026-11-01T04:00", "2026-11-01T14:00"),  # the night that gains one
    ],
)
def test_a_window_over_midnight(now: str, until: str | None) -> None:
    """21:00 to 08:00 in Chicago, also in the nights when the clock changes."""
    assert held_until(utc(now), NIGHT, CHICAGO) == (utc(until) if until else None)


def test_a_window_within_a_day() -> None:
    """12:00 to 13:30 holds at noon and not in the evening."""
    zone = ZoneInfo(CHICAGO)
    assert held_until(utc("2026-04-01T17:30"), NOON, zone) == utc("2026-04-01T18:30")
    assert held_until(utc("2026-04-01T19:30"), NOON, zone) is None


def test_an_end_that_happens_twice_is_not_quiet_afterwards() -> None:
    """With an end of 01:30 in the night of the second 01:30, a message of the repeated hour waits for that one."""
    hours = Hours(time(23), time(1, 30))
    assert held_until(utc("2026-11-01T07:10"), hours, CHICAGO) == utc("2026-11-01T07:30")


def test_an_unknown_zone_is_an_error() -> None:
    """A message is never sent because a time zone was misspelled."""
    with pytest.raises(ValueError, match="no such time zone"):
        held_until(utc("2026-04-01T12:00"), NIGHT, "America/Chicgo")


@pytest.mark.parametrize("name", ["", "Chicago", "../etc/passwd", "America", "America/", "/etc/localtime", "a/\0"])
def test_only_names_of_the_iana_list_are_zones(name: str) -> None:
    """Paths and half names are no zones."""
    assert find_zone(name) is None


times = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))
zones = st.sampled_from([CHICAGO, "Europe/London", "Australia/Lord_Howe", "America/St_Johns", "Africa/Cairo", "UTC"])
moments = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))


@given(moments, times, times, zones)
def test_what_is_held_may_go_when_the_time_has_come(now: datetime, start: time, end: time, zone: str) -> None:
    """The instant given is later than now, soon, and not quiet itself; without one, now is not quiet."""
    assume(start != end)
    hours, place = Hours(start, end), ZoneInfo(zone)
    until = held_until(now, hours, zone)
    if until is None:
        assert not is_quiet(now, hours, place)
    else:
        assert now < until <= now + timedelta(hours=26)
        assert not is_quiet(until, hours, place)
