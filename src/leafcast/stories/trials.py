"""The first few of each channel go one by one: what is wrong for everybody shows after a handful of requests."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from leafcast.model import Channel

TRIALS = 5
"""So many invitations of each channel go alone before others go beside them."""


class Trials:
    """Counts, for one run, how often each channel was tried."""

    def __init__(self) -> None:
        self._tried: Counter[Channel] = Counter()
        self._alone = asyncio.Lock()

    @asynccontextmanager
    async def turn(self, channels: Collection[Channel]) -> AsyncIterator[None]:
        """Around one invitation on its way: alone as long as one of its channels has been tried too little."""
        if not self._proven(channels):
            async with self._alone:
                if not self._proven(channels):
                    yield
                    self._tried.update(channels)
                    return
        yield

    def _proven(self, channels: Collection[Channel]) -> bool:
        return all(self._tried[channel] >= TRIALS for channel in channels)
