"""Send what is planned: open the run, write the plan down, ask, send, and say where everything stands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from leafcast.decide.campaign import Campaign
from leafcast.decide.linking import Linker
from leafcast.decide.listchanges import change_sentences, connected_sentences, unfit_sentences
from leafcast.decide.suppressed import SuppressedAddresses
from leafcast.errors import ExitCode, LeafcastError, RunStopped
from leafcast.model import (
    Channel,
    Counts,
    Due,
    Examined,
    Excluded,
    ListChanges,
    MessageState,
    PlanCounts,
    PlannedInvitation,
    RunStarted,
    Scope,
    Verdict,
)
from leafcast.ports import Ledger
from leafcast.stories.brake import Brake
from leafcast.stories.feed import Work
from leafcast.stories.lanes import send_all
from leafcast.stories.linking import Linkless, make_links
from leafcast.stories.prepare import Examiner, Survey
from leafcast.stories.reopening import reopen
from leafcast.stories.world import Tally, World

Confirm = Callable[[Due], None]
"""Asks the person, once it is known what would be done; raises when the answer is no."""

RECALLED = "This campaign was recalled, so it invites nobody again. To write to people again, give it a new name."
PLAN_BATCH = 2_000
PLAN_LETTERS = 4_000_000
"""So much text ends a batch early: with very long rows it would fill the memory, and SQLite takes 1 GB at once."""
NOBODY = frozenset({""})
"""Names no grower: none is without an externalId."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a person narrowed a command to."""

    limit: int | None = None
    only: frozenset[str] = frozenset()
    fingerprint: str = ""
    """Stands for everything that the plan of a run is made from; '' where nothing can."""
    unchanged: Callable[[], bool] = lambda: True
    """Whether it still does: somebody may save the list while it is being read."""


@dataclass(frozen=True, slots=True)
class RunReport:
    """How a run ended."""

    counts: Counts
    due: Due
    """What the person was asked to confirm."""
    tally: Tally
    new_doubts: int
    """Messages that an earlier run had left while sending, found at this start."""
    stopped: LeafcastError | None
    again_at: datetime | None = None
    """When the first of the messages may go that this command would have sent but for a time that holds them."""
    changes: ListChanges = field(default_factory=ListChanges)
    """What the list changed."""

    @property
    def exit_code(self) -> ExitCode:
        """Stopped beats incomplete beats done."""
        if self.stopped is not None:
            return self.stopped.exit_code
        ended = self.tally.ended
        trouble = ended[Verdict.FAILED] + ended[Verdict.REFUSED] + ended[Verdict.IN_DOUBT]
        old_doubts = self.counts.messages.get(MessageState.IN_DOUBT, 0)
        return ExitCode.INCOMPLETE if trouble or old_doubts else ExitCode.DONE


async def run(
    world: World, examiner: Examiner, survey: Survey, brake: Brake, options: Options, confirm: Confirm
) -> RunReport:
    """Do what is left of a campaign: write the plan down, ask, send.

    Raises what `Ledger` raises when it cannot be written, and whatever `confirm` raises for a no.
    """
    campaign, ledger = examiner.campaign, world.ledger
    started = ledger.begin(campaign.name, "run")
    if (counts := world.reader.counts(campaign.name)).recalled_at is not None:
        world.progress.notice(RECALLED)
        return RunReport(counts, Due(0, {}, 0), Tally(), started.in_doubt, None)
    examiner = replace(examiner, suppressed=SuppressedAddresses(world.reader.suppressions()))
    changes = await write_plan(ledger, examiner, survey)
    await ledger.record(Excluded(campaign.name, _excluded(survey)))
    if options.fingerprint and options.unchanged():
        await ledger.record(Examined(campaign.name, options.fingerprint))
    for sentence in change_sentences(changes, first=changes.added == survey.growers):
        world.progress.notice(sentence)
    _leave_out_connected(world, campaign.name)
    report = await _finish(world, campaign, examiner.linker, brake, Scope.LISTED, options, confirm, started)
    return replace(report, changes=changes)


async def go_on(
    world: World, campaign: Campaign, linker: Linker, brake: Brake, options: Options, confirm: Confirm
) -> RunReport:
    """Do what is left of a campaign whose list, words and rules are as they were when all of it was planned: nothing is
    examined or planned again. Raises RunStopped where that came to be untrue since it was looked for."""
    started = world.ledger.begin(campaign.name, "run")
    if (counts := world.reader.counts(campaign.name)).recalled_at is not None:
        world.progress.notice(RECALLED)
        return RunReport(counts, Due(0, {}, 0), Tally(), started.in_doubt, None)
    if not world.ledger.go_on(campaign.name, options.fingerprint, options.only):
        raise RunStopped("The ledger has changed in this moment", fix="Run the same command again.")
    _leave_out_connected(world, campaign.name)
    return await _finish(world, campaign, linker, brake, Scope.LISTED, options, confirm, started)


async def write_plan(ledger: Ledger, examiner: Examiner, survey: Survey) -> ListChanges:
    """Write down what was decided for every good row of the survey; say what the list changed."""
    name, changes = examiner.campaign.name, ListChanges()
    before: Callable[[], PlanCounts] = PlanCounts
    for batch in in_batches(examiner.decisions(survey)):
        ahead = ledger.plan_ahead(name, batch)
        changes, before = changes.with_more(before()), ahead
        await asyncio.sleep(0)
    changes = changes.with_more(before())
    return replace(changes, vanished=tuple(ledger.unlisted(name)))


async def retry(
    world: World, examiner: Examiner, brake: Brake, options: Options, confirm: Confirm, channel: Channel | None
) -> RunReport:
    """Attempt again what ended failed, and nothing else, by the list as it is now: whoever left it is not written to,
    whoever took a consent back neither, and a new address is the one that counts."""
    campaign = examiner.campaign
    started = world.ledger.begin(campaign.name, "retry")
    again = await reopen(world, examiner, channel, options.only)
    for sentence in (*change_sentences(again.changes, first=False), *unfit_sentences(again.unfit)):
        world.progress.notice(sentence)
    if not campaign.channels:
        options = replace(options, only=again.growers or NOBODY)
    report = await _finish(world, campaign, examiner.linker, brake, Scope.REOPENED, options, confirm, started)
    return replace(report, changes=again.changes)


async def _finish(
    world: World,
    campaign: Campaign,
    linker: Linker,
    brake: Brake,
    scope: Scope,
    options: Options,
    confirm: Confirm,
    started: RunStarted,
) -> RunReport:
    if not campaign.channels:
        return await _only_links(world, campaign, linker, brake, scope, options, confirm, started)
    ledger, asked_at = world.ledger, world.clock.now()
    due = ledger.due(campaign.name, scope=scope, now=asked_at, limit=options.limit, only=options.only)
    stranded = sum(count for channel, count in due.messages.items() if channel not in campaign.channels)
    if stranded:
        world.progress.notice(f"{stranded:,} planned before stay so: the campaign does not use their channel any more.")
        due = replace(due, messages={one: due.messages[one] for one in campaign.channels if one in due.messages})
    if due.messages:
        confirm(due)
    expected = sum(due.messages.values())
    world.progress.planned(expected)
    work = Work(ledger, campaign.name, scope, asked_at, options.only, options.limit)
    tally = await send_all(world, campaign, linker, brake, work, expected)
    again_at = None if brake.pulled else _again_at(ledger, campaign, scope, options, world.clock.now())
    return RunReport(world.reader.counts(campaign.name), due, tally, started.in_doubt, brake.reason, again_at)


async def _only_links(
    world: World,
    campaign: Campaign,
    linker: Linker,
    brake: Brake,
    scope: Scope,
    options: Options,
    confirm: Confirm,
    started: RunStarted,
) -> RunReport:
    """`channels: []`: make the links that are missing, and send nothing."""
    again = scope is Scope.REOPENED
    work = Linkless(world.ledger, campaign.name, again=again, only=options.only, limit=options.limit)
    due = work.due()
    if due.links:
        confirm(due)
    tally = await make_links(world, campaign, linker, brake, work, due.links)
    return RunReport(world.reader.counts(campaign.name), due, tally, started.in_doubt, brake.reason)


def _leave_out_connected(world: World, campaign: str) -> None:
    """Who connected since the link was made, as an earlier `sync` saw, needs no message any more."""
    for sentence in connected_sentences(world.ledger.leave_out_connected(campaign)):
        world.progress.notice(sentence)


def _again_at(ledger: Ledger, campaign: Campaign, scope: Scope, options: Options, now: datetime) -> datetime | None:
    """When there will be something to do again; at once, for what came free since the person was asked."""
    left = ledger.due(campaign.name, scope=scope, now=now, only=options.only)
    freed = any(left.messages.get(channel) for channel in campaign.channels)
    return now if freed and options.limit is None else left.held_until


def _excluded(survey: Survey) -> tuple[tuple[int, str], ...]:
    return tuple(
        (rejected.row.number, "; ".join(problem.what for problem in rejected.problems)) for rejected in survey.rejected
    )


def in_batches(decisions: Iterable[PlannedInvitation]) -> Iterator[list[PlannedInvitation]]:
    """The decisions as they are handed to the ledger: in order, and never too much text at once."""
    batch: list[PlannedInvitation] = []
    letters = 0
    for decision in decisions:
        batch.append(decision)
        letters += sum(map(len, decision.grower.cells.values()))
        if len(batch) == PLAN_BATCH or letters >= PLAN_LETTERS:
            yield batch
            batch, letters = [], 0
    if batch:
        yield batch
