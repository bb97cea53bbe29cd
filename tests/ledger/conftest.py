"""A ledger with its clock and short ways to say what a run does with it; SQLite and memory alike."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leafcast.edge.ledger import SqliteLedger, open_ledger
from leafcast.edge.memory import MemoryLedger, VirtualClock
from leafcast.model import (
    Change,
    Channel,
    Grower,
    Invitation,
    LedgerRow,
    Link,
    LinkIntent,
    LinkOutcome,
    LinkRequest,
    LinkRevoked,
    LinkSettled,
    LinkType,
    MessageIntent,
    MessageSettled,
    Outcome,
    PlannedInvitation,
    PlannedMessage,
    Revoked,
    Scope,
    SkipReason,
    Verdict,
)

CAMPAIGN = "spring-2026"
MONTH = 30 * 86_400


def counter_ids() -> Callable[[], str]:
    """Ids that are told apart at a glance."""
    numbers = itertools.count(1)
    return lambda: f"{next(numbers):032x}"


@dataclass
class Book:
    """One campaign's ledger and the things that a run does with it."""

    ledger: SqliteLedger | MemoryLedger
    clock: VirtualClock
    path: Path | None = None
    campaign: str = CAMPAIGN
    new_id: Callable[[], str] = field(default_factory=counter_ids)

    def grower(self, external_id: str, email: str | None = "", phone: str | None = None, **cells: str) -> Grower:
        if email == "":
            email = f"{external_id.lower()}@farm.example"
        own = {"externalId": external_id, "name": f"Name of {external_id}", "email": email or "", "phone": phone or ""}
        return Grower(2, external_id, own["name"], email, phone, own | cells)

    def invitation(
        self, grower: Grower, *channels: Channel, round_number: int = 0, skip: SkipReason | None = None
    ) -> PlannedInvitation:
        messages = tuple(
            PlannedMessage(
                channel, grower.address(channel), skip or (None if grower.address(channel) else SkipReason.NO_ADDRESS)
            )
            for channel in channels or (Channel.EMAIL,)
        )
        return PlannedInvitation(grower, round_number, messages, slot=f"slot-{round_number}" if round_number else "")

    def begin(self, command: str = "run") -> Any:
        return self.ledger.begin(self.campaign, command)

    def plan(self, *planned: PlannedInvitation) -> Any:
        return self.ledger.plan(self.campaign, planned)

    def plan_ids(self, *external_ids: str) -> Any:
        return self.plan(*(self.invitation(self.grower(one)) for one in external_ids))

    def record(self, *changes: Change) -> float:
        return wait(self.ledger.record(*changes))

    def request(self, external_id: str, expires_in: int = MONTH) -> LinkRequest:
        return LinkRequest(LinkType.PROVIDER, external_id, expires_in, ("JohnDeere",))

    def link_intent(
        self, external_id: str, generation: int = 1, round_number: int = 0, expires_in: int = MONTH
    ) -> LinkIntent:
        return LinkIntent(self.campaign, external_id, round_number, generation, self.request(external_id, expires_in))

    def link_settled(
        self,
        external_id: str,
        outcome: Outcome | None = None,
        generation: int = 1,
        round_number: int = 0,
        expires_in: int = MONTH,
    ) -> LinkSettled:
        outcome = outcome or Outcome(Verdict.ACCEPTED)
        name = f"{external_id}-{round_number}-{generation}" + ("" if self.campaign == CAMPAIGN else self.campaign)
        link = Link(
            id=name,
            url=f"https://magic-link.invalid/{name}",
            leaf_user_id=f"user-{external_id}",
            expires_at=self.clock.now() + timedelta(seconds=expires_in),
            type=LinkType.PROVIDER,
            providers=("JohnDeere",),
        )
        result = LinkOutcome(outcome, link if outcome.verdict is Verdict.ACCEPTED else None)
        return LinkSettled(self.campaign, external_id, round_number, generation, result)

    def make_link(self, external_id: str, generation: int = 1, round_number: int = 0, expires_in: int = MONTH) -> None:
        self.record(self.link_intent(external_id, generation, round_number, expires_in))
        self.record(
            self.link_settled(external_id, generation=generation, round_number=round_number, expires_in=expires_in)
        )

    def revoke(self, external_id: str, round_number: int = 0, generation: int = 1, **known: Any) -> None:
        """The link is deleted at Leaf, to make room for the next round's."""
        why = known.pop("why", Revoked.NEXT_ROUND)
        self.record(LinkRevoked(self.campaign, external_id, round_number, generation, why, **known))

    def send(
        self, external_id: str, outcome: Outcome | None = None, scope: Scope = Scope.LISTED, **settled: Any
    ) -> str:
        """Link (if there is none) and one attempt of the first message that is due; gives the message's id."""
        invitation = self.work(scope, only=frozenset({external_id}))[0]
        if invitation.link is None:
            self.make_link(external_id, invitation.generation + 1, invitation.round)
            invitation = self.work(scope, only=frozenset({external_id}))[0]
        message = invitation.messages[0].id
        self.record(MessageIntent(message, invitation.generation))
        self.record(
            MessageSettled(message, outcome or Outcome(Verdict.ACCEPTED, provider_id=f"p-{message}"), **settled)
        )
        return message

    def work(
        self, scope: Scope = Scope.LISTED, after: int = 0, limit: int = 100, only: frozenset[str] = frozenset()
    ) -> list[Invitation]:
        found = self.ledger.work(self.campaign, scope=scope, now=self.clock.now(), after=after, limit=limit, only=only)
        return [invitation for _, invitation in found]

    def due(self, scope: Scope = Scope.LISTED, **narrowed: Any) -> Any:
        return self.ledger.due(self.campaign, scope=scope, now=self.clock.now(), **narrowed)

    def rows(self) -> list[LedgerRow]:
        return list(self.ledger.rows(self.campaign))

    def row(self, external_id: str, channel: Channel = Channel.EMAIL, round_number: int = 0) -> LedgerRow:
        found = [
            row
            for row in self.rows()
            if (row.external_id, row.channel, row.round) == (external_id, channel, round_number)
        ]
        assert len(found) == 1
        return found[0]

    def states(self, external_id: str) -> dict[Channel, str]:
        return {row.channel: row.message_status.value for row in self.rows() if row.external_id == external_id}

    def reopen_process(self) -> Book:
        """What a later process finds: the same file, opened again (memory: the same object)."""
        if isinstance(self.ledger, SqliteLedger):
            assert self.path is not None
            self.ledger.close()
            self.ledger = open_ledger(f"sqlite:///{self.path}", self.clock, self.new_id)
        return self


def wait(receipt: Awaitable[float]) -> float:
    """Await one receipt from a test that is not asynchronous itself."""

    async def awaited() -> float:
        return await receipt

    return asyncio.run(awaited())


def until(moment: datetime) -> str:
    return f"held until {moment:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture(params=["sqlite", "memory"])
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Book]:
    """A begun run of an empty campaign, once on each store."""
    clock = VirtualClock()
    if request.param == "memory":
        new_id = counter_ids()
        book = Book(MemoryLedger(clock, new_id), clock, new_id=new_id)
    else:
        book = sqlite_book(tmp_path / "leafcast.db", clock)
    book.begin()
    yield book
    book.ledger.close()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Book]:
    """A begun run of an empty campaign in a real file."""
    book = sqlite_book(tmp_path / "leafcast.db", VirtualClock())
    book.begin()
    yield book
    book.ledger.close()


def sqlite_book(path: Path, clock: VirtualClock) -> Book:
    new_id = counter_ids()
    return Book(open_ledger(f"sqlite:///{path}", clock, new_id), clock, path, new_id=new_id)
