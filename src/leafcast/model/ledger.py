"""What the ledger is told and what it gives back: plans, work, changes, counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from leafcast.model.links import Link
from leafcast.model.listed import Grower
from leafcast.model.sets import Channel, Delivery, MessageState, SkipReason


@dataclass(frozen=True, slots=True)
class PlannedMessage:
    """A message that planning decided on: to be sent, or skipped with its reason."""

    channel: Channel
    to: str | None = field(repr=False)
    skip: SkipReason | None = None


@dataclass(frozen=True, slots=True)
class PlannedInvitation:
    """What planning decided for one grower in one round; the ledger keeps the first decision it is given."""

    grower: Grower
    round: int
    messages: tuple[PlannedMessage, ...]
    slot: str = ""
    """The fixed slot of a round after the first: a grower has one round of a slot."""
    cause: str = ""
    """Why a round after the first was due."""
    withheld: Mapping[Channel, SkipReason] = field(default_factory=lambda: MappingProxyType({}))
    """Channels on which the grower must not be written to, whatever was planned on them before."""
    further: tuple[PlannedMessage, ...] = ()
    """Where to go on, in this order, after a refusal."""


@dataclass(frozen=True, slots=True)
class PlanCounts:
    """What one call of `Ledger.plan` changed."""

    added: int = 0
    known: int = 0
    updated: int = 0
    """Known growers whose row changed and to whom nothing had been sent yet."""
    moved: tuple[str, ...] = ()
    """Those of them whose email or phone changed: they are written to at the new one."""
    late: tuple[str, ...] = ()
    """Those whose email or phone changed after something was sent, or may have been: they are not written to again."""


@dataclass(frozen=True, slots=True)
class ListChanges:
    """What a list changed against the one before, as far as the ledger knows it; each but the first by externalId."""

    added: int = 0
    moved: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    """Growers whom the list does not name any more: they are not written to."""

    def with_more(self, counts: PlanCounts) -> ListChanges:
        """The same with what one more batch changed."""
        return replace(
            self, added=self.added + counts.added, moved=self.moved + counts.moved, late=self.late + counts.late
        )


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the ledger that is still to be sent."""

    id: str
    channel: Channel
    to: str = field(repr=False)
    attempts: int


@dataclass(frozen=True, slots=True)
class Invitation:
    """A piece of work: a grower in a round, with what the ledger already holds for them."""

    grower: Grower
    round: int
    messages: tuple[Message, ...]
    """The planned ones, in order of preference."""
    channels_used: frozenset[Channel]
    """Every channel that already has a message in this round, whatever its state."""
    link: Link | None
    generation: int
    """How many links were asked for in this round so far; the next one is `generation + 1`."""
    cause: str = ""
    """Why a round after the first was due."""


class Scope(StrEnum):
    """Which of the planned messages a command works on."""

    LISTED = "listed"
    """First invitations of growers whom this run's list names: who was taken off the list is not written to."""
    REINVITED = "reinvited"
    """Later rounds of the growers whom this run planned one for."""
    REOPENED = "reopened"
    """Those that this run reopened, for `retry`."""


@dataclass(frozen=True, slots=True)
class Due:
    """What a command is about to do, for the person who confirms it."""

    growers: int
    messages: Mapping[Channel, int]
    links: int
    """Growers among them who have no live link yet."""
    held: int = 0
    """Messages of the scope that are held until later and so not among `messages`."""
    held_until: datetime | None = None
    """When the first of those may go."""


@dataclass(frozen=True, slots=True)
class RunStarted:
    """What opening a run found. `in_doubt` counts the messages that an earlier run left while sending."""

    run_id: str
    epoch: int
    in_doubt: int


@dataclass(frozen=True, slots=True)
class Counts:
    """A whole campaign's ledger in numbers."""

    links: Mapping[str, int]
    """created, reused, failed: counted over invitations."""
    messages: Mapping[MessageState, int]
    delivery: Mapping[Delivery, int]
    by_channel: Mapping[tuple[Channel, MessageState], int]
    growers: int
    excluded: int
    held_until: datetime | None = None
    """The earliest time at which a held message may go."""
    recalled_at: datetime | None = None
    """When the whole campaign was recalled."""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One line of the export: one message with its grower and its link; or, without a channel, a link alone."""

    campaign: str
    external_id: str
    name: str = field(repr=False)
    email: str | None = field(repr=False)
    phone: str | None = field(repr=False)
    round: int
    link_type: str
    providers: tuple[str, ...]
    leaf_user_id: str
    magic_link_id: str = field(repr=False)
    link: str = field(repr=False)
    expires_at: datetime | None
    link_status: str
    channel: Channel | None
    message_status: MessageState | None
    delivery: str
    message_id: str
    attempts: int
    error_code: str
    error: str
    connected: str
    created_at: datetime
    updated_at: datetime
    cells: Mapping[str, str] = field(repr=False)
