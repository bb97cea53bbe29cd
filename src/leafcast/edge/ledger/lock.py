"""One run a ledger: a lock that the system drops when the process dies, and a note beside it of who holds it.

The note (`<ledger>.epoch`) also remembers the newest epoch that the ledger had, so that a ledger restored from a backup
is known as such: it has forgotten messages that were sent since.
"""

from __future__ import annotations

import json
import os
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from leafcast.errors import CampaignHeld, LedgerUnusable


@dataclass(frozen=True, slots=True)
class Note:
    """What the note beside a ledger says. `ledger` is the ledger's uuid; `pid` 0 means that nobody holds it."""

    ledger: str = ""
    epoch: int = 0
    pid: int = 0
    host: str = ""
    campaign: str = ""
    command: str = ""
    since: str = ""


class LedgerLock:
    """The right to write one ledger, held until `release` or the end of the process, whatever ends it."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._note_file = ledger.with_name(ledger.name + ".epoch")
        # The lock file is never the database (closing any descriptor of that drops SQLite's locks), is never unlinked
        # (two openers could then lock two files of one name) and never turns into a mere marker that outlives us.
        self._lock = FileLock(
            ledger.with_name(ledger.name + ".lock"),
            mode=0o600,
            blocking=False,
            thread_local=False,
            fallback_to_soft=False,
            preserve_lock_file=True,
        )

    def acquire(self, since: str) -> None:
        """Take the lock at once. Raises `CampaignHeld`, which names the holder, or `LedgerUnusable`."""
        self._take()
        try:
            self.write(
                replace(self.note(), pid=os.getpid(), host=socket.gethostname(), campaign="", command="", since=since)
            )
        except BaseException:
            self._lock.release()
            raise

    def check_free(self) -> None:
        """Raise what `acquire` would, and hold nothing afterwards."""
        self._take()
        self._lock.release()

    def _take(self) -> None:
        try:
            self._lock.acquire()
        except Timeout as error:
            raise CampaignHeld(_held(self.note()), fix="Wait until it has ended, or stop it, and run again.") from error
        except OSError as error:
            raise LedgerUnusable(
                f"the lock beside the ledger {self._ledger} cannot be taken: {error.strerror}",
                fix="Keep the ledger on a disk of this machine, in a folder that you may write.",
            ) from error

    def release(self) -> None:
        """Give the lock back and say so in the note."""
        with suppress(LedgerUnusable):
            self.write(replace(self.note(), pid=0, host="", campaign="", command="", since=""))
        self._lock.release()

    def check(self, uuid: str, epoch: int) -> None:
        """Raise `LedgerUnusable` for a ledger that is older than it was seen before: a restored copy."""
        note = self.note()
        if note.ledger == uuid and epoch < note.epoch:
            raise LedgerUnusable(
                f"the ledger {self._ledger} is an older copy of itself (at run {epoch}, but it was at run "
                f"{note.epoch} before): it was probably restored from a backup and does not know what was sent since",
                fix=f"Put the newest ledger back. Only if you are sure that nothing was sent since that copy was made, "
                f"adopt it by deleting {self._note_file}.",
            )

    def started(self, uuid: str, epoch: int, campaign: str, command: str) -> None:
        """Note that a run has begun. Must come after the ledger's own epoch is durable, and before anything is sent."""
        self.write(replace(self.note(), ledger=uuid, epoch=epoch, campaign=campaign, command=command))

    def note(self) -> Note:
        """What the note says; an empty one where there is none or it cannot be read."""
        try:
            return Note(**json.loads(self._note_file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return Note()

    def write(self, note: Note) -> None:
        """Replace the note as a whole: a reader sees the old one or the new one, also after a power cut. Raises
        `LedgerUnusable` where it cannot be written."""
        draft = self._note_file.with_name(self._note_file.name + ".new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
        try:
            descriptor = os.open(draft, flags, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(asdict(note), file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._note_file)
            _sync_folder(self._note_file.parent)
        except OSError as error:
            raise LedgerUnusable(f"the note {self._note_file} cannot be written: {error.strerror}") from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _held(note: Note) -> str:
    if not note.pid:
        return "another run holds this ledger"
    doing = f"{note.command} of campaign {note.campaign}" if note.campaign else "a run that is just starting"
    return f"another run holds this ledger: {doing}, process {note.pid} on {note.host}, since {note.since}"
