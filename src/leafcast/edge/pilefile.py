"""Values that may be too many for memory: the first of them are held, the others go into a nameless private file."""

from __future__ import annotations

import pickle
import tempfile
import weakref
from collections.abc import Callable, Iterator
from typing import IO, Generic, NoReturn, TypeVar

from leafcast.errors import UsageError

T = TypeVar("T")
HELD = 2_000
"""Values that are held in memory before any is written, and so many are written at a time."""


class PileFile(Generic[T]):
    """A pile that grows on disk, in a temporary file that nobody else can open and that is gone with the process.
    Fulfils `ports.Pile`. Raises UsageError when the disk for temporary files takes no more."""

    def __init__(self, held: int = HELD, opened: Callable[[], IO[bytes]] = tempfile.TemporaryFile) -> None:
        self._held = held
        self._opened = opened
        self._first: list[T] = []
        self._last: list[T] = []
        self._written = self._end = 0
        self._file: IO[bytes] | None = None

    def append(self, item: T, /) -> None:
        """Put one behind the others."""
        if len(self._first) < self._held:
            self._first.append(item)
            return
        self._last.append(item)
        if len(self._last) >= self._held:
            self._put_away()

    def __len__(self) -> int:
        return len(self._first) + self._written + len(self._last)

    def __iter__(self) -> Iterator[T]:
        """All of them from the first on. None may be put behind them meanwhile, but several may walk."""
        yield from self._first
        place = 0
        while self._file and place < self._end:
            self._file.seek(place)
            batch: list[T] = pickle.load(self._file)  # noqa: S301 - our own values, from a file that has no name
            place = self._file.tell()
            yield from batch
        yield from self._last

    def _put_away(self) -> None:
        try:
            if self._file is None:
                self._file = self._opened()
                weakref.finalize(self, self._file.close)
            self._file.seek(self._end)
            pickle.dump(self._last, self._file, pickle.HIGHEST_PROTOCOL)
            self._file.flush()
            self._end = self._file.tell()
        except OSError as error:
            _full(error)
        self._written += len(self._last)
        self._last = []


def _full(error: OSError) -> NoReturn:
    raise UsageError(
        f"The problems of the list cannot be put into a temporary file: {error.strerror}",
        fix="Make room there, or name another folder with TMPDIR.",
    ) from error
