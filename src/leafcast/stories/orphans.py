"""The links that lost answers left behind at Leaf: find them, write them down, and revoke them where that is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leafcast.decide.settling import could_open, fits, orphans, settles_at
from leafcast.errors import LeafcastError, RunStopped
from leafcast.model import LeafLink, LinkDoubt, Orphan, OrphanNoted, OrphanRevoked, Outcome, Verdict
from leafcast.stories.brake import Brake, Braked
from leafcast.stories.doubts import AGAIN, Evidence


@dataclass(frozen=True, slots=True)
class Orphans:
    """What was found. `trouble` is why Leaf could not be asked about all of it."""

    found: tuple[Orphan, ...] = ()
    revoked: tuple[Orphan, ...] = ()
    trouble: RunStopped | None = None


class _Refused(Exception):
    """Leaf kept an answer back."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.stop = RunStopped(f"Leaf: {outcome.reason}", fix=AGAIN)


async def settle_links(world: Evidence, campaign: str, brake: Brake, *, revoke: bool) -> Orphans:
    """Account for every link whose answer was lost, long enough ago, and may still open something."""
    found: tuple[Orphan, ...] = ()
    revoked: list[Orphan] = []
    try:
        found = await _find(world, campaign, brake)
        for orphan in found:
            await world.ledger.record(OrphanNoted(campaign, orphan))
        for orphan in found if revoke else ():
            if brake.pulled:
                break
            await _revoke(world, campaign, orphan)
            revoked.append(orphan)
    except Braked:
        pass
    except _Refused as refused:
        return Orphans(found, tuple(revoked), refused.stop)
    except LeafcastError as error:
        brake.pull(error)
    return Orphans(found, tuple(revoked))


async def _find(world: Evidence, campaign: str, brake: Brake) -> tuple[Orphan, ...]:
    now = world.clock.now()
    doubts = [
        doubt
        for doubt in world.doubts.links_in_doubt(campaign)
        if now >= settles_at(doubt.left_at, world.settle) and could_open(doubt, now)
    ]
    links = await _candidates(world, doubts, brake)
    suspected = [doubt for doubt in doubts if any(fits(doubt, link) for link in links)]
    users: dict[str, frozenset[str]] = {}
    for doubt in suspected:
        if doubt.external_id not in users:
            users[doubt.external_id] = await _users(world, doubt, brake)
    return orphans(suspected, links, users)


async def _candidates(world: Evidence, doubts: Sequence[LinkDoubt], brake: Brake) -> list[LeafLink]:
    """The links at Leaf that a lost answer may have made and that nobody claims: one question for each type."""
    found: list[LeafLink] = []
    for kind in dict.fromkeys(doubt.type for doubt in doubts):
        async with brake.waiting():
            links = await world.leaf.links(kind)
        if isinstance(links, Outcome):
            raise _Refused(links)
        found += [link for link in links if any(fits(doubt, link) for doubt in doubts)]
    unclaimed = world.doubts.unclaimed([link.id for link in found])
    return [link for link in found if link.id in unclaimed]


async def _users(world: Evidence, doubt: LinkDoubt, brake: Brake) -> frozenset[str]:
    """The Leaf users that a grower can be."""
    if doubt.leaf_user_id:
        return frozenset({doubt.leaf_user_id})
    async with brake.waiting():
        users = await world.leaf.users(doubt.external_id)
    if isinstance(users, Outcome):
        raise _Refused(users)
    return frozenset(user.id for user in users)


async def _revoke(world: Evidence, campaign: str, orphan: Orphan) -> None:
    """Delete one link at Leaf, then write it down: if only the first happens, the link is not there the next time."""
    outcome = await world.leaf.delete(orphan.doubt.type, orphan.link_id)
    if outcome.verdict is not Verdict.ACCEPTED:
        raise _Refused(outcome)
    await world.ledger.record(OrphanRevoked(campaign, orphan))
