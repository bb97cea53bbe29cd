"""What durability costs: intents that wait together and share a commit, against one commit for each.

Both write the same link intents into the same kind of ledger with full durability, one after the other in this run.
Prints the two rates and their ratio.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from pathlib import Path

from leafcast.edge.ledger import SqliteLedger, open_ledger
from leafcast.edge.memory import VirtualClock
from leafcast.model import (
    Channel,
    Grower,
    LinkIntent,
    LinkRequest,
    LinkType,
    PlannedInvitation,
    PlannedMessage,
)

CAMPAIGN = "benchmark"
INTENTS = 4_000
TOGETHER = 64
ROUNDS = 3


def main() -> None:
    """Measure both ways a few times, keep the best of each, print."""
    grouped = max(measure(TOGETHER) for _ in range(ROUNDS))
    single = max(measure(1) for _ in range(ROUNDS))
    print(f"{TOGETHER} waiting together: {grouped:,.0f} durable intents/s")
    print(f"one at a time:       {single:,.0f} durable intents/s")
    print(f"ratio: {grouped / single:.1f}")


def measure(together: int) -> float:
    """Durable intents a second with so many waiting at the same time."""
    with tempfile.TemporaryDirectory(dir=".") as folder, fresh(Path(folder)) as ledger:
        begun = time.perf_counter()
        asyncio.run(write(ledger, together))
        return INTENTS / (time.perf_counter() - begun)


def fresh(folder: Path) -> SqliteLedger:
    """A ledger with as many growers as intents."""
    ledger = open_ledger(f"sqlite:///{folder.resolve()}/ledger.db", VirtualClock(), lambda: secrets.token_hex(16))
    ledger.begin(CAMPAIGN, "benchmark")
    ledger.plan(CAMPAIGN, [planned(number) for number in range(INTENTS)])
    return ledger


def planned(number: int) -> PlannedInvitation:
    """One grower with one email."""
    grower = Grower(number + 2, f"G{number}", f"Name {number}", f"g{number}@farm.example", None)
    return PlannedInvitation(grower, 0, (PlannedMessage(Channel.EMAIL, grower.email),))


async def write(ledger: SqliteLedger, together: int) -> None:
    """Write every intent, each awaited by its worker before its next."""
    names = iter([f"G{number}" for number in range(INTENTS)])

    async def worker() -> None:
        for name in names:
            await ledger.record(LinkIntent(CAMPAIGN, name, 0, 1, LinkRequest(LinkType.PROVIDER, name, 86_400)))

    await asyncio.gather(*(worker() for _ in range(together)))


if __name__ == "__main__":
    main()
