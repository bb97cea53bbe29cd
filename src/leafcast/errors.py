"""The one error tree.

An exception here means that the operator must act now. Trouble that is expected (a bad row, a refused message, a lost
answer) travels as a value instead: see `Problem` and `Outcome` in `model`.

    LeafcastError                 exit 1   a bug of ours when it is raised bare
    ├── UsageError                exit 2   wrong command line, environment, or no such file
    │   ├── CampaignError         exit 2   the campaign file or its templates (carries every problem found)
    │   └── LedgerUnusable        exit 2   the ledger file cannot be this run's ledger
    ├── ListError                 exit 3   the list is unusable or has invalid rows (carries every problem found)
    ├── RunStopped                exit 5   stopped early; running again continues
    │   └── LedgerStopped         exit 5   the ledger can no longer be written: disk full, I/O error, fence lost
    ├── Withheld                  never shown: the ledger does not let one message go, and the run leaves that one out
    ├── CampaignHeld              exit 6   another run holds the campaign
    └── Interrupted               exit 130 Ctrl-C or SIGTERM
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import ClassVar

from leafcast.model import Problem


class ExitCode(IntEnum):
    """What the process answers; other people's schedulers branch on these."""

    DONE = 0
    BUG = 1
    USAGE = 2
    LIST = 3
    INCOMPLETE = 4
    STOPPED = 5
    HELD = 6
    INTERRUPTED = 130


class LeafcastError(Exception):
    """leafcast itself broke."""

    exit_code: ClassVar[ExitCode] = ExitCode.BUG
    can_continue: ClassVar[bool] = False
    """Whether the same command, run again, goes on where it stopped."""

    def __init__(self, message: str = "", *, fix: str = "") -> None:
        """`message` says what and where, `fix` what to do next; the class docstring is the default sentence."""
        self.message = message or (type(self).__doc__ or "").split("\n")[0]
        self.fix = fix
        super().__init__(self.message)


class UsageError(LeafcastError):
    """The command line or the environment is not usable."""

    exit_code = ExitCode.USAGE


class CampaignError(UsageError):
    """The campaign file or one of its templates is not usable."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{len(self.problems)} problem(s) in the campaign")


class LedgerUnusable(UsageError):
    """The ledger cannot be used."""


class ListError(LeafcastError):
    """The list is not usable."""

    exit_code = ExitCode.LIST

    def __init__(self, problems: Sequence[Problem], *, fix: str = "") -> None:
        """`fix` says what to do about all of them together; each has its own besides. There may be more problems than
        fit into memory, so what gives them is kept as it is."""
        self.problems = tuple(problems) if isinstance(problems, list) else problems
        super().__init__(f"{len(self.problems)} problem(s) in the list", fix=fix)


class RunStopped(LeafcastError):
    """The run stopped early; run the same command again to continue."""

    exit_code = ExitCode.STOPPED
    can_continue = True


class LedgerStopped(RunStopped):
    """The ledger can no longer be written, so nothing more is sent."""


class Withheld(LeafcastError):
    """The address is suppressed, so the message may not leave."""


class CampaignHeld(LeafcastError):
    """Another run holds this campaign."""

    exit_code = ExitCode.HELD
    can_continue = True


class Interrupted(LeafcastError):
    """Interrupted; run the same command again to continue."""

    exit_code = ExitCode.INTERRUPTED
    can_continue = True
