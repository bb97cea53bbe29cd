"""Send what is planned: open the run, write the plan down, ask, send, and say where everything stands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from leafcast.decide.campaign import Campaign
from leafcast.decide.linking import Linker
from leafcast.errors import ExitCode, LeafcastError, LedgerStopped
from leafcast.model import (
    Channel,
    Counts,
    Due,
    Excluded,
    Invitation,
    MessageState,
    PlannedInvitation,
    Reopened,
    RunStarted,
    Scope,
    Verdict,
)
from leafcast.stories.brake import Brake
from leafcast.stories.invite import Inviter, Tally, World
from leafcast.stories.prepare import Examiner, Survey

Confirm = Callable[[Due], None]
"""Asks the person, once it is known what would be done; raises when the answer is no."""

PLAN_BATCH = 500
WORK_BATCH = 200
WORKERS = 64
"""Invitations under way at once, and so the most requests: what a kill can leave in doubt is bounded by this."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a person narrowed a command to."""

    limit: int | None = None
    only: frozenset[str] = frozenset()


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
    for batch in _batches(examiner.decisions(), PLAN_BATCH):
        ledger.plan(campaign.name, batch)
        await asyncio.sleep(0)
    await ledger.record(Excluded(campaign.name, _excluded(survey)))
    return await _finish(world, campaign, examiner.linker, brake, Scope.LISTED, options, confirm, started)


async def retry(
    world: World,
    campaign: Campaign,
    linker: Linker,
    brake: Brake,
    options: Options,
    confirm: Confirm,
    channel: Channel | None,
) -> RunReport:
    """Attempt again what ended failed, and nothing else."""
    started = world.ledger.begin(campaign.name, "retry")
    await world.ledger.record(Reopened(campaign.name, channel, options.only))
    return await _finish(world, campaign, linker, brake, Scope.REOPENED, options, confirm, started)


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
    asked_at = world.clock.now()
    due = world.ledger.due(campaign.name, scope=scope, now=asked_at, limit=options.limit, only=options.only)
    stranded = sum(count for channel, count in due.messages.items() if channel not in campaign.channels)
    if stranded:
        world.progress.notice(f"{stranded:,} planned before stay so: the campaign does not use their channel any more.")
        due = replace(due, messages={one: due.messages[one] for one in campaign.channels if one in due.messages})
    if due.messages:
        confirm(due)
    work = _work(world, campaign, brake, scope, options, asked_at)
    tally = await send(world, campaign, linker, brake, work, sum(due.messages.values()))
    return RunReport(world.reader.counts(campaign.name), due, tally, started.in_doubt, brake.reason)


async def send(
    world: World, campaign: Campaign, linker: Linker, brake: Brake, work: Iterable[Invitation], expected: int
) -> Tally:
    """Take all this work as far as it goes, and send no more than the expected messages. The reason of an early end is
    in the brake."""
    inviter = Inviter(campaign, linker, world, brake, expected)
    world.progress.planned(expected)
    await _all(work, inviter, brake)
    return inviter.tally


def _work(
    world: World, campaign: Campaign, brake: Brake, scope: Scope, options: Options, now: datetime
) -> Iterator[Invitation]:
    """What is to be done, in list order, fetched a little ahead so that memory does not grow with the list. `now` is
    when the person was asked: what was held then is not part of the answer, even if its time has come since."""
    position, left = 0, options.limit
    while not brake.pulled and left != 0:
        limit = WORK_BATCH if left is None else min(WORK_BATCH, left)
        try:
            batch = world.ledger.work(
                campaign.name, scope=scope, now=now, after=position, limit=limit, only=options.only
            )
        except LedgerStopped as error:
            brake.pull(error)
            return
        for position, invitation in batch:  # noqa: B007 - the last position is where the next fetch begins
            messages = tuple(message for message in invitation.messages if message.channel in campaign.channels)
            if messages:
                yield replace(invitation, messages=messages)
        if len(batch) < limit:
            return
        left = None if left is None else left - len(batch)


async def _all(work: Iterable[Invitation], inviter: Inviter, brake: Brake) -> None:
    queue: asyncio.Queue[Invitation | None] = asyncio.Queue(maxsize=WORKERS)

    async def worker() -> None:
        while (invitation := await queue.get()) is not None:
            if not brake.pulled:
                await inviter.invite(invitation)

    async with asyncio.TaskGroup() as group:
        for _ in range(WORKERS):
            group.create_task(worker())
        for invitation in work:
            await queue.put(invitation)
        for _ in range(WORKERS):
            await queue.put(None)


def _excluded(survey: Survey) -> tuple[tuple[int, str], ...]:
    return tuple(
        (rejected.row.number, "; ".join(problem.what for problem in rejected.problems)) for rejected in survey.rejected
    )


def _batches(items: Iterable[PlannedInvitation], size: int) -> Iterator[list[PlannedInvitation]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
