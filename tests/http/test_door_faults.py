"""What a door makes of a network that fails, byte by byte."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any

import aiohttp
import httpx
import pytest

from leafcast.decide.replies import Answer, Fault, NotSent, Unanswered
from leafcast.edge.http.network import fault_of
from leafcast.edge.http.transport import TOLD_AS, told


@pytest.fixture(autouse=True, params=["asyncio", "uvloop"])
def either_loop(lab: Any, request: pytest.FixtureRequest) -> None:
    """Every rule of this file holds on both loops that a command may run on."""
    if request.param == "uvloop":
        lab.loop_factory = pytest.importorskip("uvloop").new_event_loop


def ask(lab: Any, behave: Any, method: str = "POST", **timeouts: float) -> tuple[Any, Any]:
    """One request to a server that behaves like this: the reply, and what the server saw."""

    async def main() -> tuple[Any, Any]:
        async with lab.wire(behave) as seen, lab.door(seen.url, **timeouts) as door:
            body = {"json": {"a": 1}} if method == "POST" else {}
            return await door.request(method, "/x", **body), seen

    return lab.run(main())


def refused_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE", "PUT"])
def test_a_dropped_connection_is_one_request(lab: Any, method: str) -> None:
    """A request whose connection drops after it was read is never sent again, whatever its method."""
    reply, seen = ask(lab, lab.sends(b""), method)
    assert reply == Unanswered(Fault.CLOSED)
    assert len(seen.requests) == 1


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_a_dropped_kept_connection_is_one_request(lab: Any, method: str) -> None:
    """On a connection that was used before, a drop is a doubt too: no second request on a new connection."""

    async def behave(n: int, writer: asyncio.StreamWriter) -> None:
        if n == 1:
            await lab.good(n, writer)
        else:
            writer.close()

    async def main() -> tuple[Any, Any]:
        async with lab.wire(behave) as seen, lab.door(seen.url) as door:
            assert (await door.request("POST", "/first", json={})).status == 200
            return await door.request(method, "/second"), seen

    reply, seen = lab.run(main())
    assert reply == Unanswered(Fault.CLOSED)
    assert (len(seen.requests), seen.connections) == (2, 1)


def test_a_reset_is_a_doubt(lab: Any) -> None:
    """A reset after the request was read leaves open whether it was done."""

    async def behave(_n: int, writer: asyncio.StreamWriter) -> None:
        linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    reply, seen = ask(lab, behave)
    assert reply == Unanswered(Fault.CLOSED)
    assert len(seen.requests) == 1


@pytest.mark.parametrize("head", [b"HTTP/1.1 20", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"])
def test_a_cut_head_is_a_doubt(lab: Any, head: bytes) -> None:
    """An answer that ends inside its status line or its headers is no answer."""
    assert isinstance(ask(lab, lab.sends(head))[0], Unanswered)


@pytest.mark.parametrize("noise", [b"SSH-2.0-OpenSSH_9.6\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00\x01\x02\r\n\r\n"])
def test_an_answer_that_is_not_http_is_a_doubt(lab: Any, noise: bytes) -> None:
    """Who does not speak HTTP may still have taken the request."""
    assert isinstance(ask(lab, lab.sends(noise))[0], Unanswered)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
    ],
)
def test_a_cut_body_still_has_its_status(lab: Any, data: bytes) -> None:
    """A full status line with a broken body is an answer, marked as incomplete."""
    reply, _ = ask(lab, lab.sends(data))
    assert isinstance(reply, Answer)
    assert (reply.status, reply.body_complete, reply.json()) == (201, False, None)


def test_a_body_that_breaks_http_itself_is_a_doubt(lab: Any) -> None:
    """Where even the framing is wrong, the head that came with it is not believed either."""
    reply, _ = ask(lab, lab.sends(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nnonsense"))
    assert reply == Unanswered(Fault.GARBLED)


def test_silence_is_a_doubt(lab: Any) -> None:
    """No answer within the read time is a doubt."""

    async def behave(_n: int, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    assert ask(lab, behave, read=0.1)[0] == Unanswered(Fault.TIMEOUT)


def test_the_whole_request_has_a_deadline(lab: Any) -> None:
    """A server that keeps the reader busy with a byte now and then is cut off at the total."""

    async def behave(_n: int, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b".")
            await asyncio.sleep(0.05)

    reply, _ = ask(lab, behave, read=30, total=2)
    assert isinstance(reply, Answer)
    assert not reply.body_complete
    assert 0 < len(reply.body) < 1000


def test_a_refused_connection_is_not_sent(lab: Any) -> None:
    """Nobody listening means that nothing left."""

    async def main() -> Any:
        async with lab.door(f"http://127.0.0.1:{refused_port()}") as door:
            return await door.request("POST", "/x", json={})

    assert lab.run(main()) == NotSent(Fault.REFUSED)


def test_an_unknown_name_is_not_sent(lab: Any) -> None:
    """A name that is nowhere means that nothing left (`.invalid` never exists, RFC 2606)."""

    async def main() -> Any:
        async with lab.door("http://leafcast.invalid") as door:
            return await door.request("POST", "/x", json={})

    assert lab.run(main()) == NotSent(Fault.NAME)


def test_tls_with_a_server_that_has_none_is_not_sent(lab: Any) -> None:
    """A failed handshake means that no request left."""

    async def main() -> Any:
        async def hello(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 mail.example ESMTP\r\n")
            await writer.drain()

        async with lab.tcp(hello) as port, lab.door(f"https://127.0.0.1:{port}") as door:
            return await door.request("POST", "/x", json={})

    assert lab.run(main()) == NotSent(Fault.TLS)


def test_a_hanging_handshake_is_not_sent(lab: Any) -> None:
    """A connection that never gets as far as a request means that nothing left."""

    async def main() -> Any:
        async def mute(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
            await asyncio.Event().wait()

        async with lab.tcp(mute) as port, lab.door(f"https://127.0.0.1:{port}", connect=0.1) as door:
            return await door.request("POST", "/x", json={})

    assert lab.run(main()) == NotSent(Fault.CONNECT_TIMEOUT)


def test_every_error_of_the_library_is_mapped() -> None:
    """Each exception of aiohttp is told in httpx's words, and only those of connecting count as not sent."""
    known = [
        kind for kind in vars(aiohttp).values() if isinstance(kind, type) and issubclass(kind, aiohttp.ClientError)
    ]
    safe = {kind.__name__ for kind in known if issubclass(_told(kind), httpx.ConnectError | httpx.ConnectTimeout)}
    assert len(known) > 20
    assert safe == {
        "ConnectionTimeoutError",
        "ClientConnectorDNSError",
        "ClientConnectorCertificateError",
        "ClientConnectorSSLError",
        "ClientSSLError",
        "ClientConnectorError",
        "ClientProxyConnectionError",
        "UnixClientConnectorError",
    } & {kind.__name__ for kind in known}
    request = httpx.Request("GET", "http://127.0.0.1/")
    assert isinstance(told(ssl.SSLError(), request), httpx.ReadError)
    assert isinstance(told(TimeoutError(), request), httpx.ReadTimeout)


def _told(kind: type[BaseException]) -> type[httpx.TransportError]:
    for listed, made in TOLD_AS:
        if issubclass(kind, listed):
            return made
    raise AssertionError(kind)


def test_every_error_of_httpx_means_something() -> None:
    """Whatever a transport of httpx may raise is in our table, and only a failed connection is not sent."""
    kinds = [kind for kind in vars(httpx).values() if isinstance(kind, type) and issubclass(kind, httpx.TransportError)]
    assert len(kinds) > 10
    safe = {kind for kind in kinds if isinstance(fault_of(kind("")), NotSent)}
    assert safe == {httpx.ConnectError, httpx.ConnectTimeout}


def test_an_error_that_nobody_knows_is_not_swallowed() -> None:
    """What the table does not name is a bug and comes out."""
    with pytest.raises(ZeroDivisionError):
        told(ZeroDivisionError(), httpx.Request("GET", "http://127.0.0.1/"))


def test_headers_are_read_whatever_bytes_they_have(lab: Any) -> None:
    """A header of odd bytes is text that can be written down; of two with one name the first counts."""
    lines = b"HTTP/1.1 202 Accepted", b"X-Message-Id: a\xff", b"Retry-After: 3", b"retry-after: 9", b"Content-Length: 0"
    reply, _ = ask(lab, lab.sends(b"\r\n".join(lines) + b"\r\n\r\n"))
    assert isinstance(reply, Answer)
    assert reply.headers["x-message-id"].encode()
    assert reply.headers["retry-after"] == "3"
