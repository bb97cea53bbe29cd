"""Scripted twins of Leaf and of the two message services."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from leafcast.model import (
    Absent,
    Barred,
    Delivery,
    Found,
    LeafLink,
    LeafUser,
    Link,
    LinkOutcome,
    LinkRequest,
    LinkType,
    Look,
    Outcome,
    Report,
    Sought,
    Taken,
    Unknown,
    Verdict,
)
from leafcast.ports import Clock, Turn

Script = Mapping[str, Iterable[Outcome]]
"""What each grower (Leaf: externalId) or address (senders) is answered, one outcome for each call in turn; whoever is
not named, and every later call, is accepted."""


class _Addressed(Protocol):
    @property
    def message_id(self) -> str: ...

    @property
    def to(self) -> str: ...


M = TypeVar("M", bound=_Addressed)


class _Turn:
    """Leave to make one request; there is no pace here."""


@dataclass(slots=True)
class ScriptedLeaf:
    """Fulfils `LinkMaker` and `LinkKeeper`: makes links that lead nowhere, and keeps what it was asked for in
    `requests`. `held` is what Leaf really holds, lost answers included (`in_doubt` counts as made: the worst case)."""

    clock: Clock
    script: Script = field(default_factory=dict)
    requests: list[LinkRequest] = field(default_factory=list)
    held: dict[str, LeafLink] = field(default_factory=dict)
    trouble: Outcome | None = None
    """What every question about links and users is answered with, instead of an answer."""
    pages: list[int] = field(default_factory=list)
    """The pages of users that were asked for."""
    torn: list[Outcome] = field(default_factory=list)
    """What the next pages of users are answered with, instead of users."""
    _users: dict[str, LeafUser] = field(default_factory=dict)
    _answers: dict[str, deque[Outcome]] = field(default_factory=dict)

    async def ready(self) -> Turn:
        """Leave is always given at once."""
        return _Turn()

    async def create(self, request: LinkRequest, turn: Turn) -> LinkOutcome:  # noqa: ARG002 - the port's form
        """Answer by the script; an accepted request gets a link."""
        self.requests.append(request)
        outcome = _next(self._answers, self.script, request.external_id) or Outcome(Verdict.ACCEPTED)
        if outcome.verdict not in (Verdict.ACCEPTED, Verdict.IN_DOUBT):
            return LinkOutcome(outcome)
        number = len(self.requests)
        link = Link(
            id=f"link-{number}",
            url=f"https://magic-link.invalid/link-{number}",
            leaf_user_id=request.leaf_user_id or f"user-{request.external_id}",
            expires_at=self.clock.now() + timedelta(seconds=request.expires_in),
            type=request.type,
            providers=request.providers,
        )
        self._users.setdefault(link.leaf_user_id, LeafUser(link.leaf_user_id, request.external_id, "", ""))
        self.held[link.id] = _listed(link, self.clock.now())
        return LinkOutcome(outcome, link if outcome.verdict is Verdict.ACCEPTED else None)

    async def links(self, kind: LinkType) -> tuple[LeafLink, ...] | Outcome:
        """Every link of a type."""
        return self.trouble or tuple(link for link in self.held.values() if link.type is kind)

    async def users(self, external_id: str | None = None) -> tuple[LeafUser, ...] | Outcome:
        """Every user, or those with exactly this externalId."""
        users = self._users.values()
        return self.trouble or tuple(user for user in users if external_id in (None, user.external_id))

    async def user_page(self, page: int) -> tuple[LeafUser, ...] | Outcome:
        """A hundred users; fewer on the last page."""
        self.pages.append(page)
        trouble = self.torn.pop(0) if self.torn else self.trouble
        return trouble or tuple(self._users.values())[page * 100 : (page + 1) * 100]

    async def user(self, user_id: str) -> LeafUser | Outcome:
        """One user."""
        return self.trouble or self._users.get(user_id) or Outcome(Verdict.FAILED, "http-404", "no such user")

    async def link(self, kind: LinkType, link_id: str) -> LeafLink | Outcome:  # noqa: ARG002 - the port's form
        """One link."""
        return self.trouble or self.held.get(link_id) or Outcome(Verdict.FAILED, "http-404", "no such link")

    def connects(self, external_id: str, provider: str, status: str = "AUTHENTICATED") -> None:
        """A grower connects a provider, or the connection changes its status."""
        (user,) = (user for user in self._users.values() if user.external_id == external_id)
        self._users[user.id] = replace(user, credentials={**user.credentials, provider: status})

    def leaves(self, external_id: str) -> None:
        """A user is deleted at Leaf."""
        self._users = {key: user for key, user in self._users.items() if user.external_id != external_id}

    async def delete(self, kind: LinkType, link_id: str) -> Outcome:  # noqa: ARG002 - the port's form
        """Revoke one link."""
        return self.trouble or Outcome(Verdict.ACCEPTED, "" if self.held.pop(link_id, None) else "not-there")


@dataclass(slots=True)
class ScriptedSender(Generic[M]):
    """Fulfils `Sender` and `Searcher`: `sent` is everything that was handed over, `taken` what the service really has,
    lost answers included (`in_doubt` counts as taken: the worst case, unless `vanished` says that they are lost)."""

    script: Script = field(default_factory=dict)
    sent: list[M] = field(default_factory=list)
    taken: list[M] = field(default_factory=list)
    vanished: bool = False
    """Whether what gets no answer never arrived either."""
    looks: list[Look] = field(default_factory=list)
    """What the next questions are answered with, whatever the service has."""
    asked: list[Sought] = field(default_factory=list)
    said: dict[str, Delivery] = field(default_factory=dict)
    """What it says of the message to an address; `delivered` of the others."""
    lists: dict[str, list[Barred]] = field(default_factory=dict)
    since: list[datetime] = field(default_factory=list)
    """From when on its lists were asked for."""
    pages_asked: int = 0
    trouble: Unknown | None = None
    _answers: dict[str, deque[Outcome]] = field(default_factory=dict)

    async def ready(self) -> Turn:
        """Leave is always given at once."""
        return _Turn()

    async def send(self, message: M, turn: Turn) -> Outcome:  # noqa: ARG002 - the port's form
        """Answer by the script; an accepted message gets a provider's id."""
        self.sent.append(message)
        scripted = _next(self._answers, self.script, message.to)
        lost = scripted is not None and scripted.verdict is Verdict.IN_DOUBT and not self.vanished
        if scripted is None or scripted.verdict is Verdict.ACCEPTED or lost:
            self.taken.append(message)
        return scripted or Outcome(Verdict.ACCEPTED, provider_id=f"provider-{message.message_id}")

    @property
    def sources(self) -> Sequence[str]:
        """The lists that it keeps."""
        return tuple(self.lists)

    async def reports(self, wanted: Sequence[Taken]) -> AsyncIterator[Sequence[Report] | Unknown]:
        """What it says of messages, two at a time."""
        for first in range(0, len(wanted), 2):
            self.pages_asked += 1
            if self.trouble is not None:
                yield self.trouble
                return
            yield [
                Report(one.provider_id, self.said.get(one.to, Delivery.DELIVERED)) for one in wanted[first : first + 2]
            ]

    async def barred(self, source: str, since: datetime) -> AsyncIterator[Sequence[Barred] | Unknown]:
        """Who came on a list."""
        self.since.append(since)
        if self.trouble is not None:
            yield self.trouble
        else:
            yield [entry for entry in self.lists[source] if entry.at >= since]

    async def find(self, sought: Sought) -> Look:
        """Show what was taken."""
        self.asked.append(sought)
        if self.looks:
            return self.looks.pop(0)
        if any(message.message_id == sought.message_id for message in self.taken):
            return Found(f"provider-{sought.message_id}", Delivery.DELIVERED)
        return Absent()


def _listed(link: Link, now: datetime) -> LeafLink:
    return LeafLink(link.id, link.type, link.leaf_user_id, link.providers, now, link.expires_at, None, 0, None)


def _next(answers: dict[str, deque[Outcome]], script: Script, key: str) -> Outcome | None:
    left = answers.setdefault(key, deque(script.get(key, ())))
    return left.popleft() if left else None
