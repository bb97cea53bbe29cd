"""Leaf, SendGrid and Twilio, each as far as a story needs it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from leafcast.model import (
    Barred,
    LeafLink,
    LeafUser,
    LinkOutcome,
    LinkRequest,
    LinkType,
    Look,
    Outcome,
    Report,
    Sought,
    Taken,
    Unknown,
)

M_contra = TypeVar("M_contra", contravariant=True)


class Turn(Protocol):
    """Leave to make one request now; handed out by a service's pace and spent by the request."""


class LinkMaker(Protocol):
    """Leaf, as far as a run needs it."""

    async def ready(self) -> Turn:
        """Wait until the pace lets one request go. The intent is written after this and before `create`."""

    async def create(self, request: LinkRequest, turn: Turn) -> LinkOutcome:
        """Ask for one link, once. Never raises for what a service or a network does."""


class Sender(Protocol[M_contra]):
    """The service behind one channel, as far as a run needs it."""

    async def ready(self) -> Turn:
        """Wait until the pace lets one request go. The intent is written after this and before `send`."""

    async def send(self, message: M_contra, turn: Turn) -> Outcome:
        """Hand over one message, once. Never raises for what a service or a network does."""


class Patience(Protocol):
    """The one policy of putting off what surely has not happened yet."""

    async def until_settled(
        self, attempt: Callable[[], Awaitable[Outcome]], *, sleep: Callable[[float], Awaitable[None]]
    ) -> Outcome:
        """Attempt until the verdict is not `pause`, waiting with `sleep` between attempts, as long and as often as the
        policy allows; give the last outcome. What `attempt` and `sleep` raise goes through."""


class Searcher(Protocol):
    """The service behind one channel, as far as it can show what it took."""

    async def find(self, sought: Sought) -> Look:
        """Look for one message. Never raises for what a service or a network does."""


class LinkKeeper(Protocol):
    """Leaf, as far as the links that it holds are concerned. Each answers a value, or the outcome that kept it away."""

    async def links(self, kind: LinkType) -> tuple[LeafLink, ...] | Outcome:
        """Every link of a type."""

    async def users(self, external_id: str | None = None) -> tuple[LeafUser, ...] | Outcome:
        """Every user of the account, or those with exactly this externalId."""

    async def delete(self, kind: LinkType, link_id: str) -> Outcome:
        """Revoke one link. May be repeated."""


class LeafWatch(Protocol):
    """Leaf, as far as it shows who is connected and which links are open. Each answers a value, or the outcome that
    kept it away: `failed`, code beginning with `http-404`, for what is not there."""

    async def user_page(self, page: int) -> tuple[LeafUser, ...] | Outcome:
        """A hundred users of the account, from page 0 on; fewer on the last page."""

    async def user(self, user_id: str) -> LeafUser | Outcome:
        """One user."""

    async def links(self, kind: LinkType) -> tuple[LeafLink, ...] | Outcome:
        """Every link of a type."""

    async def link(self, kind: LinkType, link_id: str) -> LeafLink | Outcome:
        """One link."""


class Tracker(Protocol):
    """The service behind one channel, as far as it tells what became of messages. What ends the telling is the last
    thing that comes, as an `Unknown`."""

    def reports(self, wanted: Sequence[Taken]) -> AsyncIterator[Sequence[Report] | Unknown]:
        """What the service says of these messages, some at a time; what it says of others may come along."""

    def barred(self, source: str, since: datetime) -> AsyncIterator[Sequence[Barred] | Unknown]:
        """The addresses that came on one of the service's `sources` at or after a time, some at a time."""

    @property
    def sources(self) -> Sequence[str]:
        """The lists of addresses that the service keeps."""
