"""What httpx sends through: aiohttp's connections, each request exactly once, each failure told as what it proves.

httpx's own pool gets slower with every connection, and the ready-made bridge tells a connection that was dropped after
the request had left as "connect timeout", which would be sent again: docs/decisions/0003-http-transport.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from typing import Any

import aiohttp
import httpx
from aiohttp.connector import Connection
from yarl import URL

Written = Callable[[], None]
"""Told once a request's bytes have been written."""

WRITTEN = "written"
"""The extension of a request that holds it."""

_written: ContextVar[Written | None] = ContextVar("_written", default=None)


class NameNotFound(httpx.ConnectError):
    """The host's name leads nowhere."""


class NoTrust(httpx.ConnectError):
    """No encrypted connection that can be trusted."""


TOLD_AS: tuple[tuple[type[BaseException], type[httpx.TransportError]], ...] = (
    # Raised while connecting only (aiohttp 3.14, client.py, _connect_and_send_request): no byte has left.
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
    (aiohttp.ClientConnectorDNSError, NameNotFound),
    (aiohttp.ClientConnectorCertificateError, NoTrust),
    (aiohttp.ClientSSLError, NoTrust),
    (aiohttp.ClientConnectorError, httpx.ConnectError),
    # From here on a connection stood. A server that drops it before we write looks the same as one that drops it after
    # it has read everything, so none of these may be told as a failure to connect.
    (asyncio.TimeoutError, httpx.ReadTimeout),
    (aiohttp.ClientResponseError, httpx.RemoteProtocolError),
    (aiohttp.ClientError, httpx.ReadError),
    (OSError, httpx.ReadError),
)
"""What each failure of aiohttp becomes; the first line that fits counts, so the most specific stand first."""


def told(error: BaseException, request: httpx.Request) -> httpx.TransportError:
    """A failure in httpx's words. Raises the error again when the table does not know it."""
    for kind, made in TOLD_AS:
        if isinstance(error, kind):
            return made(type(error).__name__, request=request)
    raise error


class Connector(aiohttp.TCPConnector):
    """Connections; whoever gets one writes its head at once and its body in the next turn of the event loop at the
    latest (aiohttp 3.14, client_reqrep.py, send), so in the turn after that it has written."""

    async def connect(self, *args: Any, **options: Any) -> Connection:
        """A connection for a request."""
        connection = await super().connect(*args, **options)
        if (written := _written.get()) is not None:
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, written)
        return connection


class OnceTransport(httpx.AsyncBaseTransport):
    """An httpx transport over an aiohttp session, which it closes."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Make one request, once."""
        _written.set(request.extensions.get(WRITTEN))
        try:
            answer = await self._session.request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=[(name.decode("ascii"), value.decode("latin-1")) for name, value in request.headers.raw],
                data=await request.aread() or None,
                allow_redirects=False,
            )
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise told(error, request) from error
        return httpx.Response(answer.status, headers=answer.raw_headers, stream=_Body(answer, request), request=request)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._session.close()


class _Body(httpx.AsyncByteStream):
    """An answer's body as it comes in."""

    def __init__(self, answer: aiohttp.ClientResponse, request: httpx.Request) -> None:
        self._answer = answer
        self._request = request
        self._whole = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while part := await self._answer.content.readany():
                yield part
            self._whole = True
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise told(error, self._request) from error

    async def aclose(self) -> None:
        """Give the connection back, or close it when it broke or something of the body is still to come: the next
        request must not meet either."""
        if self._whole:
            self._answer.release()
        else:
            self._answer.close()
