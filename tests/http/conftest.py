"""A server whose every byte the test decides."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from tests.loopback import tcp

from leafcast.edge.http import Door, Timeouts, open_network
from leafcast.edge.system import SystemClock
from leafcast.model import Service

T = TypeVar("T")
Behave = Callable[[int, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Wire:
    """What the server saw."""

    url: str = ""
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a client has closed its connection."""


@asynccontextmanager
async def wire(behave: Behave) -> AsyncIterator[Wire]:
    """Reads whole requests; after the n-th (from 1) it does what `behave(n, writer)` does."""
    seen = Wire()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
                )
                seen.requests.append(head + await reader.readexactly(length))
                await behave(len(seen.requests), writer)
                await writer.drain()
        except asyncio.IncompleteReadError:
            seen.left.set()

    async with tcp(handle) as port:
        seen.url = f"http://127.0.0.1:{port}"
        yield seen


async def _good(_n: int, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


class Lab:
    """What a test of the door needs."""

    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do it on a loop of its own."""
        with asyncio.Runner(loop_factory=self.loop_factory) as runner:
            return runner.run(work)

    tcp = staticmethod(tcp)
    wire = staticmethod(wire)
    good = staticmethod(_good)

    @staticmethod
    @asynccontextmanager
    async def door(url: str, *, rate: float | None = None, **timeouts: float) -> AsyncIterator[Door]:
        """A door to a URL, with short times where the test is about them."""
        async with open_network(Timeouts(**timeouts)) as network:
            yield Door(Service.LEAF, url, network, rate=rate, clock=SystemClock())

    @staticmethod
    def sends(data: bytes, *, then_close: bool = True) -> Behave:
        """A behaviour: write these bytes, and hang up or stay."""

        async def behave(_n: int, writer: asyncio.StreamWriter) -> None:
            writer.write(data)
            await writer.drain()
            if then_close:
                writer.close()

        return behave


@pytest.fixture
def lab() -> Lab:
    return Lab()
