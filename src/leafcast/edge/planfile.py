"""A plan as a file: what it was made from, so that a run can tell whether it still holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from leafcast.edge.privatefile import in_place_of
from leafcast.errors import UsageError

FORM = "leafcast plan 1"
_NOT_ONE = "Make one with: leafcast plan CAMPAIGN --save FILE."


def write_plan(path: Path, document: Mapping[str, Any], made_from: Mapping[str, str], *, skip_invalid: bool) -> None:
    """Write a plan, readable by its owner alone. Raises UsageError where that cannot be."""
    told = {"form": FORM, "madeFrom": dict(made_from), "skipInvalid": skip_invalid, **document}
    with in_place_of(path, fix="Name another place.") as draft, draft.open("w", encoding="utf-8") as file:
        json.dump(told, file, indent=1, default=str)


def read_plan(path: Path) -> tuple[Mapping[str, str], bool]:
    """What a plan was made from, and whether it leaves invalid rows out. Raises UsageError for what is no plan."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(f"There is no plan {path}", fix=_NOT_ONE) from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} is not a plan", fix=_NOT_ONE) from error
    made_from = told.get("madeFrom") if isinstance(told, dict) and told.get("form") == FORM else None
    if not isinstance(made_from, dict):
        raise UsageError(f"{path} is not a plan", fix=_NOT_ONE)
    return {str(key): str(value) for key, value in made_from.items()}, told.get("skipInvalid") is True


def check_unchanged(planned: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Raises UsageError, saying what is not as it was when the plan was made."""
    changed = [name for name, value in now.items() if planned.get(name) != value]
    if changed:
        words = ", ".join(_WORDS.get(name, name) for name in changed)
        raise UsageError(f"The plan does not hold any more, changed since: {words}", fix="Look at a new plan, or run.")


_WORDS = {"campaign": "the campaign file", "program": "leafcast itself", "list": "the list"} | {
    "templates": "the templates",
    "ledger": "the ledger",
}
