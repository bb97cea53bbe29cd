"""The ledger's writer without its thread: groups and commits are the real ones, and happen when a test says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from leafcast.edge.ledger.operations import Operation, Stamp
from leafcast.edge.ledger.writer import Writer


class Drained(Writer):
    """Takes what is handed over, and commits it in `drain`."""

    def _work(self) -> None:
        return

    def _patience(self, group: list[Operation], since: float, *, urgent: bool) -> float | None:
        return 0

    def begin(self, apply: Callable[[Stamp], Any]) -> Callable[[], Any]:
        operation = Operation(apply, urgent=True, alone=True, observed=True)
        self._put(operation)
        self.drain()
        return lambda: operation.result()[1]

    def close(self) -> None:
        self.drain()
        super().close()

    def drain(self) -> None:
        """Commit all that there is, in groups as they come."""
        while self._next is not None or not self._queue.empty():
            if group := self._gather():
                self._commit(group)
