"""Opening the SQLite file: which library, which settings, and is it a ledger of ours at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from leafcast.edge.ledger import sql
from leafcast.errors import LedgerUnusable

APPLICATION_ID = 0x4C656166
"""`Leaf` in ASCII: what makes a SQLite file a ledger."""

_SETTINGS: tuple[tuple[str, str | int, str | int], ...] = (
    # pragma, what is asked for, what must be read back
    ("synchronous", "FULL", 2),
    ("fullfsync", 1, 1),
    ("checkpoint_fullfsync", 1, 1),
    ("foreign_keys", 1, 1),
    ("busy_timeout", 5000, 5000),
    ("trusted_schema", 0, 0),
    ("cell_size_check", 1, 1),
    ("mmap_size", 0, 0),
    ("temp_store", "MEMORY", 2),
    ("secure_delete", 1, 1),
    ("recursive_triggers", 0, 0),
    ("cache_size", -32000, -32000),
    ("wal_autocheckpoint", 4000, 4000),
)

STORAGE_ERRORS = (
    apsw.FullError,
    apsw.IOError,
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
    apsw.BusyError,
    apsw.LockedError,
    apsw.ProtocolError,
    apsw.PermissionsError,
    apsw.NoMemError,
    apsw.NoLFSError,
    apsw.InternalError,
    apsw.InterruptError,
    apsw.ConnectionClosedError,
)
"""What means that the place can no longer be trusted, as against a change that was wrong in itself."""


def check_library(version: str) -> None:
    """Refuse a SQLite that can lose committed writes.

    The WAL-reset bug is in 3.7.0 to 3.51.2, fixed in 3.51.3 and in the later 3.44.6 and 3.50.7
    (sqlite.org/wal.html, section "The WAL-reset bug", read in copies of 2026-11).
    """
    number = tuple(int(part) for part in version.split(".")[:3])
    mended = number >= (3, 51, 3) or (3, 50, 7) <= number < (3, 51) or (3, 44, 6) <= number < (3, 45)
    if not mended:
        raise LedgerUnusable(
            f"this installation's SQLite {version} can lose committed writes (the WAL-reset bug)",
            fix="Install apsw 3.51.3 or later; it brings its own SQLite.",
        )


def open_writer(path: Path, vfs: str | None = None) -> apsw.Connection:
    """The read-write connection, settings made and read back, the newest form of the schema applied. Raises
    `LedgerUnusable` for a file that is no ledger, is damaged or cannot be kept safely here."""
    check_library(apsw.sqlite_lib_version())
    with _refusing(path):
        connection = _connect(path, apsw.SQLITE_OPEN_READWRITE, vfs)
        try:
            _check_identity(connection, path)
            _configure(connection, path)
            migrate(connection)
            _check_whole(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def open_for_reading(path: Path, vfs: str | None = None) -> apsw.Connection:
    """A connection that only looks; it works beside a writer and never waits for it. Raises `LedgerUnusable` for a file
    that is no ledger, or none of the newest form."""
    check_library(apsw.sqlite_lib_version())
    with _refusing(path):
        connection = _connect(path, apsw.SQLITE_OPEN_READONLY, vfs)
        try:
            version = _check_identity(connection, path)
            for pragma, wanted, _ in _SETTINGS:
                connection.pragma(pragma, wanted)
            connection.pragma("query_only", 1)
        except BaseException:
            connection.close()
            raise
    if version < len(sql.migrations()):
        connection.close()
        state = "is empty" if version == 0 else "was made by an earlier leafcast"
        raise LedgerUnusable(f"the ledger {path} {state}", fix="Start a run once; that brings it up to date.")
    return connection


def is_up_to_date(path: Path) -> bool:
    """Whether a ledger has the newest form already. Raises `LedgerUnusable` for a file that is not ours."""
    with _refusing(path):
        connection = _connect(path, apsw.SQLITE_OPEN_READONLY, None)
        try:
            return _check_identity(connection, path) == len(sql.migrations())
        finally:
            connection.close()


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn SQLite's own errors while reading into one sentence."""
    with _refusing(path):
        yield


def migrate(connection: apsw.Connection) -> None:
    """Bring the schema to the newest version: each step and its number in one transaction."""
    scripts = sql.migrations()
    for number in range(_version(connection) + 1, len(scripts) + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have been here first.
            if _version(connection) < number:
                connection.execute(scripts[number - 1])
                connection.pragma("user_version", number)
                connection.pragma("application_id", APPLICATION_ID)
            connection.execute("COMMIT")
        except BaseException:
            # After a disk error SQLite has rolled back by itself, and a second time would hide the error.
            if not connection.get_autocommit():
                connection.execute("ROLLBACK")
            raise


_RESTORE = "Restore it from a backup, or keep it aside for a look and name another file."


def _connect(path: Path, flags: int, vfs: str | None) -> apsw.Connection:
    return apsw.Connection(str(path), flags=flags | apsw.SQLITE_OPEN_NOFOLLOW, vfs=vfs)


def _check_identity(connection: apsw.Connection, path: Path) -> int:
    """The schema version of the file, 0 for an empty one. Raises `LedgerUnusable` for a file that is not ours."""
    version, application = _version(connection), connection.pragma("application_id")
    if connection.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone() == (0,) and (version, application) == (0, 0):
        return 0
    if application != APPLICATION_ID:
        raise LedgerUnusable(f"{path} is a SQLite file of another program", fix="Name another file for the ledger.")
    if version > len(sql.migrations()):
        raise LedgerUnusable(
            f"the ledger {path} was made by a newer leafcast (form {version}; this one knows {len(sql.migrations())})",
            fix="Update leafcast.",
        )
    return version


def _configure(connection: apsw.Connection, path: Path) -> None:
    if (mode := connection.pragma("journal_mode", "WAL")) != "wal":
        raise LedgerUnusable(
            f"the ledger {path} cannot keep a write-ahead log here (SQLite answers {mode})",
            fix="Keep the ledger on a disk of this machine.",
        )
    for pragma, wanted, expected in _SETTINGS:
        connection.pragma(pragma, wanted)
        if (found := connection.pragma(pragma)) != expected:
            raise LedgerUnusable(f"SQLite did not take the setting {pragma} for {path}: {found} and not {expected}")


def _check_whole(connection: apsw.Connection, path: Path) -> None:
    (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone() or ("no answer",)
    if answer != "ok":
        raise LedgerUnusable(f"the ledger {path} is damaged: {str(answer).splitlines()[0]}", fix=_RESTORE)


def _version(connection: apsw.Connection) -> int:
    return int(connection.pragma("user_version"))


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except apsw.NotADBError as error:
        raise LedgerUnusable(f"{path} is not a ledger", fix="Name another file for the ledger.") from error
    except apsw.CorruptError as error:
        raise LedgerUnusable(f"the ledger {path} is damaged", fix=_RESTORE) from error
    except apsw.BusyError as error:
        raise LedgerUnusable(
            f"another program keeps the ledger {path} locked", fix="Close what has the file open, and run again."
        ) from error
    except apsw.FullError as error:
        raise LedgerUnusable(f"the disk of the ledger {path} is full", fix="Make room, and run again.") from error
    except STORAGE_ERRORS as error:
        raise LedgerUnusable(
            f"the ledger {path} cannot be opened or read", fix="See whether the file may be read and written by you."
        ) from error
