"""The sandbox's own time, which control can move and speed up."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime


class SandboxClock:
    """Wall time in epoch seconds that runs `speed` times as fast as the real one and can be pushed forward."""

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._began_wall = time.time()
        self._began = time.monotonic()
        self._pushed = 0.0

    def now(self) -> float:
        """Epoch seconds, by this clock."""
        return self._began_wall + (time.monotonic() - self._began) * self._speed + self._pushed

    def advance(self, seconds: float) -> None:
        """Let this many seconds pass at once."""
        self._pushed += seconds


def iso_millis(epoch: float) -> str:
    """`2026-03-01T12:00:00.123Z`."""
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_nanos(epoch: float) -> str:
    """`2026-03-01T12:00:00.123456000Z`: nine digits, one group more than most parsers take."""
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="microseconds").replace("+00:00", "000Z")


def iso_seconds(epoch: float) -> str:
    """`2026-03-01T12:00:00Z`."""
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def rfc2822(epoch: float) -> str:
    """`Sun, 01 Mar 2026 12:00:00 +0000`."""
    return format_datetime(datetime.fromtimestamp(epoch, UTC).replace(microsecond=0))


def in_words(seconds: float) -> str:
    """A span as a person would say it: `30 days`, `3 hours`, `less than a minute`."""
    for unit, span in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        count = round(seconds / span.total_seconds())
        if count and seconds >= 0.95 * span.total_seconds():
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "less than a minute"
