"""The link of an invitation: made late, made once, made anew when it has too little of its life left."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta

from leafcast.decide.campaign import Campaign
from leafcast.decide.fitting import fits, untouched
from leafcast.decide.linking import Linker
from leafcast.model import Invitation, Link, LinkIntent, LinkRequest, LinkSettled, Outcome, Service, Verdict
from leafcast.ports import Turn
from leafcast.stories.feed import Row, Work
from leafcast.stories.gates import Gates
from leafcast.stories.world import Tally, World

LINK_DOUBTS = 3
"""So often is a link asked for again after a lost answer. A second link harms nobody (the first was never shown to
anyone, and is listed as a possible orphan), unlike a second message."""


@dataclass(slots=True, eq=False)
class Case:
    """An invitation under way, one for all channels that have a message of it: its link as it stands now."""

    invitation: Invitation
    link: Link | None
    generation: int
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a link is made and while an intent names one, so that no message leaves beside its link's end."""
    suits: bool = False
    """Whether the link is known to be the one that the row asks for."""
    users: int = 0


class Cases:
    """The invitations under way, by their places in the list."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._open: dict[int, Case] = {}

    def open(self, row: Row) -> Case:
        """The case of a row, as all channels see it. Raises LedgerStopped."""
        case = self._open.get(row.place)
        if case is None:
            invitation = row.invitation
            if row.shared:  # the page may be old by now: another channel may have made the link since
                external_id = invitation.grower.external_id
                again = self._work.again(row.message.channel, row.place, external_id)
                invitation = again.invitation if again is not None else invitation
            case = self._open[row.place] = Case(invitation, invitation.link, invitation.generation)
        case.users += 1
        return case

    async def close(self, row: Row, case: Case) -> None:
        """This channel has done with it."""
        if row.shared and case.users == 1:
            # Another channel may open it next, out of the ledger: what was made must be there by then.
            await self._work.ledger.record()
        case.users -= 1
        if not case.users:
            self._open.pop(row.place, None)


class Minter:
    """Makes links, many at once."""

    def __init__(self, campaign: Campaign, linker: Linker, world: World, gates: Gates, tally: Tally) -> None:
        self._campaign = campaign
        self._linker = linker
        self._world = world
        self._gates = gates
        self._tally = tally

    def fresh(self, link: Link) -> bool:
        """Whether what is left of the link's life is worth sending: half of it, a day at most."""
        left = link.expires_at - self._world.clock.now()
        return left >= timedelta(seconds=min(self._campaign.link.expires_in / 2, 86_400))

    def serves(self, case: Case) -> bool:
        """Whether the link is fresh, and still what the row asks for. Once a message was tried the link stays as it
        is: somebody may have it."""
        link = case.link
        if link is None or not self.fresh(link):
            return False
        if not case.suits:
            request = self._linker.request(case.invitation.grower)
            as_asked = fits(request, link.type, link.providers, link.leaf_user_id)
            case.suits = as_asked or not untouched(case.invitation)
        return case.suits

    async def see_to(self, case: Case, turns: list[Turn]) -> Outcome | None:
        """Make sure that the case has a link that serves; the outcome that kept it away, None when it is there. A turn
        that was had already is taken out of `turns` and used first. Raises Braked."""
        async with case.lock:
            if self.serves(case):
                if turns:
                    turns.clear()
                    self._gates.unused(Service.LEAF)
                return None
            return await self._make(case, self._linker.request(case.invitation.grower), turns)

    async def _make(self, case: Case, request: LinkRequest, turns: list[Turn]) -> Outcome | None:
        world, gates = self._world, self._gates
        campaign, grower, number = self._campaign.name, case.invitation.grower.external_id, case.invitation.round
        doubts, made = 0, None

        async def attempt() -> Outcome:
            nonlocal doubts, made
            turn = turns.pop() if turns else await gates.turn(Service.LEAF, world.leaf)
            case.generation += 1
            await world.ledger.record(LinkIntent(campaign, grower, number, case.generation, request))
            result = await world.leaf.create(request, turn)
            world.ledger.record(LinkSettled(campaign, grower, number, case.generation, result))
            gates.observe(Service.LEAF, result.outcome)
            made = result.link
            doubts += result.outcome.verdict is Verdict.IN_DOUBT
            return _again(result.outcome) if doubts < LINK_DOUBTS else result.outcome

        outcome = await world.patience.until_settled(attempt, sleep=gates.sleep)
        if made is None:
            return outcome
        case.link, case.suits = made, True
        self._tally.links += 1
        return None


def _again(outcome: Outcome) -> Outcome:
    """A link whose answer was lost is asked for again; see LINK_DOUBTS."""
    return replace(outcome, verdict=Verdict.PAUSE) if outcome.verdict is Verdict.IN_DOUBT else outcome
