"""`leafcast reinvite`: another round for growers who are due, for people and for schedulers."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

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
from leafcast.edge import eventloop
from leafcast.errors import Interrupted, UsageError

if TYPE_CHECKING:
    from leafcast.cli.job import Job
    from leafcast.decide.rounddecisions import Decision
    from leafcast.decide.slots import Slot
    from leafcast.model import Due
    from leafcast.stories.brake import Brake
    from leafcast.stories.reinvite import ReinviteReport, Show
    from leafcast.stories.run import Confirm, Options
    from leafcast.stories.world import World

SlotOption = Annotated[
    str | None,
    typer.Option(
        "--slot",
        metavar="SLOT",
        help="The fixed day or time that this round is for, such as 2026-12-01: started twice, it is one round. "
        "Left out, it is today.",
    ),
]
Grace = Annotated[
    str, typer.Option("--grace", metavar="SPAN", help="How long after its begin a missed slot is still made up for.")
]


def reinvite(
    campaign: CampaignFile,
    slot: SlotOption = None,
    grace: Grace = "24h",
    ledger: LedgerUrl = None,
    yes: Yes = False,
    limit: Limit = None,
    only: Only = None,
    dry_run: DryRun = False,
    skip_invalid: SkipInvalid = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write again to growers whose link is dead and who are not connected, within the bounds of `reinvite:`.

    It asks Leaf itself who is connected. --dry-run says of every grower what is decided and why.
    """
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice):
        from leafcast.cli.job import examined
        from leafcast.cli.sending import ready
        from leafcast.stories.run import Options

        chosen, where = _slot(slot), ledger_url(ledger)
        job = ready(voice, campaign, where, yes=yes, dry_run=dry_run)
        _must_be_known(where, job.campaign.name)
        if _missed(voice, job, where, chosen, grace):
            return
        survey = examined(voice, job, skip_invalid=skip_invalid, keep=False)
        options = Options(limit, known_growers(only or [], where, job.campaign.name))
        if job.campaign.reinvite.max_rounds == 0:
            raise UsageError("The campaign allows no re-invitations", fix="Set reinvite.maxRounds above 0.")
        del survey
        if dry_run:
            _tell_rehearsal(voice, job, where, chosen, asyncio.run(_rehearsed(job, where, options, chosen)))
        else:
            _do(voice, job, where, options, chosen, yes=yes)


# ------------------------------------------------------------------------------------------------------------- before


def _slot(given: str | None) -> Slot:
    from leafcast.decide.slots import parse_slot, slot_of
    from leafcast.edge.system import SystemClock

    now = SystemClock().now()
    here = now.astimezone().tzinfo or now.tzinfo
    assert here is not None  # noqa: S101 - for the type checker only
    if given is None:
        return slot_of(now.astimezone(here).date(), here)
    slot = parse_slot(given, here)
    if slot is None:
        raise UsageError(f"{given!r} is not a slot", fix="Write a day or a time: 2026-12-01, 2026-12-01T09:00Z.")
    if slot.early(now):
        raise UsageError(f"The slot {slot.key} has not come yet", fix="Start it then; a slot is never made early.")
    return slot


def _missed(voice: Voice, job: Job, where: str, slot: Slot, grace: str) -> bool:
    """Whether the slot is over for good; then that is said, and it is all that happens."""
    from leafcast.cli.services import counts_now
    from leafcast.decide.durations import parse_duration
    from leafcast.decide.summary import document
    from leafcast.edge.system import SystemClock

    seconds = parse_duration(grace)
    if seconds is None:
        raise UsageError(f"--grace {grace!r} is not a span of time", fix="Write 12h, 1d or seconds.")
    if not slot.missed(SystemClock().now(), seconds):
        return False
    name = job.campaign.name
    voice.document({**document(name, counts_now(where, name)), "slot": slot.key, "missed": True, "decisions": []})
    voice.result(f"The slot {slot.key} was missed by more than {grace}, so it is skipped. Nothing was sent.")
    return True


def _must_be_known(where: str, name: str) -> None:
    """Raises UsageError for a campaign that the ledger does not have: its first invitations are sent by `run`."""
    from leafcast.cli.status import campaign_name
    from leafcast.edge.ledger import open_reader

    with open_reader(where) as reader:
        campaign_name(name, reader.campaigns())


def known_growers(only: list[str], where: str, name: str) -> frozenset[str]:
    """The growers that `--only` names. Raises UsageError for one that the ledger does not have: a slip of the pen must
    not look like nothing to do."""
    from leafcast.edge.ledger import open_reader

    if only:
        with open_reader(where) as reader:
            missing = sorted(set(only) - {one.external_id for one in reader.standings(name)})
        if missing:
            raise UsageError(f"The ledger has no grower {', '.join(missing)} in this campaign", fix="Look at the id.")
    return frozenset(only)


# -------------------------------------------------------------------------------------------------------------- doing


async def _story(
    world: World, leaf: Any, ledger: Any, job: Job, options: Options, slot: Slot, brake: Brake, show: Show, ask: Confirm
) -> ReinviteReport:
    from leafcast.stories.following import Watch
    from leafcast.stories.reinvite import Stand, reinvite

    stand = Stand(ledger, Watch(ledger, ledger, leaf, world.clock), leaf)
    return await reinvite(world, stand, job.examiner, brake, options, slot.key, show, ask)


async def _rehearsed(job: Job, where: str, options: Options, slot: Slot) -> list[Decision]:
    """The same story on a copy of the ledger: Leaf is only asked, and it ends before anything is made or sent."""
    from leafcast.cli.progress import SilentProgress
    from leafcast.cli.services import clients, read_settings
    from leafcast.edge.ledger import copy_ledger, open_ledger
    from leafcast.edge.system import SystemClock, new_id
    from leafcast.stories.brake import Brake
    from leafcast.stories.world import World

    clock = SystemClock()
    shown: list[Decision] = []

    class Enough(Exception):
        """Every decision is known."""

    def stop(_due: Due) -> None:
        raise Enough

    with tempfile.TemporaryDirectory(prefix="leafcast-") as folder:
        copy = f"sqlite:///{folder}/rehearsal.db"
        copy_ledger(where, copy)
        async with clients(job.campaign, read_settings(job.campaign), clock) as made:
            with open_ledger(copy, clock, new_id) as ledger:
                world = World(ledger, ledger, made.leaf, {}, made.retrier, clock, new_id, SilentProgress())
                with suppress(Enough):
                    await _story(world, made.leaf, ledger, job, options, slot, Brake(), shown.extend, stop)
    return shown


def _do(voice: Voice, job: Job, where: str, options: Options, slot: Slot, *, yes: bool) -> None:
    from leafcast.cli.ending import tell
    from leafcast.cli.services import conduct
    from leafcast.decide.rounddecisions import decision_document, decision_line, decisions_sentence
    from leafcast.decide.summary import due_sentence
    from leafcast.edge.leaf import LeafClient
    from leafcast.edge.ledger import SqliteLedger

    decisions: list[Decision] = []

    def show(found: Sequence[Decision]) -> None:
        decisions.extend(found)
        for one in found:
            voice.detail(decision_line(one))
        if any(one.due for one in found):
            voice.note(decisions_sentence(found))

    def confirm(due: Due) -> None:
        voice.note(f"About to send {due_sentence(due)}.")
        if not yes and not voice.ask("Go ahead?"):
            raise Interrupted("Nothing was sent.", fix="Run the same command again when you are ready.")

    async def sending(world: World, brake: Brake, ask: Confirm) -> ReinviteReport:
        assert isinstance(world.leaf, LeafClient)  # noqa: S101 - as `conduct` wires it
        assert isinstance(world.ledger, SqliteLedger)  # noqa: S101 - as `conduct` wires it
        return await _story(world, world.leaf, world.ledger, job, options, slot, brake, show, ask)

    report = eventloop.run(conduct(voice, job, where, sending, confirm))
    more = {"slot": slot.key, "decisions": [decision_document(one) for one in decisions]}
    if not any(one.due for one in decisions):
        quiet = f"Nothing to do for slot {slot.key}: {decisions_sentence(decisions)}"
        tell(voice, job, where, report, more, quiet=quiet)
    else:
        tell(voice, job, where, report, more)


# -------------------------------------------------------------------------------------------------------------- after


def _tell_rehearsal(voice: Voice, job: Job, where: str, slot: Slot, decisions: Sequence[Decision]) -> None:
    from leafcast.cli.services import counts_now
    from leafcast.decide.rounddecisions import decision_document, decision_line, decisions_sentence
    from leafcast.decide.summary import document

    name = job.campaign.name
    told = {"dryRun": True, "slot": slot.key, "decisions": [decision_document(one) for one in decisions]}
    voice.document({**document(name, counts_now(where, name)), **told})
    voice.table([decision_line(one) for one in decisions])
    voice.result(f"{decisions_sentence(decisions)} Nothing was sent.")
