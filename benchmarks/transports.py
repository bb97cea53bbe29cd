"""Which way of making a request costs least, and what our door adds: one run, one loopback server.

    python benchmarks/transports.py [--seconds 1.0] [--connections 1 8 32 64 128] [--loops asyncio uvloop]

The server is a raw `asyncio.Protocol` in its own process; it answers a fixed body and parses nothing, so that the
client is what is measured. Two tables: requests per second, which drift with what else the machine does, and the
processor time of the client for each, which drifts less. Both with the ratio to one line of the same run. `uvloop` is
measured where it is installed (`pip install uvloop`), and so is HTTP/2 (`pip install h2`): all requests on one
connection, without TLS, so that the two protocols differ in nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import multiprocessing
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from multiprocessing.connection import Connection

import aiohttp
import httpx
from httpx_aiohttp import HttpxAiohttpClient

try:
    import h2.config
    import h2.connection
    import h2.events
except ImportError:  # HTTP/2 is left out then
    h2 = None

from leafcast.edge.http import Door, open_network
from leafcast.edge.system import SystemClock
from leafcast.model import Service

BODY = {"externalId": "G-0001", "expiresIn": 2592000, "settings": {"companyName": "Prairie"}}
ANSWER = b'{"id":"4f1c","leafUserId":"u-1","link":"http://127.0.0.1/magic/4f1c"}'
HEAD = b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(ANSWER)

Call = Callable[[], Awaitable[None]]


class FixedAnswer(asyncio.Protocol):
    """Answers each request as soon as its JSON body has come; the body is small enough to close with `}}`."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.seen = b""

    def data_received(self, data: bytes) -> None:
        self.seen += data
        if self.seen.startswith(b"PRI * HTTP/2.0"):
            self._go_on_in_http2()
        elif self.seen.endswith(b"}}"):
            self.seen = b""
            self.transport.write(HEAD + ANSWER)

    def _go_on_in_http2(self) -> None:
        newer = FixedAnswers(self.transport)
        self.transport.set_protocol(newer)
        newer.data_received(self.seen)


class FixedAnswers(asyncio.Protocol):
    """The same in HTTP/2, many requests on one connection."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self.state.initiate_connection()

    def data_received(self, data: bytes) -> None:
        for event in self.state.receive_data(data):
            if isinstance(event, h2.events.DataReceived):
                self.state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                self.state.send_headers(event.stream_id, [(":status", "201"), ("content-type", "application/json")])
                self.state.send_data(event.stream_id, ANSWER, end_stream=True)
        self.transport.write(self.state.data_to_send())


def serve(pipe: Connection) -> None:
    """The server process: tells its port, then answers until it is ended."""

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(FixedAnswer, "127.0.0.1", 0, backlog=1024)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


@asynccontextmanager
async def httpx_own(url: str, connections: int, *, http2: bool = False) -> AsyncIterator[Call]:
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    async with httpx.AsyncClient(limits=limits, trust_env=False, http1=not http2, http2=http2) as client:

        async def call() -> None:
            assert (await client.post(f"{url}/x", json=BODY)).status_code == 201

        yield call


@asynccontextmanager
async def httpx_over_aiohttp(url: str, connections: int) -> AsyncIterator[Call]:
    async with HttpxAiohttpClient(limits=httpx.Limits(max_connections=connections), trust_env=False) as client:

        async def call() -> None:
            assert (await client.post(f"{url}/x", json=BODY)).status_code == 201

        yield call


@asynccontextmanager
async def aiohttp_alone(url: str, connections: int) -> AsyncIterator[Call]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections)) as session:

        async def call() -> None:
            async with session.post(f"{url}/x", json=BODY) as answer:
                await answer.read()
                assert answer.status == 201

        yield call


@asynccontextmanager
async def our_network(url: str, _connections: int) -> AsyncIterator[Call]:
    body, headers = json.dumps(BODY).encode(), {"Content-Type": "application/json"}
    async with open_network() as network:

        async def call() -> None:
            answer = await network.send("POST", f"{url}/x", headers, body)
            assert getattr(answer, "status", None) == 201, answer

        yield call


@asynccontextmanager
async def our_door(url: str, connections: int) -> AsyncIterator[Call]:
    clock = SystemClock()
    async with open_network() as network:
        door = Door(Service.LEAF, url, network, rate=None, clock=clock, connections=connections)

        async def call() -> None:
            answer = await door.request("POST", "/x", json=BODY)
            assert getattr(answer, "status", None) == 201, answer

        yield call


CONTENDERS = {
    "httpx, its own transport": httpx_own,
    **({"httpx, HTTP/2": partial(httpx_own, http2=True)} if h2 else {}),
    "httpx over httpx-aiohttp": httpx_over_aiohttp,
    "aiohttp alone": aiohttp_alone,
    "leafcast's network": our_network,
    "leafcast's door": our_door,
}


REFERENCE = "httpx over httpx-aiohttp"


async def rate_of(call: Call, connections: int, seconds: float) -> tuple[float, float]:
    """Requests per second of `connections` workers that ask again as soon as they are answered, and microseconds of
    this process's processor time for each."""
    done = 0
    stop_at = time.perf_counter() + seconds

    async def worker() -> None:
        nonlocal done
        while time.perf_counter() < stop_at:
            await call()
            done += 1

    await call()
    started, spent = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(connections)))
    return done / (time.perf_counter() - started), (time.process_time() - spent) / done * 1e6


async def measured(url: str, connections: list[int], seconds: float) -> dict[tuple[str, int], tuple[float, float]]:
    found = {}
    for n in connections:
        for name, contender in CONTENDERS.items():
            async with contender(url, n) as call:
                found[name, n] = await rate_of(call, n, seconds)
    return found


def show(title: str, connections: list[int], figures: dict[tuple[str, int], float]) -> None:
    print(f"\n{title}; in brackets the ratio to {REFERENCE}")
    print(f"{'':32}" + "".join(f"{n:>9} conn." for n in connections))
    for name in CONTENDERS:
        cells = (f"{figures[name, n]:,.0f} ({figures[name, n] / figures[REFERENCE, n]:.2f})" for n in connections)
        print(f"{name:32}" + "".join(f"{cell:>15}" for cell in cells))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=1.0)
    options.add_argument("--connections", type=int, nargs="+", default=[1, 8, 32, 64, 128])
    options.add_argument("--loops", nargs="+", choices=["asyncio", "uvloop"], default=["asyncio"])
    chosen = options.parse_args()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{ours.recv()}"
    try:
        for loop in chosen.loops:
            factory = importlib.import_module("uvloop").new_event_loop if loop == "uvloop" else None
            with asyncio.Runner(loop_factory=factory) as runner:
                found = runner.run(measured(url, chosen.connections, chosen.seconds))
            show(f"{loop}: POST per second", chosen.connections, {key: rate for key, (rate, _) in found.items()})
            show(f"{loop}: µs of processor each", chosen.connections, {key: cost for key, (_, cost) in found.items()})
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
