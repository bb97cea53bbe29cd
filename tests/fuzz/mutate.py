"""Changes to the bytes of a list, of the kinds that break readers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from io import BytesIO
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

TOKENS = (
    b'"', b'""', b",", b";", b"\t", b"|", b"\n", b"\r", b"\r\n", b"\0", b"\xff", b"\xe9", b"\xef\xbb\xbf",
    b"\xff\xfe", b"\xfe\xff", b"sep=;\n", b"'", b"=", b"@", b"+", b".0", b"E+10", b"externalId", b"name", b"email",
    b"phone", b"G-1", b"\xe2\x80\xa8", b"\xc2\x85", b"\x0b", b"\xd9\xa1", b"\xef\xbc\xa1", b"\xe2\x80\xae",
    b"\xd0\xb0", b"a@b.example", b"+15155550142", b",,,,\n", b"<", b">", b"<row>", b"<f/>", b"<v/>",
    b'<c r="A9" t="s">', b"PK\x03\x04", b"x" * 300, b"\n" * 20, b'"\n' * 5,
)  # fmt: skip
MOST = 1 << 16


def mutated(data: bytes, pool: Sequence[bytes], chance: random.Random) -> bytes:
    """The bytes after one to six changes; a workbook is as often changed inside as outside its archive."""
    if data.startswith(b"PK") and chance.random() < 0.8:
        return _inside(data, pool, chance)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        data = chance.choice(CHANGES)(data, pool, chance)
    return data[:MOST] if not data.startswith(b"PK") else data


def _inside(data: bytes, pool: Sequence[bytes], chance: random.Random) -> bytes:
    out = BytesIO()
    try:
        with ZipFile(BytesIO(data)) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
            names = [name for name in old.namelist() if name.startswith("xl/")]
            hit = chance.choice(names) if names else ""
            for name in old.namelist():
                part = old.read(name)
                new.writestr(name, chance.choice(CHANGES)(part, pool, chance) if name == hit else part)
    except (BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, ValueError):
        return data[: chance.randrange(len(data))]
    return out.getvalue()


def _place(data: bytes, chance: random.Random) -> int:
    return chance.randrange(len(data) + 1)


def _insert(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    place = _place(data, chance)
    return data[:place] + chance.choice(TOKENS) + data[place:]


def _flip(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    if not data:
        return bytes([chance.randrange(256)])
    place = chance.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :]


def _cut(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    place = _place(data, chance)
    return data[:place] + data[place + chance.choice((1, 2, 5, 40)) :]


def _end(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    return data[: _place(data, chance)]


def _again(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    first = _place(data, chance)
    return data + data[first : first + chance.choice((10, 60, 400))] * chance.choice((1, 2, 8))


def _joined(data: bytes, pool: Sequence[bytes], chance: random.Random) -> bytes:
    other = chance.choice(pool)
    return data[: _place(data, chance)] + other[_place(other, chance) :]


def _swapped(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    return data.replace(chance.choice(TOKENS), chance.choice(TOKENS), chance.choice((1, 3, -1)))


CHANGES = (_insert, _insert, _insert, _flip, _cut, _end, _again, _joined, _swapped)
