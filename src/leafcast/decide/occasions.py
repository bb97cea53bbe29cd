"""When a grower is due for another round, as the campaign file says it: `expired`, `3d before expiry`, `used up` …"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator

from leafcast.decide.durations import parse_duration, write_duration
from leafcast.decide.forms import Form, misfit
from leafcast.decide.suggest import nearest
from leafcast.model import Cause

_BEFORE = re.compile(r"(?P<span>\d+\s*[smhd]?)\s+before\s+(?:expiry|it expires)", re.IGNORECASE)
PLAIN = (Cause.EXPIRED, Cause.USED_UP, Cause.BOUNCED, Cause.BROKEN)
WORDS = ("expired", "3d before expiry", "used up", "bounced", "credentials broken")
"""Every way to write one, for help and suggestions."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """One entry of `reinvite.when`. `within` is how many seconds before its end a link counts as ending soon."""

    cause: Cause
    within: int = 0

    def __str__(self) -> str:
        return f"{write_duration(self.within)} before expiry" if self.cause is Cause.EXPIRING else str(self.cause)


def parse_occasion(text: str) -> Occasion | None:
    """What one entry says; None for what is none."""
    words = " ".join(text.split()).lower()
    if words in {str(cause) for cause in PLAIN}:
        return Occasion(Cause(words))
    match = _BEFORE.fullmatch(words)
    within = parse_duration(match["span"].replace(" ", "")) if match else None
    return Occasion(Cause.EXPIRING, within) if within else None


def _occasions(value: Any) -> tuple[Occasion, ...]:
    """One entry or a list of them, each cause once."""
    found: list[Occasion] = []
    for entry in value if isinstance(value, list | tuple) else [value]:
        occasion = entry if isinstance(entry, Occasion) else parse_occasion(str(entry))
        if occasion is None:
            guess = nearest(str(entry), list(WORDS))
            raise misfit(
                f"{str(entry)!r} says not when", f"Write {guess}." if guess else f"Write one of: {', '.join(WORDS)}."
            )
        if occasion.cause in {one.cause for one in found}:
            raise misfit(f"{str(entry)!r} says the same twice", "Keep one of the two.")
        found.append(occasion)
    if not found:
        raise misfit("the list is empty", f"Write one of: {', '.join(WORDS)}.")
    return tuple(found)


Occasions = Annotated[
    tuple[Occasion, ...],
    BeforeValidator(_occasions),
    Form("one or a list of " + " · ".join(f"`{word}`" for word in WORDS)),
]
