"""Growers put away between examining a list and planning it: a nameless private file, so that memory stays small."""

from __future__ import annotations

import json
import tempfile
import weakref
from collections.abc import Iterator
from types import MappingProxyType

from leafcast.errors import UsageError
from leafcast.model import Channel, Grower


class GrowerFile:
    """A line of JSON for each grower in a temporary file that nobody else can open and that is gone with the process.
    Fulfils `ports.Shelf`. Raises UsageError when the disk for temporary files takes no more."""

    def __init__(self) -> None:
        try:
            self._file = tempfile.TemporaryFile("w+", encoding="ascii", newline="\n")  # noqa: SIM115 - as long as we are
        except OSError as error:
            raise _full(error) from error
        weakref.finalize(self, self._file.close)

    def append(self, item: tuple[Grower, tuple[Channel, ...]], /) -> None:
        """Put one behind the others."""
        grower, duplicate_of = item
        line = json.dumps(
            (grower.row, grower.external_id, grower.name, grower.email, grower.phone, dict(grower.cells), duplicate_of)
        )
        try:
            self._file.write(f"{line}\n")
        except OSError as error:
            raise _full(error) from error

    def __iter__(self) -> Iterator[tuple[Grower, tuple[Channel, ...]]]:
        """All of them from the first on."""
        try:
            self._file.flush()
        except OSError as error:
            raise _full(error) from error
        self._file.seek(0)
        for line in self._file:
            row, external_id, name, email, phone, cells, duplicate_of = json.loads(line)
            grower = Grower(row, external_id, name, email, phone, MappingProxyType(cells))
            yield grower, tuple(Channel(channel) for channel in duplicate_of)


def _full(error: OSError) -> UsageError:
    return UsageError(
        f"The growers of the list cannot be put into a temporary file: {error.strerror}",
        fix="Make room there, or name another folder with TMPDIR.",
    )
