"""Requests through httpx, and the one table that says what each of their failures means."""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy

import aiohttp
import httpx

from leafcast import __version__
from leafcast.decide.replies import Answer, Fault, NotSent, Reply, Unanswered
from leafcast.edge.http.transport import NameNotFound, NoTrust, OnceTransport

LARGEST_BODY = 5_000_000
"""Bytes of an answer that are read; what is longer counts as cut off."""

_HEADERS = {"User-Agent": f"leafcast/{__version__}", "Accept": "application/json", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `read` runs from the first byte we write, so it bounds writing as well; it outlasts the 26 s that
    Twilio may take on its side (twilio-ruby issue 519)."""

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


def fault_of(error: httpx.TransportError) -> NotSent | Unanswered:
    """What a failure below HTTP means."""
    return next(made(fault) for kind, made, fault in FAULTS if isinstance(error, kind))


class Network:
    """Open connections, shared by all doors. Sends each request exactly once, whatever happens."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, largest: int = LARGEST_BODY
    ) -> Reply:
        """Make one request. What the network or the server does comes back as a value."""
        request = self._client.build_request(method, url, headers=headers, content=body)
        try:
            response = await self._client.send(request, stream=True)
        except httpx.TransportError as error:
            return fault_of(error)
        try:
            found, complete = await _read(response, largest)
        finally:
            await response.aclose()
        return Answer(response.status_code, response.headers, found, complete)


async def _read(response: httpx.Response, largest: int) -> tuple[bytes, bool]:
    """The body, and whether it is whole."""
    parts: list[bytes] = []
    size = 0
    try:
        async for part in response.aiter_raw():
            parts.append(part)
            size += len(part)
            if size > largest:
                return b"", False
    except httpx.TransportError:
        return b"".join(parts), False
    return b"".join(parts), True


@asynccontextmanager
async def open_network(timeouts: Timeouts = Timeouts(), tls: ssl.SSLContext | None = None) -> AsyncIterator[Network]:
    """Connections for one run, closed at its end. `tls` is for a private certificate authority; certificates are
    always checked. Proxies and cookies of the environment are not used."""
    quiet_loggers()
    connector = aiohttp.TCPConnector(
        limit=0,  # each door holds its own cap, so that nobody waits here with an intent already written
        ssl=tls or ssl.create_default_context(),
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
    client = httpx.AsyncClient(
        transport=OnceTransport(session),
        headers=_HEADERS,
        timeout=httpx.Timeout(timeouts.read, connect=timeouts.connect),  # told only; the session's times rule
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # httpx would hand every cookie back
        follow_redirects=False,
        trust_env=False,
    )
    async with client:
        yield Network(client)


def quiet_loggers() -> None:
    """Keep the libraries from printing URLs, numbers and keys: Leaf's link ids stand in URLs, twilio prints numbers at
    INFO, sendgrid's client prints its key at DEBUG."""
    for name in ("aiohttp", "httpx", "httpcore", "urllib3", "twilio", "sendgrid", "python_http_client", "asyncio"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
