"""Take a campaign back: nothing leaves any more, what has not left is cancelled, and the links open nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from leafcast.errors import ExitCode, LeafcastError, RunStopped, UsageError
from leafcast.model import (
    Counts,
    HeldLink,
    LeafLink,
    LinkRevoked,
    MessageState,
    Outcome,
    PastRun,
    Recallable,
    Recalled,
    Revoked,
    Verdict,
)
from leafcast.ports import RecallLedger
from leafcast.stories.brake import Brake, Braked
from leafcast.stories.doubts import Evidence
from leafcast.stories.orphans import Orphans, settle_links

AT_ONCE = 8
"""Links deleted at once; Leaf's pace holds all the same."""
AGAIN = "Nothing leaves any more; run the same command again to revoke the links that are left."


@dataclass(frozen=True, slots=True)
class Extent:
    """What a person narrowed a recall to: one run, some growers, the first so many. All open is the whole campaign."""

    run: PastRun | None = None
    only: frozenset[str] = frozenset()
    limit: int | None = None

    @property
    def whole(self) -> bool:
        """Whether the whole campaign is recalled, for good."""
        return self.run is None and not self.only and self.limit is None


@dataclass(frozen=True, slots=True)
class Found:
    """What a recall is about to do, for the person who confirms it."""

    invitations: tuple[Recallable, ...]

    @property
    def growers(self) -> int:
        """So many growers are concerned."""
        return len({one.external_id for one in self.invitations})

    @property
    def links(self) -> list[HeldLink]:
        """Every link that still opens something."""
        return [link for one in self.invitations for link in one.links]

    @property
    def unsent(self) -> int:
        """Messages that have not left."""
        return sum(one.unsent for one in self.invitations)


Confirm = Callable[[Found], None]
"""Asks the person about exactly this; raises when the answer is no."""


@dataclass(slots=True)
class RecallReport:
    """What was taken back."""

    counts: Counts
    found: Found
    opened: Mapping[str, datetime | None]
    """Whose link had been opened before it was revoked, in this recall or an earlier one, and when last."""
    revoked: int = 0
    refused: list[str] = field(default_factory=list)
    """Growers whose link Leaf would not delete."""
    orphans: Orphans = field(default_factory=Orphans)
    stopped: LeafcastError | None = None

    @property
    def left(self) -> int:
        """Links that are still open."""
        return len(self.found.links) - self.revoked

    @property
    def exit_code(self) -> ExitCode:
        """Stopped beats incomplete beats done."""
        if self.stopped is not None:
            return self.stopped.exit_code
        doubts = self.counts.messages.get(MessageState.IN_DOUBT, 0)
        return ExitCode.INCOMPLETE if self.refused or doubts else ExitCode.DONE


def pick_run(runs: Sequence[PastRun], wanted: str) -> PastRun:
    """The run of this id, or of the one id that begins so. Raises UsageError, which names the runs that there are."""
    found = [run for run in runs if wanted and run.id.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    worked = [run for run in runs if run.links or run.messages]
    known = "\n".join(
        f"  {run.id[:12]}  {run.command:<9} {run.started_at:%Y-%m-%d %H:%M}Z  {run.links:,} links, "
        f"{run.messages:,} messages"
        for run in worked[:20]
    )
    what = f"{len(found)} runs of this campaign begin with {wanted!r}" if found else f"there is no run {wanted!r}"
    raise UsageError(
        what, fix=f"Name one of these:\n{known}" if known else "No run of this campaign made anything yet."
    )


def find(book: RecallLedger, campaign: str, extent: Extent, now: datetime) -> Found:
    """What a recall of this extent would touch. Raises UsageError for a grower whom the ledger does not have."""
    every = book.recallable(campaign, now, extent.run)
    missing = sorted(extent.only - {one.external_id for one in every})
    if missing:
        raise UsageError(f"There is nothing of {', '.join(missing)} to recall here", fix="Look at the id.")
    chosen = [one for one in every if not extent.only or one.external_id in extent.only]
    if extent.limit is not None:
        worth = dict.fromkeys(one.external_id for one in chosen if one.links or one.unsent)
        first = set(list(worth)[: extent.limit])
        chosen = [one for one in chosen if one.external_id in first]
    return Found(tuple(chosen))


async def recall(
    world: Evidence, book: RecallLedger, campaign: str, brake: Brake, extent: Extent, who: str, confirm: Confirm
) -> RecallReport:
    """Recall what the extent says; run again, it revokes what is left.

    Raises what `Ledger` raises when it cannot be written, and whatever `confirm` raises for a no.
    """
    world.ledger.begin(campaign, "recall")
    found = find(book, campaign, extent, world.clock.now())
    recalled_before = not extent.whole or book.recalled_at(campaign) is not None
    if found.links or found.unsent or not recalled_before:
        confirm(found)
        await world.ledger.record(_recalled(campaign, extent, found, who))
    report = RecallReport(world.reader.counts(campaign), found, {})
    await _Recaller(world, campaign, brake, report).revoke(found.links)
    if extent.whole and report.stopped is None and not brake.pulled:
        report.orphans = await settle_links(world, campaign, brake, revoke=True)
    report.stopped = brake.reason or report.stopped or report.orphans.trouble
    report.counts, report.opened = world.reader.counts(campaign), book.opened_before_recall(campaign)
    return report


def _recalled(campaign: str, extent: Extent, found: Found, who: str) -> Recalled:
    which = None if extent.whole else tuple((one.external_id, one.round) for one in found.invitations)
    return Recalled(campaign, which, who, extent.run.id if extent.run else "")


class _Kept(Exception):
    """Leaf kept an answer back."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.stop = RunStopped(f"Leaf: {outcome.reason}", fix=AGAIN)


class _Recaller:
    def __init__(self, world: Evidence, campaign: str, brake: Brake, report: RecallReport) -> None:
        self._world, self._campaign, self._brake, self._report = world, campaign, brake, report

    async def revoke(self, links: Sequence[HeldLink]) -> None:
        """Delete these links at Leaf, after a look at who opened them."""
        if not links:
            return
        self._world.progress.notice(f"Revoking {len(links):,} link{'s' if len(links) > 1 else ''}.")
        try:
            shown = await self._shown(links)
            line = iter(links)
            async with asyncio.TaskGroup() as group:
                for _ in range(min(AT_ONCE, len(links))):
                    group.create_task(self._work(line, shown))
            await self._world.ledger.record()
        except Braked:
            pass
        except _Kept as kept:
            self._report.stopped = kept.stop
        except LeafcastError as error:
            self._brake.pull(error)

    async def _shown(self, links: Sequence[HeldLink]) -> dict[str, LeafLink]:
        """The links as Leaf has them: one question for each type."""
        shown: dict[str, LeafLink] = {}
        for kind in dict.fromkeys(held.link.type for held in links):
            async with self._brake.waiting():
                answer = await self._world.leaf.links(kind)
            if isinstance(answer, Outcome):
                raise _Kept(answer)
            shown |= {link.id: link for link in answer}
        return shown

    async def _work(self, line: Iterator[HeldLink], shown: Mapping[str, LeafLink]) -> None:
        for held in line:
            if self._brake.pulled or self._report.stopped is not None:
                return
            outcome = await self._world.leaf.delete(held.link.type, held.link.id)
            match outcome.verdict:
                case Verdict.ACCEPTED:
                    self._note(held, shown.get(held.link.id))
                case Verdict.REFUSED | Verdict.FAILED:
                    self._report.refused.append(held.external_id)
                case Verdict.PAUSE | Verdict.STOP | Verdict.IN_DOUBT:
                    self._report.stopped = _Kept(outcome).stop

    def _note(self, held: HeldLink, seen: LeafLink | None) -> None:
        """Written down after it is done: if only the first happens, the link is not there the next time."""
        self._report.revoked += 1
        self._world.ledger.record(
            LinkRevoked(
                self._campaign,
                held.external_id,
                held.round,
                held.generation,
                Revoked.RECALL,
                opened=seen is not None and seen.usage_count > 0,
                opened_at=seen.last_accessed_at if seen else None,
            )
        )
