"""Requests through a transport of httpx, and the one table that says what each of their failures means.

httpx's requests, answers and errors without its `AsyncClient`: redirects, authentication and cookies, which nobody here
wants, cost more than all the rest of a request (docs/decisions/0003-http-transport.md).
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import aiohttp
import httpx

from leafcast import __version__
from leafcast.decide.replies import Answer, Fault, NotSent, Reply, Unanswered
from leafcast.edge.http.transport import WRITTEN, Connector, NameNotFound, NoTrust, OnceTransport, Written

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


FAULTS: tuple[tuple[type[httpx.TransportError], type[NotSent] | type[Unanswered], Fault], ...] = (
    (NameNotFound, NotSent, Fault.NAME),
    (NoTrust, NotSent, Fault.TLS),
    (httpx.ConnectError, NotSent, Fault.REFUSED),
    (httpx.ConnectTimeout, NotSent, Fault.CONNECT_TIMEOUT),
    (httpx.TimeoutException, Unanswered, Fault.TIMEOUT),
    (httpx.ProtocolError, Unanswered, Fault.GARBLED),
    (httpx.TransportError, Unanswered, Fault.CLOSED),
)
"""What each failure means; the first line that fits counts, so the most specific stand first. Whatever is not known to
have failed before the first byte is a doubt."""

_url = lru_cache(maxsize=64)(httpx.URL)
"""Taking a URL apart costs as much as the rest of building a request, and most requests go to a few."""


def fault_of(error: httpx.TransportError) -> NotSent | Unanswered:
    """What a failure below HTTP means."""
    return next(made(fault) for kind, made, fault in FAULTS if isinstance(error, kind))


class Network:
    """Open connections, shared by all doors. Sends each request exactly once, whatever happens."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

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
        # Given as a stream, the body is not encoded and measured a second time, which costs as much as all the rest.
        stream = httpx.ByteStream(body or b"")
        extensions = {WRITTEN: written} if written else {}
        request = httpx.Request(
            method, _url(url), headers={**_HEADERS, **headers}, stream=stream, extensions=extensions
        )
        try:
            response = await self._transport.handle_async_request(request)
        except httpx.TransportError as error:
            return fault_of(error)
        answered = cast(httpx.AsyncByteStream, response.stream)  # of an async transport
        try:
            found, whole = await _read(answered, largest)
        finally:
            await answered.aclose()
        return Answer(response.status_code, _readable(response.headers.raw), found, whole)


async def _read(stream: httpx.AsyncByteStream, largest: int) -> tuple[bytes, bool]:
    """The body, and whether it is whole."""
    parts: list[bytes] = []
    size = 0
    try:
        async for part in stream:
            parts.append(part)
            size += len(part)
            if size > largest:
                return b"", False
    except httpx.TransportError:
        return b"".join(parts), False
    return b"".join(parts), True


def _readable(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower-case name, each byte a letter; of several with one name the first."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in reversed(headers)}


@asynccontextmanager
async def open_network(timeouts: Timeouts = Timeouts(), tls: ssl.SSLContext | None = None) -> AsyncIterator[Network]:
    """Connections for one run, closed at its end. `tls` is for a private certificate authority; certificates are
    always checked. Proxies and cookies of the environment are not used."""
    quiet_loggers()
    connector = Connector(
        limit=0,  # each door holds its own cap, so that nobody waits here with an intent already written
        ssl=tls or True,  # aiohttp has one that checks, made when it was imported; another costs every start 22 ms
        keepalive_timeout=timeouts.idle,
    )
    session = aiohttp.ClientSession(
        connector=connector,
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
    async with OnceTransport(session) as transport:
        yield Network(transport)


def quiet_loggers() -> None:
    """Keep the libraries from printing URLs, numbers and keys: Leaf's link ids stand in URLs, twilio prints numbers at
    INFO, sendgrid's client prints its key at DEBUG."""
    for name in ("aiohttp", "httpx", "httpcore", "urllib3", "twilio", "sendgrid", "python_http_client", "asyncio"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
