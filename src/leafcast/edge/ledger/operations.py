"""What the writer of a ledger is handed, and how those who wait are told what came of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from leafcast.model import Change


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a group was made: taken before its commit, so that a slow commit counts against the deadline of a send."""

    moment: datetime
    now: str
    instant: float


Together = Callable[[Sequence[Change], Stamp], None]
"""Makes many changes at once, in fewer statements than one by one."""


@dataclass(slots=True, eq=False)
class Operation:
    """Changes that are committed together. `alone` means in a transaction of their own, with nobody else's. Nobody can
    take it back: a waiter may leave, the change is made all the same."""

    apply: Callable[[Stamp], object]
    urgent: bool
    changes: Sequence[Change] = ()
    together: Together | None = None
    """Makes the changes with those of its neighbours in the group that name it too; `apply` makes them alone."""
    alone: bool = False
    observed: bool = False
    ended: bool = False
    instant: float = 0.0
    answer: Any = None
    failure: Exception | None = None
    tasks: list[asyncio.Future[None]] = field(default_factory=list)
    """Woken on their loops."""
    thread: threading.Event | None = None
    """Woken on another thread."""

    def end(self, instant: float, answer: Any, failure: Exception | None) -> None:
        """Note what came of it; `tell` must follow."""
        self.instant, self.answer, self.failure = instant, answer, failure
        self.ended = True
        if self.thread is not None:
            self.thread.set()

    def result(self) -> tuple[float, Any]:
        """The instant of the commit and the answer, or what went wrong, once it has ended."""
        if self.failure is not None:
            raise self.failure
        return self.instant, self.answer


def tell(operations: Iterable[Operation]) -> None:
    """Wake whoever waits for these, each event loop once."""
    waiting: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for operation in operations:
        for task in operation.tasks:
            waiting.setdefault(task.get_loop(), []).append(task)
    for loop, tasks in waiting.items():
        with suppress(RuntimeError):  # its loop is closed: nobody waits there any more
            loop.call_soon_threadsafe(_wake, tasks)


def _wake(tasks: Iterable[asyncio.Future[None]]) -> None:
    for task in tasks:
        if not task.done():
            task.set_result(None)


class Receipt:
    """What `record` answers: await it to know the changes durable; it gives the monotonic instant of the commit."""

    __slots__ = ("_nudge", "_operation")

    def __init__(self, operation: Operation, nudge: Callable[[], None]) -> None:
        self._operation = operation
        self._nudge = nudge

    def __await__(self) -> Generator[Any, None, float]:
        operation = self._operation
        operation.observed = True
        if not operation.urgent:
            operation.urgent = True
            self._nudge()
        if not operation.ended:
            waiting = asyncio.get_running_loop().create_future()
            operation.tasks.append(waiting)
            # Looked at again, as the writer does it the other way round: it ends an operation, then looks who waits.
            if not operation.ended:
                yield from waiting
        instant, _ = operation.result()
        return instant
