"""What a look for a message at its service comes down to."""

from __future__ import annotations

from typing import assert_never

from leafcast.model import Absent, Found, Look, Shown, Unknown


def shown_by(look: Look) -> tuple[Shown, str]:
    """What a look showed, and why it showed nothing."""
    match look:
        case Found():
            return Shown.FOUND, ""
        case Absent():
            return Shown.ABSENT, ""
        case Unknown(why=why):
            return Shown.UNKNOWN, why
        case _:
            assert_never(look)
