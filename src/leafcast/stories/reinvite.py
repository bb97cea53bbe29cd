"""Another round for growers who are due: ask Leaf, decide, show, ask, make room for links, send."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import islice

from leafcast.decide.reinviting import Reinviter
from leafcast.decide.rounddecisions import Contacts, Decision, Facts, LinkPlan
from leafcast.decide.suppressed import SuppressedAddresses
from leafcast.errors import ExitCode, LeafcastError, ListError, RunStopped
from leafcast.model import (
    Due,
    Followed,
    HeldLink,
    LinkCarried,
    LinkRevoked,
    Outcome,
    Problem,
    Revoked,
    Scope,
    Severity,
    SkipReason,
    Standing,
    Verdict,
)
from leafcast.ports import LinkKeeper, RoundLedger
from leafcast.stories.brake import Brake
from leafcast.stories.feed import Work
from leafcast.stories.following import Watch, look_at_leaf
from leafcast.stories.lanes import send_all
from leafcast.stories.prepare import Examiner, Sound
from leafcast.stories.run import PLAN_BATCH, RECALLED, Options, RunReport
from leafcast.stories.world import Tally, World

AT_ONCE = 8
"""Links revoked at once; Leaf's pace holds all the same."""
AGAIN = "Run the same command again to continue."

Show = Callable[[Sequence[Decision]], None]
"""Shows every decision before anything is done."""
Confirm = Callable[[Due], None]


@dataclass(frozen=True, slots=True)
class Stand:
    """What a re-invitation touches beside what a run does."""

    rounds: RoundLedger
    watch: Watch
    keeper: LinkKeeper


@dataclass(frozen=True, slots=True)
class ReinviteReport(RunReport):
    """How a re-invitation ended, and what was decided about every grower."""

    decisions: tuple[Decision, ...] = ()
    kept: tuple[str, ...] = ()
    """Growers whose old link Leaf would not revoke, so that they got no new one."""

    @property
    def exit_code(self) -> ExitCode:
        """Stopped beats incomplete beats done."""
        code = RunReport.exit_code.__get__(self)
        return ExitCode.INCOMPLETE if self.kept and code is ExitCode.DONE else code


async def reinvite(
    world: World,
    stand: Stand,
    examiner: Examiner,
    brake: Brake,
    options: Options,
    slot: str,
    show: Show,
    confirm: Confirm,
) -> ReinviteReport:
    """Write again to whoever is due for this slot; run again, it continues the slot and does nothing twice.

    Raises what `Ledger` raises when it cannot be written, ListError for words that cannot be written for a grower,
    RunStopped when Leaf does not say who is connected, and whatever `confirm` raises for a no.
    """
    name = examiner.campaign.name
    examiner = replace(examiner, suppressed=SuppressedAddresses(world.reader.suppressions()))
    started = world.ledger.begin(name, "reinvite")
    if stand.rounds.recalled_at(name) is not None:
        world.progress.notice(RECALLED)
        return _report(world, examiner, (), _NOTHING, Tally(), started.in_doubt, None)
    looked = await look_at_leaf(stand.watch, name, brake, only=options.only)
    if (trouble := looked.trouble or brake.reason) is not None:
        raise trouble
    decisions = tuple(_decided(world, stand, examiner, options, slot))
    chosen = list(islice((one for one in decisions if one.due), options.limit))
    show(decisions)
    _write_once(examiner, chosen)
    due = _due(chosen)
    if chosen:
        confirm(due)
    await _plan(world, name, [*chosen, *(one for one in decisions if one.planned is not None and not one.due)])
    kept = await _make_room(world, stand, name, brake, chosen)
    tally = await _send(world, examiner, brake, chosen, kept)
    return _report(world, examiner, decisions, due, tally, started.in_doubt, brake.reason, kept)


_NOTHING = Due(0, {}, 0)


def _report(
    world: World,
    examiner: Examiner,
    decisions: tuple[Decision, ...],
    due: Due,
    tally: Tally,
    new_doubts: int,
    stopped: LeafcastError | None,
    kept: Sequence[str] = (),
) -> ReinviteReport:
    counts = world.reader.counts(examiner.campaign.name)
    return ReinviteReport(counts, due, tally, new_doubts, stopped, decisions=decisions, kept=tuple(kept))


# ------------------------------------------------------------------------------------------------------------ deciding


def _decided(world: World, stand: Stand, examiner: Examiner, options: Options, slot: str) -> Iterator[Decision]:
    """A decision about every grower of the ledger, in list order; of those that `only` names, where it names some."""
    campaign, now = examiner.campaign, world.clock.now()
    since = now - timedelta(days=campaign.reinvite.contact_days)
    contacts = Contacts(stand.rounds.contacts(since) if campaign.reinvite.contacts is not None else ())
    reinviter = Reinviter(campaign, slot, now, contacts)
    listed = {item.grower.external_id: item for item in examiner.examine() if isinstance(item, Sound)}
    seen = {one.external_id: one for one in stand.watch.following.followed(campaign.name)}  # the newest round stays
    for standing in stand.rounds.standings(campaign.name):
        if not options.only or standing.external_id in options.only:
            item, followed = listed.get(standing.external_id), seen.get(standing.external_id)
            yield reinviter.decide(_facts(standing, followed, item, examiner.suppressed))


def _facts(standing: Standing, followed: Followed | None, item: Sound | None, suppressed: SuppressedAddresses) -> Facts:
    if item is None:
        return Facts(standing, followed)
    return Facts(
        standing,
        followed,
        item.grower,
        item.request,
        duplicates={one.channel for one in item.decision.messages if one.skip is SkipReason.DUPLICATE},
        suppressed=suppressed.channels_of(item.grower),
    )


def _write_once(examiner: Examiner, chosen: Iterable[Decision]) -> None:
    """Write every message once with a placeholder link, before anything costs."""
    problems: list[Problem] = []
    for one in chosen:
        if one.planned is not None:
            grower = one.planned.grower
            request = examiner.linker.request(grower)
            found = examiner.renderer.check(grower, request, now=examiner.now, round=one.round, cause=str(one.cause))
            problems += [problem for problem in found if problem.severity is Severity.ERROR]
    if problems:
        raise ListError(problems)


def _due(chosen: Sequence[Decision]) -> Due:
    messages = Counter(message.channel for one in chosen if one.planned for message in one.planned.messages)
    return Due(len(chosen), messages, sum(one.link is not LinkPlan.REUSE for one in chosen))


# ------------------------------------------------------------------------------------------------------------ doing


async def _plan(world: World, campaign: str, decided: Sequence[Decision]) -> None:
    """Write the rounds down; a link that still serves goes along."""
    for start in range(0, len(decided), PLAN_BATCH):
        batch = decided[start : start + PLAN_BATCH]
        world.ledger.plan(campaign, [one.planned for one in batch if one.planned is not None])
        going = [one for one in batch if one.link is LinkPlan.REUSE and one.held and one.held.round != one.round]
        if going:
            await world.ledger.record(*(LinkCarried(campaign, one.external_id, one.round) for one in going))
        await asyncio.sleep(0)


async def _make_room(
    world: World, stand: Stand, campaign: str, brake: Brake, chosen: Iterable[Decision]
) -> Sequence[str]:
    """Revoke the links that new ones replace, those too that made room for one before their time, so that nobody ever
    has two. Whose link Leaf keeps is in the answer."""
    renewed = {one.external_id for one in chosen if one.link is not LinkPlan.REUSE}
    every = stand.rounds.recallable(campaign, world.clock.now()) if renewed else ()
    old = [held for one in every if one.external_id in renewed for held in one.links]
    room = _Room(world, stand.keeper, campaign, brake)
    line = iter(old)
    async with asyncio.TaskGroup() as group:
        for _ in range(min(AT_ONCE, len(old))):
            group.create_task(room.work(line))
    try:
        await world.ledger.record()
    except LeafcastError as error:
        brake.pull(error)
    return room.kept


@dataclass(slots=True)
class _Room:
    world: World
    keeper: LinkKeeper
    campaign: str
    brake: Brake
    kept: list[str] = field(default_factory=list)

    async def work(self, line: Iterator[HeldLink]) -> None:
        """Revoke one after the other."""
        for held in line:
            if self.brake.pulled:
                return
            outcome = await self.keeper.delete(held.link.type, held.link.id)
            match outcome.verdict:
                case Verdict.ACCEPTED:
                    self.world.ledger.record(
                        LinkRevoked(self.campaign, held.external_id, held.round, held.generation, Revoked.NEXT_ROUND)
                    )
                case Verdict.REFUSED | Verdict.FAILED:
                    self._keep(held.external_id, outcome)
                case Verdict.PAUSE | Verdict.STOP | Verdict.IN_DOUBT:
                    self.brake.pull(RunStopped(f"Leaf: {outcome.reason}", fix=AGAIN))

    def _keep(self, external_id: str, outcome: Outcome) -> None:
        if external_id in self.kept:
            return
        self.kept.append(external_id)
        self.world.progress.notice(f"{external_id} gets no new link: the old one cannot be revoked ({outcome.reason}).")


async def _send(
    world: World, examiner: Examiner, brake: Brake, chosen: Sequence[Decision], kept: Sequence[str]
) -> Tally:
    ledger, campaign, now = world.ledger, examiner.campaign, world.clock.now()
    if brake.pulled or not chosen:
        return Tally()
    # What this run planned is the scope already; names are needed only where some of it must be left out.
    only = frozenset(one.external_id for one in chosen) - frozenset(kept) if kept else frozenset[str]()
    if kept and not only:
        return Tally()
    due = ledger.due(campaign.name, scope=Scope.REINVITED, now=now, only=only)
    expected = sum(count for channel, count in due.messages.items() if channel in campaign.channels)
    world.progress.planned(expected)
    work = Work(ledger, campaign.name, Scope.REINVITED, now, only)
    return await send_all(world, campaign, examiner.linker, brake, work, expected)
