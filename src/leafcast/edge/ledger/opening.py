"""Opening a ledger: for a run, which holds it, or to look at it beside one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import apsw

from leafcast.edge.ledger import connect, place, sql
from leafcast.edge.ledger.lock import LedgerLock
from leafcast.edge.ledger.reader import SqliteReader
from leafcast.edge.ledger.store import SqliteLedger
from leafcast.edge.ledger.writer import Writer, WriterMaker
from leafcast.errors import LedgerUnusable
from leafcast.ports import Clock


def open_ledger(url: str, clock: Clock, new_id: Callable[[], str], make_writer: WriterMaker = Writer) -> SqliteLedger:
    """Open or make the ledger of a run and hold its lock until it is closed. `new_id` gives random ids; who must decide
    when commits happen brings a writer of their own.

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
            return SqliteLedger(path, connection, lock, clock, new_id, make_writer)
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
