"""The way to one service: its pace, its cap of requests under way, the pauses that it asks for."""

from __future__ import annotations

import asyncio
import json as jsonlib
import random
from base64 import b64encode
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from math import inf, isfinite
from typing import Any
from urllib.parse import urlencode

from leafcast.decide import pacing
from leafcast.decide.pacing import Departure, Pace, Way
from leafcast.decide.replies import Answer, Reply
from leafcast.edge.http.network import LARGEST_BODY, Network
from leafcast.model import Service
from leafcast.ports import Clock, Turn

TOO_MANY, UNAVAILABLE = 429, 503


def basic(user: str, secret: str) -> str:
    """The value of an `Authorization` header by name and secret (RFC 7617)."""
    return "Basic " + b64encode(f"{user}:{secret}".encode()).decode()


class PacedTurn:
    """Leave to make one request now. It holds one of the door's places until the request is over; a turn that nobody
    spends gives its place back when it is dropped."""

    __slots__ = ("_door",)

    def __init__(self, door: Door) -> None:
        self._door: Door | None = door

    def spend(self, door: Door) -> None:
        """Use the turn up. Raises ValueError when it was used before or belongs to another door."""
        if self._door is not door:
            raise ValueError("a turn is for one request at its own door")
        self._door = None

    def give_back(self) -> None:
        """Hand the place back unused; does nothing when the turn is spent."""
        if self._door is not None:
            self._door.leave()
            self._door = None

    def __del__(self) -> None:
        self.give_back()


class Door:
    """Every request to one service goes through here, logins and look-ups too, and none is ever sent twice."""

    def __init__(
        self,
        service: Service,
        base_url: str,
        network: Network,
        *,
        rate: float | None,
        clock: Clock,
        connections: int = 64,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`rate` is requests per second, None for no limit; `connections` is how many requests may be under way at
        once. `base_url` may have a path, which goes before every request's own."""
        self.service = service
        self._base = base_url.rstrip("/")
        self._network = network
        self._clock = clock
        self._headers = dict(headers or {})
        self._pace = Pace(inf if rate is None else rate)
        self._line = asyncio.Lock()
        self._places = asyncio.Semaphore(connections)
        self._paused_until = -inf
        self._refusals = 0
        self._left: deque[Departure] = deque()
        self._way = Way()
        self._recovered_at = self._seen_since = clock.monotonic()
        self._seen = 0

    # ------------------------------------------------------------------------------------------------------------ turns

    async def ready(self) -> PacedTurn:
        """Wait for a place, for the pace and for any pause that the service asked for; first come, first served."""
        await self._places.acquire()
        try:
            async with self._line:
                while (wait := self._wait()) > 0:
                    await self._clock.sleep(wait)
                self._pace = self._pace.taken(self._clock.monotonic())
        except BaseException:
            self._places.release()
            raise
        return PacedTurn(self)

    def leave(self) -> None:
        """Give one place back."""
        self._places.release()

    def _wait(self) -> float:
        now = self._clock.monotonic()
        return max(self._pace.due(now), self._paused_until) - now

    async def _window(self) -> Departure | None:
        """Keep the promise of the sliding second against whatever delayed requests between their turn and here."""
        count, span = self._pace.window
        if not count:
            return None
        while len(self._left) >= count:
            delay = self._left[0].clears(span, self._clock.monotonic())
            if delay <= 0:
                self._left.popleft()
            else:
                await self._clock.sleep(delay)
        leaving = Departure(self._clock.monotonic())
        self._left.append(leaving)
        return leaving

    # --------------------------------------------------------------------------------------------------------- requests

    async def request(
        self,
        method: str,
        path: str,
        *,
        turn: Turn | None = None,
        json: Any = None,
        data: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        largest: int = LARGEST_BODY,
    ) -> Reply:
        """Make one request, once; without a turn it waits for one of its own. `path` begins with `/` and is already
        percent-encoded; `json`, `data` (a form) and `content` (bytes as they are) exclude each other. Never raises for
        a network or a service."""
        url = self._base + path + ("?" + urlencode(params, doseq=True) if params else "")
        sent_headers, body = self._packed(headers, json, data, content)
        held = turn if isinstance(turn, PacedTurn) else await self.ready()
        held.spend(self)
        try:
            leaving = await self._window()
            reply = await self._network.send(method, url, sent_headers, body, largest)
            if leaving is not None:
                self._way, leaving.late = self._way.after(self._clock.monotonic() - leaving.at)
        finally:
            self.leave()
        return self._heard(reply) if isinstance(reply, Answer) else reply

    def _packed(
        self, headers: Mapping[str, str] | None, json: Any, data: Mapping[str, Any] | None, content: bytes | None
    ) -> tuple[dict[str, str], bytes | None]:
        packed = self._headers | dict(headers or {})
        if json is not None:
            packed["Content-Type"] = "application/json"
            return packed, jsonlib.dumps(json, ensure_ascii=False, separators=(",", ":")).encode()
        if data is not None:
            packed["Content-Type"] = "application/x-www-form-urlencoded"
            return packed, urlencode(data, doseq=True).encode()
        return packed, content

    # ---------------------------------------------------------------------------------------------------- what it heard

    def _heard(self, answer: Answer) -> Answer:
        """Take the service's own wishes over: its pauses, and a slower pace after 429."""
        asked = pacing.wait_asked(answer.headers, self._clock.now())
        now = self._clock.monotonic()
        self._seen += 1
        if answer.status == TOO_MANY:
            self._refusals += 1
            self._pace = self._pace.slower(now, self._seen / max(now - self._seen_since, 0.1))
            self._recovered_at = now
            wait = asked if asked is not None else pacing.backoff(min(self._refusals, 6), random.uniform(0.5, 1.0))  # noqa: S311
            self._pause(now + wait)
        elif asked is not None and (answer.status == UNAVAILABLE or "x-ratelimit-remaining" in answer.headers):
            self._pause(now + asked)
        elif answer.ok:
            self._refusals = 0
            self._recover(now)
        return answer if asked is None else replace(answer, retry_after=asked)

    def _pause(self, until: float) -> None:
        self._paused_until = max(self._paused_until, until)

    def _recover(self, now: float) -> None:
        if now - self._recovered_at >= 1:
            if isfinite(self._pace.rate):
                self._pace = self._pace.faster(now - self._recovered_at)
            self._recovered_at, self._seen_since, self._seen = now, now, 0
