"""What a cell comes to: something that can be used, or a fault."""

from __future__ import annotations

from typing import NamedTuple


class Usable(NamedTuple):
    """What a cell comes to."""

    value: str
    mended: str = ""
    """What was changed about it, or what is odd about it; '' where nothing is. A sentence without the full stop."""
    advice: str = "Look whether that is right"


class Fault(NamedTuple):
    """Why a cell cannot be used, and what to write instead. Both are sentences without the full stop."""

    what: str
    fix: str
