"""A service on loopback that answers by script, and clients that talk to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.loopback import tcp

from leafcast.decide.inapp import inapp_message
from leafcast.edge.http import Door, Retrier, open_network
from leafcast.edge.leaf import LeafClient
from leafcast.edge.memory.clock import VirtualClock
from leafcast.edge.sendgrid import SendGridClient
from leafcast.edge.settings import LeafAccess, Secret, SendGridAccess, TwilioAccess
from leafcast.edge.twilio import TwilioClient
from leafcast.model import EmailMessage, Grower, Link, LinkRequest, LinkType, Service, SmsMessage, WebhookMessage

CUT = -1
"""A status that means: hang up without an answer."""


@dataclass(frozen=True)
class Asked:
    """One request as the service saw it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body.decode())


Answering = Callable[[Asked], tuple[int, Any] | tuple[int, Any, dict[str, str]]]


@dataclass
class Scripted:
    """A service that answers what a function says, and remembers what it was asked."""

    answer: Answering
    url: str = ""
    asked: list[Asked] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            method, target, _ = lines[0].split(" ")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.asked.append(Asked(method, target, headers, body))
            status, payload, *more = self.answer(self.asked[-1])
            if status == CUT:
                return
            data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
            extra = "".join(f"{name}: {value}\r\n" for name, value in (more[0] if more else {}).items())
            claimed = "" if "Content-Length" in extra else f"Content-Length: {len(data)}\r\n"
            writer.write(f"HTTP/1.1 {status} X\r\n{extra}{claimed}\r\n".encode() + data)
            await writer.drain()
            if not claimed:
                return


@asynccontextmanager
async def served(answer: Answering) -> AsyncIterator[Scripted]:
    service = Scripted(answer)
    async with tcp(service.handle) as port:
        service.url = f"http://127.0.0.1:{port}/prefix"
        yield service


class Lab:
    """What a test of the clients needs."""

    CUT = CUT
    now = datetime.now(UTC)

    def leaf(self, answer: Answering, use: Callable[[LeafClient], Any], *, token: str | None = None) -> Any:
        """What `use` gives with a Leaf client whose service answers like this, and the service."""

        async def main() -> Any:
            async with served(answer) as service, open_network() as network:
                clock = VirtualClock(self.now)
                door = Door(Service.LEAF, service.url, network, rate=None, clock=clock)
                access = (
                    LeafAccess(service.url, Secret(token))
                    if token
                    else LeafAccess(service.url, None, Secret("ops@x.example"), Secret("pass word"))
                )
                return await use(LeafClient(door, access, clock, Retrier(clock))), service

        return asyncio.run(main())

    def sendgrid(self, answer: Answering, use: Callable[[SendGridClient], Any]) -> Any:
        """The same for SendGrid."""

        async def main() -> Any:
            async with served(answer) as service, open_network() as network:
                clock = VirtualClock(self.now)
                door = Door(Service.SENDGRID, service.url, network, rate=None, clock=clock)
                return await use(
                    SendGridClient(door, SendGridAccess(service.url, Secret("SG.key")), Retrier(clock))
                ), service

        return asyncio.run(main())

    def twilio(self, answer: Answering, use: Callable[[TwilioClient], Any], *, user: str = "AC1") -> Any:
        """The same for Twilio."""

        async def main() -> Any:
            async with served(answer) as service, open_network() as network:
                clock = VirtualClock(self.now)
                door = Door(Service.TWILIO, service.url, network, rate=None, clock=clock)
                access = TwilioAccess(service.url, "AC1", user, Secret("secret"))
                return await use(TwilioClient(door, access, Retrier(clock))), service

        return asyncio.run(main())

    def made(self, asked: Asked, **changes: Any) -> tuple[int, Any]:
        """A good answer to a creation."""
        expires = (self.now + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%S") + ".123456789Z"
        body = {"id": "m-1", "leafUserId": "u-1", "link": "https://magic-link.withleaf.io/m-1", "expiresAt": expires}
        return 200, {**body, **changes}

    def request(self, kind: LinkType = LinkType.PROVIDER, **changes: Any) -> LinkRequest:
        providers = ("JohnDeere",) if kind is LinkType.AUTHENTICATION else ()
        return LinkRequest(**{"type": kind, "external_id": "G-1", "expires_in": 900, "providers": providers, **changes})

    def email(self, **changes: Any) -> EmailMessage:
        return EmailMessage(
            **{
                "message_id": "0f",
                "to": "gro.wer+1@farm.example",
                "to_name": "Grower",
                "sender": "ops@coop.example",
                "sender_name": "Co-op",
                "reply_to": "help@coop.example",
                "subject": "Connect",
                "html": "<p>h</p>",
                "text": "t",
                **changes,
            }
        )

    def sms(self, **changes: Any) -> SmsMessage:
        return SmsMessage(
            **{
                "message_id": "0f",
                "to": "+15155550199",
                "sender": "+15155550100",
                "messaging_service": None,
                "body": "Hi https://magic-link.withleaf.io/m-1 ü",
                "validity": 3600,
                **changes,
            }
        )

    def inapp(self) -> WebhookMessage:
        link = Link("m-1", "https://magic-link.withleaf.io/m-1", "u-1", datetime.now(UTC), LinkType.PROVIDER)
        return inapp_message("spring", Grower(2, "G-1", "Ana", None, None, {}), link, "0123456789abcdef", 0)


@pytest.fixture
def lab() -> Lab:
    return Lab()
