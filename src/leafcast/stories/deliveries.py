"""Ask the services what became of the messages that they took. Reported, and never the cause of a send."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from leafcast.decide.deliveries import barred_word, open_still
from leafcast.decide.settling import REACH
from leafcast.decide.suppressing import reported
from leafcast.errors import LeafcastError, RunStopped
from leafcast.model import (
    Barred,
    Channel,
    Delivery,
    DeliverySeen,
    ReadUpTo,
    Report,
    Suppress,
    Taken,
    Unknown,
)
from leafcast.ports import Clock, DeliveryLedger, Ledger, Tracker
from leafcast.stories.brake import Brake, Braked
from leafcast.stories.doubts import AGAIN

MARGIN = timedelta(hours=1)
"""A service's clock and ours may differ by so much, and its lists may lag as much."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tracking:
    """What asking for deliveries touches. The run whose ledger this is must have begun."""

    ledger: Ledger
    deliveries: DeliveryLedger
    trackers: Mapping[Channel, Tracker]
    clock: Clock


@dataclass(slots=True)
class Tracked:
    """What the services said."""

    moved: Counter[Delivery] = field(default_factory=Counter)
    """News about messages, by what became of them."""
    barred: Counter[str] = field(default_factory=Counter)
    """Addresses that came on a service's list and that this campaign wrote to, by the list."""
    blind: list[str] = field(default_factory=list)
    """What the credentials may not look at: nothing is wrong with that, it is only not seen."""
    trouble: RunStopped | None = None


async def track(tracking: Tracking, campaign: str, brake: Brake) -> Tracked:
    """Write down what the services say of every accepted message that may still move, and who came on their lists
    since the last time. What keeps a service away is in the answer; what was heard by then is durable."""
    tracked = Tracked()
    try:
        async with asyncio.TaskGroup() as group:
            for channel, tracker in tracking.trackers.items():
                group.create_task(_Line(tracking, campaign, brake, tracked).follow(channel, tracker))
        await tracking.ledger.record()
    except LeafcastError as error:
        brake.pull(error)
    return tracked


class _Line:
    """One channel's part."""

    def __init__(self, tracking: Tracking, campaign: str, brake: Brake, tracked: Tracked) -> None:
        self._tracking, self._campaign, self._brake, self._tracked = tracking, campaign, brake, tracked
        self._whole = True

    async def follow(self, channel: Channel, tracker: Tracker) -> None:
        """Never raises for what ends a sync."""
        try:
            taken = self._tracking.deliveries.taken(self._campaign, channel)
            if taken:
                await self._reports(channel, tracker, taken)
                for source in tracker.sources:
                    await self._barred(channel, tracker, source, taken)
        except Braked:
            return
        except LeafcastError as error:
            self._brake.pull(error)

    async def _reports(self, channel: Channel, tracker: Tracker, taken: Sequence[Taken]) -> None:
        oldest = self._tracking.clock.now() - REACH[channel]
        wanted = [one for one in taken if open_still(one.delivery) and one.left_at >= oldest]
        known = {one.provider_id: one for one in taken if one.provider_id}
        if wanted:
            async for page in self._heard(tracker.reports(wanted)):
                for report in page:
                    if report.provider_id in known:
                        self._note(known[report.provider_id], report)

    async def _barred(self, channel: Channel, tracker: Tracker, source: str, taken: Sequence[Taken]) -> None:
        """Read one list from where the last sync left it; only when all of it was heard does the next begin later."""
        began = self._tracking.clock.now()
        since = self._tracking.deliveries.watermark(self._campaign, source) or taken[0].left_at
        written = defaultdict[str, list[Taken]](list)
        for one in taken:
            written[one.to.casefold()].append(one)
        self._whole = True
        async for page in self._heard(tracker.barred(source, since - MARGIN)):
            self._suppress(channel, page)
            for entry in page:
                self._note_barred(entry, written.get(entry.address.casefold(), ()))
        if self._whole:
            self._tracking.ledger.record(ReadUpTo(self._campaign, source, began))

    def _suppress(self, channel: Channel, entries: Sequence[Barred]) -> None:
        """Whoever a service will not write to any more, or who asked not to be written to, is not written to by any
        campaign; of a block, which speaks of one message only, nothing follows."""
        barred = tuple(
            reported(channel, entry.address, barred_word(channel, entry.delivery), entry.source, entry.at)
            for entry in entries
            if entry.lasting and entry.address.strip()
        )
        if barred:
            self._tracking.ledger.record(Suppress(barred))

    def _note_barred(self, entry: Barred, written: Sequence[Taken]) -> None:
        """It speaks of the last message to that address before it."""
        before = [one for one in written if one.left_at <= entry.at + MARGIN]
        if before:
            self._tracked.barred[entry.source] += 1
            self._note(before[-1], Report(before[-1].provider_id, entry.delivery, entry.code, entry.at))

    def _note(self, taken: Taken, report: Report) -> None:
        if report.delivery is not taken.delivery and report.delivery is not Delivery.UNKNOWN:
            self._tracked.moved[report.delivery] += 1
            # What was said can be asked for again: nobody has to wait until it is durable.
            self._tracking.ledger.record(DeliverySeen(taken.message_id, report))

    async def _heard(self, pages: AsyncIterator[Sequence[T] | Unknown]) -> AsyncIterator[Sequence[T]]:
        while True:
            # A question changes nothing, so a stop may cut it short.
            async with self._brake.waiting():
                page = await anext(pages, None)
            if isinstance(page, Unknown):
                self._whole = False
                if not page.forbidden:
                    self._tracked.trouble = self._tracked.trouble or RunStopped(page.why, fix=AGAIN)
                elif page.why not in self._tracked.blind:
                    self._tracked.blind.append(page.why)
                return
            if page is None:
                return
            yield page
