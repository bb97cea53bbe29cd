"""What every kind of list file is read into: records, each a row of text cells with its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Protocol

from leafcast.errors import ListError
from leafcast.model import Problem, ProblemKind, Where


class Damage(NamedTuple):
    """Why a record could not be read as a row, and what to do."""

    what: str
    fix: str


class Record(NamedTuple):
    """One record. `row` counts as the spreadsheet does, `line` is the physical line it begins in."""

    row: int
    line: int
    cells: Sequence[str]
    damage: Damage | None = None
    not_as_typed: Sequence[int] = ()
    """Which cells hold what a spreadsheet made of something else, by their type and not by what they look like."""


class RecordSource(Protocol):
    """A file as records, the heading row included; can be walked through more than once."""

    @property
    def notes(self) -> tuple[Problem, ...]:
        """Warnings about the file."""

    def records(self) -> Iterator[Record]:
        """Every record from the top."""


class Kind(StrEnum):
    """The kinds of list file."""

    DELIMITED = "csv"
    WORKBOOK = "xlsx"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Style:
    """How a list is written, so that its problems file can be written the same way."""

    kind: Kind
    encoding: str = "utf-8"
    delimiter: str = ","

    def __str__(self) -> str:
        if self.kind is not Kind.DELIMITED:
            return self.kind.value
        separator = {"\t": "tabs", ",": "commas", ";": "semicolons"}.get(self.delimiter, self.delimiter)
        return f"text, {self.encoding.removesuffix('-sig').upper()}, separated by {separator}"


def unusable(path: Path, what: str, fix: str, *, row: int | None = None, line: int | None = None) -> ListError:
    """The whole list cannot be read, and why."""
    return ListError([Problem(ProblemKind.FILE, what, fix, Where(file=path.name, row=row, line=line))])


def as_text(value: object) -> str:
    """A typed cell of a workbook or of parquet as a person sees it: no `.0` behind a whole number, no midnight behind
    a date."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "TRUE" if value else "FALSE"
        case float() if value.is_integer() and abs(value) < 1e16:
            return str(int(value))
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime():
            return value.isoformat(sep=" ")
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)
