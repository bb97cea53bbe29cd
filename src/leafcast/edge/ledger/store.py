"""The ledger of a run in one SQLite file: lock, epoch, the writer, and the reader beside it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType

import apsw

from leafcast.edge.ledger import connect, place, sql
from leafcast.edge.ledger.changes import Changes, Run, is_intent
from leafcast.edge.ledger.lock import LedgerLock
from leafcast.edge.ledger.planning import Planner
from leafcast.edge.ledger.reader import SqliteReader, examined_epoch
from leafcast.edge.ledger.suppressing import barred
from leafcast.edge.ledger.work import Backlog
from leafcast.edge.ledger.writer import Receipt, Stamp, Writer
from leafcast.errors import LeafcastError, LedgerStopped, LedgerUnusable
from leafcast.model import (
    Change,
    Channel,
    Counts,
    Doubt,
    Due,
    Followed,
    Grower,
    Invitation,
    LedgerRow,
    PlanCounts,
    PlannedInvitation,
    RunStarted,
    Scope,
    SkipReason,
    Steps,
    Suppression,
    Taken,
)
from leafcast.ports import Clock

INTERRUPTED = "interrupted"
INTERRUPTED_REASON = "the run that was sending it ended before an answer came"


class SqliteLedger(SqliteReader):
    """Fulfils `Ledger`, and `LedgerReader` as well: what it reads includes all that was recorded before.

    Made by `open_ledger`; use it from one thread (its writer has a thread of its own), and close it.
    """

    def __init__(
        self, path: Path, connection: apsw.Connection, lock: LedgerLock, clock: Clock, new_id: Callable[[], str]
    ) -> None:
        super().__init__(path, connect.open_for_reading(path))
        self._write = connection
        self._lock = lock
        self._clock = clock
        self._new_id = new_id
        self._run: Run | None = None
        self._listed_epoch: int | None = None
        self._changes: Changes | None = None
        self._uuid = str(self._q.identity(connection)[0])
        self._file = _identity_of(path)
        self._closed = False
        self._writer = Writer(connection, clock, self._guard)

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
        run = self._running(campaign)
        counts = self._writer.call(lambda stamp: Planner(self._write, run, stamp.now, self._new_id).plan(invitations))
        assert isinstance(counts, PlanCounts)  # noqa: S101 - for the type checker only
        return counts

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
        self._settle()
        with connect.reading(self._path):
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
        self._settle()
        with connect.reading(self._path):
            return self._backlog(campaign, scope, now).due(limit=limit, only=only)

    def record(self, *changes: Change) -> Receipt:
        """Hand changes to the one writer; see `Ledger.record`. Without changes the answer waits for all before it."""
        run_changes = self._changes

        def apply(stamp: Stamp) -> None:
            if run_changes is None:
                raise LeafcastError("the ledger was written to before a run was begun")
            for change in changes:
                run_changes.apply(change, stamp)

        return self._writer.submit(apply, urgent=any(map(is_intent, changes)))

    def campaigns(self) -> Sequence[str]:
        """The names of every campaign in the ledger."""
        self._settle()
        return super().campaigns()

    def counts(self, campaign: str) -> Counts:
        """The campaign in numbers, all of one moment."""
        self._settle()
        return super().counts(campaign)

    def rows(self, campaign: str) -> Iterator[LedgerRow]:
        """Every message, in list order, then by round and channel."""
        self._settle()
        return super().rows(campaign)

    def doubts(self, campaign: str) -> Sequence[Doubt]:
        """Every message in doubt, in list order, with its evidence."""
        self._settle()
        return super().doubts(campaign)

    def followed(self, campaign: str) -> Sequence[Followed]:
        """Every invitation that has a link, in list order, with what Leaf last showed of it."""
        self._settle()
        return super().followed(campaign)

    def taken(self, campaign: str, channel: Channel) -> Sequence[Taken]:
        """Every accepted message of a channel, in the order in which they left."""
        self._settle()
        return super().taken(campaign, channel)

    def suppressions(self) -> Sequence[Suppression]:
        """Who must not be written to, by channel and address."""
        self._settle()
        return super().suppressions()

    def steps(self, campaign: str, column: str | None = None) -> Sequence[Steps]:
        """Growers counted for every step that they reached, by the text of a list column, the largest group first."""
        self._settle()
        return super().steps(campaign, column)

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
        run = self._run
        if run is not None and not self._q.fence(self._write, campaign_id=run.campaign_id, epoch=run.epoch):
            raise LedgerStopped("a later run took this campaign over, so this one stops")

    def _begin(self, campaign: str, command: str, stamp: Stamp) -> tuple[Run, int]:
        self._end("next run", stamp)
        epoch = self._q.next_epoch(self._write)
        self._q.add_campaign(self._write, name=campaign, now=stamp.now)
        key = self._q.take_campaign(self._write, name=campaign, epoch=epoch)
        run = Run(self._new_id(), campaign, key, epoch)
        self._q.insert_run(
            self._write,
            id=run.id,
            campaign_id=key,
            epoch=epoch,
            command=command,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=version("leafcast"),
            now=stamp.now,
        )
        return run, self._doubt(run, stamp)

    def _doubt(self, run: Run, stamp: Stamp) -> int:
        """Whatever was under way when an earlier run ended may have left: nobody knows."""
        key = {
            "campaign_id": run.campaign_id,
            "epoch": run.epoch,
            "code": INTERRUPTED,
            "reason": INTERRUPTED_REASON,
            "now": stamp.now,
        }
        self._q.doubt_attempts_of_links(self._write, **key)
        self._q.doubt_links(self._write, **key)
        self._q.doubt_attempts_of_messages(self._write, **key)
        return len(list(self._q.doubt_messages(self._write, **key)))

    def _end(self, exit_reason: str, stamp: Stamp) -> None:
        if self._run is not None:
            self._q.end_run(self._write, id=self._run.id, exit_reason=exit_reason, now=stamp.now)

    # --------------------------------------------------------------------------------------------- on the caller's side

    def _running(self, campaign: str) -> Run:
        if self._run is None or self._run.campaign != campaign:
            raise LeafcastError(f"no run of campaign {campaign!r} was begun")
        return self._run

    def _backlog(self, campaign: str, scope: Scope, now: datetime) -> Backlog:
        run = self._running(campaign)
        if scope is Scope.LISTED and self._listed_epoch is not None:
            run = replace(run, epoch=self._listed_epoch)
        return Backlog(self._read, run, scope, sql.to_text(now))

    def _settle(self) -> None:
        """Wait until all that was recorded is durable, so that it is read; a ledger that stopped is read as it is."""
        with suppress(LedgerStopped):
            self._writer.call(lambda _: None)

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


def open_ledger(url: str, clock: Clock, new_id: Callable[[], str]) -> SqliteLedger:
    """Open or make the ledger of a run and hold its lock until it is closed. `new_id` gives random ids.

    Raises `LedgerUnusable` for a place or a file that cannot be this ledger, `CampaignHeld` while another run holds it.
    """
    path = place.path_of(url)
    place.check_writable(path)
    lock = LedgerLock(path)
    lock.acquire(sql.to_text(clock.now()))
    try:
        place.make_private(path)
        connection = connect.open_writer(path)
        try:
            with connect.reading(path):  # and the first writing: a full or failing disk is no bug
                uuid, epoch = _identify(connection, clock, new_id)
            lock.check(uuid, epoch)
            return SqliteLedger(path, connection, lock, clock, new_id)
        except BaseException:
            connection.close()
            raise
    except BaseException:
        lock.release()
        raise


def open_existing(url: str, clock: Clock, new_id: Callable[[], str]) -> SqliteLedger:
    """The same for those who have nothing to do where there is no ledger yet. Raises `LedgerUnusable` then."""
    _check_there(place.path_of(url))
    return open_ledger(url, clock, new_id)


def check_free(url: str) -> None:
    """See whether `open_ledger` would find place and lock free, without making or changing anything: for those who have
    long work to do first. Raises what it would."""
    path = place.path_of(url)
    place.check_writable(path)
    if path.exists():
        LedgerLock(path).check_free()


def ledger_exists(url: str) -> bool:
    """Whether there is a ledger yet. Raises `LedgerUnusable` for a place that cannot have one."""
    path = place.path_of(url)
    place.check_file(path)
    return path.exists()


def is_current(url: str) -> bool:
    """Whether there is a ledger of the newest form. Raises `LedgerUnusable` for a file that is no ledger."""
    return ledger_exists(url) and connect.is_up_to_date(place.path_of(url))


def open_reader(url: str) -> SqliteReader:
    """Open a ledger to look at it, beside a run or without one. Raises `LedgerUnusable` where there is none."""
    path = place.path_of(url)
    _check_there(path)
    return SqliteReader(path, connect.open_for_reading(path))


def _check_there(path: Path) -> None:
    place.check_file(path)
    if not path.exists():
        raise LedgerUnusable(f"no ledger at {path}; nothing was run yet", fix="Run a campaign, or name its ledger.")


def _identify(connection: apsw.Connection, clock: Clock, new_id: Callable[[], str]) -> tuple[str, int]:
    queries = sql.queries()
    if queries.identity(connection) is None:
        queries.insert_ledger(connection, uuid=new_id(), now=sql.to_text(clock.now()))
    uuid, epoch = queries.identity(connection)
    return str(uuid), int(epoch)


def _identity_of(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
