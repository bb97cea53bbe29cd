"""A clock whose time passes only while somebody sleeps on it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
"""A Monday morning in the Midwest, outside anybody's quiet hours."""
TURNS = 10
"""Turns of the event loop between two wakings."""


class VirtualClock:
    """Fulfils `Clock`. Sleepers wake in the order of their times, at once, and the time is then theirs."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._loop: asyncio.AbstractEventLoop | None = None

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
        if self._loop is not loop:
            # The first sleeper of this event loop; those of a loop that has ended will never be waited for again.
            self._loop = loop
            self._sleepers = [sleeper for sleeper in self._sleepers if sleeper[2] is waiter]
            loop.call_soon(self._tick, TURNS)
        await waiter

    def _tick(self, turns: int) -> None:
        """Let the loop turn a few times, so that whoever woke last can act, then wake the next."""
        if self._loop is None:
            return
        if turns:
            self._loop.call_soon(self._tick, turns - 1)
            return
        self._wake_next()
        if self._sleepers:
            self._loop.call_soon(self._tick, TURNS)
        else:
            self._loop = None

    def _wake_next(self) -> None:
        while self._sleepers:
            due, _, waiter = heapq.heappop(self._sleepers)
            if not waiter.done():
                self._elapsed = max(self._elapsed, due)
                waiter.set_result(None)
                return
