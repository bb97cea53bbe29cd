"""The way to one service: its pace, its cap of requests under way, the pauses that it asks for."""

from __future__ import annotations

import asyncio
import random
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from math import inf, isfinite
from typing import Any
from urllib.parse import urlencode

from pydantic_core import to_json

from leafcast.decide.manners import BROKEN, Manners
from leafcast.decide.pacing import Departure, Pace, Way, wait_asked
from leafcast.decide.replies import Answer, Reply
from leafcast.edge.http.network import LARGEST_BODY, Network
from leafcast.model import Service
from leafcast.ports import Clock, Turn


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
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`rate` is requests per second, None for no limit; `connections` is how many requests may be under way at
        once. `base_url` may have a path, which goes before every request's own. `chance` gives 0 to 1: the jitter of
        pauses."""
        self.service = service
        self._base = base_url.rstrip("/")
        self._network = network
        self._clock = clock
        self._chance = chance
        self._headers = dict(headers or {})
        self._pace = Pace(inf if rate is None else rate)
        self._manners = Manners(self._pace.rate, clock.monotonic())
        self._line = asyncio.Lock()
        self._places = asyncio.Semaphore(connections)
        self._left: deque[Departure] = deque()
        self.pace = self._pace.rate
        """Requests per second that were set; `inf` for no limit."""
        self.sent = 0
        """Requests that have left so far."""
        self._way = Way()

    # ------------------------------------------------------------------------------------------------------------ turns

    async def ready(self) -> PacedTurn:
        """Wait for a place, for the pace and for any pause that the service asked for; first come, first served."""
        await self._places.acquire()
        try:
            async with self._line:
                while (wait := self._wait()) > 0:
                    await self._clock.sleep(min(wait, self._manners.look(self._clock.monotonic())))
                now = self._clock.monotonic()
                self._pace = self._pace.taken(now, self._manners.rate(now))
                self._manners.goes(now)
        except BaseException:
            self._places.release()
            raise
        return PacedTurn(self)

    def leave(self) -> None:
        """Give one place back."""
        self._places.release()

    def owe(self, seconds: float) -> None:
        """What took the last turn takes so much of the line besides: the next turn is that much later."""
        self._pace = self._pace.owing(seconds)

    @property
    def rate(self) -> float:
        """Requests per second that this door lets through now; `inf` for no limit."""
        return self._manners.rate(self._clock.monotonic())

    @property
    def paused(self) -> float:
        """Seconds for which nothing goes, because the service asked for it."""
        return max(0.0, self._manners.paused(self._clock.monotonic()))

    def _wait(self) -> float:
        now = self._clock.monotonic()
        return max(self._pace.due(now, self._manners.rate(now)) - now, self._manners.wait(now))

    async def _window(self) -> Departure:
        """Keep the promise of the sliding second against whatever delayed requests between their turn and here."""
        count, span = self._pace.window
        while count and len(self._left) >= count:
            delay = self._way.clears(self._left[0], span, self._clock.monotonic())
            if delay <= 0:
                self._left.popleft()
            else:
                await self._clock.sleep(delay)
        leaving = Departure(self._clock.monotonic())
        if count:
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
            self.sent += 1
            paced = isfinite(self.pace)  # else nobody asks when it was written
            written = partial(self._wrote, leaving) if paced else None
            reply = await self._network.send(method, url, sent_headers, body, largest, written)
            if paced:
                self._answered(leaving, reply)
        finally:
            self.leave()
        return self._heard(reply, leaving.at) if isinstance(reply, Answer) else reply

    def _wrote(self, leaving: Departure) -> None:
        leaving.wrote = self._clock.monotonic()

    def _answered(self, leaving: Departure, reply: Reply) -> None:
        leaving.answered = self._clock.monotonic()
        if isinstance(reply, Answer) and reply.ok:
            self._way = self._way.after(leaving, leaving.answered)

    def _packed(
        self, headers: Mapping[str, str] | None, json: Any, data: Mapping[str, Any] | None, content: bytes | None
    ) -> tuple[dict[str, str], bytes | None]:
        packed = self._headers | dict(headers or {})
        if json is not None:
            packed["Content-Type"] = "application/json"
            return packed, to_json(json)  # of the standard library's ways the fastest takes five times as long
        if data is not None:
            packed["Content-Type"] = "application/x-www-form-urlencoded"
            return packed, urlencode(data, doseq=True).encode()
        return packed, content

    # ---------------------------------------------------------------------------------------------------- what it heard

    def _heard(self, answer: Answer, left_at: float) -> Answer:
        """Take the service's own wishes over: its pauses, and a slower pace after 429."""
        now, asked = self._clock.monotonic(), wait_asked(answer.headers, self._clock.now())
        self._manners.heard(answer.status, asked, left_at, now, self._chance())
        if asked is None:
            return answer
        if answer.status < BROKEN and "x-ratelimit-remaining" in answer.headers:
            self._manners.rests(asked, left_at, now)
        return replace(answer, retry_after=asked)
