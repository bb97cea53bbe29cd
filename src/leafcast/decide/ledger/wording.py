"""The words of every ledger: what the export says of a message, and why a change is refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from leafcast.errors import LeafcastError, LedgerUnusable

INTERRUPTED = "interrupted"
INTERRUPTED_REASON = "the run that was sending it ended before an answer came"
RECALLED = "recalled"
"""What the export says of a message that a recall stopped."""
BY_WORD = "settled by a person's word, without evidence"
"""What the export says of a message that somebody assumed to be sent."""

_T = TypeVar("_T")


def error_shown(error: str, not_before: datetime | None) -> str:
    """The export's `error`: a held message says until when."""
    return error if not_before is None else f"held until {not_before:%Y-%m-%dT%H:%M:%SZ}"


def unknown_campaign(campaign: str, known: Sequence[str]) -> LedgerUnusable:
    """What to say about a campaign that the ledger never saw."""
    names = ", ".join(known) or "none"
    return LedgerUnusable(
        f"the ledger has no campaign {campaign}", fix=f"Run it first, or name another; the ledger has: {names}."
    )


def refused(why: str) -> LeafcastError:
    """A change that would break a rule of the ledger: a bug of whoever asked for it."""
    return LeafcastError(f"the ledger refused a change: {why}")


def must(found: _T | None, otherwise: str) -> _T:
    """What was found. Raises `refused` where nothing was: `otherwise` says why there is nothing."""
    if found is None:
        raise refused(otherwise)
    return found


def no_invitation(external_id: str, round_number: int) -> str:
    """Why nothing can be noted about a round that a grower was never invited to."""
    return f"grower {external_id!r} has no invitation of round {round_number}"


def no_run(campaign: str) -> LeafcastError:
    """What to say to somebody who works on a campaign of which no run was begun."""
    return LeafcastError(f"no run of campaign {campaign!r} was begun")


def check_own(campaign: str, own: str) -> None:
    """Raise `LeafcastError` for a change that belongs to another campaign than the run's own."""
    if campaign != own:
        raise LeafcastError(f"a change of campaign {campaign!r} came to the run of {own!r}")
