"""`leafcast recall`: the undo of a wrong campaign, or of one wrong run."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leafcast.cli.calling import command
from leafcast.cli.failing import say, speaking
from leafcast.cli.options import (
    CampaignFile,
    DryRun,
    Json,
    LedgerUrl,
    Limit,
    Only,
    Quiet,
    Verbose,
    Yes,
    ledger_url,
)
from leafcast.cli.printing import Voice, error_document
from leafcast.cli.surroundings import environment
from leafcast.errors import ExitCode, Interrupted, UsageError

if TYPE_CHECKING:
    from leafcast.decide.campaign import Campaign
    from leafcast.ports import RecallLedger
    from leafcast.stories.recall import Extent, Found, RecallReport

OneRun = Annotated[str | None, typer.Option("--run", metavar="RUN", help="Only what this run planned, made and sent.")]
SHOWN = 20
"""Growers who had opened their link that are named on screen; --json names all."""


def recall(
    campaign: CampaignFile,
    run: OneRun = None,
    ledger: LedgerUrl = None,
    yes: Yes = False,
    limit: Limit = None,
    only: Only = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Take a wrong campaign back: revoke its live links, stop what has not left, name who had already opened.

    It is for good: after it, `run` and `reinvite` invite nobody of this campaign again. Run again, it continues.
    """
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice):
        from leafcast.edge.campaignfile import read_campaign
        from leafcast.stories.recall import Extent

        if not (yes or dry_run or voice.person):
            raise UsageError(
                "This revokes links for good, and there is nobody at a terminal to ask",
                fix="Add --yes to go ahead, or --dry-run to see what would be recalled.",
            )
        given, url = read_campaign(campaign).campaign, ledger_url(ledger)
        extent = Extent(None, frozenset(only or []), limit)
        if dry_run:
            _rehearse(voice, given.name, url, extent, run)
            return

        def confirm(found: Found) -> None:
            voice.note(f"About to {_what(found)}.{_for_good(extent, run)}")
            if not yes and not voice.ask("Go ahead?"):
                raise Interrupted("Nothing was recalled.")

        _tell(voice, given.name, run, asyncio.run(_recalled(voice, given, url, extent, run, confirm)))


def _extent(book: RecallLedger, campaign: str, extent: Extent, run: str | None) -> Extent:
    from leafcast.stories.recall import pick_run

    return extent if run is None else replace(extent, run=pick_run(book.past_runs(campaign), run))


def _rehearse(voice: Voice, name: str, url: str, extent: Extent, run: str | None) -> None:
    from leafcast.decide.summary import document
    from leafcast.edge.ledger import open_reader
    from leafcast.edge.system import SystemClock
    from leafcast.stories.recall import find

    with open_reader(url) as reader:
        found = find(reader, name, _extent(reader, name, extent, run), SystemClock().now())
        told = {"growers": found.growers, "links": len(found.links), "unsent": found.unsent}
        voice.document({**document(name, reader.counts(name)), "dryRun": True, "recall": told})
        voice.result(f"Would {_what(found)}. Nothing was recalled.")


async def _recalled(
    voice: Voice, campaign: Campaign, url: str, extent: Extent, run: str | None, confirm: Any
) -> RecallReport:
    """Wire the story: the ledger held, Leaf alone open, Ctrl-C minded."""
    from leafcast.cli.progress import PlainProgress
    from leafcast.cli.services import Access, clients, minding_signals
    from leafcast.cli.sync import settle_seconds
    from leafcast.edge import settings
    from leafcast.edge.ledger import open_existing
    from leafcast.edge.system import SystemClock, new_id, operator
    from leafcast.stories.brake import Brake
    from leafcast.stories.doubts import Evidence
    from leafcast.stories.recall import recall as story

    clock, env = SystemClock(), environment()
    access = Access(settings.leaf_access(env), None, None, None)
    with open_existing(url, clock, new_id) as ledger:
        ledger.counts(campaign.name)  # it must know the campaign: a slip of the pen must not recall another one
        narrowed = _extent(ledger, campaign.name, extent, run)
        async with clients(campaign, access, clock) as made:
            brake, progress = Brake(), PlainProgress(voice, clock)
            world = Evidence(ledger, ledger, ledger, {}, made.leaf, clock, progress, settle_seconds())
            with ExitStack() as minding:

                def confirmed(found: Found) -> None:
                    confirm(found)
                    minding.enter_context(minding_signals(voice, brake))

                return await story(world, ledger, campaign.name, brake, narrowed, operator(), confirmed)


def _tell(voice: Voice, name: str, run: str | None, report: RecallReport) -> None:
    from leafcast.cli.sync import orphans_document
    from leafcast.decide.summary import document, lines

    told: dict[str, Any] = {
        "recall": {
            "run": run,
            "growers": report.found.growers,
            "revoked": report.revoked,
            "left": report.left,
            "cancelled": report.found.unsent,
            "opened": [
                {"externalId": one, "lastOpenedAt": at and f"{at:%Y-%m-%dT%H:%M:%SZ}"}
                for one, at in report.opened.items()
            ],
        },
        "orphans": orphans_document(report.orphans),
    }
    if report.stopped is not None:
        told |= error_document(report.stopped)
    voice.document({**document(name, report.counts), **told})
    voice.result("\n".join([*lines(name, report.counts), *_lines(report)]))
    if report.stopped is not None:
        say(voice, report.stopped)
        voice.error(f"To continue: {command()} {shlex.join(sys.argv[1:])}")
    if report.exit_code is not ExitCode.DONE:
        raise typer.Exit(report.exit_code)


def _lines(report: RecallReport) -> list[str]:
    revoked, unsent = report.revoked, report.found.unsent
    told = [
        f"{revoked:,} link{'s' if revoked != 1 else ''} revoked",
        f"{unsent:,} message{'s' if unsent != 1 else ''} stopped",
    ]
    if report.left:
        told.append(f"{report.left:,} links still open")
    if report.orphans.found:
        told.append(f"{len(report.orphans.revoked):,} of {len(report.orphans.found):,} orphan links revoked")
    opened = list(report.opened)
    if opened:
        more = f" and {len(opened) - SHOWN:,} more" if len(opened) > SHOWN else ""
        who = f"{', '.join(opened[:SHOWN])}{more} had opened theirs"
    else:
        who = "nobody had opened theirs"
    return [f"  recalled  {', '.join(told)}; {who}", *_refused(report.refused)]


def _refused(growers: Sequence[str]) -> list[str]:
    return [f"  Leaf would not delete the link of {', '.join(growers[:SHOWN])}"] if growers else []


def _what(found: Found) -> str:
    links, unsent = len(found.links), found.unsent
    growers = f"{found.growers:,} grower{'s' if found.growers != 1 else ''}"
    return (
        f"revoke {links:,} live link{'s' if links != 1 else ''} and stop {unsent:,} unsent "
        f"message{'s' if unsent != 1 else ''} of {growers}"
    )


def _for_good(extent: Extent, run: str | None) -> str:
    whole = extent.whole and run is None
    return " The campaign will invite nobody any more, and that cannot be taken back." if whole else ""
