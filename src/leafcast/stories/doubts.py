"""The doubts of a campaign, one by one: look at the service, judge, write down."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from leafcast.decide.campaign import Campaign
from leafcast.decide.settling import Ending, judged, ripe, settles_at
from leafcast.errors import LeafcastError, RunStopped
from leafcast.model import Absent, Channel, Doubt, Found, Look, Unknown
from leafcast.ports import Clock, DoubtLedger, Ledger, Progress, Searcher
from leafcast.stories.brake import Brake, Braked

AT_ONCE = 8
"""Questions under way at once; the pace of the service holds all the same."""
NOT_IN_USE = Unknown("the campaign does not use this channel any more, so its service cannot be asked")
BEHIND = Unknown("the service's records do not show yet what it took after this, so they prove nothing")


@dataclass(slots=True)
class Settled:
    """What came of the doubts: how many ended how, when the rest may be settled, and which service could not be
    asked."""

    endings: Counter[Ending] = field(default_factory=Counter)
    next_at: datetime | None = None
    unreachable: RunStopped | None = None


async def settle_doubts(
    ledger: Ledger,
    doubts: DoubtLedger,
    searchers: Mapping[Channel, Searcher],
    campaign: Campaign,
    clock: Clock,
    brake: Brake,
    progress: Progress,
    settle: float,
) -> Settled:
    """Look for every doubt that is old enough, and settle each at once on what its service shows."""
    settler = _Settler(ledger, doubts, searchers, campaign, clock, brake, settle)
    found = doubts.doubts(campaign.name)
    old = [doubt for doubt in found if ripe(doubt, clock.now(), settle)]
    young = [doubt for doubt in found if doubt not in old]
    settler.settled.endings[Ending.TOO_YOUNG] += len(young)
    settler.settled.next_at = min((settles_at(doubt.sought.left_at, settle) for doubt in young), default=None)
    if old:
        progress.notice(f"Looking for {len(old):,} message{'s' if len(old) > 1 else ''} in doubt.")
    await settler.all(old)
    return settler.settled


class _Settler:
    def __init__(
        self,
        ledger: Ledger,
        doubts: DoubtLedger,
        searchers: Mapping[Channel, Searcher],
        campaign: Campaign,
        clock: Clock,
        brake: Brake,
        settle: float,
    ) -> None:
        self._ledger, self._doubts, self._searchers = ledger, doubts, searchers
        self._campaign, self._clock, self._brake, self._settle = campaign, clock, brake, settle
        self._closed: dict[Channel, Unknown] = {}
        self._witnesses: dict[str, bool] = {}
        self.settled = Settled()

    async def all(self, doubts: Sequence[Doubt]) -> None:
        """Each channel by itself: one slow service does not hold up the other's."""
        async with asyncio.TaskGroup() as group:
            for channel in Channel:
                line = iter([doubt for doubt in doubts if doubt.channel is channel])
                for _ in range(AT_ONCE):
                    group.create_task(self._work(line))

    async def _work(self, line: object) -> None:
        raise NotImplementedError
