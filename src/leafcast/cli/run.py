"""`leafcast run` and `leafcast retry`: from options to a story, and from its report to words and an exit code."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leafcast.cli.calling import command
from leafcast.cli.failing import say, speaking
from leafcast.cli.known import Known
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
from leafcast.cli.printing import Voice, error_document
from leafcast.edge import eventloop
from leafcast.errors import ExitCode, Interrupted, UsageError
from leafcast.model import Channel

if TYPE_CHECKING:
    from leafcast.cli.job import Job
    from leafcast.cli.services import Story
    from leafcast.edge.campaignfile import LoadedCampaign
    from leafcast.model import Due
    from leafcast.stories.brake import Brake
    from leafcast.stories.prepare import Survey
    from leafcast.stories.run import Confirm, Options, RunReport
    from leafcast.stories.world import World

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
OnlyChannel = Annotated[Channel | None, typer.Option("--channel", help="Only the messages of this channel.")]


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
        from leafcast.cli.job import examined
        from leafcast.stories.run import Options
        from leafcast.stories.run import run as story

        where = ledger_url(ledger)
        if wait and allow_only:
            raise UsageError("--wait and --allow-only do not go together", fix="Leave one of them out.")
        if plan and (wait or limit or only or allow_only or test_to):
            raise UsageError("A plan is done as a whole", fix="Leave the other options out, or run without --plan.")
        known = Known(where, only or [], skip_invalid=skip_invalid)
        early = not (wait or dry_run or test_to or plan)
        job = ready(voice, campaign, where, yes=yes, dry_run=dry_run, proven=known.look if early else None)
        if test_to:
            from leafcast.cli.trying import send_tests

            send_tests(voice, job, where, test_to, only or [], yes=yes, dry_run=dry_run)
            return
        limits, still_holds = _limits(allow_only, job), _planned(plan, job, where)
        skip_invalid = skip_invalid or still_holds()
        if plan and not dry_run:
            known = Known(where, [], skip_invalid=skip_invalid)
            known.look(job.loaded)
        if known.holds:
            voice.note("List, campaign and templates are as they were when all was planned: it goes on at once.")
            narrowed = Options(limit, frozenset(only or []), known.fingerprint)
            _go_on(voice, job, where, limits, narrowed, still_holds, yes=yes)
            return

        survey = examined(voice, job, skip_invalid=skip_invalid)
        options = Options(limit, _listed(only or [], survey), known.fingerprint, lambda: known.unchanged(job.loaded))
        if wait and not dry_run:
            from leafcast.cli.waiting import run_and_wait

            tell(
                voice, job, where, run_and_wait(voice, job, where, survey, options, yes=yes, skip_invalid=skip_invalid)
            )
            return

        async def sending(world: World, brake: Brake, confirm: Confirm) -> RunReport:
            still_holds()  # once more, now that nobody else can change the ledger
            return await story(limits(world), job.examiner, survey, brake, options, confirm)

        _do(voice, job, where, sending, limit, yes=yes, dry_run=dry_run)


def retry(
    campaign: CampaignFile,
    channel: OnlyChannel = None,
    ledger: LedgerUrl = None,
    yes: Yes = False,
    limit: Limit = None,
    only: Only = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Attempt again the messages and links that ended failed.

    Never what was refused, is in doubt or was accepted; what is planned is for `run`. The list counts as it is now: who
    left it is not written to, and a new address is the one that is tried.
    """
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice):
        from leafcast.cli.reinvite import known_growers
        from leafcast.stories.run import Options
        from leafcast.stories.run import retry as story

        where = ledger_url(ledger)
        job = ready(voice, campaign, where, yes=yes, dry_run=dry_run)
        options = Options(limit, known_growers(only or [], where, job.campaign.name))

        async def sending(world: World, brake: Brake, confirm: Confirm) -> RunReport:
            world.reader.counts(job.campaign.name)  # it must know the campaign: what never ran cannot have failed
            return await story(world, job.examiner, brake, options, confirm, channel)

        _do(voice, job, where, sending, limit, yes=yes, dry_run=dry_run)


# ------------------------------------------------------------------------------------------------------------- before


def ready(
    voice: Voice,
    campaign: Path,
    ledger: str,
    *,
    yes: bool,
    dry_run: bool,
    proven: Callable[[LoadedCampaign], bool] | None = None,
) -> Job:
    """The campaign, once it is sure that nothing around it stands in the way: somebody to ask, the credentials, and
    no other run; `proven` is for `open_job`. Raises UsageError, CampaignError, CampaignHeld."""
    from leafcast.cli.job import open_job
    from leafcast.cli.services import read_settings
    from leafcast.edge.ledger import check_free

    if not (yes or dry_run or voice.person):
        raise UsageError(
            "This sends messages, and there is nobody at a terminal to ask",
            fix="Add --yes to go ahead, or --dry-run to see what would be done.",
        )
    job = open_job(campaign, proven=proven)
    if not dry_run:
        read_settings(job.campaign)
        check_free(ledger)
    return job


def _listed(only: list[str], survey: Survey) -> frozenset[str]:
    """The growers that `--only` names. Raises UsageError for one that the list does not have: a slip of the pen must
    not look like a run with nothing to do."""
    missing = survey.missing(only)
    if missing:
        raise UsageError(
            f"The list has no good row with externalId {', '.join(missing)}", fix="Look at the id, and run check."
        )
    return frozenset(only)


def _planned(plan: Path | None, job: Job, ledger: str) -> Callable[[], bool]:
    """Looks whether a saved plan still holds, and tells whether it leaves invalid rows out. Raises UsageError where it
    does not hold."""
    if plan is None:
        return lambda: False
    from leafcast.cli.plan import planned

    return lambda: planned(plan, job, ledger)


def _limits(allow_only: Path | None, job: Job) -> Callable[[World], World]:
    """What `--allow-only` makes of a world. Raises UsageError, ListError for a file that is not all addresses."""
    if allow_only is None:
        return lambda world: world
    from leafcast.cli.suppress import addresses_of
    from leafcast.stories.allowing import allowing

    allowed = addresses_of(allow_only, job.campaign.list.region)
    return lambda world: allowing(world, allowed)


def _go_on(
    voice: Voice,
    job: Job,
    ledger: str,
    limits: Callable[[World], World],
    options: Options,
    still_holds: Callable[[], bool],
    *,
    yes: bool,
) -> None:
    from leafcast.stories.run import go_on

    async def sending(world: World, brake: Brake, confirm: Confirm) -> RunReport:
        still_holds()  # once more, now that nobody else can change the ledger
        return await go_on(limits(world), job.campaign, job.examiner.linker, brake, options, confirm)

    _do(voice, job, ledger, sending, options.limit, yes=yes, dry_run=False)


# -------------------------------------------------------------------------------------------------------------- doing


def _do(
    voice: Voice, job: Job, ledger: str, story: Story[RunReport], limit: int | None, *, yes: bool, dry_run: bool
) -> None:
    from leafcast.cli.services import conduct, rehearse
    from leafcast.decide.summary import due_sentence

    if dry_run:
        _tell_rehearsal(voice, job, ledger, asyncio.run(rehearse(ledger, story)))
        return

    def confirm(due: Due) -> None:
        voice.note(f"About to send {due_sentence(due)}.")
        if not yes and not voice.ask("Go ahead?"):
            raise Interrupted("Nothing was sent.", fix="Run the same command again when you are ready.")

    report = eventloop.run(conduct(voice, job, ledger, story, confirm))
    tell(voice, job, ledger, report)
    if limit is not None and report.due.growers >= limit:
        voice.note(f"--limit {limit} held it to these. The same command without --limit goes on with the others.")


# -------------------------------------------------------------------------------------------------------------- after


def _tell_rehearsal(voice: Voice, job: Job, ledger: str, due: Due) -> None:
    from leafcast.cli.services import counts_now
    from leafcast.decide.summary import document, due_sentence

    planned = {channel.value: count for channel, count in due.messages.items()}
    planned |= {"links": due.links, "growers": due.growers, "held": due.held}
    name = job.campaign.name
    voice.document({**document(name, counts_now(ledger, name)), "dryRun": True, "due": planned})
    voice.result(f"Would send {due_sentence(due)}. Nothing was sent.")


def tell(
    voice: Voice, job: Job, ledger: str, report: RunReport, more: Mapping[str, Any] | None = None, *, quiet: str = ""
) -> None:
    """Where the campaign stands, why it stopped if it did, and what to type next. Ends the command with its code.
    `more` joins the JSON; `quiet` is the one line of a command that had nothing to do."""
    from leafcast.decide.listchanges import change_document
    from leafcast.decide.summary import document, lines

    name, stopped = job.campaign.name, report.stopped
    if not report.due.messages and not report.due.links and not quiet:
        voice.note("Nothing was left to send.")
    if report.new_doubts:
        lost = "1 message" if report.new_doubts == 1 else f"{report.new_doubts:,} messages"
        voice.note(f"An earlier run was cut off in the middle of {lost}: in doubt now.")
    told = {**document(name, report.counts), "list": change_document(report.changes), **(more or {})}
    voice.document({**told, **(error_document(stopped) if stopped else {})})
    voice.result(quiet or "\n".join(lines(name, report.counts)))
    if stopped is not None:
        say(voice, stopped)
        voice.error(f"What was accepted stays so. To continue: {_again()}")
    elif report.again_at is not None:
        voice.note(
            f"Some are held; the first may go at {report.again_at:%Y-%m-%dT%H:%M:%SZ}. Come back then: {_again()}"
        )
    if report.exit_code in (ExitCode.INCOMPLETE, ExitCode.STOPPED):
        for hint in _hints(job.loaded.path, ledger, report):
            voice.note(hint)
    if report.exit_code is not ExitCode.DONE:
        raise typer.Exit(report.exit_code)


def _hints(campaign: Path, ledger: str, report: RunReport) -> list[str]:
    from leafcast.model import MessageState

    messages = report.counts.messages
    behind = shlex.join(
        [str(campaign), *(["--ledger", ledger] if ledger != ledger_url(os.environ.get("LEAFCAST_LEDGER")) else [])]
    )
    hints = [f"Who and why: {command()} export {behind}"]
    if messages[MessageState.FAILED]:
        hints.append(f"Failed ones again: {command()} retry {behind}")
    if messages[MessageState.IN_DOUBT]:
        hints.append(f"In doubt, because no answer came; what became of them: {command()} sync {behind}")
    return hints


def _again() -> str:
    """The command as it was typed, to be typed again."""
    return f"{command()} {shlex.join(sys.argv[1:])}"
