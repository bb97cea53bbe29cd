"""A list that is piped in: kept in a file of its own as long as it is needed, for a list is walked several times."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path
from typing import BinaryIO

from leafcast.errors import UsageError

NAME = "standard-input"
"""What such a list is called in problems, and its file of problems after it."""

_ENDINGS = ((b"PK\x03\x04", ".xlsx"), (b"\xd0\xcf\x11\xe0", ".xlsx"), (b"PAR1", ".parquet"))


class StandardInput:
    """Standard input, in a file that its owner alone can read and that goes when this goes, at the latest when the
    program ends. `path` ends as its first bytes say: as a workbook, as parquet, or as csv."""

    def __init__(self, stream: BinaryIO) -> None:
        """Reads the stream to its end. Raises UsageError where a person sits at it."""
        if stream.isatty():
            fix = "Pipe the list in: leafcast check CAMPAIGN < growers.csv; or name its file in the campaign file"
            raise UsageError("The campaign reads its list from standard input, and nothing is piped in", fix=fix)
        folder = tempfile.mkdtemp(prefix="leafcast-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        start = stream.read(4)
        ending = next((ending for mark, ending in _ENDINGS if start.startswith(mark)), ".csv")
        self.path = Path(folder) / f"{NAME}{ending}"
        with self.path.open("wb") as file:
            file.write(start)
            shutil.copyfileobj(stream, file)
