"""A list file that is on no disk: as much of a Path as the reader of text files asks for."""

from __future__ import annotations

from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import IO, cast


class MemoryFile:
    """Bytes under a name."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.suffix = Path(name).suffix
        self.stem = Path(name).stem
        self._data = data

    def is_file(self) -> bool:
        """Always."""
        return True

    def read_bytes(self) -> bytes:
        """The bytes."""
        return self._data

    def open(
        self, mode: str = "r", encoding: str | None = None, errors: str | None = None, newline: str | None = None
    ) -> IO[bytes] | IO[str]:
        """As `Path.open`."""
        stream = BytesIO(self._data)
        return stream if "b" in mode else TextIOWrapper(stream, encoding, errors, newline)


def in_memory(name: str, data: bytes) -> Path:
    """Where a Path is asked for."""
    return cast(Path, MemoryFile(name, data))
