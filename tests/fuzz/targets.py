"""What a fuzzer calls: bytes in, and out how a list that is made of them was judged."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from io import StringIO
from pathlib import Path
from types import MappingProxyType

from tests.corpus.cases import CASES

from leafcast.decide.campaignlinks import ListSettings, SharedAddress

from .books import book
from .checks import checked
from .choices import Choices
from .memory import in_memory
from .oracle import Found, Trial, judged

MOST = 2_048
"""Bytes of an input: enough for a few rows of every kind, few enough to try a thousand a second."""

NAMES = ("list.csv", "list.tsv", "list.txt")
ENCODINGS = (
    None, "cp1252", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1", "cp1253", "shift_jis", "gb18030", "utf-7",
    "ascii", "cp037", "utf-32-be", "base64", "no such", "idna", "punycode", "unicode_escape", "raw_unicode_escape",
    "undefined", "mbcs", "hz", "rot13",
)  # fmt: skip
REGIONS = ("US", None, "DE", "BR", "FR", "MX", "AU", "GB")
COLUMNS: tuple[Mapping[str, str], ...] = (
    {}, {"email": "Post"}, {"externalId": "Note"}, {"phone": "email", "name": "Note"}
)  # fmt: skip
LONG = b"\x1a"
"""Stands for more letters than a row may have, where the decisions at the start say so."""
_DECISIONS = 6


def of_bytes(data: bytes, folder: Path) -> Found:
    """Any bytes at all under the name of a text file, behind six bytes that decide how the campaign reads them."""
    choices = Choices(data[:_DECISIONS].ljust(_DECISIONS, b"\0"))
    name, trial = choices.one(NAMES), _trial(choices, folder)
    content = data[_DECISIONS:]
    if choices.chance(8):
        content = content.replace(LONG, b"x" * 66_000, 1)
    return judged(in_memory(name, content), trial)


def _trial(choices: Choices, folder: Path) -> Trial:
    encoding, region, more = choices.one(ENCODINGS), choices.one(REGIONS), choices.number(256)
    shared, columns = more % 3, more // 3 % len(COLUMNS)
    return Trial(_settings(encoding, shared, columns), region, folder if choices.chance(2) else None)


@cache
def _settings(encoding: str | None, shared: int, columns: int) -> ListSettings:
    said = {"file": "list.csv", "sharedAddress": tuple(SharedAddress)[shared], "columns": COLUMNS[columns]}
    return ListSettings.model_validate(said | ({"encoding": encoding} if encoding else {}))


def _seeds_of_bytes(folder: Path) -> Iterator[bytes]:
    """Every text file of the corpus, read as its campaign says and as nobody says."""
    for number, case in enumerate(CASES):
        file = folder / f"{number}{Path(case.file).suffix}"
        case.write(file)
        content = file.read_bytes() if case.file in NAMES and file.is_file() else b""
        if 0 < len(content) < MOST - _DECISIONS:
            wished = case.settings.get("encoding")
            how = (NAMES.index(case.file), ENCODINGS.index(wished) if wished in ENCODINGS else 0, 0, 0, 1, 0)
            yield bytes(how) + content


# ------------------------------------------------------------------------------------------------- well-written lists

HEADINGS = (
    ("externalId", "Grower ID", "External Id", "ID", "identificador"),
    ("name", "Name", "Grower name", "nombre", "First name"),
    ("email", "E-mail", "Mail", "correo electrónico", "Post"),
    ("phone", "Mobile", "Cell phone", "téléphone", "celular"),
    ("Note", "country", "linkType", "locale", "timezone", "emailConsent", "smsConsent", "leafUserId", "provider", ""),
    ("Note", "País", "First name", "Last name", "email", "problem", "Note 2", "brand", "allowedProviders", " note"),
)  # fmt: skip
CELLS = (
    ("G-1", "G-2", "g-1", "007", "1E+5", "2026-03-01", "#N/A", "", "12345678901234560", "3-Jan", "Ｇ-1", "7.0"),
    ("Ana", "Zoë Norby", "", "null", "=1+1", "JosÃ©", "=?UTF-8?Q?=0A?=", "#REF!", "{{ 7*7 }}", "O'Neil", "李", "'=x"),
    (
        "ana@farm.example", "Ana@Farm.example", "info@farm.test", "a@b", "ana@gmial.com", "joe@bücher.example", "n/a",
        "", "Ana <a@farm.example>", "a@b.example; c@d.example", "mailto:a@farm.example", "\u0430pple@farm.example",
        "ana@f\u0430rm.example", "ana@xn--bcher-kva.example", "ana@farm,example", "ｊｏｅ@farm.example",
    ),
    (
        "+15155550142", "(515) 555-0142", "515.555.0143", "", "15155550142.0", "1.51E+10", "0044 7911 123456",
        "011 44 7911 123456", "+44 7911 123456", "+33 6 12 34 56 78", "0612345678", "+5511961234567", "900-555-0100",
        "+1 515 555 0142 ext. 5", "٥١٥٥٥٥٠١٤٢", "+881612345678", "1-800-FLOWERS", "+1 515 555 0142 / +1 515 555 0143",
        "\u202a+15155550142\u202c", "+52 1 55 1234 5678", "+49 170 1234567",
    ),
    (
        "x", "US", "provider", "es", "America/Chicago", "yes", "no", "0f3b1d8e-6c5a-4a2e-9a51-2f5f6f0f9c11",
        "John Deere", "", "Germany", "pt-br", "authentication", "unsubscribed", "a\nb", '12" pipe', "a,b;c\td|e",
    ),
    ("x", "", "Brasil", "JohnDeere; CNHI", "'=1", "''=1", "+1", "-", "@x", "\u2028", "\x1b[2J", "a\r\nb", '"', "'"),
)  # fmt: skip
STRANGE = (
    " ", "\u00a0", "\u200b", "\u202e", "\x00", "\x1b", '"', "'", ",", ";", "\t", "|", "\n", "\r", "@", ".", "+", "-",
    "=", "0", "9", "a", "É", "é", "ß", "İ", "ǆ", "\ud800", "\udce9", "١", "Ａ", "а", "%", "{", "<", "\ufeff",
)  # fmt: skip
_MARKS = MappingProxyType({"utf-8": "", "utf-16-le": "\ufeff", "utf-8-sig": "", "cp1252": ""})


def of_cells(data: bytes, folder: Path) -> Found:
    """A list as a careful program writes it: what stands in its cells is chosen, and a letter or two of it changed."""
    return judged(*_written(data, folder))


def of_checks(data: bytes, folder: Path) -> Found:
    """The same lists, checked with a campaign."""
    return checked(*_written(data, folder))


def of_books(data: bytes, folder: Path) -> Found:
    """Such lists as workbooks."""
    choices, file = Choices(data), folder / "list.xlsx"
    region, more, mends = choices.one(REGIONS), choices.number(3 * len(COLUMNS)), choices.chance(2)
    book(choices, _table(choices), file)
    return judged(file, Trial(_settings(None, more % 3, more // 3), region, folder if mends else None))


def _written(data: bytes, folder: Path) -> tuple[Path, Trial]:
    choices = Choices(data)
    delimiter, ending = choices.one(",;\t|"), choices.one(("\n", "\r\n", "\r"))
    encoding, all_quoted = choices.one(("utf-8", "utf-16-le", "utf-8-sig", "cp1252")), choices.chance(3)
    region, more, mends = choices.one(REGIONS), choices.number(3 * len(COLUMNS)), choices.chance(2)
    out = StringIO(newline="")
    quoting = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=quoting)
    out.write(_MARKS[encoding])
    writer.writerows(_table(choices))
    content = out.getvalue().encode(encoding, "surrogatepass" if encoding != "cp1252" else "replace")
    wished = encoding if encoding == "cp1252" else None
    trial = Trial(_settings(wished, more % 3, more // 3), region, folder if mends else None)
    return in_memory("list.csv", content), trial


def _table(choices: Choices) -> Iterator[list[str]]:
    width = 3 + choices.number(4)
    yield [_changed(choices, choices.one(known)) for known in HEADINGS[:width]]
    for _ in range(1 + choices.number(4)):
        row = [_changed(choices, choices.one(known)) for known in CELLS[:width]]
        yield row[: width - choices.number(3) // 2] if choices.chance(8) else row


def _changed(choices: Choices, cell: str) -> str:
    """The cell as it is, most often; or changed in a place, doubled, or anything else."""
    how = choices.number(16)
    if how < 9:
        return cell
    place = choices.number(len(cell) + 1)
    match how:
        case 9 | 10 | 11:
            return cell[:place] + choices.one(STRANGE) + cell[place:]
        case 12:
            return cell[:place] + cell[place + 1 :]
        case 13:
            return cell[:place] + choices.text() + cell[place:]
        case 14:
            return choices.text()
    return cell * (1 + choices.number(40))


def _seeds_of_cells(_: Path) -> Iterator[bytes]:
    """Ordinary decisions, and each cell once."""
    for number in range(24):
        yield bytes([number % 4, number % 3, number % 4, 0, 0, 0, number % 2, 3, *[0] * 12, 3, *[number, 0] * 18])


# ----------------------------------------------------------------------------------------------------------------- all

Target = Callable[[bytes, Path], Found]
TARGETS: Mapping[str, tuple[Target, Callable[[Path], Iterator[bytes]]]] = MappingProxyType(
    {
        "bytes": (of_bytes, _seeds_of_bytes),
        "cells": (of_cells, _seeds_of_cells),
        "checks": (of_checks, _seeds_of_cells),
        "books": (of_books, _seeds_of_cells),
    }
)
"""By name: what is called, and what it is given first."""
