"""Ledger rows as the lines of the export, and the rule that keeps a spreadsheet from running them. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from leafcast.model import LedgerRow

Cell = str | int
"""A value of the export; `round` and `attempts` are numbers, everything else is text."""

EXPORT_COLUMNS = (
    "campaign", "externalId", "name", "email", "phone", "round", "linkType", "providers", "leafUserId", "magicLinkId",
    "link", "expiresAt", "linkStatus", "channel", "messageStatus", "delivery", "messageId", "attempts", "errorCode",
    "error", "connected", "createdAt", "updatedAt",
)  # fmt: skip
"""The export's own columns, in their order: other people's scripts depend on both."""

NUMBERS = frozenset({"round", "attempts"})

FREE_TEXT = frozenset({"externalId", "name", "email", "errorCode", "error"})
"""The own columns that hold what a person or a service wrote. The others have a known form that no spreadsheet runs."""

OF_THE_LIST = " (list)"
"""What the heading of a list's own column gets behind it in the export where it is called as one of ours."""

_RUNS = "=+\\-@\t\r\n＝＋－＠"
_WOULD_RUN = re.compile(f"'*[{_RUNS}]")
_HELD_BACK = re.compile(f"'+[{_RUNS}]")
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*")


def neutralised(text: str) -> str:
    """The text with an apostrophe in front where a spreadsheet would run it as a formula (it begins with = + - @, a tab
    or a line break). Plain numbers and +phone numbers stay. `restored` takes back exactly this."""
    if not _WOULD_RUN.match(text) or _PLAIN_NUMBER.fullmatch(text):
        return text
    return f"'{text}"


def restored(text: str) -> str:
    """The text as it was before `neutralised`: one apostrophe in front of what would run is taken off."""
    return text[1:] if _HELD_BACK.match(text) else text


def export_columns(further: Iterable[str]) -> tuple[str, ...]:
    """All headings of an export: ours, then the list's own further columns."""
    return EXPORT_COLUMNS + tuple(column + OF_THE_LIST if column in EXPORT_COLUMNS else column for column in further)


def export_cells(row: LedgerRow, further: Iterable[str]) -> tuple[Cell, ...]:
    """One ledger row in the order of `export_columns`, as values. Empty cells are ''."""
    return (
        row.campaign,
        row.external_id,
        row.name,
        row.email or "",
        row.phone or "",
        row.round,
        row.link_type,
        ";".join(row.providers),
        row.leaf_user_id,
        row.magic_link_id,
        row.link,
        instant(row.expires_at),
        row.link_status,
        row.channel or "",
        row.message_status or "",
        row.delivery,
        row.message_id,
        row.attempts,
        row.error_code,
        row.error,
        row.connected,
        instant(row.created_at),
        instant(row.updated_at),
        *(row.cells.get(column, "") for column in further),
    )


def for_spreadsheet(columns: Sequence[str]) -> Callable[[Sequence[Cell]], tuple[Cell, ...]]:
    """How to write lines under these export columns in a format that spreadsheets open: free text is neutralised, our
    own columns of known form are not."""
    free = tuple(column in FREE_TEXT or column not in EXPORT_COLUMNS for column in columns)

    def line(cells: Sequence[Cell]) -> tuple[Cell, ...]:
        return tuple(
            neutralised(cell) if is_free and isinstance(cell, str) else cell
            for is_free, cell in zip(free, cells, strict=True)
        )

    return line


def instant(moment: datetime | None) -> str:
    """ISO 8601 in UTC to the second, `2026-03-01T12:00:00Z`; '' for none."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""
