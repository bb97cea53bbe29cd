"""What the story of a run is given, and what it counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from leafcast.model import Channel, Grower, Link, Outcome, Service, Verdict
from leafcast.ports import Clock, Ledger, LedgerReader, LinkMaker, Patience, Progress, Sender, Turn

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Courier(Generic[M]):
    """A channel ready for use: who writes its messages and who takes them away."""

    service: Service
    sender: Sender[M]
    write: Callable[[Grower, Link, str, int], M]
    """Grower, link, our message id and the round in; the finished message out."""

    async def ready(self) -> Turn:
        """Wait until the pace of this channel's service lets one request go."""
        return await self.sender.ready()

    def letter(
        self, grower: Grower, link: Link, message_id: str, round_number: int
    ) -> Callable[[Turn], Awaitable[Outcome]]:
        """Write the message now; what comes back hands it over, each time it is called, exactly as written."""
        message = self.write(grower, link, message_id, round_number)
        return lambda turn: self.sender.send(message, turn)


@dataclass(frozen=True, slots=True)
class World:
    """What a run touches."""

    ledger: Ledger
    reader: LedgerReader
    leaf: LinkMaker
    couriers: Mapping[Channel, Courier[Any]]
    patience: Patience
    clock: Clock
    new_id: Callable[[], str]
    progress: Progress


@dataclass(slots=True)
class Tally:
    """What this command did, as opposed to what the whole ledger holds."""

    ended: Counter[Verdict] = field(default_factory=Counter)
    links: int = 0
    held: int = 0
