"""The ledger for those who look; each of these works beside a run."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from leafcast.model import (
    Channel,
    Contact,
    Counts,
    Doubt,
    Followed,
    LedgerRow,
    LinkDoubt,
    PastRun,
    Recallable,
    Sought,
    Standing,
    Steps,
    Suppression,
    Taken,
    ToCall,
)


class SuppressionList(Protocol):
    """Who must not be written to, as the ledger knows it; works beside a run."""

    def suppressions(self) -> Sequence[Suppression]:
        """All of them, by channel and address."""


class LedgerReader(SuppressionList, Protocol):
    """The ledger for those who only look; works beside a run."""

    def campaigns(self) -> Sequence[str]:
        """The names of every campaign in the ledger."""

    def counts(self, campaign: str) -> Counts:
        """The campaign in numbers."""

    def rows(self, campaign: str) -> Iterator[LedgerRow]:
        """Every message, in list order, then by round and channel."""

    def columns(self, campaign: str) -> Sequence[str]:
        """The list's own further columns, in the list's order."""


class DoubtLedger(Protocol):
    """What the ledger knows about its doubts; works beside a run."""

    def doubts(self, campaign: str) -> Sequence[Doubt]:
        """Every message in doubt, in list order, with its evidence."""

    def witness(self, campaign: str, channel: Channel, left_at: datetime) -> Sought | None:
        """The accepted message of a channel that left next at or after a time, else the last one before it: a service
        whose records do not show this one cannot prove by them that another never came."""

    def links_in_doubt(self, campaign: str) -> Sequence[LinkDoubt]:
        """Every link whose answer was lost and which may still open something at Leaf."""

    def unclaimed(self, link_ids: Collection[str]) -> frozenset[str]:
        """Which of these links of Leaf's no campaign of the ledger knows as its own."""


class RoundLedger(Protocol):
    """What the ledger knows about rounds; works beside a run."""

    def standings(self, campaign: str) -> Sequence[Standing]:
        """Every grower of a campaign, in list order."""

    def contacts(self, since: datetime) -> Sequence[Contact]:
        """What people of any campaign of the ledger got, or may have got, since then."""

    def recallable(self, campaign: str, now: datetime) -> Sequence[Recallable]:
        """Every invitation, in list order, with the links of it that may still open something."""

    def recalled_at(self, campaign: str) -> datetime | None:
        """When the whole campaign was recalled, None where it was not."""


class RecallLedger(Protocol):
    """What the ledger knows about what can be taken back; works beside a run."""

    def recalled_at(self, campaign: str) -> datetime | None:
        """When the whole campaign was recalled, None where it was not."""

    def past_runs(self, campaign: str) -> Sequence[PastRun]:
        """Every run of a campaign, the newest first."""

    def recallable(self, campaign: str, now: datetime, run: PastRun | None = None) -> Sequence[Recallable]:
        """Every invitation that a recall would touch, of one run or of all, in list order."""

    def opened_before_recall(self, campaign: str) -> Mapping[str, datetime | None]:
        """Whose link had been opened when a recall revoked it, and when last."""


class FollowingLedger(Protocol):
    """What the ledger knows of what Leaf showed; works beside a run."""

    def followed(self, campaign: str) -> Sequence[Followed]:
        """Every invitation that has a link, in list order, then by round."""


class StepsReader(Protocol):
    """How far growers have come; works beside a run."""

    def steps(self, campaign: str, column: str | None = None) -> Sequence[Steps]:
        """Growers counted for every step that they reached, by the text of a list column, the largest group first."""

    def to_call(self, campaign: str) -> Sequence[ToCall]:
        """Growers with a phone number of whom Leaf does not say that they are connected, in list order."""


class DeliveryLedger(Protocol):
    """What the ledger knows of what became of its messages; works beside a run."""

    def taken(self, campaign: str, channel: Channel) -> Sequence[Taken]:
        """Every accepted message of a channel, in the order in which they left."""

    def watermark(self, campaign: str, source: str) -> datetime | None:
        """How far a service's list was read for the campaign."""
