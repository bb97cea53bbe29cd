"""The connections themselves: what ASGI cannot do, a reset, a cut at a byte, or an answer that breaks HTTP.

uvicorn's own protocol stays in charge of reading requests and of good answers. For a fault the sandbox writes the bytes
of the answer itself, as many as asked, and ends the connection as asked.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from http import HTTPStatus

from uvicorn.protocols.http.h11_impl import H11Protocol

from leafcast.sandbox.exchange import Answer

Peer = tuple[str, int]


class Wires:
    """The open connections by the client's address and port, which is all that an ASGI scope tells of them."""

    def __init__(self) -> None:
        self._open: dict[Peer, asyncio.Transport] = {}
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

    class WiredProtocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if self.client is not None:
                wires.opened(self.client, transport)

        def connection_lost(self, exc: Exception | None) -> None:
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
