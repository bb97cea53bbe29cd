"""The team's own application: one signed POST for each link, through our own door."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from leafcast.decide.inapp import signed_headers
from leafcast.decide.verdicts import webhook_verdict
from leafcast.edge.http import Door, PacedTurn
from leafcast.edge.settings import Secret
from leafcast.model import Outcome, WebhookMessage
from leafcast.ports import Clock, Turn


def origin_and_path(url: str) -> tuple[str, str]:
    """An address cut where the door wants it: whom to connect to, and what to ask for there."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}", urlunsplit(("", "", parts.path or "/", parts.query, ""))


class WebhookClient:
    """The application over one door. Fulfils `ports.Sender`."""

    def __init__(self, door: Door, path: str, secret: Secret, clock: Clock) -> None:
        self._door, self._path, self._secret, self._clock = door, path, secret, clock

    async def ready(self) -> PacedTurn:
        """Wait until the pace lets one request go."""
        return await self._door.ready()

    async def send(self, message: WebhookMessage, turn: Turn) -> Outcome:
        """Hand over one link, once. The signature is as old as the request, so that a receiver may refuse old ones."""
        headers = signed_headers(message, self._secret.reveal().encode(), self._clock.now())
        headers["Content-Type"] = "application/json"
        reply = await self._door.request("POST", self._path, content=message.body, turn=turn, headers=headers)
        return webhook_verdict(reply)
