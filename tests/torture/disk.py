"""A disk that counts what SQLite does to it, and that can lose what was not synced.

Registered as SQLite's default file system in this process. Every write, sync and cut is an event (see `watch`); and for
each file the bytes that are surely on the disk are kept apart from those that a power cut may take.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import apsw

Pending = tuple[int, bytes | None]
"""(offset, data); no data means: cut here."""

_watch: list[Callable[[str], None]] = []
_files: dict[str, Kept] = {}
_registered: list[apsw.VFS] = []
TORN = 512


class Kept:
    """One file as the disk surely has it, and what was written since the last sync."""

    def __init__(self, path: str) -> None:
        self.durable = bytearray(Path(path).read_bytes() if Path(path).exists() else b"")
        self.pending: list[Pending] = []

    def sync(self) -> None:
        """All that was written is on the disk."""
        for change in self.pending:
            _apply(self.durable, change)
        self.pending.clear()

    def after_power_cut(self, chance: random.Random) -> bytes:
        """One of the images that a disk may show: any of the unsynced writes, each perhaps torn."""
        image = bytearray(self.durable)
        mode = chance.random()
        for offset, data in self.pending:
            if mode < 0.25 or chance.random() < 0.5:
                continue
            torn = data is not None and chance.random() < 0.2 and len(data) > TORN
            kept = data[: TORN * chance.randrange(1, -(-len(data) // TORN) + 1)] if torn and data else data
            _apply(image, (offset, kept))
        return bytes(image)

    def as_written(self) -> bytes:
        """What a process that comes after a kill finds."""
        image = bytearray(self.durable)
        for change in self.pending:
            _apply(image, change)
        return bytes(image)


def _apply(image: bytearray, change: Pending) -> None:
    offset, data = change
    if data is None:
        del image[offset:]
        return
    if len(image) < offset:
        image.extend(bytes(offset - len(image)))
    image[offset : offset + len(data)] = data


class _File(apsw.VFSFile):
    def __init__(self, name: object, flags: list[int]) -> None:
        super().__init__("unix", name, flags)  # type: ignore[arg-type]
        path = name if isinstance(name, str) else name.filename() if name is not None else None  # type: ignore[attr-defined]
        self._kind = "wal" if str(path).endswith("-wal") else "db"
        self._kept = _files.setdefault(str(path), Kept(str(path))) if path and _keeping else None

    def xLock(self, level: int) -> None:
        try:
            super().xLock(level)
        except apsw.IOError as error:
            # Closing what was opened to be read only, SQLite asks for a lock that it cannot have and goes without; here
            # that would come up as an error.
            raise apsw.BusyError from error

    def xWrite(self, data: bytes, offset: int) -> None:
        _tell(f"{self._kind}.write")
        super().xWrite(data, offset)
        if self._kept is not None:
            self._kept.pending.append((offset, bytes(data)))
        _tell(f"{self._kind}.written")

    def xSync(self, flags: int) -> None:
        _tell(f"{self._kind}.sync")
        super().xSync(flags)
        if self._kept is not None:
            self._kept.sync()
        _tell(f"{self._kind}.synced")

    def xTruncate(self, size: int) -> None:
        _tell(f"{self._kind}.cut")
        super().xTruncate(size)
        if self._kept is not None:
            self._kept.pending.append((size, None))


class _Disk(apsw.VFS):
    def __init__(self) -> None:
        super().__init__("torture", "unix", makedefault=True)

    def xOpen(self, name: object, flags: list[int]) -> _File:
        return _File(name, flags)


_keeping = False


def register(*, keeping: bool) -> None:
    """Put the disk under every database that this process opens from now on."""
    global _keeping  # noqa: PLW0603 - one disk a process, as SQLite has it
    _keeping = keeping
    if not _registered:
        _registered.append(_Disk())


def watch(listener: Callable[[str], None] | None) -> None:
    """Who is told of every event, on whatever thread it happens; None for nobody."""
    _watch[:] = [listener] if listener else []


def forget() -> None:
    """Start afresh: no file is known."""
    _files.clear()


def image(source: Path, target: Path, chance: random.Random | None) -> None:
    """Copy a ledger as the next process would find it: after a power cut with `chance`, else after a kill. The note and
    the lock beside it are written and synced by Python itself."""
    target.mkdir(parents=True, exist_ok=True)
    for file in source.parent.iterdir():
        if not file.name.startswith(source.name) or file.name.endswith("-shm"):
            continue
        kept = _files.get(str(file))
        if kept is None:
            data = file.read_bytes()
        else:
            data = kept.as_written() if chance is None else kept.after_power_cut(chance)
        (target / file.name).write_bytes(data)
        os.chmod(target / file.name, 0o600)


def _tell(event: str) -> None:
    for listener in _watch:
        listener(event)
