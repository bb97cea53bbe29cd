"""Spans of time as people write them: `900`, `15m`, `12h`, `30d`."""

from __future__ import annotations

import re

SECONDS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_FORM = re.compile(r"(\d{1,10})([smhd]?)", re.ASCII)


def parse_duration(text: str) -> int | None:
    """Seconds for `900`, `900s`, `15m`, `12h` or `30d`; None for anything else."""
    match = _FORM.fullmatch(text.strip())
    return int(match[1]) * SECONDS[match[2]] if match else None


def write_duration(seconds: int) -> str:
    """The shortest form that `parse_duration` reads back: 2592000 is `30d`. Seconds have no letter."""
    for letter in ("d", "h", "m"):
        if seconds and seconds % SECONDS[letter] == 0:
            return f"{seconds // SECONDS[letter]}{letter}"
    return str(seconds)
