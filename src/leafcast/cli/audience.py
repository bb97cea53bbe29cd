"""The list of a campaign: its file, or what Leaf's users make."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from leafcast.cli.surroundings import environment
from leafcast.decide.campaign import ListFrom
from leafcast.edge.listfile import ListFile, StandardInput

if TYPE_CHECKING:
    from leafcast.decide.campaign import Campaign
    from leafcast.edge.campaignfile import LoadedCampaign
    from leafcast.model import LeafUser


def open_list(loaded: LoadedCampaign) -> ListFile:
    """Open the list; one from Leaf is asked for at once. Raises UsageError, ListError, and RunStopped where Leaf does
    not show its users."""
    wishes = loaded.campaign.list
    if wishes.source is ListFrom.FILE:
        return _of_file(loaded)
    from leafcast.decide.audience import Wish
    from leafcast.edge.leaf.audience import audience

    joined = _of_file(loaded) if wishes.file is not None else None
    return audience(asyncio.run(_users(loaded.campaign)), Wish.of(wishes), joined)


def _of_file(loaded: LoadedCampaign) -> ListFile:
    """The list that `file:` names; `-` is standard input."""
    if loaded.campaign.list.file != "-":
        return ListFile(loaded.list_path, loaded.campaign.list)
    piped = StandardInput(sys.stdin.buffer)
    return ListFile(piped.path, loaded.campaign.list, holding=piped)


async def _users(campaign: Campaign) -> tuple[LeafUser, ...]:
    from leafcast.edge import settings
    from leafcast.edge.http import Door, Retrier, open_network
    from leafcast.edge.leaf import LeafClient
    from leafcast.edge.leaf.audience import everybody
    from leafcast.edge.system import SystemClock
    from leafcast.model import Service

    clock, access = SystemClock(), settings.leaf_access(environment())
    async with open_network() as network:
        door = Door(Service.LEAF, access.url, network, rate=campaign.pace.of(Service.LEAF), clock=clock)
        return await everybody(LeafClient(door, access, clock, Retrier(clock)))
