"""The list of growers: rows, the people in them, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from leafcast.model.sets import Channel, ProblemKind, Severity


@dataclass(frozen=True, slots=True)
class Where:
    """The place that a problem is about. `row` counts as the spreadsheet does: the heading is row 1."""

    file: str = ""
    row: int | None = None
    line: int | None = None
    column: str | None = None
    key: str | None = None

    def __str__(self) -> str:
        parts = [
            self.file,
            f"row {self.row}" if self.row is not None else "",
            f"line {self.line}" if self.line is not None else "",
            f"column {_on_one_line(self.column)}" if self.column else "",
            self.key or "",
        ]
        return ", ".join(part for part in parts if part)


def _on_one_line(heading: str) -> str:
    """A heading as it can be printed: spreadsheets break long ones over lines, and none may write over a terminal."""
    return heading if heading.isprintable() else "".join(each if each.isprintable() else " " for each in heading)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that a person should mend: what is wrong, where, and what to do about it."""

    kind: ProblemKind
    what: str
    fix: str
    where: Where = Where()
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        place = f"{self.where}: " if str(self.where) else ""
        return f"{place}{self.what}. {self.fix}".rstrip()


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the list as text, before anything is judged. Keys are the headings in leafcast's own words where it
    knows them (`externalId`, `name`, `email`, `phone`, `leafUserId` …) and the user's own words otherwise."""

    number: int
    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Grower:
    """One person of the list, judged good. `external_id` is the identity within a campaign."""

    row: int
    external_id: str
    name: str
    email: str | None
    phone: str | None
    cells: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Every cell of the row as text under its heading, the ones above included; empty cells are ''."""

    def cell(self, column: str) -> str:
        """The text under a heading, '' where the list has no such column."""
        return self.cells.get(column, "")

    def address(self, channel: Channel) -> str | None:
        """Where the grower is reached on a channel, None where the row gives nothing."""
        match channel:
            case Channel.EMAIL:
                return self.email
            case Channel.SMS:
                return self.phone
            case Channel.WEBHOOK:
                return self.external_id  # the application knows its people by our list's own ids


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot be a grower, with every problem that it has."""

    row: Row
    problems: tuple[Problem, ...]
