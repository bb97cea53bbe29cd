"""`leafcast run` and `leafcast retry`: from options to a story, and from its report to words and an exit code."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leafcast.cli.failing import say, speaking
from leafcast.cli.options import (
    DEFAULT_LEDGER,
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
)
from leafcast.cli.printing import Voice
from leafcast.errors import ExitCode, Interrupted, UsageError
from leafcast.model import Channel

if TYPE_CHECKING:
    from leafcast.cli.job import Job
    from leafcast.model import Due
    from leafcast.stories.brake import Brake
    from leafcast.stories.invite import World
    from leafcast.stories.run import Confirm, RunReport

    Story = Callable[[World, Brake, Confirm], Awaitable[RunReport]]

OnlyChannel = Annotated[Channel | None, typer.Option("--channel", help="Only the messages of this channel.")]


def run(
    campaign: CampaignFile,
    ledger: LedgerUrl = DEFAULT_LEDGER,
    yes: Yes = False,
    limit: Limit = None,
    only: Only = None,
    dry_run: DryRun = False,
    skip_invalid: SkipInvalid = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Make the links and send the messages. Run again, it continues: what is left is done, and nothing twice."""
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice):
        need_a_yes(voice, yes or dry_run)
        from leafcast.cli.job import examined, open_job
        from leafcast.cli.services import read_settings
        from leafcast.stories.run import Options
        from leafcast.stories.run import run as story

        job = open_job(campaign)
        if not dry_run:
            read_settings(job.campaign)
        survey = examined(voice, job, skip_invalid=skip_invalid)
        options = Options(limit, known_only(only or [], job))

        async def sending(world: World, brake: Brake, confirm: Confirm) -> RunReport:
            return await story(world, job.examiner, survey, brake, options, confirm)

        _finish(voice, job, ledger, sending, yes=yes, dry_run=dry_run)


def retry(
    campaign: CampaignFile,
    channel: OnlyChannel = None,
    ledger: LedgerUrl = DEFAULT_LEDGER,
    yes: Yes = False,
    limit: Limit = None,
    only: Only = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Attempt again the messages and links that ended failed; never what was refused, in doubt or accepted."""
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice):
        need_a_yes(voice, yes or dry_run)
        from leafcast.cli.job import open_job
        from leafcast.cli.services import read_settings
        from leafcast.stories.run import Options
        from leafcast.stories.run import retry as story

        job = open_job(campaign)
        if not dry_run:
            read_settings(job.campaign)
        options = Options(limit, frozenset(only or []))

        async def sending(world: World, brake: Brake, confirm: Confirm) -> RunReport:
            return await story(world, job.campaign, job.examiner.linker, brake, options, confirm, channel)

        _finish(voice, job, ledger, sending, yes=yes, dry_run=dry_run)


def need_a_yes(voice: Voice, given: bool) -> None:
    """Raises UsageError where nobody can be asked and nobody said yes beforehand."""
    if not given and not voice.person:
        raise UsageError(
            "This sends messages, and there is nobody at a terminal to ask",
            fix="Add --yes to go ahead, or --dry-run to see what would be done.",
        )


def known_only(only: list[str], job: Job) -> frozenset[str]:
    """The growers that `--only` names. Raises UsageError for one that the list does not have: a slip of the pen must
    not look like a run with nothing to do."""
    wanted = frozenset(only)
    if wanted:
        listed = {decision.grower.external_id for decision in job.examiner.decisions()}
        missing = sorted(wanted - listed)
        if missing:
            raise UsageError(
                f"The list has no good row with externalId {', '.join(missing)}", fix="Look at the id, and run check."
            )
    return wanted


def _finish(voice: Voice, job: Job, ledger: str, story: Story, *, yes: bool, dry_run: bool) -> None:
    from leafcast.cli.services import conduct, rehearse
    from leafcast.decide.summary import document, due_sentence, lines

    def confirm(due: Due) -> None:
        voice.note(f"About to send {due_sentence(due)}.")
        if not yes and not typer.confirm("Go ahead?", err=True):
            raise Interrupted("Nothing was sent.", fix="Run the same command again when you are ready.")

    if dry_run:
        due, counts = asyncio.run(rehearse(job, ledger, story))
        told: dict[str, Any] = {
            "dryRun": True,
            "due": {**due.messages, "links": due.links, "growers": due.growers, "held": due.held},
        }
        voice.document({**document(job.campaign.name, counts), **told})
        voice.result(f"Would send {due_sentence(due)}. Nothing was sent.")
        return
    report = asyncio.run(conduct(voice, job, ledger, story, confirm))
    voice.document(document(job.campaign.name, report.counts))
    voice.result("\n".join(lines(job.campaign.name, report.counts)))
    if report.stopped is not None:
        say(voice, report.stopped)
        voice.error(f"What was accepted stays so, the rest is planned. To continue: {_again()}")
    elif report.exit_code is ExitCode.INCOMPLETE:
        voice.note(_what_next(job.loaded.path, report))
    if report.exit_code is not ExitCode.DONE:
        raise typer.Exit(report.exit_code)


def _what_next(campaign: Path, report: RunReport) -> str:
    from leafcast.model import MessageState

    messages = report.counts.messages
    hints = [f"Who and why: leafcast export {campaign}"]
    if messages.get(MessageState.FAILED):
        hints.append(f"Failed ones again: leafcast retry {campaign}")
    if messages.get(MessageState.IN_DOUBT):
        hints.append("What is in doubt left, and no answer came; leafcast never sends such a message again by itself")
    return "\n".join(hints)


def _again() -> str:
    import shlex
    import sys

    return shlex.join(["leafcast", *sys.argv[1:]])
