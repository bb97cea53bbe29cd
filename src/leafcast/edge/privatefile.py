"""Files that hold people's names and addresses, or what opens their accounts: readable by their owner alone."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leafcast.errors import UsageError


@contextmanager
def in_place_of(target: Path, fix: str = "Choose another place with -o FILE") -> Iterator[Path]:
    """A new file beside the target, mode 0600, that replaces it when all went well and is gone when not. Raises
    UsageError, with the fix, where that cannot be written."""
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}-", suffix=target.suffix)
        os.close(handle)
    except OSError as error:
        raise _cannot_write(target, error, fix) from error
    file = Path(name)
    try:
        yield file
        file.replace(target)
    except OSError as error:
        raise _cannot_write(target, error, fix) from error
    finally:
        file.unlink(missing_ok=True)


def _cannot_write(target: Path, error: OSError, fix: str) -> UsageError:
    return UsageError(f"The file {target} cannot be written: {error.strerror}", fix=fix)
