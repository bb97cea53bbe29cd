"""The one writer: a thread that owns the only read-write connection and commits what it is handed in groups.

A group is what came in while the last one was being committed, 64 operations at most: waiting longer for company was
measured to make both one and many writers slower. What nobody waits for rides along in the next group, 250 ms later at
the latest. After a storage error nothing is written any more: whether the last commit is on the disk is unknown, and
trying again could hide that it is not.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from operator import attrgetter
from typing import Final, TypeVar

import apsw

from leafcast.decide.ledger.wording import refused
from leafcast.edge.ledger import sql
from leafcast.edge.ledger.connect import STORAGE_ERRORS
from leafcast.edge.ledger.operations import Operation, Receipt, Stamp, Together, tell
from leafcast.errors import LeafcastError, LedgerStopped, Withheld
from leafcast.model import Change
from leafcast.ports import Clock

T = TypeVar("T")
GROUP: Final = 64
LAZY: Final = 0.25


class Writer:
    """Takes operations from any thread; commits them in order. `guard` runs first in every transaction and raises
    `LedgerStopped` when this process may no longer write."""

    def __init__(self, connection: apsw.Connection, clock: Clock, guard: Callable[[], None]) -> None:
        self._connection = connection
        self._clock = clock
        self._guard = guard
        self._queue: queue.SimpleQueue[Operation | None] = queue.SimpleQueue()
        self._next: Operation | None = None
        self._stopped: BaseException | None = None
        self._failed: list[tuple[Operation, Exception]] = []
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="leafcast-ledger", daemon=True)
        self._thread.start()

    def submit(
        self,
        apply: Callable[[Stamp], object],
        *,
        urgent: bool,
        changes: Sequence[Change] = (),
        together: Together | None = None,
    ) -> Receipt:
        """Hand over changes. Never blocks and never raises: what goes wrong is told to whoever awaits the receipt."""
        operation = Operation(apply, urgent, changes, together)
        self._put(operation)
        return Receipt(operation, lambda: self._queue.put(None))

    def begin(self, apply: Callable[[Stamp], T]) -> Callable[[], T]:
        """Have something done in a transaction of its own, after all that was handed over before. What it gives waits
        for that and says what came of it."""
        ended = threading.Event()
        operation = Operation(apply, urgent=True, alone=True, observed=True, thread=ended)
        self._put(operation)

        def wait() -> T:
            ended.wait()
            answer: T = operation.result()[1]
            return answer

        return wait

    def call(self, apply: Callable[[Stamp], T]) -> T:
        """Do something so, and wait for it."""
        return self.begin(apply)()

    def close(self) -> None:
        """Commit what is left and end the thread. Raises the first failure that nobody was told of."""
        self._closing.set()
        self._queue.put(None)
        self._thread.join()
        while not self._queue.empty():
            if (operation := self._queue.get()) is not None:
                self._refuse(operation)
        for operation, failure in self._failed:
            if not operation.observed:
                raise failure

    @property
    def stopped(self) -> bool:
        """Whether a storage error ended all writing."""
        return self._stopped is not None

    def _put(self, operation: Operation) -> None:
        if self._closing.is_set():
            self._refuse(operation)
        else:
            self._queue.put(operation)

    def _refuse(self, operation: Operation) -> None:
        self._fail(operation, LeafcastError("the ledger was written to after it was closed"))
        tell((operation,))

    # ------------------------------------------------------------------------------------------------- on the thread

    def _work(self) -> None:
        while True:
            group = self._gather()
            if group:
                self._commit(group)
            elif self._closing.is_set() and self._next is None and self._queue.empty():
                return

    def _gather(self) -> list[Operation]:
        group: list[Operation] = []
        if self._next is not None:
            group, self._next = [self._next], None
        since = time.monotonic()
        urgent = self._closing.is_set() or any(operation.urgent for operation in group)
        while len(group) < GROUP and not (group and group[-1].alone):
            try:
                operation = self._queue.get(timeout=self._patience(group, since, urgent=urgent))
            except queue.Empty:
                break
            if operation is None:
                urgent = urgent or self._closing.is_set() or any(one.urgent for one in group)
                continue
            if operation.alone and group:
                self._next = operation
                break
            if not group:
                since = time.monotonic()
            group.append(operation)
            urgent = urgent or operation.urgent or self._closing.is_set()
        return group

    def _patience(self, group: list[Operation], since: float, *, urgent: bool) -> float | None:
        """How long to wait for one more operation; None is for ever, 0 not at all."""
        if urgent:
            return 0
        return max(0.0, LAZY - (time.monotonic() - since)) if group else None

    def _commit(self, group: list[Operation]) -> None:
        if self._stopped is not None:
            self._fail_all(group)
            return
        try:
            moment = self._clock.now()
            stamp = Stamp(moment, sql.to_text(moment), self._clock.monotonic())
            answers = self._transaction(group, stamp)
        except Exception as error:
            self._give_up(group, error)
            return
        for operation, (answer, failure) in zip(group, answers, strict=True):
            if failure is None:
                operation.end(stamp.instant, answer, None)
            else:
                self._fail(operation, failure)
        tell(group)

    def _transaction(self, group: list[Operation], stamp: Stamp) -> list[tuple[object, Exception | None]]:
        self._begin()
        answers = [self._alone(group[0], stamp)] if len(group) == 1 else self._together(group, stamp)
        if not self._connection.get_autocommit():
            self._connection.execute("COMMIT")
        return answers

    def _begin(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._guard()

    def _alone(self, operation: Operation, stamp: Stamp) -> tuple[object, Exception | None]:
        try:
            return operation.apply(stamp), None
        except (*STORAGE_ERRORS, LedgerStopped):
            raise
        except Exception as error:
            self._connection.execute("ROLLBACK")
            return None, _told(error)

    def _together(self, group: list[Operation], stamp: Stamp) -> list[tuple[object, Exception | None]]:
        """Apply all of them; where one fails, which is rare, begin again with each apart."""
        try:
            return [(answer, None) for answer in _applied(group, stamp)]
        except (*STORAGE_ERRORS, LedgerStopped):
            raise
        except Exception:
            self._connection.execute("ROLLBACK")
        self._begin()
        return [self._apart(operation, stamp) for operation in group]

    def _apart(self, operation: Operation, stamp: Stamp) -> tuple[object, Exception | None]:
        """Apply one operation so that its failure takes nothing of the others with it."""
        self._connection.execute("SAVEPOINT one")
        try:
            answer, failure = operation.apply(stamp), None
        except (*STORAGE_ERRORS, LedgerStopped):
            raise
        except Exception as error:
            self._connection.execute("ROLLBACK TO one")
            answer, failure = None, _told(error)
        self._connection.execute("RELEASE one")
        return answer, failure

    def _give_up(self, group: list[Operation], error: Exception) -> None:
        self._stopped = error
        # It fails when SQLite has rolled back by itself already; nothing is written any more either way.
        with suppress(apsw.Error):
            self._connection.execute("ROLLBACK")
        self._fail_all(group)

    def _fail_all(self, group: Sequence[Operation]) -> None:
        for operation in group:
            self._fail(operation, self._stop_error())
        tell(group)

    def _fail(self, operation: Operation, failure: Exception) -> None:
        self._failed.append((operation, failure))
        operation.end(0.0, None, failure)

    def _stop_error(self) -> LeafcastError:
        """A new exception for each waiter: one that many tasks raise would gather all their tracebacks."""
        cause = self._stopped
        match cause:
            case LedgerStopped():
                stop: LeafcastError = LedgerStopped(cause.message, fix=cause.fix)
            case apsw.FullError():
                stop = LedgerStopped("the disk of the ledger is full, so nothing more is sent", fix=_AGAIN)
            case apsw.BusyError() | apsw.LockedError():
                stop = LedgerStopped(
                    "another program keeps the ledger locked, so nothing more is sent",
                    fix="Close what has the file open, and run the same command again.",
                )
            case apsw.CorruptError() | apsw.NotADBError():
                stop = LedgerStopped("the ledger is damaged, so nothing more is sent", fix="Restore it from a backup.")
            case apsw.Error():
                stop = LedgerStopped(
                    "the ledger can no longer be written (disk error), so nothing more is sent", fix=_AGAIN
                )
            case _:
                stop = LeafcastError("the writer of the ledger broke, so nothing more is sent")
        stop.__cause__ = cause
        return stop


def _applied(group: Iterable[Operation], stamp: Stamp) -> Iterator[object]:
    """Apply a group in its order; neighbours that can be applied together are."""
    for together, operations in groupby(group, key=attrgetter("together")):
        if together is None:
            yield from (operation.apply(stamp) for operation in operations)
            continue
        joined = list(operations)
        together([change for operation in joined for change in operation.changes], stamp)
        yield from (None for _ in joined)


_AGAIN = "See to the disk, and run the same command again: it continues."


def _told(error: Exception) -> Exception:
    """What a refused change is told as: a bug of ours, in the words of the rule that stopped it."""
    if isinstance(error, apsw.ConstraintError) and "withheld:" in str(error):
        return Withheld()
    if isinstance(error, apsw.ConstraintError):
        rule = refused(str(error))
        rule.__cause__ = error
        return rule
    return error


WriterMaker = Callable[[apsw.Connection, Clock, Callable[[], None]], Writer]
