"""The ledger as a run works on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from leafcast.model import (
    Change,
    Channel,
    Due,
    Grower,
    Invitation,
    PlanCounts,
    PlannedInvitation,
    RunStarted,
    Scope,
    SkipReason,
)


class Ledger(Protocol):
    """The only truth about what happened, held by one run."""

    def begin(self, campaign: str, command: str) -> RunStarted:
        """Open a run: a new epoch, and whatever an earlier run left while sending becomes in doubt."""

    def plan(self, campaign: str, invitations: Sequence[PlannedInvitation]) -> PlanCounts:
        """Make sure that each of these is in the ledger, in one transaction, and note that this run's list names them.
        Where something reached a grower in that round, or may have, all stays as it is; for others cells, addresses and
        planned messages are taken over from the new decision."""

    def plan_ahead(self, campaign: str, invitations: Sequence[PlannedInvitation]) -> Callable[[], PlanCounts]:
        """The same without waiting for it: what it gives waits, once. Raises what went wrong, here or there, and then
        what was handed over behind it is not written either. So the next decisions are made while these are written."""

    def go_on(self, campaign: str, fingerprint: str, only: Collection[str] = ()) -> bool:
        """Take the list that an earlier run planned from exactly this (`Examined`) as this run's own; False where there
        is none, where its plan does not hold any more, or where it does not name all of `only`."""

    def unlisted(self, campaign: str) -> Sequence[str]:
        """The growers whom this run's list does not name, by externalId and in list order."""

    def work(
        self,
        campaign: str,
        *,
        scope: Scope,
        now: datetime,
        after: int,
        limit: int,
        only: frozenset[str] = frozenset(),
        channel: Channel | None = None,
    ) -> Sequence[tuple[int, Invitation]]:
        """The next invitations of the scope with a planned message that is not held beyond `now`, in list order, as
        (position, invitation). `after` is the position of the last one seen, 0 to begin; with `channel`, only those
        with such a message of this channel."""

    def due(
        self,
        campaign: str,
        *,
        scope: Scope,
        now: datetime,
        limit: int | None = None,
        only: frozenset[str] = frozenset(),
    ) -> Due:
        """How much `work` would give, without giving it: what a person is asked to confirm."""

    def record(self, *changes: Change) -> Awaitable[float]:
        """Hand changes to the one writer. They are committed together and in order; awaiting the answer waits until
        they are durable and gives the monotonic instant of the commit. Not awaiting is allowed for outcomes only.
        Awaiting the intent of a message to a suppressed address raises `Withheld`, and nothing is changed."""


class LinklessLedger(Protocol):
    """The ledger of a campaign that makes links and sends nothing."""

    def linkless(self, campaign: str, *, again: bool, after: int, limit: int) -> Sequence[tuple[int, Invitation]]:
        """The next growers of this run's list who shall have a link alone and have none yet, with their places; with
        `again` those instead whose newest link failed, listed or not."""


class BarringLedger(Protocol):
    """Which addresses are closed, asked when a refusal leads to another channel: the list is not at hand then."""

    def barred(self, campaign: str, grower: Grower, *, shared: bool) -> Mapping[Channel, SkipReason]:
        """The grower's channels whose address is suppressed or, unless addresses may be shared, an earlier grower's of
        the campaign, with the reason."""


class AgainLedger(Protocol):
    """What became of growers since they were planned, asked before anything more goes to them."""

    def leave_out_connected(self, campaign: str) -> Sequence[str]:
        """Skip, as connected, every first invitation that waits for a grower whom Leaf last showed connected; say who
        they are, by externalId and in list order."""

    def failed(self, campaign: str, channel: Channel | None) -> frozenset[str]:
        """The growers with a message that a retry would attempt again, of this channel where one is given."""


class RunLedger(Ledger, LinklessLedger, BarringLedger, AgainLedger, Protocol):
    """What a run works on."""
