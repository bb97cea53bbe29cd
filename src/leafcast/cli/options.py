"""The options that several commands share, spelled once."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from leafcast.cli.surroundings import environment

CampaignFile = Annotated[Path, typer.Argument(metavar="CAMPAIGN", help="The campaign file (YAML).", show_default=False)]

DEFAULT_LEDGER = "sqlite:///leafcast.db"
LedgerUrl = Annotated[
    str | None,
    typer.Option(
        "--ledger",
        metavar="URL",
        envvar="LEAFCAST_LEDGER",
        show_default=DEFAULT_LEDGER,
        help="Where the ledger is.",
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON object on standard output; the rest goes to standard error.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Only results and errors.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Also say each step.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask; needed where no person is at the terminal.")]
MOST = 1_000_000_000
"""More than any list has rows, and few enough to be counted anywhere."""
Limit = Annotated[
    int | None, typer.Option("--limit", metavar="N", min=1, max=MOST, help="At most so many growers this time.")
]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="EXTERNALID", help="Only this grower; may be given several times."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
SkipInvalid = Annotated[
    bool, typer.Option("--skip-invalid", help="Go on with the good rows of a list that has bad ones.")
]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to write.", show_default=False)
]


def behind(campaign: Path, ledger: str, *more: str) -> str:
    """What comes behind the name of a command that goes on from here: the ledger too, where it is not the usual one."""
    return shlex.join([str(campaign), *more, *([] if ledger == ledger_url(None) else ["--ledger", ledger])])


def ledger_url(given: str | None) -> str:
    """The ledger that is meant: the one given, else LEAFCAST_LEDGER in `.env`, else the default. Raises UsageError for
    a `.env` that cannot be read: a ledger that was overlooked would have everybody written to again."""
    if given is not None:
        return given
    return environment().get("LEAFCAST_LEDGER") or DEFAULT_LEDGER
