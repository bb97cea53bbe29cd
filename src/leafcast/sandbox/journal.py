"""What the sandbox really accepted, written down so that it survives a kill of anybody."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Journal:
    """One JSON object a line. A line is safe once `durable` has returned, which must be before its answer leaves;
    answers that wait at the same time share one fsync. Without a path it forgets."""

    def __init__(self, path: Path | None, save: Callable[[int], None] = os.fsync) -> None:
        """`save` brings what was written to an open file onto the disk."""
        self._to_disk = save
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600) if path else None
        self.written = 0
        self._safe = 0
        self._saving: asyncio.Task[None] | None = None

    def write(self, kind: str, **fields: Any) -> None:
        """Append one accepted thing."""
        if self._file is None:
            return
        line = json.dumps({"kind": kind, **fields}, ensure_ascii=False, separators=(",", ":")) + "\n"
        os.write(self._file, line.encode())
        self.written += 1

    async def durable(self) -> None:
        """Wait until everything that has been written by now is on the disk."""
        wanted = self.written
        while self._safe < wanted:
            if self._saving is None:
                self._saving = asyncio.create_task(self._save())
            await asyncio.shield(self._saving)

    async def _save(self) -> None:
        written = self.written
        try:
            if self._file is not None:
                await asyncio.to_thread(self._to_disk, self._file)
            self._safe = written
        finally:
            self._saving = None

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
