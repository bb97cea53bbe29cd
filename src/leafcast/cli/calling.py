"""How this program was called, so that the commands it suggests can be typed as they stand."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

NAME = "leafcast"


def command() -> str:
    """What a person types here before the name of a command: `leafcast`, or where it lies when the shell does not
    find it by that name."""
    called = sys.argv[0]
    if Path(called).name == "__main__.py":
        return f"{shlex.quote(_interpreter())} -m {NAME}"
    found = shutil.which(NAME)
    if found is not None and Path(called).exists() and Path(found).samefile(called):
        return NAME
    return shlex.quote(called)


def _interpreter() -> str:
    """Python as the shell finds it: by its bare name where that is the same one."""
    for name in ("python", "python3"):
        found = shutil.which(name)
        if found is not None and Path(found).absolute() == Path(sys.executable).absolute():
            return name
    return sys.executable
