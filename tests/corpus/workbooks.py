"""Inputs 64 and 65: workbooks, and parquet beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pyarrow as pa
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from pyarrow import parquet

from .common import HEADINGS, Case, Write, content

Line = tuple[object, ...]
TOP: Line = tuple(HEADINGS.split(","))
ANA: Line = ("G-1", "Ana", "ana@farm.example", None, "x")
BEN: Line = ("G-2", "Ben", "ben@farm.example", None, "x")
CY: Line = ("G-9", "Cy", "cy@farm.example", None, "x")


def sheets(change: Callable[[Workbook], None] | None = None, **named: list[Line]) -> Write:
    """A workbook of these sheets, changed before it is saved."""

    def write(file: Path) -> None:
        book = Workbook()
        book.remove(book.worksheets[0])
        for title, rows in named.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(row)
        if change:
            change(book)
        book.save(file)

    return write


def one(*rows: Line, change: Callable[[Worksheet], None] | None = None) -> Write:
    """A workbook of one sheet of these rows below the headings."""
    return sheets((lambda book: change(book.worksheets[0])) if change else None, Growers=[TOP, *rows])


def with_parts(parts: Mapping[str, bytes]) -> Write:
    """A workbook in which parts of the archive are replaced."""

    def write(file: Path) -> None:
        plain = BytesIO()
        one(ANA)(plain)  # type: ignore[arg-type]
        with ZipFile(plain) as old, ZipFile(file, "w", ZIP_DEFLATED) as new:
            for part in old.infolist():
                new.writestr(part.filename, parts.get(part.filename, old.read(part.filename)))

    return write


def _hide_rows(sheet: Worksheet) -> None:
    for row in (3, 4):
        sheet.row_dimensions[row].hidden = True


def _hide_column(sheet: Worksheet) -> None:
    sheet.column_dimensions["E"].hidden = True


def _merge_title(book: Workbook) -> None:
    for cells in ("A1:E1", "D2:E2"):
        book.worksheets[0].merge_cells(cells)


def _hide_sheet(book: Workbook) -> None:
    book.worksheets[1].sheet_state = "hidden"


def _padded(sheet: Worksheet) -> None:
    sheet["A2"] = 7
    sheet["A2"].number_format = "000"


def _encrypted(file: Path) -> None:
    """What an office program writes when a workbook gets a password: another kind of file, with this stream."""
    file.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(99)
    )


def _zip_password(file: Path) -> None:
    one(ANA)(file)
    data = bytearray(file.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(mark)
        while place >= 0:
            data[place + offset] |= 1
            place = data.find(mark, place + 4)
    file.write_bytes(data)


def _bomb(file: Path) -> None:
    with ZipFile(file, "w", ZIP_DEFLATED) as archive, archive.open("xl/worksheets/sheet1.xml", "w") as part:
        for _ in range(20):
            part.write(bytes(1 << 20))


def _bomb_of_rows(file: Path) -> None:
    """A sheet whose rows say hardly anything and are very many."""
    row = b"<row><c t='inlineStr'><is><t>a</t></is></c></row>" * 1_000
    top = b"<worksheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><sheetData>"
    with_parts({"xl/worksheets/sheet1.xml": top + row * 400 + b"</sheetData></worksheet>"})(file)


def _parquet(**columns: list[object]) -> Write:
    return lambda file: parquet.write_table(pa.table(columns), file)


DOCTYPE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><sst>&a;</sst>'
STYLES = b'<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
ROWS = [TOP, ANA]


def _xlsx(number: int, what: str, write: Write, **settings: object) -> Case:
    return Case(number, what, write, file="list.xlsx", settings=settings)


CASES = (
    _xlsx(64, "a workbook", one(ANA, CY)),
    _xlsx(
        64, "numbers, dates and truths as text", one(("G-1", 4711, "ana@farm.example", 15155550142, date(2026, 3, 1)))
    ),
    _xlsx(
        64, "numbers for ids", one((7.0, "Ana", "ana@farm.example", None, "x"), (8, "Cy", "cy@farm.example", None, "x"))
    ),
    _xlsx(64, "an id that is shown with leading zeros", one(ANA, change=_padded)),
    _xlsx(64, "a date for an id", one(ANA, (datetime(2026, 3, 1), "Ben", "ben@farm.example", None, "x"), CY)),
    _xlsx(64, "an id of 16 digits as a number", one((1234567890123456789, "Ana", "ana@farm.example", None, "x"))),
    _xlsx(64, "a phone that Excel rounded on screen only", one(("G-1", "Ana", None, 1.5155550142e10, "x"))),
    _xlsx(64, "a formula that failed", one(ANA, ("G-2", "Ben", "#N/A", None, "x"), CY)),
    _xlsx(64, "a formula that was never computed", one(ANA, ("G-2", "Ben", '="b"&"@farm.example"', None, "x"), CY)),
    _xlsx(64, "merged headings", one(ANA, change=lambda sheet: sheet.merge_cells("B1:C1"))),
    _xlsx(
        64,
        "a merged title above the headings",
        sheets(lambda book: book.worksheets[0].merge_cells("A1:E1"), Growers=[("Growers 2026",), TOP, ANA]),
    ),
    _xlsx(
        64,
        "a merged title above headings that are merged and lack the id",
        sheets(_merge_title, Growers=[("Growers 2026",), ("Code", "Name", "E-mail", "Mobile", None), ANA]),
    ),
    _xlsx(
        64,
        "a merged title above headings without an id",
        sheets(
            lambda book: book.worksheets[0].merge_cells("A1:E1"),
            Growers=[("Growers 2026",), (), ("Code", "Name", "E-mail", "Mobile", "Notes"), ANA],
        ),
    ),
    _xlsx(
        64,
        "an address merged over two rows",
        one(ANA, BEN, ("G-3", "Di", None, None, "x"), change=lambda sheet: sheet.merge_cells("C3:C4")),
    ),
    _xlsx(64, "hidden rows", one(ANA, BEN, ("G-3", "Di", "di@farm.example", None, "x"), CY, change=_hide_rows)),
    _xlsx(64, "a hidden column", one(ANA, change=_hide_column)),
    _xlsx(64, "two sheets with data", sheets(North=ROWS, South=ROWS)),
    _xlsx(64, "two sheets with data, one named", sheets(North=ROWS, South=[TOP, CY]), sheet="South"),
    _xlsx(64, "two sheets with data, one misspelt", sheets(North=ROWS, South=ROWS), sheet="Sout"),
    _xlsx(64, "two sheets with data, one hidden", sheets(_hide_sheet, Growers=ROWS, Old=ROWS)),
    _xlsx(64, "empty sheets beside the list", sheets(Sheet1=[], Growers=ROWS, Sheet3=[])),
    _xlsx(64, "no data in any sheet", sheets(Sheet1=[], Sheet2=[])),
    _xlsx(64, "blank rows above and between", sheets(Growers=[(), (), TOP, (), ANA, (None, " "), CY])),
    _xlsx(64, "a workbook without the usual styles", with_parts({"xl/styles.xml": STYLES})),
    _xlsx(64, "a password", _encrypted),
    _xlsx(64, "a password of the archive", _zip_password),
    _xlsx(64, "an old .xls with a new ending", content(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))),
    _xlsx(64, "a csv with the ending .xlsx", content(f"{HEADINGS}\n")),
    Case(64, "a workbook with the ending .csv", one(ANA)),
    _xlsx(64, "0 bytes with the ending .xlsx", content(b"")),
    _xlsx(64, "half a workbook", content(b"PK\x03\x04 and then nothing")),
    _xlsx(64, "an archive that is no workbook", with_parts({"xl/workbook.xml": b"<html/>"})),
    _xlsx(64, "a workbook with broken XML", with_parts({"xl/worksheets/sheet1.xml": b"<worksheet><sheetData><row>"})),
    Case(64, "an .ods", one(ANA), file="list.ods"),
    _xlsx(65, "a part that unpacks to a thousand times its size", _bomb),
    _xlsx(65, "400,000 rows that pack too well", _bomb_of_rows),
    _xlsx(65, "XML that declares an entity", with_parts({"xl/worksheets/sheet1.xml": DOCTYPE})),
    _xlsx(65, "a cell far to the right", one(ANA, change=lambda sheet: sheet.cell(2, 16_000, "x") and None)),
    _xlsx(65, "a cell far below", one(ANA, change=lambda sheet: sheet.cell(20_000, 1, " ") and None)),
    Case(
        25,
        "parquet",
        _parquet(externalId=["G-1", None], name=["Ana", "Ben"], phone=[15155550142, None]),
        file="list.parquet",
    ),
    Case(25, "no parquet behind its ending", content(b"PAR1 and nothing"), file="list.parquet"),
    Case(
        25,
        "a parquet with a date for an id",
        _parquet(externalId=[date(2026, 3, 1)], name=["Ana"], email=["ana@farm.example"]),
        file="list.parquet",
    ),
)
