"""The arithmetic of quiet hours: may a message go now, and if not, when?

The window is wall-clock time where the grower is. 21:00 to 08:00 is the window that US rules on calls and texts name
(47 CFR 64.1200(c)(1), recipient's local time).
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


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
