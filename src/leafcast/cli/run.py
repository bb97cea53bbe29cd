"""`leafcast run`: what a person asks of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leafcast.cli.failing import speaking
from leafcast.cli.options import (
    CampaignFile,
    DryRun,
    Json,
    LedgerUrl,
    Limit,
    Only,
    Quiet,
    SkipInvalid,
    Verbose,
    Yes,
    ledger_url,
)
from leafcast.cli.printing import Voice

Wait = Annotated[
    bool, typer.Option("--wait", help="Wait until quiet hours are over, and go on until nothing is held any more.")
]
TestTo = Annotated[
    list[str] | None,
    typer.Option(
        "--test-to",
        metavar="ADDRESS",
        help="Send a few rows, or those of --only, to this email or phone of yours, marked, and leave the ledger "
        "alone; may be given several times.",
    ),
]
PlanFile = Annotated[
    Path | None,
    typer.Option(
        "--plan", metavar="FILE", help="Do exactly what this saved plan says; refused when something changed."
    ),
]
AllowOnly = Annotated[
    Path | None,
    typer.Option("--allow-only", metavar="FILE", help="For trials: nobody can be written to but these addresses."),
]


def run(
    campaign: CampaignFile,
    ledger: LedgerUrl = None,
    yes: Yes = False,
    limit: Limit = None,
    only: Only = None,
    dry_run: DryRun = False,
    skip_invalid: SkipInvalid = False,
    wait: Wait = False,
    test_to: TestTo = None,
    allow_only: AllowOnly = None,
    plan: PlanFile = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Make the links and send the messages. Run again, it continues: what is left is done, and nothing twice."""
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice):
        from leafcast.cli.ways import Request, answer

        request = Request(
            campaign,
            ledger_url(ledger),
            yes=yes,
            dry_run=dry_run,
            limit=limit,
            only=tuple(only or ()),
            skip_invalid=skip_invalid,
            wait=wait,
            test_to=tuple(test_to or ()),
            allow_only=allow_only,
            plan=plan,
        )
        answer(request, voice)
