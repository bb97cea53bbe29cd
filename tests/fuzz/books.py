"""Workbooks out of decisions: what a sheet's XML may say of a cell, put together in ways that no program writes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZipFile

from openpyxl import Workbook

from .choices import Choices

SHEET = "xl/worksheets/sheet1.xml"
NUMBERS = (
    "1", "7", "7.0", "15155550142", "1.5155550142E+10", "1e300", "-0", "0.1", "46082", "46082.5", "1E+400", "NaN",
    "inf",
    "1234567890123456789", "-1", "60", "2958466", "", " 7 ", "0x10", "１", "TRUE", "1_000",
)  # fmt: skip
KINDS = ("inlineStr", "n", "b", "e", "str", "d", "s", "", "z")
TEXTS = (
    "",
    " ",
    "x",
    "#N/A",
    "2026-03-01",
    "2026-03-01T12:00:00",
    "24:00:00",
    "1",
    "0",
    "99",
    "=1+1",
    "_x000D_",
    "a\nb",
)
ATTRIBUTES = ("", ' hidden="1"', ' hidden="true"', ' ht="0"', ' spans="1:3"', ' r="x"')
MERGES = ("A1:E1", "A2:B2", "C3:C4", "A1", "E2:A1", "A1:A1048576", "", "XFD1:XFD2", "A1:E1:F9", "$A$1:$B$2")
STYLES = 6


def book(choices: Choices, rows: Iterator[list[str]], file: Path) -> None:
    """Write a workbook of these rows; some cells become numbers, dates, errors or formulas on the way."""
    lines = []
    for number, cells in enumerate(rows, 1):
        place = "" if choices.chance(8) else f' r="{number + (choices.number(4) if choices.chance(12) else 0)}"'
        written = "".join(_cell(choices, cell, f"{'ABCDEFGH'[i]}{number}") for i, cell in enumerate(cells))
        lines.append(f"<row{place}{choices.one(ATTRIBUTES) if choices.chance(4) else ''}>{written}</row>")
    columns = '<cols><col min="1" max="2" hidden="1"/></cols>' if choices.chance(8) else ""
    merges = "".join(f"<mergeCell ref={quoteattr(choices.one(MERGES))}/>" for _ in range(choices.number(3)))
    merged = f"<mergeCells>{merges}</mergeCells>" if merges else ""
    sheet = f'<worksheet xmlns="{_NAMESPACE}">{columns}<sheetData>{"".join(lines)}</sheetData>{merged}</worksheet>'
    with ZipFile(file, "w") as archive:
        for name, part in _parts().items():
            archive.writestr(name, part)
        archive.writestr(SHEET, sheet.encode("utf-8", "replace"))


_NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def _cell(choices: Choices, text: str, place: str) -> str:
    how = choices.number(10)
    text = "".join(letter if letter >= " " or letter in "\t\n\r" else "?" for letter in text)
    if how < 7:
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'
    kind = choices.one(KINDS)
    value = choices.one(NUMBERS) if kind in {"n", "", "d"} else choices.one(TEXTS)
    formula = f"<f>{escape(choices.one(TEXTS))}</f>" if choices.chance(3) else ""
    content = f"<v>{escape(value)}</v>" if not choices.chance(4) else ""
    where = f' r="{place}"' if not choices.chance(6) else ""
    style = f' s="{choices.number(STYLES)}"' if choices.chance(2) else ""
    return f"<c{where}{style}{f' t={quoteattr(kind)}' if kind else ''}>{formula}{content}</c>"


@cache
def _parts() -> dict[str, bytes]:
    """The other parts of a workbook that has a style for dates, one for times and ones with leading zeros."""
    plain, made = Workbook(), BytesIO()
    formats = ("General", "yyyy-mm-dd", "hh:mm", "000", "00000", "@")
    for row, form in enumerate(formats, 1):
        plain.worksheets[0].cell(row, 1, 1).number_format = form
    plain.save(made)
    with ZipFile(made) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name != SHEET}
