"""The connections themselves: what ASGI cannot do, a reset, a cut at a byte, or an answer that breaks HTTP.

uvicorn's own protocol stays in charge of reading requests and of good answers. For a fault the sandbox writes the bytes
of the answer itself, as many as asked, and ends the connection as asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
import sys
import time
from collections.abc import Callable
from http import HTTPStatus

from uvicorn.protocols.http.h11_impl import H11Protocol

from leafcast.sandbox.exchange import Answer

Peer = tuple[str, int]

STAMPS = 35
"""SO_TIMESTAMPNS of Linux, for which Python has no name: the kernel notes when bytes come (socket(7))."""
_STAMP = struct.Struct("@qq")
READ_AT_ONCE = 0.001
"""Seconds between two looks at a clock that count as none."""
BUFFER = 262_144
"""Bytes that are read at once, as many as asyncio does."""


def stamping(listener: socket.socket) -> None:
    """Have the kernel note the times of arrival on the connections of a listening socket, where it can: a process that
    has to wait for the processor, or is busy with others, would count requests late and in heaps."""
    with contextlib.suppress(OSError):
        if sys.platform == "linux":
            listener.setsockopt(socket.SOL_SOCKET, STAMPS, 1)


def arrived(connection: socket.socket) -> float:
    """When the bytes that wait to be read arrived, in monotonic seconds; now, where the kernel does not tell."""
    with contextlib.suppress(OSError):
        notes = connection.recvmsg(1, socket.CMSG_SPACE(_STAMP.size), socket.MSG_PEEK | socket.MSG_DONTWAIT)[1]
        for level, kind, data in notes:
            if (level, kind, len(data)) == (socket.SOL_SOCKET, STAMPS, _STAMP.size):
                seconds, nanoseconds = _STAMP.unpack(data)
                return float(seconds + nanoseconds / 1e9 - _ahead())
    return time.monotonic()


def _ahead() -> float:
    """By how much the wall clock is ahead of the monotonic one; read again where something came between."""
    for _ in range(5):
        before, wall = time.monotonic(), time.time()
        after = time.monotonic()
        if after - before < READ_AT_ONCE:
            break
    return wall - after


class Wires:
    """The open connections by the client's address and port, which is all that an ASGI scope tells of them."""

    def __init__(self) -> None:
        self._open: dict[Peer, asyncio.Transport] = {}
        self._heard: dict[Peer, float] = {}
        self.refuse: Callable[[], bool] = lambda: False
        """Asked at each new connection: shall it be reset at once?"""

    def opened(self, peer: Peer, transport: asyncio.Transport) -> None:
        """Know a connection; or reset it where a fault says so."""
        self._open[peer] = transport
        if self.refuse():
            self.reset(peer)

    def closed(self, peer: Peer) -> None:
        """Forget a connection."""
        self._open.pop(peer, None)
        self._heard.pop(peer, None)

    def heard(self, peer: Peer, at: float) -> None:
        """A request, or the first part of it, reached this connection at `at`, in monotonic seconds."""
        self._heard[peer] = at

    def heard_at(self, peer: Peer) -> float:
        """When that was: before whatever this process had to do first."""
        return self._heard.get(peer) or time.monotonic()

    def write(self, peer: Peer, data: bytes) -> None:
        """Put these bytes on the connection as they are."""
        if peer in self._open and data:
            self._open[peer].write(data)

    def finish(self, peer: Peer) -> None:
        """End the connection in order (FIN), after what was written."""
        if peer in self._open:
            self._open[peer].close()

    def reset(self, peer: Peer) -> None:
        """End the connection rudely (RST)."""
        transport = self._open.get(peer)
        if transport is None:
            return
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()

    def reset_all(self) -> None:
        """End every connection rudely, so that none keeps the server from stopping."""
        for peer in list(self._open):
            self.reset(peer)


def protocol_for(wires: Wires) -> type[H11Protocol]:
    """uvicorn's HTTP/1.1 protocol, with its connections known to `wires`."""

    buffer = bytearray(BUFFER)  # one for all: what was read is taken out before anybody else reads
    whole = memoryview(buffer)

    class WiredProtocol(H11Protocol, asyncio.BufferedProtocol):
        """Reads into a buffer of its own: so it is asked before the bytes are read, while the kernel still tells when
        they came."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._raw = socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
            if self.client is not None:
                wires.opened(self.client, transport)

        def get_buffer(self, _sizehint: int) -> bytearray:
            if self.client is not None and (self.cycle is None or self.cycle.response_complete):
                wires.heard(self.client, arrived(self._raw))
            return buffer

        def buffer_updated(self, nbytes: int) -> None:
            self.data_received(bytes(whole[:nbytes]))

        def connection_lost(self, exc: Exception | None) -> None:
            self._raw.close()
            if self.client is not None:
                wires.closed(self.client)
            super().connection_lost(exc)

    return WiredProtocol


def rendered(answer: Answer, *, length: int | None = None) -> bytes:
    """An answer as the bytes of HTTP/1.1; `length` is what Content-Length claims where that is not the truth."""
    claimed = len(answer.body) if length is None else length
    headers = (*answer.headers, (b"content-length", str(claimed).encode()))
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    return b"HTTP/1.1 %d %s\r\n%s\r\n%s" % (answer.status, _phrase(answer.status), lines, answer.body)


def _phrase(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b"Unknown"
