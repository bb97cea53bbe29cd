"""xlsx through pandas and openpyxl, and parquet through pyarrow: typed cells into records of text."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

from leafcast.decide.suggest import nearest
from leafcast.edge.listfile.records import Damage, Record, as_text, unusable
from leafcast.edge.listfile.workbooks import LARGEST_WORKBOOK, WIDEST, Facts, Named, Workbook, damaged
from leafcast.errors import UsageError
from leafcast.model import Problem, ProblemKind, Severity, Where

if TYPE_CHECKING:
    import pandas

__all__ = ["LARGEST_WORKBOOK", "ParquetFile", "Sheet", "workbook_sheet"]

_FORMULA_ERROR = Damage(
    "A cell holds a formula that ended in an error (such as #N/A)",
    "Correct the formula, or replace it by its value",
)
_SHOWN_HIDDEN = 5
_MOST_DIGITS = 10**15
"""Spreadsheets keep 15 digits of a number."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a workbook, read whole: a workbook is a compressed archive and cannot be walked cheaply twice."""

    frame: pandas.DataFrame
    facts: Facts
    notes: tuple[Problem, ...] = ()
    """Warnings about the workbook."""

    def records(self) -> Iterator[Record]:
        """Every row from the top of the sheet, blank ones included, so that the row numbers are the sheet's own."""
        for row, values in enumerate(self.frame.itertuples(index=False, name=None), 1):
            # pandas gives NaN for a cell in error and '' for an empty one; NaN alone is unequal to itself.
            failed = any(value != value for value in values)
            cells = ["" if value != value else as_text(value) for value in values]
            if self.facts.padded:
                cells = [self._padded(row, column, cell) for column, cell in enumerate(cells, 1)]
            damage = _FORMULA_ERROR if failed else self._damage(row, cells)
            yield Record(row, row, cells, damage, _not_as_typed(values))

    def _padded(self, row: int, column: int, cell: str) -> str:
        """A number as it is shown: 7 under the format 000 is 007."""
        width = self.facts.padded.get((row, column), 0)
        return cell.zfill(width) if width and cell.isdigit() else cell

    def _damage(self, row: int, cells: list[str]) -> Damage | None:
        if cell := self.facts.stale.get(row):
            what = f"Cell {cell} holds a formula whose value is not in the file"
            return Damage(what, "Open the workbook in your spreadsheet program and save it, or write the value itself")
        cells_merged = self.facts.merged.get(row)
        if cells_merged and any(map(str.strip, cells)):
            return Damage(
                f"The cells {cells_merged} are merged into one", "Split them: each row needs cells of its own"
            )
        return None


def _not_as_typed(values: Sequence[object]) -> tuple[int, ...]:
    """Where a row has what a spreadsheet made of something else: dates, and numbers of more digits than it keeps."""
    return tuple(
        index
        for index, value in enumerate(values)
        if isinstance(value, date | time) or (isinstance(value, int | float) and abs(value) >= _MOST_DIGITS)
    )


def workbook_sheet(path: Path, name: str | None) -> Sheet:
    """The sheet `name`, or the only one with data in it that is not hidden. Raises ListError where there is no such
    sheet, or several, or what it holds cannot be trusted."""
    book = Workbook(path)
    sheet, facts, notes = _named(book, name, path) if name is not None else _only(book, path)
    if facts.widest:
        what = f"The sheet {sheet.title} has a cell far to the right, {facts.widest}: a list has up to {WIDEST} columns"
        raise unusable(path, what, "Delete it, or copy the list into a new workbook")
    return Sheet(_frame(path, sheet.title), facts, (*notes, *_warnings(path, facts)))


def _frame(path: Path, title: str) -> pandas.DataFrame:
    import pandas as pd

    try:
        with warnings.catch_warnings():
            # openpyxl tells which parts of a workbook (styles, validation, pictures) it leaves out: no part of a list.
            warnings.simplefilter("ignore", UserWarning)
            return pd.read_excel(path, sheet_name=title, header=None, dtype=object, na_filter=False, engine="openpyxl")
    except (BadZipFile, KeyError, ValueError, OSError, TypeError, AttributeError, IndexError) as error:
        raise damaged(path) from error


def _only(book: Workbook, path: Path) -> tuple[Named, Facts, list[Problem]]:
    known = [(sheet, book.facts(sheet)) for sheet in book.sheets]
    filled = [(sheet, facts) for sheet, facts in known if facts.filled or facts.stale]
    shown = [(sheet, facts) for sheet, facts in filled if not sheet.hidden]
    if len(shown) > 1:
        titles = [sheet.title for sheet, _ in shown]
        what = f"The workbook has {len(shown)} sheets with data: {', '.join(titles)}"
        raise unusable(path, what, f"Name one in the campaign file, under list: `sheet: {titles[0]}`")
    hidden = [sheet.title for sheet, _ in filled if sheet.hidden]
    if not shown:
        if hidden:
            fix = f"Name one in the campaign file, under list: `sheet: {hidden[0]}`"
            raise unusable(path, f"The only sheets with data are hidden: {', '.join(hidden)}", fix)
        raise unusable(path, "The list is empty", "Write a heading row and one row for each grower")
    what = f"The hidden sheets {', '.join(hidden)} are left out"
    notes = [_warning(path, what, "Name one under list: `sheet:` if it is the list")] if hidden else []
    return *shown[0], notes


def _named(book: Workbook, name: str, path: Path) -> tuple[Named, Facts, list[Problem]]:
    titles = {sheet.title: sheet for sheet in book.sheets}
    if sheet := titles.get(name):
        return sheet, book.facts(sheet), []
    guess = nearest(name, titles)
    hint = f"Did you mean {guess}?" if guess else f"Its sheets are: {', '.join(titles)}"
    raise unusable(path, f"The workbook has no sheet {name!r}", f"{hint} Correct `sheet:` in the campaign file")


def _warnings(path: Path, facts: Facts) -> Iterator[Problem]:
    if facts.hidden:
        first = ", ".join(map(str, facts.hidden[:_SHOWN_HIDDEN]))
        more = " …" if len(facts.hidden) > _SHOWN_HIDDEN else ""
        what = f"{len(facts.hidden)} rows with data are hidden and belong to the list all the same: {first}{more}"
        yield _warning(path, what, "Delete them, or copy the visible rows into a new sheet, if they should not")
    if facts.hidden_columns:
        yield _warning(path, "The sheet has hidden columns, which are read all the same", "Look at what is in them")


def _warning(path: Path, what: str, fix: str) -> Problem:
    return Problem(ProblemKind.FILE, what, fix, Where(file=path.name), Severity.WARNING)


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """A parquet file, read in batches."""

    path: Path
    notes: tuple[Problem, ...] = ()

    def records(self) -> Iterator[Record]:
        """The column names as row 1, then every row. The values come from pyarrow directly: by way of a pandas frame a
        whole number beside an empty cell would become a fraction."""
        try:
            import pyarrow as pa  # type: ignore[import-untyped]
            from pyarrow import parquet
        except ImportError as error:
            raise UsageError(
                "This leafcast cannot read parquet files",
                fix="Install it with: pip install 'leafcast[parquet]', or give the list as csv or xlsx",
            ) from error
        try:
            file = parquet.ParquetFile(self.path)
        except (pa.ArrowInvalid, OSError) as error:
            raise unusable(self.path, "The file is not a parquet file", "Export the list again") from error
        with file:
            yield Record(1, 1, list(file.schema_arrow.names))
            row = 1
            for batch in file.iter_batches(batch_size=4_096):
                columns = [column.to_pylist() for column in batch.columns]
                for row, values in enumerate(zip(*columns, strict=True), row + 1):  # noqa: B020
                    dates = [index for index, value in enumerate(values) if isinstance(value, date | time)]
                    yield Record(row, row, [as_text(value) for value in values], None, dates)
