"""The event loop of commands that send: uvloop's where it is installed, else Python's own. Both keep the same promises
(tests/http runs over both); docs/decisions/0008-event-loop.md says what it is worth."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
SWITCH = 0.001
"""Seconds after which a thread that wants the interpreter gets it, instead of Python's 5 ms. The writer of the ledger
wants it for moments only, some ten times a commit, and everything waits for commits."""


def run(work: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` on the faster loop. Raises what the work raises."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    try:
        with asyncio.Runner(loop_factory=fast_loop()) as runner:
            return runner.run(work)
    finally:
        sys.setswitchinterval(usual)


def fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes uvloop's loop; None, Python's own, where it is not installed: it needs CPython and POSIX."""
    try:
        from uvloop import new_event_loop
    except ImportError:
        return None
    return new_event_loop
