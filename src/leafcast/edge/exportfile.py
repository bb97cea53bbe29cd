"""Files that leafcast writes row by row: the export of the ledger, and the rows of a list that have problems.

Each is streamed into a file beside its target, readable by its owner alone, which takes the target's place when it is
complete: a reader never sees half a file. xlsx goes through openpyxl and parquet through pyarrow directly, because
pandas would hold the whole table in memory first (docs/decisions/0004-reading-lists.md).
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from io import StringIO
from itertools import islice
from pathlib import Path

from leafcast.decide.headings import PROBLEM_COLUMNS
from leafcast.decide.reporting import (
    NUMBERS,
    Cell,
    export_cells,
    export_columns,
    for_spreadsheet,
    neutralised,
    restored,
)
from leafcast.edge.listfile import Kind, ListFile, Record, Style
from leafcast.edge.privatefile import in_place_of
from leafcast.errors import UsageError
from leafcast.model import LedgerRow, Rejected

ENDINGS = (".csv", ".xlsx", ".parquet", ".jsonl")
"""What an export may be; the ending of its name says which."""

ROWS_OF_A_SHEET = 1_048_576
_BATCH = 4_096
_LINE_END = re.compile(r"[\r\n]+")
_PLAIN = Style(Kind.DELIMITED)
_ENDING = "\r\n"
"""Of a row. A cell is quoted for what its row ends with, so both writers below must end rows alike."""

Lines = Iterable[Sequence[Cell]]
Writer = Callable[[Path, Sequence[str], Lines], None]


def write_export(target: Path, rows: Iterable[LedgerRow], further: Sequence[str]) -> int:
    """Write the ledger's rows as the file's ending says and give their number. `further` are the list's own columns.
    Raises UsageError for an ending that is none of ENDINGS and where the file cannot be written."""
    writer, is_spreadsheet = _writer(target)
    columns = export_columns(further)
    counted = _Counted(export_cells(row, further) for row in rows)
    lines = map(for_spreadsheet(columns), counted) if is_spreadsheet else counted
    with in_place_of(target) as file:
        writer(file, columns, lines)
    return counted.count


def problems_file(source: ListFile, folder: Path) -> Path:
    """Where the problems of a list are written when nobody says where: `<list>-problems.csv` or `.xlsx`."""
    ending = ".xlsx" if source.style.kind is Kind.WORKBOOK else ".csv"
    return folder / f"{source.path.stem}-problems{ending}"


def write_problems(target: Path, source: ListFile, rejected: Iterable[Rejected]) -> int:
    """Write the rejected rows, which come in the order of the list, in the user's own columns and wording, with what is
    wrong and how to mend it behind; give their number. Mended, the file can be read as a list. Raises UsageError where
    it cannot be written."""
    own = source.headings
    if own[-2:] == PROBLEM_COLUMNS:  # the list is a problems file itself
        own = own[:-2]
    # A cell of parquet begins with an apostrophe only where the user wrote one.
    as_read = str if source.style.kind is Kind.PARQUET else restored
    lines = (
        [
            *(neutralised(as_read(cell)) for cell in _as_wide_as(own, record.cells)),
            "; ".join(problem.what for problem in one.problems),
            "; ".join(problem.fix for problem in one.problems),
        ]
        for record, one in _side_by_side(source.records(), rejected)
    )
    writer = _write_xlsx if target.suffix.lower() == ".xlsx" else partial(_write_csv, style=_style_of(source))
    counted = _Counted(lines)
    with in_place_of(target) as file:
        writer(file, (*own, *PROBLEM_COLUMNS), counted)
    return counted.count


def _side_by_side(records: Iterable[Record], rejected: Iterable[Rejected]) -> Iterator[tuple[Record, Rejected]]:
    """Each rejected row with its record; both come in the order of the list, so that neither is held."""
    bad = iter(rejected)
    one = next(bad, None)
    for record in records:
        if one is None:
            return
        if record.row == one.row.number:
            yield record, one
            one = next(bad, None)


def _as_wide_as(columns: Sequence[str], cells: Sequence[str]) -> Iterator[str]:
    for index in range(len(columns)):
        yield cells[index] if index < len(cells) else ""


def _style_of(source: ListFile) -> Style:
    """As the list was written, so that the same campaign reads it back; but no spreadsheet splits a .csv at tabs or
    pipes unless it is UTF-16."""
    style = source.style
    splits = style.delimiter in {",", ";"} or style.encoding == "utf-16"
    return style if splits else Style(style.kind, style.encoding)


# ------------------------------------------------------------------------------------------------------ one format each


def _writer(target: Path) -> tuple[Writer, bool]:
    """The writer for the ending, and whether spreadsheets open the format."""
    match target.suffix.lower():
        case ".csv":
            return _write_csv, True
        case ".xlsx":
            return _write_xlsx, True
        case ".parquet":
            return _write_parquet, False
        case ".jsonl":
            return _write_jsonl, False
        case ending:
            raise UsageError(
                f"An export cannot end in {ending!r}", fix=f"Name a file that ends in {', '.join(ENDINGS)}"
            )


def _write_csv(file: Path, columns: Sequence[str], lines: Lines, style: Style = _PLAIN) -> None:
    # Bytes of the list that could not be read go out as they came in; a narrow encoding shows what it lacks as "?".
    lossy = "surrogateescape" if style.encoding.startswith("utf-8") else "replace"
    with file.open("w", encoding=style.encoding, errors=lossy, newline="") as text:
        writer = csv.writer(text, delimiter=style.delimiter, lineterminator=_ENDING)
        writer.writerow(columns)
        writer.writerows(_one_row_each(line, style.delimiter) for line in lines)


def _one_row_each(line: Sequence[Cell], delimiter: str) -> Sequence[Cell]:
    """A line inside a cell that has as many cells as the file has columns would be read as a row of its own
    (`listfile.delimited`): the cells of such a row are written on one line each."""
    if not any(isinstance(cell, str) and ("\n" in cell or "\r" in cell) for cell in line):
        return line
    written = StringIO(newline="")
    csv.writer(written, delimiter=delimiter, lineterminator=_ENDING).writerow(line)
    _, *continued = _LINE_END.split(written.getvalue().removesuffix(_ENDING))
    if all(len(next(csv.reader([part], delimiter=delimiter), ())) != len(line) for part in continued):
        return line
    return [_LINE_END.sub(" ", cell) if isinstance(cell, str) else cell for cell in line]


def _write_jsonl(file: Path, columns: Sequence[str], lines: Lines) -> None:
    with file.open("w", encoding="utf-8", newline="") as text:
        for line in lines:
            text.write(json.dumps(dict(zip(columns, line, strict=True)), ensure_ascii=False) + "\n")


def _write_xlsx(file: Path, columns: Sequence[str], lines: Lines) -> None:
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook(write_only=True)
    sheet = book.create_sheet("leafcast")
    sheet.freeze_panes = "A2"
    sheet.append(columns)
    try:
        for row, line in enumerate(lines, 2):
            if row > ROWS_OF_A_SHEET:
                fix = "Write a file that ends in .csv, .parquet or .jsonl instead"
                raise UsageError(f"A sheet holds {ROWS_OF_A_SHEET} rows, and there are more", fix=fix)
            sheet.append([_for_xml(cell, ILLEGAL_CHARACTERS_RE) for cell in line])
    finally:
        book.save(file)  # also when it broke off: only saving makes openpyxl take away its own temporary file


def _for_xml(cell: Cell, illegal: re.Pattern[str]) -> Cell:
    return illegal.sub("\ufffd", cell) if isinstance(cell, str) else cell


def _write_parquet(file: Path, columns: Sequence[str], lines: Lines) -> None:
    try:
        import pyarrow as pa  # type: ignore[import-untyped]
        from pyarrow import parquet
    except ImportError as error:
        fix = "Install it with: pip install 'leafcast[parquet]', or write a csv, xlsx or jsonl file"
        raise UsageError("This leafcast cannot write parquet files", fix=fix) from error
    schema = pa.schema([(column, pa.int64() if column in NUMBERS else pa.string()) for column in columns])
    with parquet.ParquetWriter(file, schema) as writer:
        for batch in _batches(lines):
            arrays = [
                pa.array(values, field.type) for values, field in zip(zip(*batch, strict=True), schema, strict=True)
            ]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))


# --------------------------------------------------------------------------------------------------------------- small


class _Counted:
    """Lines, counted as they go by."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self.count = 0

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        for line in self._lines:
            self.count += 1
            yield line


def _batches(lines: Lines) -> Iterator[list[Sequence[Cell]]]:
    walk = iter(lines)
    while batch := list(islice(walk, _BATCH)):
        yield batch
