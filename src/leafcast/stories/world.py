"""What the story of a run is given, and what it counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from leafcast.model import Channel, Grower, Link, Outcome, Service, Verdict
from leafcast.ports import Clock, LedgerReader, LinkMaker, Patience, Progress, RunLedger, Sender, Turn

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Courier(Generic[M]):
    """A channel ready for use: who writes its messages and who takes them away."""

    service: Service
    sender: Sender[M]
    write: Callable[[Grower, Link, str, int, str], M]
    """Grower, link, our message id, the round and its cause in; the finished message out."""
    stamp: Callable[[M, Grower, Link], M] | None = None
    """What depends on the moment of leaving, put on the message then."""

    async def ready(self) -> Turn:
        """Wait until the pace of this channel's service lets one request go."""
        return await self.sender.ready()

    def letter(
        self, grower: Grower, link: Link, message_id: str, round_number: int, cause: str = ""
    ) -> Callable[[Turn], Awaitable[Outcome]]:
        """Write the message now; what comes back hands it over, each time it is called, as written and stamped anew."""
        message, stamp = self.write(grower, link, message_id, round_number, cause), self.stamp
        if stamp is None:
            return lambda turn: self.sender.send(message, turn)
        return lambda turn: self.sender.send(stamp(message, grower, link), turn)


@dataclass(frozen=True, slots=True)
class World:
    """What a run touches."""

    ledger: RunLedger
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
