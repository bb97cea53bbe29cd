"""The stand-in of the team's own application: takes links for growers who are signed in, each key once.

It is what docs/webhook.md asks of a receiver, written without a look at the product: the signature first, then the age,
then the key.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Any

from leafcast.sandbox.desk import Desk
from leafcast.sandbox.exchange import Answer, Call, Malformed, json_answer
from leafcast.sandbox.state import Notice

OLDEST = 300
"""Seconds by which a timestamp may be off: an old request that somebody caught is worth nothing after that."""


class Application:
    """The team's side of an in-app message."""

    def __init__(self, desk: Desk, wall_clock: Callable[[], float] = time.time) -> None:
        self._desk, self._wall_clock = desk, wall_clock

    def take(self, call: Call) -> Answer:
        """`POST /app/links`: 202 and what was taken; 200 for a key that is known already."""
        timestamp, claimed = call.headers.get("leafcast-timestamp", ""), call.headers.get("leafcast-signature", "")
        if not self._genuine(timestamp, claimed, call.body):
            return _refused(401, "the signature does not fit")
        if abs(self._wall_clock() - int(timestamp)) > OLDEST:
            return _refused(401, "the timestamp is too old")
        key = call.headers.get("idempotency-key", "")
        try:
            told = call.json_object()
            external_id, url = str(told["externalId"]), str(told["link"]["url"])
        except (Malformed, KeyError, TypeError):
            return _refused(400, "this is not a link")
        if not key or told.get("messageId") != key:
            return _refused(400, "the key is missing, or is not the message's id")
        known = self._desk.state.notices.get(key)
        if known is not None:
            known.repeats += 1
            return json_answer({"taken": key, "again": True})
        self._add(key, external_id, url, told)
        return json_answer({"taken": key}, 202)

    def _genuine(self, timestamp: str, claimed: str, body: bytes) -> bool:
        if not (timestamp.isascii() and timestamp.isdecimal()):
            return False
        secret = self._desk.settings.webhook_secret.encode()
        wanted = hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(f"v1={wanted}".encode(), claimed.encode())

    def _add(self, key: str, external_id: str, url: str, told: dict[str, Any]) -> None:
        now = self._desk.clock.now()
        links = [link.id for link in self._desk.state.links_in(url)]
        self._desk.journal.write("notice", at=now, key=key, to=external_id, links=links)
        self._desk.state.add_notice(Notice(key, now, external_id, url, told))


def _refused(status: int, why: str) -> Answer:
    return json_answer({"error": why}, status)
