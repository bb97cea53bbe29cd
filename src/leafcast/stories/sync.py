"""Ask the services what became of what was lost: settle each doubt on evidence, account for lost links. Nothing is
sent."""

from __future__ import annotations

from dataclasses import dataclass

from leafcast.decide.campaign import Campaign
from leafcast.errors import ExitCode, LeafcastError
from leafcast.model import Counts, MessageState
from leafcast.stories.brake import Brake
from leafcast.stories.doubts import Evidence, Settled, settle_doubts
from leafcast.stories.orphans import Orphans, settle_links


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


async def sync(world: Evidence, campaign: Campaign, brake: Brake, *, revoke_orphans: bool = False) -> SyncReport:
    """Settle what can be settled now.

    What ends it early is in the report; what was settled by then stays settled. Raises what `Ledger.begin` raises.
    """
    world.ledger.begin(campaign.name, "sync")
    settled = await settle_doubts(world, campaign, brake)
    orphans = await settle_links(world, campaign.name, brake, revoke=revoke_orphans)
    stopped = brake.reason or settled.trouble or orphans.trouble
    return SyncReport(world.reader.counts(campaign.name), settled, orphans, stopped)
