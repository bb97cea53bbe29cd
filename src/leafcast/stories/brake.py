"""One switch for the end of a run: a person's Ctrl-C, a stopping rule, or a ledger that can no longer be written.

Whoever waits (for the pace, for a backoff) is woken at once; whoever has a request under way finishes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from leafcast.errors import LeafcastError


class Braked(Exception):
    """The run is stopping, so this wait ended without a turn."""


class Brake:
    """Released when a run starts; pulled at most once, and the first reason stays."""

    def __init__(self) -> None:
        self._waits: set[asyncio.Timeout] = set()
        self.reason: LeafcastError | None = None

    @property
    def pulled(self) -> bool:
        """Whether nothing new may be started."""
        return self.reason is not None

    def pull(self, reason: LeafcastError) -> None:
        """Stop starting new things. Must be called from the event loop's thread."""
        if self.reason is not None:
            return
        self.reason = reason
        now = asyncio.get_running_loop().time()
        for wait in self._waits:
            wait.reschedule(now)

    async def minding(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do a piece of work; what ends the run pulls the brake instead of being raised, so that others finish what
        they have under way."""
        try:
            await work()
        except Braked:
            return
        except LeafcastError as error:
            self.pull(error)
        except Exception as error:
            bug = LeafcastError()
            bug.__cause__ = error
            self.pull(bug)

    @asynccontextmanager
    async def waiting(self) -> AsyncIterator[None]:
        """Around a wait that a stop may cut short; raises `Braked` then. Nothing that left us may be inside."""
        if self.pulled:
            raise Braked
        wait = asyncio.timeout(None)
        self._waits.add(wait)
        try:
            async with wait:
                yield
        except TimeoutError:
            if not wait.expired():
                raise
            raise Braked from None
        finally:
            self._waits.discard(wait)
        if self.pulled:
            raise Braked
