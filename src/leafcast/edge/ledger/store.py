"""The ledger of a run in one SQLite file: lock, epoch, the writer, and the reader beside it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType

import apsw

from leafcast.decide.ledger.wording import no_run
from leafcast.edge.ledger import again, connect, runs, sql
from leafcast.edge.ledger.changes import Changes, is_intent
from leafcast.edge.ledger.lock import LedgerLock
from leafcast.edge.ledger.operations import Receipt, Stamp
from leafcast.edge.ledger.planning import Planner, pack
from leafcast.edge.ledger.reader import SqliteReader, examined_epoch
from leafcast.edge.ledger.runs import Run
from leafcast.edge.ledger.suppressing import barred
from leafcast.edge.ledger.work import Backlog
from leafcast.edge.ledger.writer import Writer, WriterMaker
from leafcast.errors import LeafcastError, LedgerStopped
from leafcast.model import (
    Change,
    Channel,
    Due,
    Grower,
    Invitation,
    PlanCounts,
    PlannedInvitation,
    RunStarted,
    Scope,
    SkipReason,
)
from leafcast.ports import Clock


class SqliteLedger(SqliteReader):
    """Fulfils `Ledger`, and `LedgerReader` as well: what it reads includes all that was recorded before.

    Made by `open_ledger`; use it from one thread (its writer has a thread of its own), and close it.
    """

    def __init__(
        self,
        path: Path,
        connection: apsw.Connection,
        lock: LedgerLock,
        clock: Clock,
        new_id: Callable[[], str],
        make_writer: WriterMaker = Writer,
    ) -> None:
        super().__init__(path, connect.open_for_reading(path))
        self._write = connection
        self._lock = lock
        self._clock = clock
        self._new_id = new_id
        self._run: Run | None = None
        self._listed_epoch: int | None = None
        self._changes: Changes | None = None
        self._gap = False
        """Whether decisions could not be written: those handed over behind them must not be either, since growers are
        numbered in list order. Only the writer's thread knows it."""
        self._uuid = str(self._q.identity(connection)[0])
        self._file = _identity_of(path)
        self._closed = False
        self._writer = make_writer(connection, clock, self._guard)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close(kind.__name__ if kind else "done")
        except LeafcastError:
            # What is under way tells the person already; it must not be hidden behind this.
            if error is None:
                raise

    def begin(self, campaign: str, command: str) -> RunStarted:
        """Open a run: a new epoch, and whatever an earlier run left while sending becomes in doubt."""
        run, in_doubt = self._writer.call(lambda stamp: self._begin(campaign, command, stamp))
        self._lock.started(self._uuid, run.epoch, campaign, command)
        self._run, self._changes, self._listed_epoch = run, Changes(self._write, run), None
        return RunStarted(run.id, run.epoch, in_doubt)

    def plan(self, campaign: str, invitations: Sequence[PlannedInvitation]) -> PlanCounts:
        """Make sure that each of these is in the ledger, in one transaction, and note that this run's list names them.
        What was attempted stays as it is; see `revising` for what a newer decision changes."""
        return self._hand_over(campaign, invitations, knowing=True)()

    def plan_ahead(self, campaign: str, invitations: Sequence[PlannedInvitation]) -> Callable[[], PlanCounts]:
        """The same, without waiting for it; see `Ledger`."""
        return self._hand_over(campaign, invitations, knowing=False)

    def _hand_over(
        self, campaign: str, invitations: Sequence[PlannedInvitation], *, knowing: bool
    ) -> Callable[[], PlanCounts]:
        """`knowing`: whoever plans has waited for all decisions before these, and knows what became of them."""
        run = self._running(campaign)
        packed = pack(invitations, self._new_id)

        def plan(stamp: Stamp) -> PlanCounts:
            if self._gap and not knowing:
                raise LeafcastError("the growers before these in the list could not be written down")
            self._gap = True
            counts = Planner(self._write, run, stamp.now, self._new_id).plan(packed)
            self._gap = False
            return counts

        return self._writer.begin(plan)

    def go_on(self, campaign: str, fingerprint: str, only: Collection[str] = ()) -> bool:
        """Take the list that was planned from exactly this as this run's own, where its plan still holds and names all
        of `only`."""
        run = self._running(campaign)

        def found(_stamp: Stamp) -> int | None:
            return examined_epoch(self._write, run.campaign_id, fingerprint, only)

        if (epoch := self._writer.call(found)) is None:
            return False
        self._listed_epoch = epoch
        return True

    def leave_out_connected(self, campaign: str) -> Sequence[str]:
        """Skip whom Leaf last showed connected, where the first invitation still waits; see `AgainLedger`."""
        run = self._running(campaign)
        names: Sequence[str] = self._writer.call(lambda stamp: again.leave_out_connected(self._write, run, stamp))
        return names

    def failed(self, campaign: str, channel: Channel | None) -> frozenset[str]:
        """The growers with a message that a retry would attempt again."""
        run = self._running(campaign)
        with self._looking():
            return again.failed(self._read, run.campaign_id, channel)

    def unlisted(self, campaign: str) -> Sequence[str]:
        """The growers whom this run's list does not name, in list order."""
        run = self._running(campaign)
        with connect.reading(self._path):
            rows = self._q.unlisted(self._read, campaign_id=run.campaign_id, epoch=self._listed_epoch or run.epoch)
            return [external_id for (external_id,) in rows]

    def work(
        self,
        campaign: str,
        *,
        scope: Scope,
        now: datetime,
        after: int,
        limit: int,
        only: frozenset[str] = frozenset(),
        channel: Channel | None = None,
    ) -> Sequence[tuple[int, Invitation]]:
        """The next invitations of the scope with a planned message that may go now, with their places in the list."""
        with connect.reading(self._path):
            return self._backlog(campaign, scope, now).invitations(after=after, limit=limit, only=only, channel=channel)

    def linkless(self, campaign: str, *, again: bool, after: int, limit: int) -> Sequence[tuple[int, Invitation]]:
        """The next growers who shall have a link alone and have none yet; see `LinklessLedger`."""
        with self._looking():
            now = self._clock.now()
            return self._backlog(campaign, Scope.LISTED, now).linkless(again=again, after=after, limit=limit)

    def barred(self, campaign: str, grower: Grower, *, shared: bool) -> Mapping[Channel, SkipReason]:
        """The grower's channels whose address is closed, with the reason; see `BarringLedger`."""
        run = self._running(campaign)
        with connect.reading(self._path):
            return barred(self._read, run.campaign_id, grower, shared=shared)

    def due(
        self,
        campaign: str,
        *,
        scope: Scope,
        now: datetime,
        limit: int | None = None,
        only: frozenset[str] = frozenset(),
    ) -> Due:
        """How much `work` would give: what a person is asked to confirm."""
        with self._looking():
            return self._backlog(campaign, scope, now).due(limit=limit, only=only)

    def record(self, *changes: Change) -> Receipt:
        """Hand changes to the one writer; see `Ledger.record`. Without changes the answer waits for all before it."""
        run_changes = self._changes

        def apply(stamp: Stamp) -> None:
            if run_changes is None:
                raise LeafcastError("the ledger was written to before a run was begun")
            for change in changes:
                run_changes.apply(change, stamp)

        together = run_changes.together if run_changes is not None else None
        return self._writer.submit(apply, urgent=any(map(is_intent, changes)), changes=changes, together=together)

    def close(self, exit_reason: str = "done") -> None:
        """Commit everything, end the run, fold the log into the file and give the lock back.

        Raises the first failure of a change that nobody was told of, `LedgerStopped` among them. Once is enough.
        """
        if self._closed:
            return
        self._closed = True
        try:
            if self._run is not None and not self._writer.stopped:
                self._writer.submit(lambda stamp: self._end(exit_reason, stamp), urgent=True)
            self._writer.close()
            self._checkpoint()
        finally:
            self._read.close()
            self._write.close()
            self._lock.release()

    # ------------------------------------------------------------------------------------------ on the writer's thread

    def _guard(self) -> None:
        """Refuse to write when the file was replaced under us, or a later run took the campaign over."""
        if _identity_of(self._path) != self._file:
            raise LedgerStopped(f"the ledger {self._path} was moved or replaced while it was in use")
        if self._run is not None and not runs.is_last(self._write, self._run):
            raise LedgerStopped("a later run took this campaign over, so this one stops")

    def _begin(self, campaign: str, command: str, stamp: Stamp) -> tuple[Run, int]:
        self._end("next run", stamp)
        self._gap = False
        return runs.begin(self._write, campaign, command, self._new_id(), stamp)

    def _end(self, exit_reason: str, stamp: Stamp) -> None:
        if self._run is not None:
            runs.end(self._write, self._run, exit_reason, stamp)

    # --------------------------------------------------------------------------------------------- on the caller's side

    def _running(self, campaign: str) -> Run:
        if self._run is None or self._run.campaign != campaign:
            raise no_run(campaign)
        return self._run

    def _backlog(self, campaign: str, scope: Scope, now: datetime) -> Backlog:
        run = self._running(campaign)
        if scope is Scope.LISTED and self._listed_epoch is not None:
            run = replace(run, epoch=self._listed_epoch)
        return Backlog(self._read, run, scope, sql.to_text(now))

    def _looking(self) -> AbstractContextManager[None]:
        """Wait until all that was recorded is durable, so that it is read; a ledger that stopped is read as it is."""
        with suppress(LedgerStopped):
            self._writer.call(lambda _: None)
        return super()._looking()

    def _checkpoint(self) -> None:
        """Fold the log into the file. A reader may keep SQLite from it, which loses nothing; a disk error may not pass
        unseen, for closing alone would swallow it."""
        if self._writer.stopped:
            return
        self._write.pragma("busy_timeout", 1000)
        try:
            self._write.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except apsw.BusyError:
            pass
        except connect.STORAGE_ERRORS as error:
            raise LedgerStopped("the ledger could not be written to its end (disk error)") from error


def _identity_of(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
