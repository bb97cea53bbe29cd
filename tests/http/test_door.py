"""What a door does when the network works."""

from __future__ import annotations

import asyncio
import gc
import logging
from typing import Any

import pytest

from leafcast import __version__
from leafcast.decide.replies import Answer
from leafcast.edge.http import Door, Unanswered, open_network, quiet_loggers
from leafcast.edge.http.network import LARGEST_BODY
from leafcast.edge.memory.clock import VirtualClock
from leafcast.model import Service


def test_connections_are_used_again(lab: Any) -> None:
    """Requests that follow each other share one connection."""

    async def main() -> Any:
        async with lab.wire(lab.good) as seen, lab.door(seen.url) as door:
            for _ in range(20):
                assert (await door.request("POST", "/x", json={})).status == 200
            return seen

    assert asyncio.run(main()).connections == 1


def test_an_idle_connection_is_not_trusted_for_long(lab: Any) -> None:
    """A connection that was idle for longer than we keep them is replaced before a request meets it closing."""

    async def main() -> Any:
        async with lab.wire(lab.good) as seen, lab.door(seen.url, idle=0.05) as door:
            await door.request("POST", "/x", json={})
            await asyncio.wait_for(seen.left.wait(), 60)
            await door.request("POST", "/x", json={})
            return seen

    assert asyncio.run(main()).connections == 2


def test_redirects_are_not_followed(lab: Any) -> None:
    """Credentials never follow a redirect to somewhere else."""

    async def main() -> Any:
        data = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
        async with lab.wire(lab.sends(data)) as seen, lab.door(seen.url) as door:
            return await door.request("POST", "/x", json={}), seen

    reply, seen = asyncio.run(main())
    assert reply.status == 307
    assert len(seen.requests) == 1


def test_cookies_are_not_kept(lab: Any) -> None:
    """A request carries nothing of an earlier answer, so that no request depends on what came before it."""

    async def main() -> Any:
        data = b"HTTP/1.1 200 OK\r\nSet-Cookie: canary=1; Path=/\r\nContent-Length: 0\r\n\r\n"
        async with lab.wire(lab.sends(data, then_close=False)) as seen, lab.door(seen.url) as door:
            await door.request("GET", "/a")
            await door.request("GET", "/b")
            return seen

    assert b"cookie" not in asyncio.run(main()).requests[1].lower()


def test_the_request_on_the_wire(lab: Any) -> None:
    """A base URL keeps its path, a path its percent signs; the body is UTF-8 JSON and the sender names itself."""

    async def main() -> Any:
        async with lab.wire(lab.good) as seen, lab.door(f"{seen.url}/leaf/") as door:
            await door.request("POST", "/users/a%2Fb", json={"name": "Jürgen"}, params={"q": "a+b c"})
            await door.request("POST", "/form", data={"To": "+1515", "Tag": ["a", "b"]}, headers={"X-Own": "1"})
            return seen

    first, second = asyncio.run(main()).requests
    assert first.startswith(b"POST /leaf/users/a%2Fb?q=a%2Bb+c HTTP/1.1\r\n")
    assert first.endswith('{"name":"Jürgen"}'.encode())
    assert f"User-Agent: leafcast/{__version__}".encode() in first
    assert b"Content-Type: application/json" in first
    assert second.endswith(b"To=%2B1515&Tag=a&Tag=b")
    assert b"X-Own: 1" in second


def test_a_huge_answer_is_cut_off(lab: Any) -> None:
    """An answer without end cannot fill the memory."""

    async def behave(_n: int, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n")
        for _ in range(8):
            writer.write(bytes(LARGEST_BODY // 4))
            await writer.drain()

    async def main() -> Any:
        async with lab.wire(behave) as seen, lab.door(seen.url) as door:
            return await door.request("GET", "/x")

    reply = asyncio.run(main())
    assert isinstance(reply, Answer)
    assert (reply.body_complete, reply.body) == (False, b"")


def test_the_cap_holds(lab: Any) -> None:
    """No more requests are under way at once than the door has places."""
    under_way, most = 0, 0

    full, go = asyncio.Event(), asyncio.Event()

    async def behave(n: int, writer: asyncio.StreamWriter) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if under_way == 3:
            full.set()
        await go.wait()
        under_way -= 1
        await lab.good(n, writer)

    async def main() -> None:
        async with lab.wire(behave) as seen, lab.wire(lab.good) as beside, open_network() as network:
            clock = VirtualClock()
            door = Door(Service.LEAF, seen.url, network, rate=None, clock=clock, connections=3)
            other = Door(Service.LEAF, beside.url, network, rate=None, clock=clock)
            asking = asyncio.gather(*(door.request("POST", "/x", json={}) for _ in range(12)))
            await full.wait()
            for _ in range(3):  # time enough for a fourth one, were it let through
                await other.request("POST", "/x", json={})
            go.set()
            await asking

    asyncio.run(main())
    assert most == 3


class NoNetwork:
    """Answers at once without any network."""

    async def send(self, *_args: Any) -> Answer:
        return Answer(200, {}, b"")


def test_a_dropped_turn_gives_its_place_back() -> None:
    """A turn that nobody spends, because its run was stopped, does not keep the place for ever."""

    async def main() -> None:
        door = Door(Service.LEAF, "http://127.0.0.1", NoNetwork(), rate=None, clock=VirtualClock(), connections=1)  # type: ignore[arg-type]
        await door.ready()
        gc.collect()
        held = await asyncio.wait_for(door.ready(), 60)
        held.give_back()
        held.give_back()
        assert (await asyncio.wait_for(door.request("GET", "/x"), 60)).status == 200  # type: ignore[union-attr]
        kept = await door.ready()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(door.ready(), 0.05)
        del kept

    asyncio.run(main())


def test_a_stopped_wait_gives_its_place_back() -> None:
    """Who is called off while waiting for a turn leaves no trace."""

    async def main() -> None:
        door = Door(Service.LEAF, "http://127.0.0.1", NoNetwork(), rate=0.1, clock=RealSleep(), connections=1)  # type: ignore[arg-type]
        (await door.ready()).give_back()
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(door.ready(), 0.01)
        assert not door._places.locked()

    asyncio.run(main())


class RealSleep(VirtualClock):
    """A clock on which a sleep does not end."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


def test_a_turn_is_for_one_request() -> None:
    """A turn cannot be spent twice, nor at another door."""

    async def main() -> None:
        doors = [
            Door(Service.LEAF, "http://127.0.0.1", NoNetwork(), rate=None, clock=VirtualClock())  # type: ignore[arg-type]
            for _ in range(2)
        ]
        turn = await doors[0].ready()
        with pytest.raises(ValueError, match="own door"):
            await doors[1].request("GET", "/x", turn=turn)
        await doors[0].request("GET", "/x", turn=turn)
        with pytest.raises(ValueError, match="one request"):
            await doors[0].request("GET", "/x", turn=turn)

    asyncio.run(main())


def test_nothing_secret_is_shown_or_logged(lab: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Neither a log at any level nor the repr of a reply holds the path, the body or the headers."""

    async def main() -> list[Any]:
        refusal = b"HTTP/1.1 400 X\r\nX-Who: canary\r\nContent-Length: 6\r\n\r\ncanary"
        async with lab.wire(lab.sends(refusal)) as seen, lab.door(seen.url) as door:
            answered = await door.request("GET", "/magic-link/canary", headers={"Authorization": "canary"})
        async with lab.wire(lab.sends(b"")) as seen, lab.door(seen.url) as door:
            return [answered, await door.request("GET", "/canary")]

    with caplog.at_level(logging.DEBUG):
        replies = asyncio.run(main())
    assert isinstance(replies[1], Unanswered)
    assert "canary" not in caplog.text + repr(replies)


def test_the_libraries_are_quiet() -> None:
    """Loggers that print addresses and keys are clamped, and stay where somebody set them higher."""
    logging.getLogger("httpcore").setLevel(logging.ERROR)
    quiet_loggers()
    assert logging.getLogger("twilio.async_http_client").getEffectiveLevel() >= logging.WARNING
    assert logging.getLogger("python_http_client").level == logging.WARNING
    assert logging.getLogger("httpcore").level == logging.ERROR


@pytest.mark.parametrize("content", [None, b"x" * 300])
def test_it_is_told_when_a_request_was_written(lab: Any, content: bytes | None) -> None:
    """Once for each request, on a new connection and on a kept one: before its answer, and not before the bytes that
    the server has then seen; so the pace counts by that."""

    async def main() -> list[str]:
        seen: list[str] = []

        async def behave(_n: int, writer: asyncio.StreamWriter) -> None:
            seen.append("read")
            await lab.good(_n, writer)

        async with lab.wire(behave) as wire, open_network() as network:
            for _ in range(2):
                await network.send("POST", f"{wire.url}/x", {}, content, 1000, lambda: seen.append("written"))
                seen.append("answered")
            assert wire.connections == 1
        return seen

    assert asyncio.run(main()) == ["written", "read", "answered"] * 2
