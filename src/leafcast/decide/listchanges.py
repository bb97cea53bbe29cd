"""What a list changed against the one before, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from leafcast.model import ListChanges

NAMED = 5
"""So many growers are named; the rest is counted."""


def change_sentences(changes: ListChanges, *, first: bool) -> Iterator[str]:
    """What a person should know of it. Of a campaign's `first` list everything is new, which is no news."""
    if changes.added and not first:
        yield f"The list has changed: {_growers(changes.added)} added."
    if changes.moved:
        yield f"New addresses taken over, nothing was sent to the old ones: {_named(changes.moved)}."
    if changes.late:
        yield (
            f"New addresses of growers who were written to already, or may have been; they are not written to again: "
            f"{_named(changes.late)}."
        )
    if changes.vanished:
        yield f"Not in the list any more, and not written to: {_named(changes.vanished)}."


def connected_sentences(names: Sequence[str]) -> Iterator[str]:
    """Whom a run leaves out because an earlier look at Leaf showed them connected."""
    if names:
        yield f"Connected already, as the last sync saw, and not written to: {_named(names)}."


def unfit_sentences(names: Sequence[str]) -> Iterator[str]:
    """Whom a retry leaves as they are because of their rows."""
    if names:
        yield f"Not tried again, for their rows have problems by now (check shows them): {_named(names)}."


def change_document(changes: ListChanges) -> dict[str, Any]:
    """The same for other programs."""
    return {
        "added": changes.added,
        "addressTakenOver": list(changes.moved),
        "addressTooLate": list(changes.late),
        "vanished": list(changes.vanished),
    }


def _growers(count: int) -> str:
    return f"{count:,} grower{'' if count == 1 else 's'}"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"
