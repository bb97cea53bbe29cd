"""The named queries of the ledger, and how values are written into it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import aiosql
from pydantic_core import to_json as to_json_bytes

_JSON = json.JSONEncoder(ensure_ascii=False)
"""How JSON stands in the ledger: a newer row is compared with what is there as text."""

QUERIES = Path(__file__).parent / "queries"
MIGRATIONS = Path(__file__).parent / "migrations"
Row = tuple[object, ...]


@cache
def queries() -> Any:
    """Every named query as a function of that name; the first argument is the connection, the rest go by keyword."""
    return aiosql.from_path(QUERIES, "apsw")


def migrations() -> Sequence[str]:
    """The migration scripts in order: the first makes version 1 of a ledger, and so on."""
    return [path.read_text(encoding="utf-8") for path in sorted(MIGRATIONS.glob("[0-9]*.sql"))]


def to_text(moment: datetime) -> str:
    """A moment as ISO 8601 UTC of one width, so that text sorts as time does."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def to_moment(text: str) -> datetime:
    """The way back from `to_text`."""
    return datetime.fromisoformat(text)


def to_json(value: Mapping[str, str] | Sequence[str]) -> str:
    """A mapping or a list of texts as JSON; the order of keys is kept, for it is the order of the list's columns."""
    return _JSON.encode(dict(value) if isinstance(value, Mapping) else list(value))


def to_rows(rows: Sequence[Row]) -> str:
    """Rows as the JSON that one statement walks through with `json_each`: it is not kept, so the quickest will do."""
    return to_json_bytes(rows).decode()
