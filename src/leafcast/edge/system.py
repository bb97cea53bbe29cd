"""The machine's own clock, and ids that mean nothing to anybody else."""

from __future__ import annotations

import asyncio
import os
import pwd
import secrets
import time
from datetime import UTC, datetime

_BOOT = getattr(time, "CLOCK_BOOTTIME", None)


class SystemClock:
    """Time as the machine has it."""

    def now(self) -> datetime:
        """The wall clock, aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go backwards. On Linux they go on while the machine sleeps, so that a laptop that was
        closed between an intent and its request notices (clock_gettime(2), CLOCK_BOOTTIME)."""
        return time.monotonic() if _BOOT is None else time.clock_gettime(_BOOT)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


def new_id() -> str:
    """32 hexadecimal digits that nobody can guess or read anything from; what providers get to keep of us."""
    return secrets.token_hex(16)


def operator() -> str:
    """The person's name on this machine, as the system has it: the environment could say anything."""
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid {number}"
