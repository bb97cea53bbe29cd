"""Ask the services what became of what was lost: settle each doubt on evidence, and find the links that lost answers
left behind. Nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from leafcast.decide.campaign import Campaign
from leafcast.errors import ExitCode, LeafcastError
from leafcast.model import Channel, Counts, MessageState
from leafcast.ports import Clock, DoubtLedger, Ledger, LedgerReader, LinkKeeper, Progress, Searcher
from leafcast.stories.brake import Brake
from leafcast.stories.doubts import Settled, settle_doubts
from leafcast.stories.orphans import Orphans, find_orphans


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a sync touches."""

    ledger: Ledger
    doubts: DoubtLedger
    reader: LedgerReader
    searchers: Mapping[Channel, Searcher]
    leaf: LinkKeeper
    clock: Clock
    progress: Progress


@dataclass(frozen=True, slots=True)
class SyncReport:
    """How a sync ended."""

    counts: Counts
    settled: Settled
    orphans: Orphans
    stopped: LeafcastError | None

    @property
    def exit_code(self) -> ExitCode:
        """Stopped beats incomplete beats done."""
        if self.stopped is not None:
            return self.stopped.exit_code
        return ExitCode.INCOMPLETE if self.counts.messages.get(MessageState.IN_DOUBT) else ExitCode.DONE


async def sync(
    world: Evidence, campaign: Campaign, brake: Brake, *, settle: float, revoke_orphans: bool = False
) -> SyncReport:
    """Settle what can be settled, `settle` seconds after it left at the earliest, and account for lost links.

    What ends it early is in the report; what was settled by then stays settled. Raises what `Ledger.begin` raises.
    """
    world.ledger.begin(campaign.name, "sync")
    settled = await settle_doubts(
        world.ledger, world.doubts, world.searchers, campaign, world.clock, brake, world.progress, settle
    )
    orphans = await find_orphans(
        world.ledger, world.doubts, world.leaf, campaign.name, world.clock, brake, settle, revoke=revoke_orphans
    )
    stopped = brake.reason or settled.unreachable or orphans.unreachable
    return SyncReport(world.reader.counts(campaign.name), settled, orphans, stopped)
