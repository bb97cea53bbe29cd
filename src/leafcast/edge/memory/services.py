"""Scripted twins of Leaf and of the two message services."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Generic, Protocol, TypeVar

from leafcast.model import Link, LinkOutcome, LinkRequest, Outcome, Verdict
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
    """Fulfils `LinkMaker`: makes links that lead nowhere, and keeps what it was asked for in `requests`."""

    clock: Clock
    script: Script = field(default_factory=dict)
    requests: list[LinkRequest] = field(default_factory=list)
    _answers: dict[str, deque[Outcome]] = field(default_factory=dict)

    async def ready(self) -> Turn:
        """Leave is always given at once."""
        return _Turn()

    async def create(self, request: LinkRequest, turn: Turn) -> LinkOutcome:  # noqa: ARG002 - the port's form
        """Answer by the script; an accepted request gets a link."""
        self.requests.append(request)
        outcome = _next(self._answers, self.script, request.external_id) or Outcome(Verdict.ACCEPTED)
        if outcome.verdict is not Verdict.ACCEPTED:
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
        return LinkOutcome(outcome, link)


@dataclass(slots=True)
class ScriptedSender(Generic[M]):
    """Fulfils `Sender`: `sent` is everything that was handed over, `taken` what the service really has, lost answers
    included (`in_doubt` counts as taken: the worst case)."""

    script: Script = field(default_factory=dict)
    sent: list[M] = field(default_factory=list)
    taken: list[M] = field(default_factory=list)
    _answers: dict[str, deque[Outcome]] = field(default_factory=dict)

    async def ready(self) -> Turn:
        """Leave is always given at once."""
        return _Turn()

    async def send(self, message: M, turn: Turn) -> Outcome:  # noqa: ARG002 - the port's form
        """Answer by the script; an accepted message gets a provider's id."""
        self.sent.append(message)
        scripted = _next(self._answers, self.script, message.to)
        if scripted is None or scripted.verdict in (Verdict.ACCEPTED, Verdict.IN_DOUBT):
            self.taken.append(message)
        return scripted or Outcome(Verdict.ACCEPTED, provider_id=f"provider-{message.message_id}")


def _next(answers: dict[str, deque[Outcome]], script: Script, key: str) -> Outcome | None:
    left = answers.setdefault(key, deque(script.get(key, ())))
    return left.popleft() if left else None
