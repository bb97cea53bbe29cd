"""The list of suppressions kept by hand, also beside a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import apsw

from leafcast.decide.suppressed import key_of
from leafcast.edge.ledger import connect, place, sql
from leafcast.edge.ledger.opening import open_ledger
from leafcast.edge.ledger.suppressing import insert
from leafcast.model import Channel, Suppression
from leafcast.ports import Clock


class SuppressionKeeper:
    """Keeps the list of a ledger by hand, without holding the ledger: a run may be under way. Made by
    `open_suppressions`; close it."""

    def __init__(self, path: Path, connection: apsw.Connection, clock: Clock, who: str) -> None:
        self._path = path
        self._write = connection
        self._clock = clock
        self._who = who
        self._q: Any = sql.queries()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write.close()

    def add(self, suppressions: Iterable[Suppression]) -> int:
        """Add what is not there yet, all together; say how many those were."""
        now = sql.to_text(self._clock.now())
        with self._together():
            added = sum(insert(self._write, one, now) for one in suppressions)
            self._note("suppress", f"{added} added", now)
        return added

    def remove(self, addresses: Iterable[tuple[Channel, str]]) -> list[tuple[Channel, str]]:
        """Take addresses off the list; give those that were on it."""
        now = sql.to_text(self._clock.now())
        with self._together():
            removed = [
                (channel, address)
                for channel, address in addresses
                if self._q.remove_suppression(self._write, channel=channel, address=key_of(address)) is not None
            ]
            self._note("unsuppress", f"{len(removed)} removed", now)
        return removed

    def _note(self, action: str, details: str, now: str) -> None:
        self._q.insert_operator_action(
            self._write, campaign_id=None, who=self._who, action=action, subject="", details=details, now=now
        )

    @contextmanager
    def _together(self) -> Iterator[None]:
        with connect.reading(self._path):
            self._write.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._write.execute("COMMIT")
            finally:
                if not self._write.get_autocommit():
                    self._write.execute("ROLLBACK")


def open_suppressions(url: str, clock: Clock, new_id: Callable[[], str], who: str) -> SuppressionKeeper:
    """Open the list of a ledger, which is made if there is none yet. Raises `LedgerUnusable`, and `CampaignHeld` where
    the ledger must be brought up to date first and a run holds it."""
    path = place.path_of(url)
    place.check_writable(path)
    if not path.exists() or not connect.is_up_to_date(path):
        open_ledger(url, clock, new_id).close()
    return SuppressionKeeper(path, connect.open_writer(path), clock, who)
