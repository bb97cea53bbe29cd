"""The doubts of a campaign, one by one: look at the service, judge, write down."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from leafcast.decide.campaign import Campaign, WebhookDoubt
from leafcast.decide.settling import Ending, judged, ripe, settles_at
from leafcast.errors import LeafcastError, RunStopped
from leafcast.model import Absent, Channel, Doubt, DoubtResolved, Found, Look, Settlement, Sought, Unknown
from leafcast.ports import Clock, DoubtLedger, Ledger, LedgerReader, LinkKeeper, Progress, Searcher
from leafcast.stories.brake import Brake, Braked

AT_ONCE = 8
"""Questions to one service under way at once; its pace holds all the same."""
NOT_IN_USE = Unknown("the campaign no longer uses this channel, so its service cannot be asked")
NOT_ASKED = Unknown("your own application has no records that it could be asked for; look there, and say so by resolve")
BEHIND = Unknown(
    "the service's records do not even show what it surely took around that time, so they prove nothing yet"
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What settling touches. `settle` is how many seconds after it left a doubt may first be settled."""

    ledger: Ledger
    doubts: DoubtLedger
    reader: LedgerReader
    searchers: Mapping[Channel, Searcher]
    leaf: LinkKeeper
    clock: Clock
    progress: Progress
    settle: float


@dataclass(slots=True)
class Settled:
    """What came of the doubts."""

    endings: Counter[Ending] = field(default_factory=Counter)
    next_at: datetime | None = None
    """When the first of those that are too young may be settled."""
    trouble: RunStopped | None = None
    """Why a service could not be asked about all of them."""


async def settle_doubts(world: Evidence, campaign: Campaign, brake: Brake) -> Settled:
    """Look for every message in doubt that is old enough, and settle each at once on what its service shows."""
    settler = _Settler(world, campaign, brake)
    old: list[Doubt] = []
    for doubt in world.doubts.doubts(campaign.name):
        if ripe(doubt, world.clock.now(), world.settle):
            old.append(doubt)
        else:
            settler.too_young(doubt)
    if old:
        world.progress.notice(f"Looking for {len(old):,} message{'s' if len(old) > 1 else ''} in doubt.")
    async with asyncio.TaskGroup() as group:
        for channel in Channel:
            line = iter([doubt for doubt in old if doubt.channel is channel])
            for _ in range(AT_ONCE):
                group.create_task(settler.work(line))
    return settler.settled


class _Settler:
    def __init__(self, world: Evidence, campaign: Campaign, brake: Brake) -> None:
        self._world, self._campaign, self._brake = world, campaign, brake
        self._closed: dict[Channel, Unknown] = {}
        self._shown: dict[str, Look] = {}
        self.settled = Settled()

    def too_young(self, doubt: Doubt) -> None:
        """Leave a doubt to a later sync."""
        self.settled.endings[Ending.TOO_YOUNG] += 1
        at = settles_at(doubt.sought.left_at, self._world.settle)
        self.settled.next_at = min(at, self.settled.next_at or at)

    async def work(self, line: Iterator[Doubt]) -> None:
        """Take doubts from a line until it is empty or the brake is pulled. Never raises for what ends a sync."""
        try:
            while not self._brake.pulled and (doubt := next(line, None)) is not None:
                await self._settle(doubt)
        except Braked:
            return
        except LeafcastError as error:
            self._brake.pull(error)

    async def _settle(self, doubt: Doubt) -> None:
        if doubt.channel is Channel.WEBHOOK and self._campaign.in_doubt.webhook is WebhookDoubt.RESEND:
            # The campaign file is a person's word too: that the application takes a key once, however often it comes.
            word = DoubtResolved(doubt.sought.message_id, doubt.attempt, Settlement.RESEND, "inDoubt.webhook: resend")
            await self._world.ledger.record(word)
            self.settled.endings[Ending.RESENDABLE] += 1
            return
        look = self._closed.get(doubt.channel) or await self._look(doubt)
        ending, changes = judged(
            doubt,
            look,
            policy=self._campaign.in_doubt.of(doubt.channel),
            now=self._world.clock.now(),
            settle=self._world.settle,
        )
        await self._world.ledger.record(*changes)
        self.settled.endings[ending] += 1

    async def _look(self, doubt: Doubt) -> Look:
        look = await self._find(doubt.channel, doubt.sought)
        if isinstance(look, Absent) and not await self._up_to_date(doubt):
            return BEHIND
        return look

    async def _up_to_date(self, doubt: Doubt) -> bool:
        """Whether the service shows a message that it surely took around that time: records that lag show neither.
        Where nothing else was taken, the two looks a settle time apart are all that speaks for an absence."""
        witness = self._world.doubts.witness(self._campaign.name, doubt.channel, doubt.sought.left_at)
        if witness is None:
            return True
        if witness.message_id not in self._shown:
            self._shown[witness.message_id] = await self._find(doubt.channel, witness)
        return isinstance(self._shown[witness.message_id], Found)

    async def _find(self, channel: Channel, sought: Sought) -> Look:
        searcher = self._world.searchers.get(channel)
        if searcher is None:
            return NOT_ASKED if channel is Channel.WEBHOOK else NOT_IN_USE
        # A question changes nothing, so a stop may cut it short, unlike a send.
        async with self._brake.waiting():
            look = await searcher.find(sought)
        if isinstance(look, Unknown) and look.everyone:
            self._closed[channel] = look
            self.settled.trouble = self.settled.trouble or RunStopped(look.why, fix=AGAIN)
        return look


AGAIN = "What was settled stays so. Mend this, and run sync again."
