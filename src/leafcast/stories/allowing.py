"""A trial: nobody can be written to but a few addresses, whatever list and campaign say. The others stay planned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from leafcast.decide.suppressed import key_of
from leafcast.errors import LeafcastError
from leafcast.model import (
    Change,
    Channel,
    Due,
    Grower,
    Invitation,
    Outcome,
    PlanCounts,
    PlannedInvitation,
    RunStarted,
    Scope,
    SkipReason,
)
from leafcast.ports import RunLedger, Sender, Turn
from leafcast.stories.world import World

Allowed = frozenset[tuple[Channel, str]]
"""The addresses, as suppressions are compared by."""
PAGE = 64


def allowing(world: World, allowed: Allowed) -> World:
    """The same world with two gates more: only messages to these addresses are taken up, and only they reach a
    service."""
    couriers = {
        channel: replace(courier, sender=AllowingSender(channel, courier.sender, allowed))
        for channel, courier in world.couriers.items()
    }
    return replace(world, ledger=AllowingLedger(world.ledger, allowed), couriers=couriers)


@dataclass(frozen=True, slots=True)
class AllowingLedger:
    """Fulfils `RunLedger`: another one, of which only work for allowed addresses is shown."""

    inner: RunLedger
    allowed: Allowed

    def begin(self, campaign: str, command: str) -> RunStarted:
        """As the ledger does."""
        return self.inner.begin(campaign, command)

    def plan(self, campaign: str, invitations: Sequence[PlannedInvitation]) -> PlanCounts:
        """As the ledger does: everybody is planned."""
        return self.inner.plan(campaign, invitations)

    def plan_ahead(self, campaign: str, invitations: Sequence[PlannedInvitation]) -> Callable[[], PlanCounts]:
        """As the ledger does."""
        return self.inner.plan_ahead(campaign, invitations)

    def go_on(self, campaign: str, fingerprint: str, only: Collection[str] = ()) -> bool:
        """As the ledger does."""
        return self.inner.go_on(campaign, fingerprint, only)

    def leave_out_connected(self, campaign: str) -> Sequence[str]:
        """As the ledger does."""
        return self.inner.leave_out_connected(campaign)

    def failed(self, campaign: str, channel: Channel | None) -> frozenset[str]:
        """As the ledger says."""
        return self.inner.failed(campaign, channel)

    def unlisted(self, campaign: str) -> Sequence[str]:
        """As the ledger does."""
        return self.inner.unlisted(campaign)

    def work(
        self,
        campaign: str,
        *,
        scope: Scope,
        now: datetime,
        after: int,
        limit: int,
        only: frozenset[str] = frozenset(),
        channel: Channel | None = None,
    ) -> Sequence[tuple[int, Invitation]]:
        """The next invitations with a message to an allowed address."""
        found: list[tuple[int, Invitation]] = []
        while True:
            page = self.inner.work(campaign, scope=scope, now=now, after=after, limit=PAGE, only=only, channel=channel)
            for place, invitation in page:
                messages = tuple(one for one in invitation.messages if (one.channel, key_of(one.to)) in self.allowed)
                if any(channel in (None, one.channel) for one in messages):
                    found.append((place, replace(invitation, messages=messages)))
                after = place
            if len(page) < PAGE or len(found) >= limit:
                return found[:limit]

    def due(
        self,
        campaign: str,
        *,
        scope: Scope,
        now: datetime,
        limit: int | None = None,
        only: frozenset[str] = frozenset(),
    ) -> Due:
        """How much of it there is."""
        everybody = limit if limit is not None else self.inner.due(campaign, scope=scope, now=now, only=only).growers
        work = self.work(campaign, scope=scope, now=now, after=0, limit=everybody, only=only)
        messages = Counter(message.channel for _, one in work for message in one.messages)
        return Due(len(work), messages, sum(one.link is None for _, one in work))

    def linkless(self, campaign: str, *, again: bool, after: int, limit: int) -> Sequence[tuple[int, Invitation]]:
        """As the ledger does: a link alone goes to nobody."""
        return self.inner.linkless(campaign, again=again, after=after, limit=limit)

    def barred(self, campaign: str, grower: Grower, *, shared: bool) -> Mapping[Channel, SkipReason]:
        """As the ledger says."""
        return self.inner.barred(campaign, grower, shared=shared)

    def record(self, *changes: Change) -> Awaitable[float]:
        """As the ledger does."""
        return self.inner.record(*changes)


@dataclass(frozen=True, slots=True)
class AllowingSender:
    """Fulfils `Sender`: the last gate, which no message gets through that the others should have kept."""

    channel: Channel
    inner: Sender[Any]
    allowed: Allowed

    async def ready(self) -> Turn:
        """As the sender does."""
        return await self.inner.ready()

    async def send(self, message: Any, turn: Turn) -> Outcome:
        """Hand over a message to an allowed address. Raises LeafcastError for any other."""
        if (self.channel, key_of(message.to)) not in self.allowed:
            raise LeafcastError("A message was about to leave for an address that --allow-only does not name")
        return await self.inner.send(message, turn)
