"""Ask the services what became of links and messages: settle each doubt on evidence, account for lost links, see who
is connected. Nothing is sent."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TypeVar

from leafcast.decide.campaign import Campaign
from leafcast.errors import ExitCode, LeafcastError
from leafcast.model import Counts, MessageState
from leafcast.stories.brake import Brake
from leafcast.stories.deliveries import Tracked, Tracking, track
from leafcast.stories.doubts import Evidence, Settled, settle_doubts
from leafcast.stories.following import Looked, Watch, look_at_leaf
from leafcast.stories.orphans import Orphans, settle_links

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SyncReport:
    """How a sync ended."""

    counts: Counts
    settled: Settled
    orphans: Orphans
    stopped: LeafcastError | None
    looked: Looked = field(default_factory=Looked)
    tracked: Tracked = field(default_factory=Tracked)

    @property
    def exit_code(self) -> ExitCode:
        """Stopped beats incomplete beats done."""
        if self.stopped is not None:
            return self.stopped.exit_code
        return ExitCode.INCOMPLETE if self.counts.messages.get(MessageState.IN_DOUBT) else ExitCode.DONE


async def sync(
    world: Evidence,
    campaign: Campaign,
    brake: Brake,
    *,
    watch: Watch | None = None,
    tracking: Tracking | None = None,
    revoke_orphans: bool = False,
) -> SyncReport:
    """Settle what can be settled now; then see who is connected (`watch`) and what was delivered (`tracking`), at the
    same time, for they are different services.

    What ends it early is in the report; what was settled by then stays settled. Raises what `Ledger.begin` raises.
    """
    world.ledger.begin(campaign.name, "sync")
    settled = await settle_doubts(world, campaign, brake)
    orphans = await settle_links(world, campaign.name, brake, revoke=revoke_orphans)
    looked, tracked = await asyncio.gather(
        look_at_leaf(watch, campaign.name, brake) if watch is not None else _nothing(Looked()),
        track(tracking, campaign.name, brake) if tracking is not None else _nothing(Tracked()),
    )
    stopped = brake.reason or settled.trouble or orphans.trouble or looked.trouble or tracked.trouble
    return SyncReport(world.reader.counts(campaign.name), settled, orphans, stopped, looked, tracked)


async def _nothing(empty: T) -> T:
    return empty
