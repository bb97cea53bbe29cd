"""Where a ledger may live: its URL, the file behind it, and the file systems that cannot keep a promise."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from leafcast.errors import LedgerUnusable

_SCHEME = "sqlite:///"
_MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = (
    "nfs",
    "cifs",
    "smb",
    "9p",
    "fuse",
    "afs",
    "ceph",
    "glusterfs",
    "lustre",
    "gpfs",
    "davfs",
    "ncp",
    "vboxsf",
    "prl_fs",
)
_LOCAL_BUT_NAMED_SO = frozenset({"fuseblk"})


def path_of(url: str) -> Path:
    """The file that a ledger URL names: `sqlite:///relative.db` or `sqlite:////absolute.db`.

    Raises `LedgerUnusable` for any other form.
    """
    name = url.removeprefix(_SCHEME)
    if not url.startswith(_SCHEME) or not name or any(mark in name for mark in "?#") or not name.isprintable():
        raise LedgerUnusable(
            f"the ledger URL {_shown(url)} is not one that leafcast knows",
            fix="Use sqlite:///leafcast.db for a file in this folder, or sqlite:////full/path/leafcast.db "
            "(four slashes) for a file anywhere.",
        )
    path = Path(name)
    try:
        folder = path.parent.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise LedgerUnusable(f"the folder of the ledger {path} does not exist", fix="Make the folder first.") from error
    if not folder.is_dir():
        raise LedgerUnusable(f"{folder}, where the ledger should be, is not a folder", fix="Name another place.")
    return folder / path.name


def check_writable(path: Path) -> None:
    """Raise `LedgerUnusable` unless the ledger can be kept here by this user on this file system."""
    check_file(path)
    kind = file_system_of(path)
    if is_network(kind):
        raise LedgerUnusable(
            f"the ledger {path} would be on a network or shared file system ({kind}), where neither the lock nor the "
            "write-ahead log of SQLite can be trusted",
            fix="Keep the ledger on a disk of this machine.",
        )
    if not os.access(path.parent, os.W_OK | os.X_OK) or (path.exists() and not os.access(path, os.R_OK | os.W_OK)):
        raise LedgerUnusable(
            f"the ledger {path} cannot be written", fix="Give yourself the right to write the file and its folder."
        )
    if os.statvfs(path.parent).f_flag & os.ST_RDONLY:
        raise LedgerUnusable(
            f"the ledger {path} is on a disk that can only be read",
            fix="Keep the ledger on a disk that can be written.",
        )


def check_file(path: Path) -> None:
    """Raise `LedgerUnusable` for anything but a plain file or a name that is still free."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise LedgerUnusable(f"the ledger {path} cannot be reached: {error.strerror}") from error
    if stat.S_ISLNK(mode):
        raise LedgerUnusable(
            f"the ledger {path} is a symbolic link", fix="Name the file itself: two names of one ledger break its lock."
        )
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "not a plain file"
        raise LedgerUnusable(
            f"the ledger {path} is {what}", fix="Name a file, for example leafcast.db inside the folder."
        )


def make_private(path: Path) -> None:
    """Make the file if it is missing, and readable by its owner alone in any case (SQLite's own files follow it).
    Raises `LedgerUnusable` where it cannot be made."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
    try:
        os.close(os.open(path, flags, 0o600))
    except FileExistsError:
        # Not opened here: closing any descriptor of a database drops the locks that this process has on it.
        if stat.S_IMODE(path.lstat().st_mode) != 0o600:
            path.chmod(0o600)
    except OSError as error:
        raise LedgerUnusable(f"the ledger {path} cannot be made: {error.strerror}") from error


def file_system_of(path: Path, mounts: str | None = None) -> str:
    """The kind of file system that holds the path, '' where the system does not tell (`mounts` is mountinfo's text).

    The form of a line is that of proc_pid_mountinfo(5), read 2026-11: the fifth field is the mount point with blanks
    as `\\040`, and the first field after a lone `-` is the kind.
    """
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return ""
    best, kind = -1, ""
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        fields = left.split(" ")
        if len(fields) < 5 or not right:
            continue
        point = fields[4].replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
        # A later line of the same mount point hides an earlier one.
        if len(point) >= best and path.is_relative_to(point):
            best, kind = len(point), right.split(" ")[0]
    return kind


def is_network(kind: str) -> bool:
    """Whether a file system of this kind is shared over a network, or passed through by another program."""
    return kind.startswith(_NETWORK) and kind not in _LOCAL_BUT_NAMED_SO


def _shown(url: str) -> str:
    # A URL of a database server may hold a password.
    scheme, mark, _ = url.partition("://")
    return f"{scheme}://…" if mark else "given"
