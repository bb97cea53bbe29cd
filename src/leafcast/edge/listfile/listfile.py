"""A list of growers as a stream of rows, from whichever kind of file it is in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from leafcast.decide.headings import Headings, understand, understood
from leafcast.decide.reporting import restored
from leafcast.decide.texts import quoted
from leafcast.edge.listfile import delimited
from leafcast.edge.listfile.records import Damage, Kind, Record, RecordSource, Style, unusable
from leafcast.edge.listfile.sheets import ParquetFile, workbook_sheet
from leafcast.errors import ListError, UsageError
from leafcast.model import LinkType, Problem, ProblemKind, Rejected, Row, Where


class ListWishes(Protocol):
    """The part of a campaign's `list:` that reading needs."""

    @property
    def columns(self) -> Mapping[str, str]:
        """leafcast's word to the user's heading, where they differ."""

    @property
    def sheet(self) -> str | None:
        """The sheet of a workbook."""

    @property
    def encoding(self) -> str | None:
        """The encoding of a text file that is not UTF-8."""


ROWS_OF_A_TITLE = 10
"""How far down the headings are looked for when the first row has none."""


@dataclass(slots=True)
class Passed:
    """What one pass over the rows met; complete when the pass is."""

    rows: int = 0
    blank: int = 0
    repeated: int = 0
    """Lines of an export that name a grower again: it has one line a message."""


class ListFile:
    """A list, opened. Its headings are understood at once; `rows` can be walked through more than once."""

    def __init__(
        self, path: Path, wishes: ListWishes, source: tuple[RecordSource, Style] | None = None, holding: object = None
    ) -> None:
        """`source` is read in the place of the file, which then is a name only. Raises UsageError for no such file,
        ListError for one that is no usable list."""
        self.path = path
        self._holding = holding  # what has to live as long as the list does
        self._source, self.style = source or _source(path, wishes)
        self._heading_row, self._headings = _headings(path, self._source, wishes)
        self.passed = Passed()
        """Figures of the latest pass."""

    @property
    def name(self) -> str:
        """The file's name, as problems give it."""
        return self.path.name

    @property
    def headings(self) -> tuple[str, ...]:
        """The heading row as the user wrote it."""
        return self._headings.written

    @property
    def heading_of(self) -> Mapping[str, str]:
        """The user's heading of each key in `Row.cells`."""
        return self._headings.heading_of

    @property
    def columns_read(self) -> Mapping[str, str]:
        """leafcast's own words, each with the user's heading of the column that is read as it."""
        return self._headings.read_as

    @property
    def country(self) -> str:
        """The key of the column that has each grower's country; '' where there is none."""
        return self._headings.country

    @property
    def further_columns(self) -> tuple[str, ...]:
        """Keys of `Row.cells` that an export repeats behind its own columns, in the list's order."""
        return self._headings.further

    @property
    def notes(self) -> tuple[Problem, ...]:
        """Warnings about the file and its headings."""
        return (*self._source.notes, *self._headings.notes)

    def all_records(self) -> Iterator[Record]:
        """The file as it stands, the headings and what is above them included."""
        return self._source.records()

    def records(self) -> Iterator[Record]:
        """The rows below the headings as they stand in the file, blank and damaged ones included."""
        return (record for record in self._source.records() if record.row > self._heading_row)

    def rows(self) -> Iterator[Row | Rejected]:
        """Every row that is not blank, as text. Raises ListError at the end if there was none."""
        self.passed = passed = Passed()
        to_row = _RowMaker(self.name, self._headings, self.style.kind)
        repeated = _Repeated() if self._headings.is_export else None
        for record in self.records():
            if not record.damage and not any(map(str.strip, record.cells)):
                passed.blank += 1
                continue
            row = to_row(record)
            if repeated and isinstance(row, Row) and repeated.is_known(row):
                passed.repeated += 1
                continue
            passed.rows += 1
            yield row
        if not passed.rows:
            raise unusable(self.path, "The list has headings and no rows", "Write one row for each grower")


class _RowMaker:
    """Records into rows: the cells under their keys, or what is wrong with the record's shape."""

    def __init__(self, file: str, headings: Headings, kind: Kind) -> None:
        self._file = file
        self._keys = headings.keys
        self._width = len(headings.keys)
        self._id = headings.keys.index("externalId")
        self._id_heading = headings.heading_of["externalId"]
        self._all_kept = None not in headings.keys
        self._providers = headings.written.index("providers") if headings.is_export else None
        # Only what a spreadsheet may have opened was written with apostrophes in front of what looks like a formula.
        self._restores = kind is not Kind.PARQUET

    def __call__(self, record: Record) -> Row | Rejected:
        row = Row(record.row, record.line, self._cells(record.cells))
        if damage := record.damage or self._ragged(record.cells):
            where = Where(file=self._file, row=record.row, line=record.line)
            return Rejected(row, (Problem(ProblemKind.ROW_SHAPE, damage.what, damage.fix, where),))
        if record.not_as_typed and self._id in record.not_as_typed:
            return Rejected(row, (self._another_id(row),))
        return row

    def _another_id(self, row: Row) -> Problem:
        """A spreadsheet makes a date of 3-1 and zeros of the last digits, and nothing tells any more what was typed."""
        text = row.cells["externalId"]
        now = "has more digits than a spreadsheet keeps" if text.isdigit() else "is a date to the spreadsheet"
        what = f"The externalId {quoted(text)} {now}"
        where = Where(file=self._file, row=row.number, line=row.line, column=self._id_heading)
        return Problem(ProblemKind.EXTERNAL_ID, what, "Format the column as Text and enter the id again", where)

    def _cells(self, written: Sequence[str]) -> dict[str, str]:
        """Cells under their keys; as many as there are of both."""
        values = [restored(cell) if cell[:1] == "'" else cell for cell in written] if self._restores else written
        cells = {key: value for key, value in zip(self._keys, values, strict=False) if key is not None}
        if self._providers is not None and len(values) > self._providers:
            _take_providers(cells, values[self._providers])
        return cells

    def _ragged(self, cells: Sequence[str]) -> Damage | None:
        if len(cells) < self._width:
            what = f"The row has {len(cells)} cells and the headings {self._width}"
            return Damage(what, "Add what is missing; an empty cell still needs its separator")
        beyond = [cell for cell in cells[self._width :] if cell.strip()]
        if beyond:
            extra = ", ".join(map(quoted, beyond))
            what = f"The row has {len(cells)} cells and the headings {self._width}: beyond them stands {extra}"
            return Damage(what, 'Put a cell that contains the separator in quotes: "Smith, Ana"')
        return None


def _take_providers(cells: dict[str, str], providers: str) -> None:
    """The ledger's `providers` of an export become what a list calls them, unless the list's own column is there."""
    match cells.get("linkType"):
        case LinkType.AUTHENTICATION:
            cells["provider"] = cells.get("provider") or providers
        case LinkType.PROVIDER:
            cells["allowedProviders"] = cells.get("allowedProviders") or providers


class _Repeated:
    """Which growers of an export were met already."""

    def __init__(self) -> None:
        self._known: set[int] = set()

    def is_known(self, row: Row) -> bool:
        """Whether a line before named the same grower with the same addresses."""
        person = hash(tuple(row.cells.get(word, "") for word in ("externalId", "name", "email", "phone")))
        known = person in self._known
        self._known.add(person)
        return known


# ---------------------------------------------------------------------------------------------------------- opening


def _source(path: Path, wishes: ListWishes) -> tuple[RecordSource, Style]:
    if not path.is_file():
        raise UsageError(f"There is no list file {path}", fix="Correct `file:` under list: in the campaign file")
    match path.suffix.lower():
        case ".csv" | ".tsv" | ".txt":
            text = delimited.recognised(
                path, wishes.encoding, lambda cells: (understood(cells, wishes.columns), len(cells))
            )
            return text, Style(Kind.DELIMITED, text.encoding, text.delimiter)
        case ".xlsx":
            return workbook_sheet(path, wishes.sheet), Style(Kind.WORKBOOK)
        case ".parquet":
            return ParquetFile(path), Style(Kind.PARQUET)
        case ending:
            what = f"A list file cannot end in {ending!r}"
            raise unusable(path, what, "Give the list as .csv, .tsv, .txt, .xlsx or .parquet")


def _headings(path: Path, source: RecordSource, wishes: ListWishes) -> tuple[int, Headings]:
    """The heading row, which is the first that is not blank, and its number."""
    records = source.records()
    for record in records:
        if record.damage:
            if below := _titled(path, record, records, wishes):
                raise ListError(below)
            raise unusable(path, record.damage.what, record.damage.fix, row=record.row, line=record.line)
        if any(map(str.strip, record.cells)):
            headings = understand(record.cells, wishes.columns, file=path.name, row=record.row)
            if isinstance(headings, tuple):
                raise ListError(_titled(path, record, records, wishes) or headings)
            return record.row, headings
    raise unusable(path, "The list is empty", "Write a heading row and one row for each grower")


def _titled(path: Path, first: Record, records: Iterator[Record], wishes: ListWishes) -> tuple[Problem, ...]:
    """The headings may stand further down, below a title: then that is what is wrong, and whatever else is wrong with
    them is told at once."""
    known = max(1, understood(first.cells, wishes.columns))
    for record in islice(records, ROWS_OF_A_TITLE):
        if understood(record.cells, wishes.columns) > known:
            what = f"The headings seem to be in row {record.row}, below something else"
            fix = f"Delete the rows above row {record.row}: the headings are the first row of a list"
            title = Problem(ProblemKind.HEADING, what, fix, Where(file=path.name, row=first.row))
            return (title, *_wrong_with(path, record, wishes))
    return ()


def _wrong_with(path: Path, record: Record, wishes: ListWishes) -> tuple[Problem, ...]:
    """What is wrong with a row of headings."""
    headings = understand(record.cells, wishes.columns, file=path.name, row=record.row)
    problems = headings if isinstance(headings, tuple) else ()
    if record.damage:
        where = Where(file=path.name, row=record.row, line=record.line)
        problems = (Problem(ProblemKind.HEADING, record.damage.what, record.damage.fix, where), *problems)
    return problems
