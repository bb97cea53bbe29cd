"""The ways of running: tests to oneself, going on at once, waiting, sending; `answer` takes the one that fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leafcast.cli.ending import tell
from leafcast.cli.known import Known
from leafcast.cli.sending import ready, send
from leafcast.errors import UsageError

if TYPE_CHECKING:
    from leafcast.cli.job import Job
    from leafcast.cli.printing import Voice
    from leafcast.stories.brake import Brake
    from leafcast.stories.prepare import Survey
    from leafcast.stories.run import Confirm, Options, RunReport
    from leafcast.stories.world import World


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked of a run."""

    campaign: Path
    ledger: str
    yes: bool = False
    dry_run: bool = False
    limit: int | None = None
    only: tuple[str, ...] = ()
    skip_invalid: bool = False
    wait: bool = False
    test_to: tuple[str, ...] = ()
    allow_only: Path | None = None
    plan: Path | None = None

    def check(self) -> None:
        """Raises UsageError for wishes that contradict each other."""
        if self.wait and self.allow_only:
            raise UsageError("--wait and --allow-only do not go together", fix="Leave one of them out.")
        if self.plan and (self.wait or self.limit or self.only or self.allow_only or self.test_to):
            raise UsageError("A plan is done as a whole", fix="Leave the other options out, or run without --plan.")

    @property
    def may_go_on(self) -> bool:
        """Whether nothing but sending is wished for, so that what was examined before need not be read again."""
        return not (self.wait or self.dry_run or self.test_to or self.plan)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What holds a run within what was wished for, beside its options."""

    narrowed: Callable[[World], World] = lambda world: world
    """What `--allow-only` makes of a world."""
    still_holds: Callable[[], bool] = lambda: False
    """Looks whether the saved plan of `--plan` still holds, and tells whether it leaves invalid rows out. Raises
    UsageError where it does not hold."""


def answer(request: Request, voice: Voice) -> None:
    """Run, in the way that fits. Ends the command with its code; raises what `speaking` puts into words."""
    request.check()
    known = Known(request.ledger, list(request.only), skip_invalid=request.skip_invalid)
    proven = known.look if request.may_go_on else None
    job = ready(voice, request.campaign, request.ledger, yes=request.yes, dry_run=request.dry_run, proven=proven)
    if request.test_to:
        _try_out(request, voice, job)
        return
    bounds = Bounds(_narrowed(request, job), _plan_of(request, job))
    skip_invalid = request.skip_invalid or bounds.still_holds()
    if request.plan and not request.dry_run:
        known = Known(request.ledger, [], skip_invalid=skip_invalid)
        known.look(job.loaded)
    if known.holds:
        _go_on(request, voice, job, bounds, known)
    else:
        _from_the_list(request, voice, job, bounds, known, skip_invalid=skip_invalid)


# ------------------------------------------------------------------------------------------------------------- the ways


def _try_out(request: Request, voice: Voice, job: Job) -> None:
    """Send tests to oneself."""
    from leafcast.cli.trying import send_tests

    send_tests(voice, job, request.ledger, request.test_to, request.only, yes=request.yes, dry_run=request.dry_run)


def _go_on(request: Request, voice: Voice, job: Job, bounds: Bounds, known: Known) -> None:
    """Send what is left of a list that was examined before, to the last byte."""
    from leafcast.stories.run import Options, go_on

    voice.note("List, campaign and templates are as they were when all was planned: it goes on at once.")
    options = Options(request.limit, frozenset(request.only), known.fingerprint)

    async def sending(world: World, brake: Brake, confirm: Confirm) -> RunReport:
        bounds.still_holds()  # once more, now that nobody else can change the ledger
        return await go_on(bounds.narrowed(world), job.campaign, job.examiner.linker, brake, options, confirm)

    send(voice, job, request.ledger, sending, request.limit, yes=request.yes, dry_run=False)


def _from_the_list(
    request: Request, voice: Voice, job: Job, bounds: Bounds, known: Known, *, skip_invalid: bool
) -> None:
    """Examine the whole list, then send, now or over hours."""
    from leafcast.cli.job import examined
    from leafcast.stories.run import Options

    survey = examined(voice, job, skip_invalid=skip_invalid)
    only = _listed(request, survey)
    options = Options(request.limit, only, known.fingerprint, lambda: known.unchanged(job.loaded))
    if request.wait and not request.dry_run:
        _wait(request, voice, job, survey, options)
    else:
        _send(request, voice, job, bounds, survey, options)


def _wait(request: Request, voice: Voice, job: Job, survey: Survey, options: Options) -> None:
    """Send until nothing is held any more."""
    from leafcast.cli.waiting import run_and_wait

    yes, skip_invalid = request.yes, request.skip_invalid
    report = run_and_wait(voice, job, request.ledger, survey, options, yes=yes, skip_invalid=skip_invalid)
    tell(voice, job, request.ledger, report)


def _send(request: Request, voice: Voice, job: Job, bounds: Bounds, survey: Survey, options: Options) -> None:
    """Send what may go now, or say what that would be."""
    from leafcast.stories.run import run

    async def sending(world: World, brake: Brake, confirm: Confirm) -> RunReport:
        bounds.still_holds()  # once more, now that nobody else can change the ledger
        return await run(bounds.narrowed(world), job.examiner, survey, brake, options, confirm)

    send(voice, job, request.ledger, sending, request.limit, yes=request.yes, dry_run=request.dry_run)


# ----------------------------------------------------------------------------------------------------------- the bounds


def _listed(request: Request, survey: Survey) -> frozenset[str]:
    """The growers that `--only` names. Raises UsageError for one that the list does not have: a slip of the pen must
    not look like a run with nothing to do."""
    missing = survey.missing(list(request.only))
    if missing:
        raise UsageError(
            f"The list has no good row with externalId {', '.join(missing)}", fix="Look at the id, and run check."
        )
    return frozenset(request.only)


def _plan_of(request: Request, job: Job) -> Callable[[], bool]:
    if request.plan is None:
        return lambda: False
    from leafcast.cli.plan import planned

    plan = request.plan
    return lambda: planned(plan, job, request.ledger)


def _narrowed(request: Request, job: Job) -> Callable[[World], World]:
    """Raises UsageError, ListError for a file of `--allow-only` that is not all addresses."""
    if request.allow_only is None:
        return lambda world: world
    from leafcast.cli.suppress import addresses_of
    from leafcast.stories.allowing import allowing

    allowed = addresses_of(request.allow_only, job.campaign.list.region)
    return lambda world: allowing(world, allowed)
