"""Requests over aiohttp's connections, each exactly once, and the one table that says what each failure means.

aiohttp without a client on top of it: what httpx adds to a request costs more than all the rest of it, and the
ready-made bridge between the two tells a connection that was dropped after the request had left as one that never
stood: docs/decisions/0003-http-transport.md.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp.connector import Connection
from yarl import URL

from leafcast import __version__
from leafcast.decide.replies import Answer, Fault, NotSent, Reply, Unanswered

LARGEST_BODY = 5_000_000
"""Bytes of an answer that are read; what is longer counts as cut off."""

_HEADERS = {"User-Agent": f"leafcast/{__version__}", "Accept": "application/json", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `read` runs from the first byte we write, so it bounds writing as well; it outlasts the 26 s that
    Twilio may take on its side (twilio-ruby issue 519, of 2020, read 2026-11)."""

    connect: float = 5.0
    read: float = 35.0
    total: float = 45.0
    idle: float = 4.0
    """How long an unused connection is kept: shorter than servers keep it, because a request that meets a connection
    which the server is just closing ends in doubt."""


FAULTS: tuple[tuple[type[BaseException], type[NotSent] | type[Unanswered], Fault], ...] = (
    # Raised while connecting only (aiohttp 3.14, client.py, _connect_and_send_request): no byte has left.
    (aiohttp.ConnectionTimeoutError, NotSent, Fault.CONNECT_TIMEOUT),
    (aiohttp.ClientConnectorDNSError, NotSent, Fault.NAME),
    (aiohttp.ClientConnectorCertificateError, NotSent, Fault.TLS),
    (aiohttp.ClientSSLError, NotSent, Fault.TLS),
    (aiohttp.ClientConnectorError, NotSent, Fault.REFUSED),
    # From here on a connection stood. A server that drops it before we write looks the same as one that drops it after
    # it has read everything, so none of these may be told as a failure to connect.
    (asyncio.TimeoutError, Unanswered, Fault.TIMEOUT),
    (aiohttp.ClientResponseError, Unanswered, Fault.GARBLED),
    (aiohttp.ClientError, Unanswered, Fault.CLOSED),
    (OSError, Unanswered, Fault.CLOSED),
)
"""What each failure means; the first line that fits counts, so the most specific stand first. Whatever is not known to
have failed before the first byte is a doubt."""


def fault_of(error: BaseException) -> NotSent | Unanswered:
    """What a failure below HTTP means. Raises the error again when the table does not know it."""
    for kind, made, fault in FAULTS:
        if isinstance(error, kind):
            return made(fault)
    raise error


Written = Callable[[], None]
"""Told once a request's bytes have been written."""

_written: ContextVar[Written | None] = ContextVar("_written", default=None)


class Connector(aiohttp.TCPConnector):
    """Connections; whoever gets one writes at once, in the same turn of the event loop (aiohttp 3.14, client.py,
    _connect_and_send_request), so in the next one it has written."""

    async def connect(self, *args: Any, **options: Any) -> Connection:
        """A connection for a request."""
        connection = await super().connect(*args, **options)
        if (written := _written.get()) is not None:
            asyncio.get_running_loop().call_soon(written)
        return connection


class Network:
    """Open connections, shared by all doors. Sends each request exactly once, whatever happens."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        largest: int = LARGEST_BODY,
        written: Written | None = None,
    ) -> Reply:
        """Make one request; `written` is called when its bytes have left. What the network or the server does comes
        back as a value."""
        _written.set(written)
        try:
            answer = await self._session.request(
                method, URL(url, encoded=True), headers=headers, data=body or None, allow_redirects=False
            )
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            return fault_of(error)
        whole = False
        try:
            found, whole = await _read(answer.content, largest)
        finally:
            # A connection that broke, or that has something of the body still to come, must not meet the next request.
            if whole:
                answer.release()
            else:
                answer.close()
        return Answer(answer.status, _readable(answer.raw_headers), found, whole)


async def _read(content: aiohttp.StreamReader, largest: int) -> tuple[bytes, bool]:
    """The body, and whether it is whole."""
    parts: list[bytes] = []
    size = 0
    try:
        while part := await content.readany():
            parts.append(part)
            size += len(part)
            if size > largest:
                return b"", False
    except (TimeoutError, aiohttp.ClientError, OSError):
        return b"".join(parts), False
    return b"".join(parts), True


def _readable(headers: tuple[tuple[bytes, bytes], ...]) -> dict[str, str]:
    """Headers by lower-case name, each byte a letter; of several with one name the first."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in reversed(headers)}


@asynccontextmanager
async def open_network(timeouts: Timeouts = Timeouts(), tls: ssl.SSLContext | None = None) -> AsyncIterator[Network]:
    """Connections for one run, closed at its end. `tls` is for a private certificate authority; certificates are
    always checked. Proxies and cookies of the environment are not used."""
    quiet_loggers()
    connector = Connector(
        limit=0,  # each door holds its own cap, so that nobody waits here with an intent already written
        ssl=tls or ssl.create_default_context(),
        keepalive_timeout=timeouts.idle,
    )
    session = aiohttp.ClientSession(
        connector=connector,
        headers=_HEADERS,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        timeout=aiohttp.ClientTimeout(
            total=timeouts.total,
            connect=timeouts.connect * 2,  # name, connection and TLS together
            sock_connect=timeouts.connect,
            sock_read=timeouts.read,
        ),
    )
    # aiohttp sends GET and DELETE once more by itself when a kept connection turns out closed; that request would
    # escape the pace. There is no public switch (aio-libs/aiohttp issue 10790); tests/http proves that this one works.
    session._retry_connection = False
    async with session:
        yield Network(session)


def quiet_loggers() -> None:
    """Keep the libraries from printing URLs, numbers and keys: Leaf's link ids stand in URLs, twilio prints numbers at
    INFO, sendgrid's client prints its key at DEBUG."""
    for name in ("aiohttp", "httpx", "httpcore", "urllib3", "twilio", "sendgrid", "python_http_client", "asyncio"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
