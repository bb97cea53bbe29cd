"""The first few of each channel go one by one: what is wrong for everybody shows after a handful of requests."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from leafcast.model import Channel

TRIALS = 5
"""So many rows of each channel go alone before others go beside them."""


class Trials:
    """Counts, for one run, how often each channel was tried."""

    def __init__(self) -> None:
        self._tried: Counter[Channel] = Counter()
        self._alone = asyncio.Lock()

    def proven(self, channel: Channel) -> bool:
        """Whether a channel was tried often enough."""
        return self._tried[channel] >= TRIALS

    @asynccontextmanager
    async def alone(self, channel: Channel) -> AsyncIterator[None]:
        """Around one row's whole way while its channel is not proven: no other such row of any channel meanwhile."""
        async with self._alone:
            yield
            self._tried[channel] += 1
