"""csv and tsv: text into records, row by row, in little memory, losing nothing without a word.

The tokenising is `csv.reader(strict=True)`'s. pandas' reader cannot be used here: it drops, shifts and merges rows
without an error (measured in docs/decisions/0004-reading-lists.md).
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import TextIO

from leafcast.decide.texts import quoted, shown
from leafcast.edge.listfile.records import Damage, Record, unusable
from leafcast.errors import UsageError
from leafcast.model import Problem

DELIMITERS = (",", ";", "\t", "|")
LONGEST_RECORD = 65_536
"""Characters. A longer record is an unclosed quote, and would take the rows after it along."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# NUL, and the code points under which `surrogateescape` keeps bytes that cannot be decoded.
_UNREADABLE = re.compile("[\0\udc80-\udcff]")
ScoreOf = Callable[[list[str]], tuple[int, int]]
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DelimitedFile:
    """A csv or tsv file whose encoding and separator are known."""

    path: Path
    encoding: str
    delimiter: str
    notes: tuple[Problem, ...] = ()

    def records(self) -> Iterator[Record]:
        """Every record. One that cannot be tokenised gives up its first line only: what follows is read again, so no
        row is swallowed by an unclosed quote further up."""
        with open_text(self.path, self.encoding) as text:
            lines = _Lines(text, self.path)
            if _SEPARATOR_LINE.fullmatch(lines.peek()):
                next(lines)
            row, width = 0, 0
            while lines.peek():
                try:
                    for cells in self._tokenised(lines, width):
                        row, width = row + 1, width or len(cells)
                        yield Record(row, lines.first, cells, lines.damage(self.encoding))
                except (csv.Error, _Swallowed) as error:
                    row += 1
                    yield self._given_up(lines, row, error)

    def _tokenised(self, lines: _Lines, width: int) -> Iterator[list[str]]:
        lines.forget()
        for cells in csv.reader(lines, delimiter=self.delimiter, strict=True):
            if width and lines.several:
                self._look_for_swallowed(lines, cells, width)
            width = width or len(cells)
            yield cells
            lines.forget()

    def _look_for_swallowed(self, lines: _Lines, cells: list[str], width: int) -> None:
        """Two stray quotes make one long record that csv accepts: then it does not fit the headings, or one of its
        lines is a whole row by itself. An honest cell of several lines is hardly ever either."""
        if len(cells) != width:
            raise _Swallowed(f"the row then has {len(cells)} cells and the headings {width}")
        for number, line in lines.continued():
            if len(next(csv.reader([line], delimiter=self.delimiter), ())) == width:
                raise _Swallowed(f"line {number} looks like a row of its own")

    def _given_up(self, lines: _Lines, row: int, error: Exception) -> Record:
        line, first = lines.give_back_all_but_first()
        cells = first.rstrip("\r\n").replace('"', "").split(self.delimiter)
        if len(first) > LONGEST_RECORD:
            return Record(row, line, cells, _TOO_LONG)
        what = f"A quotation mark opens in line {line} and does not close as it should ({shown(str(error))})"
        fix = 'Close it or take it out (a " inside a quoted cell is written twice), or write the cell on one line'
        return Record(row, line, cells, Damage(what, fix))


class _Swallowed(Exception):
    """A record took lines along that are not its own."""


class _Lines:
    """The physical lines of a text, numbered, which can be handed out again from the second line of a record on."""

    def __init__(self, text: TextIO, path: Path) -> None:
        self._source = iter(text)
        self._path = path
        self._again: list[str] = []
        self._taken: list[str] = []
        self._length = 0
        self._unreadable = False
        self.first = 1

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._read()
        if not line:
            raise StopIteration
        self._taken.append(line)
        self._length += len(line)
        if self._length > LONGEST_RECORD and len(self._taken) > 1:
            raise _Swallowed(f"no end within {LONGEST_RECORD} characters")
        if not line.isascii() or "\0" in line:
            self._unreadable = self._unreadable or bool(_UNREADABLE.search(line))
        return line

    def _read(self) -> str:
        try:
            return next(self._source, "")
        except UnicodeError as error:  # UTF-16 cut in the middle of a character: nothing after it can be trusted
            line = self.first + len(self._taken)
            fix = "Open it in your spreadsheet program and save it again as CSV UTF-8"
            raise unusable(self._path, f"The text cannot be read from line {line} on", fix, line=line) from error

    @property
    def several(self) -> bool:
        """Whether the record so far has more than one line."""
        return len(self._taken) > 1

    def continued(self) -> Iterator[tuple[int, str]]:
        """The lines of the record so far after its first, numbered."""
        return islice(enumerate(self._taken, self.first), 1, None)

    def peek(self) -> str:
        """The next line, left where it is; '' at the end."""
        if not self._again and (line := self._read()):
            self._again.append(line)
        return self._again[-1] if self._again else ""

    def forget(self) -> None:
        """A record is done: the next one begins with the next line."""
        self.first += len(self._taken)
        self._taken.clear()
        self._length = 0
        self._unreadable = False

    def give_back_all_but_first(self) -> tuple[int, str]:
        """End the record after its first line, whose number and text this gives; the other lines come again."""
        number, first = self.first, self._taken[0]
        self._again.extend(reversed(self._taken[1:]))
        del self._taken[1:]
        self.forget()
        return number, first

    def damage(self, encoding: str) -> Damage | None:
        """What cannot be read in the lines of this record, if anything."""
        if not self._unreadable:
            return _TOO_LONG if self._length > LONGEST_RECORD else None
        for number, line in enumerate(self._taken, self.first):
            if found := _UNREADABLE.search(line):
                return _unreadable(line, number, found.start(), encoding)
        return None


_TOO_LONG = Damage(
    f"The row has more than {LONGEST_RECORD} characters",
    "Look for a quotation mark that is not closed, or shorten the cells",
)


def _unreadable(line: str, number: int, place: int, encoding: str) -> Damage:
    if line[place] == "\0":
        return Damage(
            f"Line {number} contains a NUL character (at character {place + 1})", "Type the row again by hand"
        )
    at = len(line[:place].encode(encoding.removesuffix("-sig"), "surrogateescape"))
    byte = ord(line[place]) - 0xDC00
    what = f"Byte {at + 1} of line {number} (0x{byte:02X}) is not {encoding.removesuffix('-sig').upper()} text"
    fix = "Save the list as CSV UTF-8"
    if encoding.startswith("utf-8"):
        word = next(word for word in re.split(r"[,;\t|\s]+", line) if _UNREADABLE.search(word))
        as_1252 = word.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
        fix += (
            f", or write `encoding: cp1252` under list: in the campaign file if {quoted(as_1252)} is how it should read"
        )
    return Damage(what, fix)


# ------------------------------------------------------------------------------------------------- encoding, separator


def recognised(path: Path, encoding: str | None, score_of: ScoreOf) -> DelimitedFile:
    """Find out how the file is written. `score_of` says how well a heading row is understood. Raises ListError for a
    file that cannot be read as a list, UsageError for an encoding that there is not."""
    encoding = _encoding(path, encoding)
    with open_text(path, encoding) as text:
        try:
            top = text.read(LONGEST_RECORD)
        except UnicodeError as error:
            fix = "Open it in your spreadsheet program and save it again as CSV UTF-8"
            raise unusable(path, "The text cannot be read", fix, line=1) from error
    if not top.strip():
        raise unusable(path, "The list is empty", "Write a heading row and one row for each grower")
    return DelimitedFile(path, encoding, _delimiter(top, path, score_of))


def open_text(path: Path, encoding: str) -> TextIO:
    """The file as text, line ends untouched. Bytes that cannot be decoded are kept and found out row by row."""
    return path.open(encoding=encoding, errors="surrogateescape", newline="")


def _encoding(path: Path, wished: str | None) -> str:
    with path.open("rb") as file:
        start = file.read(4_096)
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise unusable(path, "The file is UTF-32 text", "Save it as CSV UTF-8", line=1)
    for bom, name in _BOMS:
        if start.startswith(bom):
            return name
    if start.count(0) * 4 > len(start) and not _takes_several_bytes(wished):
        what = "The file seems to be UTF-16 text without its mark"
        raise unusable(path, what, "Save it as CSV UTF-8, or as Unicode text with its mark (BOM)", line=1)
    if start.startswith(b"PK\x03\x04"):
        raise unusable(path, "The file is an Excel workbook, not text", "Give it the ending .xlsx")
    if wished and not _is_encoding(wished):
        fix = "Write for example `encoding: cp1252` under list: in the campaign file, or leave it out"
        raise UsageError(f"There is no encoding {wished!r}", fix=fix)
    return wished or "utf-8"


def _takes_several_bytes(name: str | None) -> bool:
    """Whether each letter of the encoding has more than a byte, as in UTF-16, so that zeros between them are right."""
    with contextlib.suppress(UnicodeError):
        return name is not None and _is_encoding(name) and len("aa".encode(name)) - len("a".encode(name)) > 1
    return False


def _is_encoding(name: str) -> bool:
    """Whether text can be read with it: Python also knows base64 and the like by such names."""
    with contextlib.suppress(UnicodeError):  # one that takes several bytes for a letter
        try:
            b"a".decode(name)
        except LookupError:
            return False
    return True


def _delimiter(top: str, path: Path, score_of: ScoreOf) -> str:
    """The separator under which the heading line makes the most sense; the file's ending decides between equals."""
    if said := _SEPARATOR_LINE.match(top):
        return _as_said(top[said.end() :], said[1], path, score_of)
    usual = "\t" if path.suffix.lower() == ".tsv" else ","
    candidates = (usual, *(delimiter for delimiter in DELIMITERS if delimiter != usual))
    return max(candidates, key=lambda delimiter: score_of(_first_cells(top, delimiter)))


def _as_said(top: str, said: str, path: Path, score_of: ScoreOf) -> str:
    """The separator that a line `sep=` names, which is the spreadsheet's word; unless the headings have another."""
    if said in '"\r':
        what = f"The first line says that {quoted(said)} separates the cells, which it cannot"
        raise unusable(path, what, "Delete the first line, or correct it", line=1)
    best = max((said, *DELIMITERS), key=lambda delimiter: score_of(_first_cells(top, delimiter)))
    if score_of(_first_cells(top, said))[0] == 0 and best != said and score_of(_first_cells(top, best))[0]:
        what = f"The first line says that {quoted(said)} separates the cells, and the headings have {quoted(best)}"
        raise unusable(path, what, "Delete the first line, or correct it", line=1)
    return said


def _first_cells(top: str, delimiter: str) -> list[str]:
    try:
        return next((cells for cells in csv.reader(StringIO(top, newline=""), delimiter=delimiter) if any(cells)), [])
    except csv.Error:
        return []
