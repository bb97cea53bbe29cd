"""Numbers, yes and no, times and spans of time as a campaign file writes them."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Any

from pydantic import BeforeValidator

from leafcast.decide.durations import parse_duration, write_duration
from leafcast.decide.forms.basis import Form, checked, misfit
from leafcast.decide.quiet import find_zone
from leafcast.decide.suggest import nearest

MIN_LIFE, MAX_LIFE = 900, 31_536_000
"""Seconds that a magic link may live (docs.withleaf.io, Magic Link endpoints, read November 2026)."""
_ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Toronto",
    "America/Winnipeg",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Paris",
    "Australia/Sydney",
)


def _yes_no(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in {"true", "false"}:
        return word == "true"
    guess = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}.get(word)
    raise misfit(f"{value!r} is neither true nor false", f"Write {guess}." if guess else "Write true or false.")


def _count(value: Any) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,6}", text, re.ASCII):
        raise misfit(f"{text!r} is not a whole number", "Write digits alone, for example 2.")
    return int(text)


def _count_from_one(value: Any) -> int:
    if (count := _count(value)) == 0:
        raise misfit("0 is too few", "Write 1 or more, or leave the key out.")
    return count


def _pace(value: Any) -> float | None:
    text = str(value).strip()
    if value is None or text == "unlimited":
        return None
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", text, re.ASCII) or float(text) <= 0:
        raise misfit(
            f"{text!r} is not a pace", "Write requests per second above 0, for example 10 or 0.5, or unlimited."
        )
    return float(text)


def _duration(value: Any) -> int:
    seconds = None if isinstance(value, bool | float) else parse_duration(str(value))
    if seconds is None:
        raise misfit(
            f"{str(value)!r} is not a span of time", "Write seconds, or a number with m, h or d: 15m, 12h, 30d."
        )
    return seconds


def _link_life(value: Any) -> int:
    seconds = _duration(value)
    if not MIN_LIFE <= seconds <= MAX_LIFE:
        fix = f"Leaf takes {MIN_LIFE} seconds (15m) to {MAX_LIFE:,} seconds (365d): write for example 30d."
        raise misfit(f"{write_duration(seconds)} is outside of what Leaf takes", fix)
    return seconds


def _clock_time(value: Any) -> time:
    if isinstance(value, time):
        return value
    text = str(value).strip()
    match = re.fullmatch(r"(\d{1,2}):(\d{2})", text, re.ASCII)
    if not match or int(match[1]) > 23 or int(match[2]) > 59:
        raise misfit(f"{text!r} is not a time of day", 'Write hours and minutes of 24, in quotes: "21:00".')
    return time(int(match[1]), int(match[2]))


def _zone_name(text: str) -> str:
    if find_zone(text) is None:
        guess = nearest(text.rsplit("/", 1)[-1], [name.rsplit("/", 1)[-1] for name in _ZONES])
        example = next((name for name in _ZONES if guess and name.endswith(guess)), "America/Chicago")
        raise misfit(f"{text!r} is not a time zone", f"Write a name of the IANA list, for example {example}.")
    return text


Flag = Annotated[bool, BeforeValidator(_yes_no), Form("`true` or `false`")]
Count = Annotated[int, BeforeValidator(_count), Form("whole number")]
CountFromOne = Annotated[int, BeforeValidator(_count_from_one), Form("whole number from 1")]
PaceNumber = Annotated[float | None, BeforeValidator(_pace), Form("requests per second, or `unlimited`")]
Duration = Annotated[int, BeforeValidator(_duration), Form("seconds, or `15m`, `12h`, `30d`")]
LinkLife = Annotated[int, BeforeValidator(_link_life), Form("seconds, or `15m`, `12h`, `30d`; 15m to 365d")]
ClockTime = Annotated[time, BeforeValidator(_clock_time), Form('`"HH:MM"`')]
ZoneName = Annotated[str, checked(_zone_name), Form("IANA time zone")]
