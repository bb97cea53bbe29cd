"""Growers put away between examining a list and planning it: a nameless private file, so that memory stays small."""

from __future__ import annotations

import struct
import tempfile
import weakref
from collections.abc import Iterator
from typing import NoReturn

from leafcast.decide.bundles import Pack
from leafcast.errors import UsageError

_LENGTHS = struct.Struct("<II")


class GrowerFile:
    """Packs of growers in a temporary file that nobody else can open and that is gone with the process. Fulfils
    `ports.Shelf`. Raises UsageError when the disk for temporary files takes no more."""

    def __init__(self) -> None:
        try:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as we do
        except OSError as error:
            _full(error)
        weakref.finalize(self, self._file.close)

    def append(self, pack: Pack, /) -> None:
        """Put one behind the others."""
        try:
            self._file.write(_LENGTHS.pack(len(pack.growers), len(pack.marks)))
            self._file.writelines(pack)
        except OSError as error:
            _full(error)

    def __iter__(self) -> Iterator[Pack]:
        """All of them from the first on."""
        try:
            self._file.flush()
        except OSError as error:
            _full(error)
        self._file.seek(0)
        while lengths := self._file.read(_LENGTHS.size):
            growers, marks = _LENGTHS.unpack(lengths)
            yield Pack(self._file.read(growers), self._file.read(marks))


def _full(error: OSError) -> NoReturn:
    raise UsageError(
        f"The growers of the list cannot be put into a temporary file: {error.strerror}",
        fix="Make room there, or name another folder with TMPDIR.",
    ) from error
