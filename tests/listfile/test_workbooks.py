"""xlsx and parquet: typed cells come as the text that a person sees."""

from datetime import date, datetime, time
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pyarrow as pa
import pytest
from openpyxl import Workbook
from pyarrow import parquet

from leafcast.decide.campaignlinks import ListSettings
from leafcast.edge.listfile import ListFile
from leafcast.errors import ListError
from leafcast.model import Rejected, Row

HEADINGS = ("externalId", "name", "email", "a", "b", "c")


def workbook(file: Path, **sheets: list[tuple[object, ...]]) -> Path:
    """A workbook with these sheets."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, lines in sheets.items():
        sheet = book.create_sheet(title)
        for line in lines:
            sheet.append(line)
    book.save(file)
    return file


def found(file: Path, sheet: str | None = None) -> list[Row | Rejected]:
    """Every row of a list."""
    return list(ListFile(file, ListSettings(file=file.name, sheet=sheet)).rows())


def cells(row: Row | Rejected) -> list[str]:
    """The cells of a row that must be good."""
    assert isinstance(row, Row)
    return list(row.cells.values())


def test_a_workbooks_cells_are_text_as_seen(tmp_path: Path) -> None:
    """Text stays as it is; whole numbers have no .0, dates no midnight; no word is a missing value."""
    file = workbook(
        tmp_path / "list.xlsx",
        Growers=[
            HEADINGS,
            ("007", "NA", "1E5", 7, 15155550142, 1.5),
            ("  x ", "nan", None, date(2026, 3, 1), datetime(2026, 3, 1, 12, 30), time(8, 30)),
            (True, "null", "", 7.0, 10**15, -3),
        ],
    )
    assert [cells(row) for row in found(file)] == [
        ["007", "NA", "1E5", "7", "15155550142", "1.5"],
        ["  x ", "nan", "", "2026-03-01", "2026-03-01 12:30:00", "08:30:00"],
        ["TRUE", "null", "", "7", "1000000000000000", "-3"],
    ]


def test_rows_have_the_sheets_own_numbers(tmp_path: Path) -> None:
    """Blank rows above, between and below are counted as the spreadsheet counts them."""
    lines: list[tuple[object, ...]] = [(), HEADINGS, (), ("G-1", "Ana", "a@x.example"), (None, " ")]
    source = ListFile(workbook(tmp_path / "list.xlsx", Growers=lines), ListSettings(file="list.xlsx"))
    assert [row.number for row in source.rows() if isinstance(row, Row)] == [4]
    assert source.passed.blank == 2


def test_a_formula_that_failed_is_a_problem_with_its_row(tmp_path: Path) -> None:
    """A cell in error is not an empty cell: the grower's address may have been there."""
    file = workbook(tmp_path / "list.xlsx", Growers=[HEADINGS, ("G-1", "Ana", "#N/A"), ("G-2", "Ben", "b@x.example")])
    bad, good = found(file)
    assert isinstance(bad, Rejected)
    assert "formula" in bad.problems[0].what
    assert bad.row.number == 2
    assert isinstance(good, Row)


def test_one_sheet_with_data_is_the_list(tmp_path: Path) -> None:
    """Empty sheets beside it are no question."""
    file = workbook(tmp_path / "list.xlsx", Empty=[], Growers=[HEADINGS, ("G-1", "Ana", "a@x.example")], Other=[])
    assert len(found(file)) == 1


def test_one_of_several_sheets_must_be_named(tmp_path: Path) -> None:
    """Which sheet is the list is never guessed; the problem names them."""
    lines: list[tuple[object, ...]] = [HEADINGS, ("G-1", "Ana", "a@x.example")]
    file = workbook(tmp_path / "list.xlsx", North=lines, South=[*lines, *lines[1:]])
    with pytest.raises(ListError) as caught:
        found(file)
    assert "North, South" in str(caught.value.problems[0])
    assert len(found(file, "South")) == 2


def test_a_sheet_that_is_not_there_is_suggested(tmp_path: Path) -> None:
    """A misspelt `sheet:` is answered with the one that was meant."""
    file = workbook(tmp_path / "list.xlsx", Growers=[HEADINGS])
    with pytest.raises(ListError) as caught:
        found(file, "growers ")
    assert "Did you mean Growers?" in str(caught.value.problems[0])


def test_a_workbook_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    """What a small archive unpacks to is looked at before it is unpacked."""
    file = tmp_path / "list.xlsx"
    with (
        ZipFile(file, "w", ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/a.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(65):
            part.write(bytes(16 << 20))
    with pytest.raises(ListError, match="problem") as caught:
        found(file)
    assert "unpacks to" in str(caught.value.problems[0])


def test_parquet_is_text_as_well(tmp_path: Path) -> None:
    """Whole numbers beside empty cells stay whole, however long."""
    columns = {
        "externalId": ["G-1", "G-2"],
        "name": ["Ana", None],
        "phone": [15155550142, None],
        "big": [2**62, None],
        "day": [date(2026, 3, 1), None],
        "share": [0.5, 2.0],
    }
    parquet.write_table(pa.table(columns), tmp_path / "list.parquet")
    assert [cells(row) for row in found(tmp_path / "list.parquet")] == [
        ["G-1", "Ana", "15155550142", "4611686018427387904", "2026-03-01", "0.5"],
        ["G-2", "", "", "", "", "2"],
    ]
