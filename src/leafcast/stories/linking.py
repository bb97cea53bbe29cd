"""`channels: []`: a link for each grower of the list, and no message. The export hands the links on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial

from leafcast.decide.campaign import Campaign
from leafcast.decide.linking import Linker
from leafcast.model import Due, Invitation, Service, Verdict
from leafcast.ports import LinklessLedger, Turn
from leafcast.stories.brake import Brake
from leafcast.stories.gates import Gates
from leafcast.stories.minting import Case, Minter
from leafcast.stories.world import Tally, World

PAGE = 64
FIRST = 5
"""So many links are made one after another: what is wrong for everybody shows before others are asked for."""


class Linkless:
    """Who has no link yet, in list order: of the list, or (`again`) those whose link failed."""

    def __init__(
        self, ledger: LinklessLedger, campaign: str, *, again: bool, only: frozenset[str], limit: int | None
    ) -> None:
        self._ledger, self._campaign, self._again = ledger, campaign, again
        self._only, self._limit = only, limit

    def __iter__(self) -> Iterator[Invitation]:
        """Each of them, read a page at a time; what was done meanwhile is not read again. Raises LedgerStopped."""
        after, left = 0, self._limit
        while page := self._ledger.linkless(self._campaign, again=self._again, after=after, limit=PAGE):
            for after, invitation in page:  # noqa: B007 - the last place is where the next page begins
                if self._only and invitation.grower.external_id not in self._only:
                    continue
                if left == 0:
                    return
                left = None if left is None else left - 1
                yield invitation

    def due(self) -> Due:
        """How many, for the person who is asked."""
        count = sum(1 for _ in self)
        return Due(growers=count, messages={}, links=count)


async def make_links(
    world: World, campaign: Campaign, linker: Linker, brake: Brake, work: Linkless, expected: int
) -> Tally:
    """Make a link for each, the first few one by one. The reason of an early end is in the brake."""
    tally = Tally()
    gates = Gates(world.clock, world.progress, brake, expected)
    maker = _Maker(world, gates, Minter(campaign, linker, world, gates, tally), brake, tally)
    async with asyncio.TaskGroup() as making:
        await brake.minding(partial(maker.all, work, making))
    return tally


class _Maker:
    def __init__(self, world: World, gates: Gates, minter: Minter, brake: Brake, tally: Tally) -> None:
        self._world, self._gates, self._minter, self._brake, self._tally = world, gates, minter, brake, tally
        self._places = asyncio.Semaphore(PAGE)

    async def all(self, work: Linkless, making: asyncio.TaskGroup) -> None:
        """Take everybody in turn, at Leaf's pace. Raises Braked."""
        for number, invitation in enumerate(work):
            if self._brake.pulled:
                return
            await self._places.acquire()
            try:
                turns = [await self._gates.turn(Service.LEAF, self._world.leaf)]
            except BaseException:
                self._places.release()
                raise
            made = making.create_task(self._brake.minding(partial(self._one, invitation, turns)))
            if number < FIRST:
                await asyncio.wait({made})

    async def _one(self, invitation: Invitation, turns: list[Turn]) -> None:
        try:
            case = Case(invitation, invitation.link, invitation.generation)
            trouble = await self._minter.see_to(case, turns)
            if trouble is not None and trouble.verdict is not Verdict.STOP:
                self._tally.ended[Verdict.FAILED] += 1
        finally:
            self._places.release()
