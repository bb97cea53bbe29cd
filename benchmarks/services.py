"""A server for benchmarks that stands for all services: it parses next to nothing, in a process of its own, so that the
client is what is measured. It says how much of its processor time it has used, so that a reader sees that it was not
what everybody waited for. `latency` is how long each answer takes, in seconds."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from urllib.parse import urlsplit

_NUMBERS = itertools.count(1)


class AnyService(asyncio.Protocol):
    """One connection: each request is answered by what its first line says."""

    def __init__(self, latency: float, expires: str) -> None:
        self._latency = latency
        self._expires = expires

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._seen = b""
        self._whole = 0

    def data_received(self, data: bytes) -> None:
        self._seen = self._seen + data if self._seen else data
        if not self._whole:
            head, found, _ = self._seen.partition(b"\r\n\r\n")
            if not found:
                return
            marked = head.lower().partition(b"content-length:")[2]
            self._whole = len(head) + 4 + int(marked.partition(b"\r\n")[0] or b"0")
        if len(self._seen) < self._whole:
            return
        answer = self._answer(self._seen[: self._seen.index(b"\r\n")])
        self._seen, self._whole = b"", 0
        if self._latency:
            asyncio.get_running_loop().call_later(self._latency, self._transport.write, answer)
        else:
            self._transport.write(answer)

    def _answer(self, line: bytes) -> bytes:
        number = next(_NUMBERS)
        if b"mail/send" in line:
            return b"HTTP/1.1 202 Accepted\r\nx-message-id: m%d\r\ncontent-length: 0\r\n\r\n" % number
        if b"Messages.json" in line:
            body = b'{"sid":"SM%032x","status":"queued"}' % number
        elif b"/busy" in line:
            body = b"%f" % time.process_time()
        else:
            told = '{{"id":"l{0}","leafUserId":"u{0}","link":"http://127.0.0.1/magic/l{0}","expiresAt":"{1}"}}'
            body = told.format(number, self._expires).encode()
        head = b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        return head % len(body) + body


def busy(url: str) -> float:
    """Seconds of processor time that a stand-in has used so far."""
    place = urlsplit(url)
    asked = http.client.HTTPConnection(place.hostname or "", place.port)
    asked.request("GET", "/busy")
    seconds = float(asked.getresponse().read())
    asked.close()
    return seconds


def _serve(pipe: Connection, latency: float) -> None:
    expires = (datetime.now(UTC) + timedelta(days=30)).isoformat()

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(
            lambda: AnyService(latency, expires), "127.0.0.1", 0, backlog=1024
        )
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


@contextmanager
def any_service(latency: float = 0.0) -> Iterator[str]:
    """The server's address, as long as it runs."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, latency), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()
