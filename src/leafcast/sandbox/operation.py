"""One call of one service as an ASGI endpoint: note its arrival, let faults strike, answer."""

from __future__ import annotations

import asyncio

from starlette.types import Receive, Scope, Send

from leafcast.sandbox.desk import Desk, Seen
from leafcast.sandbox.exchange import Answer, Call, Handler
from leafcast.sandbox.faults import End, How, Kind, Rule, broken, cut_position, fault_answer
from leafcast.sandbox.wire import Peer, rendered

LARGEST_BODY = 40 * 1024 * 1024


class Operation:
    """A named call of a service. The handler is plain and quick; what it accepts is safe before any answer leaves."""

    def __init__(self, desk: Desk, service: str, name: str, handle: Handler) -> None:
        self._desk = desk
        self._service = service
        self._name = name
        self._handle = handle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        under_way = self._desk.faults.under_way
        under_way[self._service] += 1
        try:
            await self._serve(scope, receive, send)
        finally:
            under_way[self._service] -= 1

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        at = self._desk.wires.heard_at(_peer(scope))
        seen = self._desk.arrived(at, self._service, self._name)
        call = await read_call(scope, receive)
        if call is None:
            return
        faults = self._desk.faults
        rules = faults.strike(self._service, self._name, call, at) if faults.switches else []
        for rule in rules:
            if rule.kind is not Kind.SLOW:
                await self._fail(rule, call, seen, scope, receive, send)
                return
            seen.fault = rule.kind
            await asyncio.sleep(rule.seconds)
        answer = await self._processed(call)
        seen.status = answer.status
        await send_answer(send, answer)

    async def _processed(self, call: Call) -> Answer:
        """The answer of the service; what it accepted is on the disk."""
        before = self._desk.journal.written
        answer = self._handle(call)
        if self._desk.journal.written != before:
            await self._desk.journal.durable()
        return answer

    async def _fail(self, rule: Rule, call: Call, seen: Seen, scope: Scope, receive: Receive, send: Send) -> None:
        seen.fault = rule.kind
        peer = _peer(scope)
        wires = self._desk.wires
        match rule.kind:
            case Kind.STATUS | Kind.RATE | Kind.CROWD:
                if rule.processed:
                    await self._processed(call)
                answer = fault_answer(rule, self._service)
                seen.status = answer.status
                await send_answer(send, answer)
            case Kind.RESET | Kind.HANG:
                if rule.processed:
                    await self._processed(call)
                if rule.kind is Kind.RESET:
                    wires.reset(peer)
                await gone(receive)
            case Kind.CUT:
                raw = rendered(await self._processed(call))
                wires.write(peer, raw[: cut_position(raw, rule.at)])
                self._end(peer, rule.end)
                await gone(receive)
            case Kind.BROKEN:
                await self._spoil(rule.how, await self._processed(call), peer, receive, send)
            case Kind.SLOW | Kind.CONNECT:
                raise AssertionError("handled elsewhere")

    async def _spoil(self, how: How, answer: Answer, peer: Peer, receive: Receive, send: Send) -> None:
        if how is not How.CONTENT_LENGTH:
            await send_answer(send, broken(answer, how))
            return
        self._desk.wires.write(peer, rendered(answer, length=len(answer.body) + 64))
        self._desk.wires.finish(peer)
        await gone(receive)

    def _end(self, peer: Peer, end: End) -> None:
        match end:
            case End.RESET:
                self._desk.wires.reset(peer)
            case End.CLOSE:
                self._desk.wires.finish(peer)
            case End.HANG:
                pass


def _peer(scope: Scope) -> Peer:
    return scope["client"][0], scope["client"][1]


async def read_call(scope: Scope, receive: Receive) -> Call | None:
    """The request read whole; None when the client went away or sent more than anybody may."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False) or len(body) > LARGEST_BODY:
            break
    return Call(
        method=scope["method"],
        path=scope["path"],
        query_string=scope["query_string"].decode("latin-1"),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
        params=scope.get("path_params", {}),
    )


async def send_answer(send: Send, answer: Answer) -> None:
    """Send an answer in order."""
    headers = [*answer.headers]
    if answer.status != 204:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def gone(receive: Receive) -> None:
    """Wait until the client has gone away or the connection was ended from here."""
    while (await receive())["type"] != "http.disconnect":
        pass


class Plain:
    """An endpoint of the sandbox's own: not noted, and no fault strikes it."""

    def __init__(self, handle: Handler) -> None:
        self._handle = handle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        call = await read_call(scope, receive)
        if call is not None:
            await send_answer(send, self._handle(call))
