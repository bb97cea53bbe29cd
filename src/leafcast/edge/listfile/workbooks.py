"""What a workbook is before its cells are read: which sheets, whether it may be unpacked, and what no cell tells.

pandas gives values. That a row is hidden, that a formula was never computed, that two cells are one, that 7 is shown as
007: all of it stands in the sheet's XML beside the values, and is read from there in one quick pass (expat).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from posixpath import join, normpath
from xml.etree import ElementTree
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from leafcast.edge.listfile.records import unusable
from leafcast.errors import ListError

LARGEST_WORKBOOK = 256 << 20
"""Bytes that a workbook may have when unpacked: about 500,000 growers. Beyond that a csv is read in little memory."""
_BOMB_FROM, _BOMB_RATIO = 16 << 20, 200
"""A part of more bytes than the first that unpacks to more than so many times its packed size. Real sheets come to
about 20."""
WIDEST = 512
"""Columns. A stray cell far to the right makes every row as wide."""

_CHUNK = 1 << 16
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_ZEROS = re.compile(r"0{2,}")
_CELL = re.compile(r"([A-Z]{1,3})(\d+)")


class _Begun(Exception):
    """The prolog is over."""


@dataclass(slots=True)
class Facts:
    """What a sheet's XML tells beside the values. Rows and columns count from 1."""

    filled: int = 0
    """Rows with a value."""
    hidden: list[int] = field(default_factory=list)
    """Hidden rows with a value."""
    hidden_columns: bool = False
    stale: dict[int, str] = field(default_factory=dict)
    """Rows with a formula whose value is not in the file, and its cell."""
    merged: dict[int, str] = field(default_factory=dict)
    """Rows that a merged cell touches, and its range."""
    padded: dict[tuple[int, int], int] = field(default_factory=dict)
    """Cells with numbers that are shown with leading zeros, and with how many digits."""
    widest: str = ""
    """A cell beyond WIDEST."""


@dataclass(frozen=True, slots=True)
class Named:
    """A sheet as the workbook names it."""

    title: str
    part: str
    hidden: bool


class Workbook:
    """A workbook, looked into. Raises ListError for what is none, or must not be unpacked."""

    def __init__(self, path: Path) -> None:
        _look_at_the_start(path)
        try:
            with ZipFile(path) as archive:
                _look_before_unpacking(path, archive)
                self.sheets = tuple(_sheets(archive))
                self._zero_formats = _zero_formats(archive)
        except (BadZipFile, KeyError, ElementTree.ParseError, expat.ExpatError, RuntimeError, OSError) as error:
            raise damaged(path) from error
        if not self.sheets:
            raise damaged(path)
        self._path = path

    def facts(self, sheet: Named) -> Facts:
        """One pass over a sheet. Raises ListError for one that is damaged."""
        scan = _Scan(self._zero_formats)
        try:
            with ZipFile(self._path) as archive, archive.open(sheet.part) as part:
                while chunk := part.read(_CHUNK):
                    scan.parser.Parse(chunk, False)
                scan.parser.Parse(b"", True)
        except (BadZipFile, KeyError, expat.ExpatError, ValueError, OSError) as error:
            raise damaged(self._path) from error
        return scan.facts


def damaged(path: Path) -> ListError:
    """Something that calls itself a workbook and is none."""
    return _no_workbook(path, "The workbook cannot be read: it is damaged")


def _no_workbook(path: Path, what: str, fix: str = "") -> ListError:
    return unusable(path, what, fix or "Save the list as .xlsx without a password, or as CSV UTF-8 (.csv)")


def _look_at_the_start(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(1 << 16)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        if "EncryptedPackage".encode("utf-16-le") in path.read_bytes()[: 1 << 24]:
            raise _no_workbook(path, "The workbook has a password")
        raise _no_workbook(path, "The file is an old .xls workbook")
    if not start:
        raise _no_workbook(path, "The list is empty")
    if not start.startswith(b"PK"):
        text = b"\0" not in start or start.startswith((b"\xff\xfe", b"\xfe\xff"))
        fix = "Give it the ending .csv" if text else ""
        raise _no_workbook(path, "The file is not a workbook, whatever its ending says", fix)


def _look_before_unpacking(path: Path, archive: ZipFile) -> None:
    parts = archive.infolist()
    size = sum(part.file_size for part in parts)
    if size > LARGEST_WORKBOOK:
        raise unusable(path, f"The workbook unpacks to {size >> 20} MB", "Export the list as CSV UTF-8 instead")
    for part in parts:
        if part.flag_bits & 1:
            raise _no_workbook(path, "The workbook has a password")
        if part.file_size > _BOMB_FROM and part.file_size > _BOMB_RATIO * part.compress_size:
            what = f"The workbook unpacks to {part.file_size // max(1, part.compress_size):,} times its size"
            raise unusable(path, what, "Copy the list into a new workbook, or export it as CSV UTF-8")
        if part.filename.endswith((".xml", ".rels")) and not _is_plain(archive, part.filename):
            what = "The workbook declares XML entities, which no spreadsheet program writes"
            raise unusable(path, what, "Copy the list into a new workbook, or export it as CSV UTF-8")


def _is_plain(archive: ZipFile, name: str) -> bool:
    """Whether a part has no document type, by which XML reaches for other files or grows without end."""
    plain = True

    def declared(*_: object) -> None:
        nonlocal plain
        plain = False

    def begun(*_: object) -> None:
        raise _Begun

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler, parser.StartElementHandler = declared, begun
    try:
        with archive.open(name) as part:
            while plain and (chunk := part.read(_CHUNK)):
                parser.Parse(chunk, False)
    except _Begun:
        pass
    return plain


def _sheets(archive: ZipFile) -> Iterator[Named]:
    targets = {
        relation.get("Id", ""): relation.get("Target", "")
        for relation in _tree(archive, "xl/_rels/workbook.xml.rels").iter()
    }
    for sheet in _tree(archive, "xl/workbook.xml").iter():
        if sheet.tag.rpartition("}")[2] == "sheet":
            target = targets.get(sheet.get(_REL, ""), "")
            part = target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))
            if part in archive.namelist() and "chartsheets" not in part:
                yield Named(sheet.get("name", ""), part, sheet.get("state", "visible") != "visible")


def _zero_formats(archive: ZipFile) -> dict[str, int]:
    """The cell styles that show a number with leading zeros, and with how many digits."""
    if "xl/styles.xml" not in archive.namelist():
        return {}
    tree = _tree(archive, "xl/styles.xml")
    codes = {
        each.get("numFmtId", ""): len(code)
        for each in tree.iter()
        if each.tag.endswith("}numFmt") and _ZEROS.fullmatch(code := each.get("formatCode", ""))
    }
    cells = next((each for each in tree if each.tag.endswith("}cellXfs")), ())
    styles = {str(index): codes.get(style.get("numFmtId", ""), 0) for index, style in enumerate(cells)}
    return {style: width for style, width in styles.items() if width}


def _tree(archive: ZipFile, name: str) -> ElementTree.Element:
    # Only parts without a document type come here (`_is_plain`): nothing in them reaches elsewhere or grows.
    return ElementTree.fromstring(archive.read(name))  # noqa: S314


class _Scan:
    """The handlers of one pass."""

    def __init__(self, zero_formats: dict[str, int]) -> None:
        self.facts = Facts()
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler, self.parser.EndElementHandler = self._start, self._end
        self.parser.CharacterDataHandler = self._text
        self._zero_formats = zero_formats
        self._row = self._column = self._filled_row = 0
        self._hidden = self._formula = self._in_value = self._value = False
        self._cell: dict[str, str] = {}

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(":")[2]:
            case "c":
                self._cell, self._formula, self._value = attributes, False, False
                place = _CELL.fullmatch(attributes.get("r", ""))
                self._column = _column(place[1]) if place else self._column + 1
                self._in_value = False
            case "v" | "is":
                self._in_value = True
            case "f":
                self._formula, self._in_value = True, False
            case "row":
                self._row = int(attributes.get("r", self._row + 1))
                self._column = 0
                self._hidden = attributes.get("hidden") in {"1", "true"}
            case "mergeCell":
                self._merged(attributes.get("ref", ""))
            case "col" if attributes.get("hidden") in {"1", "true"}:
                self.facts.hidden_columns = True

    def _text(self, _: str) -> None:
        self._value = self._value or self._in_value

    def _end(self, name: str) -> None:
        if name.rpartition(":")[2] != "c":
            return
        facts, row = self.facts, self._row
        if self._formula and not self._value and self._cell.get("t") != "str":  # str: the empty text is the value
            facts.stale.setdefault(row, self._cell.get("r", ""))
        if not self._value:
            return
        if row != self._filled_row:
            self._filled_row = row
            facts.filled += 1
            if self._hidden:
                facts.hidden.append(row)
        if self._column > WIDEST:
            facts.widest = facts.widest or self._cell.get("r", f"column {self._column}")
        if width := self._zero_formats.get(self._cell.get("s", ""), 0):
            facts.padded[row, self._column] = width

    def _merged(self, reference: str) -> None:
        ends = [_CELL.fullmatch(cell) for cell in reference.split(":")]
        rows = [int(end[2]) for end in ends if end]
        if rows and max(rows) - min(rows) < 10_000:
            self.facts.merged |= dict.fromkeys(range(min(rows), max(rows) + 1), reference)


@lru_cache(maxsize=1_024)
def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
