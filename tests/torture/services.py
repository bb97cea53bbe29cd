"""The services of the stage: they write down what they really took before anybody hears of it. With the switch that
ends the process at a chosen event, and the clock that no backoff makes wait."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
import os
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from leafcast.model import (
    Absent,
    Channel,
    Delivery,
    Found,
    LeafLink,
    LeafUser,
    Link,
    LinkOutcome,
    LinkRequest,
    LinkType,
    Outcome,
    Unknown,
    Verdict,
)

LAG = (60.0, 180.0)
"""Seconds by which a service's records are behind, at most: for half of the messages, and for the others. Two looks,
the first 120 s after it left and the second 120 s later, see it all the same: a request arrives ARRIVES seconds after
it left."""
ARRIVES = 45.0
START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
LINK_ID = re.compile(r"lnk[0-9a-f]{12}")


# ----------------------------------------------------------------------------------------------------------- the switch


@dataclass(slots=True)
class Switch:
    """Counts events; at the one that was chosen, something happens."""

    at: int | None = None
    act: Callable[[str], None] = lambda _event: None
    count: int = 0
    trace: list[str] | None = None

    def __call__(self, event: str) -> None:
        self.count += 1
        if self.trace is not None:
            self.trace.append(event)
        if self.count == self.at:
            self.act(event)


# ------------------------------------------------------------------------------------------------------------ the clock


class HastyClock:
    """Time that jumps to the next sleeper every other millisecond, so that no backoff is waited for, and that else
    passes as it does, so that a commit takes what it takes."""

    def __init__(self, ahead: float = 0.0) -> None:
        self._ahead = ahead
        self._from = time.monotonic()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._ticking = False

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return time.monotonic() - self._from + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += seconds

    async def sleep(self, seconds: float) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.monotonic() + max(0.0, seconds), next(self._numbers), waiter))
        self._tick_later()
        await waiter

    def _tick_later(self) -> None:
        if not self._ticking:
            self._ticking = True
            asyncio.get_running_loop().call_later(0.002, self._tick)

    def _tick(self) -> None:
        self._ticking = False
        while self._sleepers:
            due, _, waiter = heapq.heappop(self._sleepers)
            if not waiter.done():
                self._ahead += max(0.0, due - self.monotonic())
                waiter.set_result(None)
                break
        if self._sleepers:
            self._tick_later()


# --------------------------------------------------------------------------------------------------------- the services


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to one request."""

    outcome: Outcome
    processed: bool


def _fates(**weights: int) -> tuple[tuple[str, ...], tuple[int, ...]]:
    return tuple(weights), tuple(weights.values())


MOODS = (
    _fates(ok=1),
    _fates(ok=80, later=6, connect=4, lost0=3, lost1=3, broke0=2, broke1=2),
    _fates(ok=70, later=8, refused=10, failed=4, lost1=4, broke1=4),
    _fates(ok=50, lost0=15, lost1=15, broke0=10, broke1=10),
    _fates(ok=90, stop=4, later=6),
)
OUTCOMES = {
    "later": Fate(Outcome(Verdict.PAUSE, "http-429", "later", retry_after=7.0), False),
    "connect": Fate(Outcome(Verdict.PAUSE, "not-sent", "no connection"), False),
    "lost0": Fate(Outcome(Verdict.IN_DOUBT, "no-answer", "no answer"), False),
    "lost1": Fate(Outcome(Verdict.IN_DOUBT, "no-answer", "no answer"), True),
    "broke0": Fate(Outcome(Verdict.IN_DOUBT, "http-503", "broke"), False),
    "broke1": Fate(Outcome(Verdict.IN_DOUBT, "http-503", "broke"), True),
    "refused": Fate(Outcome(Verdict.REFUSED, "bad-recipient", "no"), False),
    "failed": Fate(Outcome(Verdict.FAILED, "http-400", "no"), False),
    "stop": Fate(Outcome(Verdict.STOP, "http-401", "the credentials are refused"), False),
}


class Turn:
    """Leave to make a request."""


@dataclass(slots=True)
class Services:
    """Leaf and the senders; the journal is appended by whole lines, which outlive any kill."""

    journal: Path
    chance: random.Random
    clock: Any
    event: Callable[[str], None]
    run: int = 0
    calm: bool = False
    """No faults: for the last run of a schedule."""
    under_way: int = 0
    most: int = 0
    late: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    """What runs before this one had sent and what has not arrived yet, with the time at which it will."""
    flying: dict[int, dict[str, Any]] = field(default_factory=dict)
    """What is on its way and will be taken, as it will be written down."""
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _file: int = -1
    _mood: Any = None

    def __post_init__(self) -> None:
        self._file = os.open(self.journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._mood = MOODS[0] if self.calm else self.chance.choice(MOODS)

    def close(self) -> None:
        os.close(self._file)

    def write(self, kind: str, **what: Any) -> None:
        os.write(self._file, (json.dumps({"kind": kind, **what}) + "\n").encode())
        if kind in ("email", "text", "link.created"):
            os.fsync(self._file)

    async def ask(self, service: str, who: str, line: dict[str, Any]) -> Outcome:
        """One request: it leaves, is taken (the line is then written down) or not, and is answered or not."""
        names, weights = self._mood
        name = self.chance.choices(names, weights)[0]
        fate = OUTCOMES.get(name)
        left = self.clock.now().isoformat()
        self.event(f"{service}.ask")
        self.write("asked", svc=service, who=who, to=line.get("to"), run=self.run, time=left)
        self.arrive()
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        number = next(self._numbers)
        if fate is None or fate.processed:
            self.flying[number] = line
        self.event(f"{service}.asked")
        await self._travel()
        if self.flying.pop(number, None) is not None:
            self.write(**line, at=self.clock.monotonic())
            self.event(f"{service}.taken")
        await self._travel()
        self.under_way -= 1
        outcome = fate.outcome if fate is not None else Outcome(Verdict.ACCEPTED, provider_id=f"p-{who}")
        self.write("answered", svc=service, who=who, run=self.run, verdict=str(outcome.verdict))
        self.event(f"{service}.answered")
        return outcome

    def arrive(self) -> None:
        """What dead runs had sent arrives when its time has come."""
        now = self.clock.monotonic()
        for due, line in [late for late in self.late if late[0] <= now]:
            self.late.remove((due, line))
            self.write(**{**line, "at": due})

    async def _travel(self) -> None:
        for _ in range(self.chance.randrange(9)):
            await asyncio.sleep(0)


@dataclass(slots=True)
class FakeLeaf:
    """Fulfils `LinkMaker`."""

    services: Services

    async def ready(self) -> Turn:
        return Turn()

    async def create(self, request: LinkRequest, turn: Turn) -> LinkOutcome:
        services = self.services
        link_id = f"lnk{services.chance.getrandbits(48):012x}"
        made = services.clock.now()
        line = {
            "kind": "link.created",
            "id": link_id,
            "externalId": request.external_id,
            "type": str(request.type),
            "providers": list(request.providers),
            "made": made.isoformat(),
            "expires": (made + timedelta(seconds=request.expires_in)).isoformat(),
        }
        outcome = await services.ask("leaf", request.external_id, line)
        if outcome.verdict is not Verdict.ACCEPTED:
            return LinkOutcome(outcome)
        link = Link(
            link_id,
            f"http://127.0.0.1:9/magic/{link_id}",
            f"user-{request.external_id}",
            services.clock.now() + timedelta(seconds=request.expires_in),
            request.type,
            request.providers,
        )
        return LinkOutcome(outcome, link)


@dataclass(slots=True)
class FakeSender:
    """Fulfils `Sender` for both channels."""

    services: Services
    channel: str

    async def ready(self) -> Turn:
        return Turn()

    async def send(self, message: Any, turn: Turn) -> Outcome:
        body = message.body if self.channel == "sms" else message.html + message.text
        links = sorted(set(LINK_ID.findall(body)))
        kind = "text" if self.channel == "sms" else "email"
        line = {"kind": kind, "to": message.to, "links": links, "mid": message.message_id, "run": self.services.run}
        return await self.services.ask(self.channel, message.message_id, line)

    async def find(self, sought: Any) -> Any:
        """Show what was taken, once the records have caught up, which takes a minute at most."""
        services = self.services
        services.event(f"{self.channel}.find")
        await asyncio.sleep(0)
        services.arrive()
        now = services.clock.monotonic()
        if services.chance.random() < 0.1:
            return Unknown("the service could not be asked")
        for line in services.journal.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            if entry.get("mid") == sought.message_id and entry["kind"] in ("email", "text"):
                own = random.Random(sought.message_id)
                lag = own.uniform(0, LAG[0]) if own.random() < 0.5 else own.uniform(LAG[0] * 2, LAG[1])
                if now >= entry["at"] + lag:
                    return Found(f"p-{sought.message_id}", Delivery.UNKNOWN)
        return Absent()


class FakeKeeper:
    """Fulfils `LinkKeeper` out of the journal."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def links(self, kind: LinkType) -> Any:
        self._services.arrive()
        self._services.event("leaf.list")
        return tuple(
            LeafLink(
                entry["id"], kind, f"user-{entry['externalId']}", tuple(entry["providers"]),
                datetime.fromisoformat(entry["made"]), datetime.fromisoformat(entry["expires"]), None, 0, 3,
            )
            for entry in self._made() if entry["type"] == kind
        )  # fmt: skip

    async def users(self, external_id: str | None = None) -> Any:
        everybody = {entry["externalId"] for entry in self._made()}
        wanted = everybody if external_id is None else everybody & {external_id}
        return tuple(LeafUser(f"user-{one}", one, "", "") for one in sorted(wanted))

    async def delete(self, kind: LinkType, link_id: str) -> Outcome:
        self._services.event("leaf.delete")
        self._services.write("link.deleted", id=link_id)
        self._services.event("leaf.deleted")
        return Outcome(Verdict.ACCEPTED)

    def _made(self) -> list[dict[str, Any]]:
        entries = [json.loads(line) for line in self._services.journal.read_text(encoding="utf-8").splitlines()]
        gone = {entry["id"] for entry in entries if entry["kind"] == "link.deleted"}
        return [entry for entry in entries if entry["kind"] == "link.created" and entry["id"] not in gone]


class Noted:
    """A ledger whose intents are an event once they are durable: what comes before the request leaves."""

    def __init__(self, ledger: Any, event: Callable[[str], None]) -> None:
        self._ledger, self._event = ledger, event

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def record(self, *changes: Any) -> Any:
        receipt = self._ledger.record(*changes)
        intent = any(type(change).__name__.endswith("Intent") for change in changes)
        return _Committed(receipt, self._event) if intent else receipt


@dataclass(slots=True)
class _Committed:
    receipt: Any
    event: Callable[[str], None]

    def __await__(self) -> Any:
        instant = yield from self.receipt.__await__()
        self.event("ledger.committed")
        return instant


class Silence:
    """Progress that nobody watches."""

    def planned(self, messages: int) -> None: ...

    def settled(self, channel: Channel, outcome: Outcome) -> None: ...

    def notice(self, text: str) -> None: ...
