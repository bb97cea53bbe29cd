"""xlsx through pandas and openpyxl, and parquet through pyarrow: typed cells into records of text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

from leafcast.decide.suggest import nearest
from leafcast.edge.listfile.records import Damage, Record, as_text, unusable
from leafcast.errors import ListError, UsageError

if TYPE_CHECKING:
    import pandas

LARGEST_WORKBOOK = 1 << 30
"""Bytes that a workbook may have when unpacked. Beyond that it is a mistake, or meant to fill the memory."""

_FORMULA_ERROR = Damage(
    "A cell holds a formula that ended in an error (such as #N/A)",
    "Correct the formula, or replace it by its value",
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a workbook, read whole: a workbook is a compressed archive and cannot be walked cheaply twice."""

    frame: pandas.DataFrame

    def records(self) -> Iterator[Record]:
        """Every row from the top of the sheet, blank ones included, so that the row numbers are the sheet's own."""
        for row, values in enumerate(self.frame.itertuples(index=False, name=None), 1):
            # pandas gives NaN for a cell in error and '' for an empty one; NaN alone is unequal to itself.
            failed = any(value != value for value in values)
            cells = ["" if value != value else as_text(value) for value in values]
            yield Record(row, row, cells, _FORMULA_ERROR if failed else None)


def workbook_sheet(path: Path, name: str | None) -> Sheet:
    """The sheet `name`, or the only one with data in it."""
    import pandas as pd

    _look_before_unpacking(path)
    try:
        frames = pd.read_excel(path, sheet_name=None, header=None, dtype=object, na_filter=False, engine="openpyxl")
    except (BadZipFile, KeyError, ValueError, OSError, TypeError, AttributeError) as error:
        raise _no_workbook(path, "The workbook cannot be read: it is damaged") from error
    if name is not None:
        return Sheet(_named(frames, name, path))
    with_data = {title: frame for title, frame in frames.items() if not frame.empty}
    if len(with_data) > 1:
        what = f"The workbook has {len(with_data)} sheets with data: {', '.join(with_data)}"
        raise unusable(path, what, f"Name one in the campaign file, under list: `sheet: {next(iter(with_data))}`")
    if not with_data:
        raise unusable(path, "The list is empty", "Write a heading row and one row for each grower")
    return Sheet(next(iter(with_data.values())))


def _named(frames: dict[str, pandas.DataFrame], name: str, path: Path) -> pandas.DataFrame:
    if name in frames:
        return frames[name]
    guess = nearest(name, frames)
    hint = f"Did you mean {guess}?" if guess else f"Its sheets are: {', '.join(frames)}"
    raise unusable(path, f"The workbook has no sheet {name!r}", f"{hint} Correct `sheet:` in the campaign file")


def _look_before_unpacking(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise _no_workbook(path, "The file is an old .xls workbook, or a workbook with a password")
    if not start.startswith(b"PK"):
        what = "The list is empty" if not start else "The file is not a workbook, whatever its ending says"
        raise _no_workbook(path, what)
    try:
        with ZipFile(path) as archive:
            size = sum(part.file_size for part in archive.infolist())
    except BadZipFile as error:
        raise _no_workbook(path, "The workbook cannot be read: it is damaged") from error
    if size > LARGEST_WORKBOOK:
        raise unusable(path, f"The workbook unpacks to {size >> 20} MB", "Export the list as CSV UTF-8 instead")


def _no_workbook(path: Path, what: str) -> ListError:
    return unusable(path, what, "Save the list as .xlsx without a password, or as CSV UTF-8 (.csv)")


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """A parquet file, read in batches."""

    path: Path

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
                    yield Record(row, row, [as_text(value) for value in values])
