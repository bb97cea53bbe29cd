"""A clock whose time passes only while somebody sleeps on it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
"""A Monday morning in the Midwest, outside anybody's quiet hours."""


class VirtualClock:
    """Fulfils `Clock`. Sleepers wake in the order of their times, at once, and the time is then theirs."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    def now(self) -> datetime:
        """The wall clock, aware, UTC."""
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self._elapsed

    def advance(self, seconds: float) -> None:
        """Let time pass while nobody sleeps."""
        self._elapsed += seconds

    async def sleep(self, seconds: float) -> None:
        """Wait in virtual time; others that are ready run first."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        heapq.heappush(self._sleepers, (self._elapsed + max(0.0, seconds), next(self._numbers), waiter))
        # Each sleeper brings one waking, for whoever is first then; two turns of the loop let others lie down before.
        loop.call_soon(loop.call_soon, self._wake_next)
        await waiter

    def _wake_next(self) -> None:
        due, _, waiter = heapq.heappop(self._sleepers)
        self._elapsed = max(self._elapsed, due)
        if not waiter.done():
            waiter.set_result(None)
