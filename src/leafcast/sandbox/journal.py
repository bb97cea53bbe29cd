"""What the sandbox really accepted, written down so that it survives a kill of anybody."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


class Journal:
    """One JSON object a line, fsynced before `write` returns. Without a path it forgets."""

    def __init__(self, path: Path | None) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600) if path else None

    def write(self, kind: str, **fields: Any) -> None:
        """Append one accepted thing; when this returns it is on the disk."""
        if self._file is None:
            return
        line = json.dumps({"kind": kind, **fields}, ensure_ascii=False, separators=(",", ":")) + "\n"
        os.write(self._file, line.encode())
        os.fsync(self._file)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
