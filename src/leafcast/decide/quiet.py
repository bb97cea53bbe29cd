"""The arithmetic of quiet hours: may a message go now, and if not, when?

The window is wall-clock time where the grower is. 21:00 to 08:00 is the window that US rules on calls and texts name
(47 CFR 64.1200(c)(1), recipient's local time).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LEAD = timedelta(seconds=30)
"""A message that cannot leave this long before quiet begins waits for the other end: between the decision and the
request lie a commit and a connection, and Twilio drops a text that it may keep for a few seconds only."""
AT_MOST = timedelta(days=3)
"""How far a moment is looked for that suits several zones; windows that leave none are taken by the first zone."""


class Window(Protocol):
    """The part of `QuietHours` that the arithmetic needs: from `start` up to but not including `end`."""

    @property
    def start(self) -> time:
        """When it becomes quiet."""

    @property
    def end(self) -> time:
        """When messages may go again."""


def find_zone(name: str) -> ZoneInfo | None:
    """The time zone of that IANA name (`America/Chicago`), None for a name that is none. The zone database counts as a
    table of facts, not as input."""
    try:
        return ZoneInfo(name) if "/" in name or name == "UTC" else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def is_quiet(moment: datetime, window: Window, zone: tzinfo) -> bool:
    """Whether the wall clock of the zone stands inside the window. A window whose start is later than its end runs over
    midnight."""
    wall = moment.astimezone(zone).time()
    if window.start <= window.end:
        return window.start <= wall < window.end
    return wall >= window.start or wall < window.end


def held_until(now: datetime, window: Window, zone: tzinfo | str) -> datetime | None:
    """None when a message may go at `now` (aware), otherwise the instant in UTC at which the quiet window ends.

    When clocks change, an end that happens twice holds until it is not quiet any more, and an end that does not happen
    at all is taken later rather than earlier. `zone` may be an IANA name; an unknown one raises ValueError.
    """
    place = find_zone(zone) if isinstance(zone, str) else zone
    if place is None:
        raise ValueError(f"no such time zone: {zone}")
    if not is_quiet(now, window, place):
        return None
    today = now.astimezone(place).date()
    ends = (
        datetime.combine(today + timedelta(days=days), window.end, place).replace(fold=fold).astimezone(UTC)
        for days in (0, 1, 2)
        for fold in (0, 1)
    )
    return min(end for end in ends if end > now and not is_quiet(end, window, place))


def held_in_all(now: datetime, window: Window, zones: Sequence[tzinfo], lead: timedelta = LEAD) -> datetime | None:
    """None when a message may go at `now` wherever in `zones` its reader is, and need not hurry: quiet hours are at
    least `lead` away. Otherwise the instant in UTC from which on that is so."""
    moment = now
    while (later := _soonest(moment, window, zones, lead)) is not None:
        if later - now > AT_MOST:
            return _soonest(now, window, zones[:1], lead)
        moment = later
    return None if moment == now else moment


def _soonest(now: datetime, window: Window, zones: Sequence[tzinfo], lead: timedelta) -> datetime | None:
    """When the first of the zones in which it is quiet, or about to be, is not any more; None where none is."""
    for zone in zones:
        until = held_until(now, window, zone) or held_until(now + lead, window, zone)
        if until is not None:
            return until
    return None


def quiet_from(now: datetime, window: Window, zones: Sequence[tzinfo]) -> datetime:
    """The next instant in UTC, `now` included, at which it is quiet in any of the zones."""
    return min(_next_start(now, window, zone) for zone in zones)


def _next_start(now: datetime, window: Window, zone: tzinfo) -> datetime:
    if is_quiet(now, window, zone):
        return now.astimezone(UTC)
    today = now.astimezone(zone).date()
    starts = (
        datetime.combine(today + timedelta(days=days), window.start, zone).replace(fold=fold).astimezone(UTC)
        for days in (0, 1, 2)
        for fold in (0, 1)
    )
    found = min(start for start in starts if start > now and is_quiet(start, window, zone))
    if found.astimezone(zone).utcoffset() == now.astimezone(zone).utcoffset():
        return found
    # The clock changes on the way, and may jump into the window: look at every minute.
    return next((minute for minute in _minutes(now, found) if is_quiet(minute, window, zone)), found)


def _minutes(begin: datetime, end: datetime) -> Iterator[datetime]:
    minute = begin.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    while minute < end:
        yield minute
        minute += timedelta(minutes=1)
