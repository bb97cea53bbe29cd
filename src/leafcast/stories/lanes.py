"""A lane for each channel, so that none waits for a slower one: links are made at its one end, messages leave at the
other, and between the two lie no more rows than the channel's pace takes in a few seconds."""

from __future__ import annotations

import asyncio
from functools import partial
from math import ceil

from leafcast.decide.campaign import Campaign
from leafcast.decide.linking import Linker
from leafcast.errors import LeafcastError
from leafcast.model import Channel, Service
from leafcast.ports import Turn
from leafcast.stories.brake import Brake
from leafcast.stories.feed import Feed, Feeds, Row, Work
from leafcast.stories.gates import Gates
from leafcast.stories.minting import Case, Cases, Minter
from leafcast.stories.posting import Poster
from leafcast.stories.trials import Trials
from leafcast.stories.world import Tally, World

EMAILS, OTHERS = 64, 32
"""Messages of a channel that may be under way at once: so many can a kill leave in doubt."""
LINK_LEAD = 5.0
"""Seconds of a channel's pace for which links are made ahead: enough to hide how long Leaf takes, and never so long
that a link ages in a queue."""


def most_under_way(channel: Channel) -> int:
    """How many messages of a channel may be under way at once."""
    return EMAILS if channel is Channel.EMAIL else OTHERS


async def send_all(world: World, campaign: Campaign, linker: Linker, brake: Brake, work: Work, expected: int) -> Tally:
    """Take all this work as far as it goes, and send no more than the expected messages. The reason of an early end is
    in the brake."""
    tally = Tally()
    try:
        feeds = Feeds(work, (channel for channel in campaign.channels if channel in world.couriers), brake)
    except LeafcastError as error:
        brake.pull(error)
        return tally
    gates = Gates(world.clock, world.progress, brake, expected)
    minter = Minter(campaign, linker, world, gates, tally)
    poster = Poster(campaign, world, gates, minter, feeds, tally)
    cases, trials = Cases(work), Trials()
    async with asyncio.TaskGroup() as group:
        for channel in feeds:
            rate = campaign.pace.of(world.couriers[channel].service)
            lane = Lane(channel, rate, world, brake, feeds, gates, minter, poster, cases, trials)
            group.create_task(lane.run())
    return tally


class Lane:
    """The way of one channel's rows. Never raises: what ends the run is in the brake, so that others finish what they
    have under way."""

    def __init__(
        self,
        channel: Channel,
        rate: float | None,
        world: World,
        brake: Brake,
        feeds: Feeds,
        gates: Gates,
        minter: Minter,
        poster: Poster,
        cases: Cases,
        trials: Trials,
    ) -> None:
        """`rate` is the channel's pace in messages per second, None for no limit."""
        self._channel = channel
        self._courier = world.couriers[channel]
        self._leaf = world.leaf
        self._brake = brake
        self._feeds = feeds
        self._gates = gates
        self._minter = minter
        self._poster = poster
        self._cases = cases
        self._trials = trials
        most = most_under_way(channel)
        self._ahead = asyncio.Semaphore(most if rate is None else max(2, min(most, ceil(rate * LINK_LEAD))))
        self._places = asyncio.Semaphore(most)
        self._linked: asyncio.Queue[tuple[Row, Case] | None] = asyncio.Queue()

    async def run(self) -> None:
        """Take every row of the channel to its end: the first few one by one, then all side by side."""
        await self._brake.minding(self._try_out)
        async with asyncio.TaskGroup() as sides:
            sides.create_task(self._make_links())
            sides.create_task(self._send_messages())

    @property
    def _feed(self) -> Feed:
        return self._feeds[self._channel]

    # ------------------------------------------------------------------------------------------------ one after another

    async def _try_out(self) -> None:
        while not self._trials.proven(self._channel) and (row := await self._feed.take()) is not None:
            if self._poster.held(row):
                self._feeds.done()
                continue
            async with self._trials.alone(self._channel):
                await self._brake.minding(partial(self._whole_way, row))

    async def _whole_way(self, row: Row) -> None:
        case = None
        try:
            if not self._brake.pulled:
                case = self._cases.open(row)
                trouble = None if self._minter.serves(case) else await self._minter.see_to(case, [])
                if trouble is not None:
                    self._poster.without_link(row, trouble)
                elif not self._brake.pulled:
                    await self._poster.post(row, case, [])
        finally:
            await self._finish(row, case)

    # ----------------------------------------------------------------------------------------------------- side by side

    async def _make_links(self) -> None:
        async with asyncio.TaskGroup() as making:
            await self._brake.minding(partial(self._keep_making, making))
        self._linked.put_nowait(None)

    async def _keep_making(self, making: asyncio.TaskGroup) -> None:
        while True:
            async with self._brake.waiting():
                await self._ahead.acquire()
            row = await self._feed.take()
            if row is None:
                return
            if self._poster.held(row):
                self._ahead.release()
                self._feeds.done()
                continue
            case = self._cases.open(row)
            if self._minter.serves(case):
                self._linked.put_nowait((row, case))
                continue
            try:
                turns = [await self._gates.turn(Service.LEAF, self._leaf)]
            except BaseException:
                await self._finish(row, case)
                raise
            making.create_task(self._brake.minding(partial(self._make, row, case, turns)))

    async def _make(self, row: Row, case: Case, turns: list[Turn]) -> None:
        made = False
        try:
            trouble = await self._minter.see_to(case, turns)
            if trouble is not None:
                self._poster.without_link(row, trouble)
            made = trouble is None
        finally:
            if made:
                self._linked.put_nowait((row, case))
            else:
                self._ahead.release()
                await self._finish(row, case)

    async def _send_messages(self) -> None:
        async with asyncio.TaskGroup() as sending:
            while (linked := await self._linked.get()) is not None:
                row, case = linked
                await self._brake.minding(partial(self._start, sending, row, case))

    async def _start(self, sending: asyncio.TaskGroup, row: Row, case: Case) -> None:
        await self._places.acquire()
        try:
            turns = [await self._gates.turn(self._courier.service, self._courier)]
        except BaseException:
            self._places.release()
            await self._finish(row, case)
            raise
        finally:
            self._ahead.release()
        sending.create_task(self._brake.minding(partial(self._post, row, case, turns)))

    async def _post(self, row: Row, case: Case, turns: list[Turn]) -> None:
        try:
            await self._poster.post(row, case, turns)
        finally:
            self._places.release()
            await self._finish(row, case)

    # ------------------------------------------------------------------------------------------------------------ ends

    async def _finish(self, row: Row, case: Case | None) -> None:
        try:
            if case is not None:
                await self._cases.close(row, case)
        finally:
            self._feeds.done()
