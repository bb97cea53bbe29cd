"""What the stories need of the world, as Protocols. The rooms under `edge` fulfil them; so do the twins in `edge.memory`."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from leafcast.model import (
    Change,
    Channel,
    Counts,
    EmailMessage,
    Invitation,
    LedgerRow,
    LinkOutcome,
    LinkRequest,
    Outcome,
    PlanCounts,
    PlannedInvitation,
    RunStarted,
    SmsMessage,
)


class Turn(Protocol):
    """Leave to make one request now; handed out by a service's pace and spent by the request."""


class Clock(Protocol):
    """Time, given in and never reached for."""

    def now(self) -> datetime:
        """The wall clock, aware, UTC."""

    def monotonic(self) -> float:
        """Seconds that never go backwards and count suspended time where the system can."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class LinkMaker(Protocol):
    """Leaf, as far as a run needs it."""

    async def ready(self) -> Turn:
        """Wait until the pace lets one request go. The intent is written after this and before `create`."""

    async def create(self, request: LinkRequest, turn: Turn) -> LinkOutcome:
        """Ask for one link, once. Never raises for what a service or a network does."""


class EmailSender(Protocol):
    """SendGrid, as far as a run needs it."""

    async def ready(self) -> Turn:
        """Wait until the pace lets one request go."""

    async def send(self, message: EmailMessage, turn: Turn) -> Outcome:
        """Hand over one email, once. Never raises for what a service or a network does."""


class SmsSender(Protocol):
    """Twilio, as far as a run needs it."""

    async def ready(self) -> Turn:
        """Wait until the pace lets one request go."""

    async def send(self, message: SmsMessage, turn: Turn) -> Outcome:
        """Hand over one text, once. Never raises for what a service or a network does."""


class Ledger(Protocol):
    """The only truth about what happened, held by one run."""

    def begin(self, campaign: str, command: str) -> RunStarted:
        """Open a run: a new epoch, and whatever an earlier run left while sending becomes in doubt."""

    def plan(self, campaign: str, invitations: Sequence[PlannedInvitation]) -> PlanCounts:
        """Make sure that each of these is in the ledger, in one transaction. What is known already stays as it is,
        except that the addresses and cells of growers to whom nothing was ever sent are taken over."""

    def work(
        self, campaign: str, *, now: datetime, after: int, limit: int, only: frozenset[str] = frozenset()
    ) -> Sequence[tuple[int, Invitation]]:
        """The next invitations with a planned message that is not held beyond `now`, in list order, as (position,
        invitation). `after` is the position of the last one seen, 0 to begin."""

    def record(self, *changes: Change) -> Awaitable[float]:
        """Hand changes to the one writer. They are committed together and in order; awaiting the answer waits until
        they are durable and gives the monotonic instant of the commit. Not awaiting is allowed for outcomes only."""


class LedgerReader(Protocol):
    """The ledger for those who only look; works beside a run."""

    def campaigns(self) -> Sequence[str]:
        """The names of every campaign in the ledger."""

    def counts(self, campaign: str) -> Counts:
        """The campaign in numbers."""

    def rows(self, campaign: str) -> Iterator[LedgerRow]:
        """Every message, in list order, then by round and channel."""

    def columns(self, campaign: str) -> Sequence[str]:
        """The list's own further columns, in the list's order."""


class Progress(Protocol):
    """What a person sees while waiting."""

    def planned(self, messages: int) -> None:
        """How many messages this command will handle."""

    def settled(self, channel: Channel, outcome: Outcome) -> None:
        """One message ended for now."""

    def notice(self, text: str) -> None:
        """One plain sentence that is worth a line."""
