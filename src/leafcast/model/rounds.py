"""Rounds after the first, and recalls: what the ledger knows of growers, and why they are due."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from leafcast.model.links import Link
from leafcast.model.sets import Channel, Delivery, LinkState, MessageState


class Cause(StrEnum):
    """Why a grower gets another round; templates see it as `cause`."""

    EXPIRED = "expired"
    """The link is dead, by its time or because somebody deleted it."""
    EXPIRING = "expiring"
    """The link will be dead soon."""
    USED_UP = "used up"
    """The link was opened as often as Leaf lets it be."""
    BOUNCED = "bounced"
    """The message did not arrive, and there is another channel."""
    BROKEN = "credentials broken"
    """The grower had connected, and the connection does not work any more."""


@dataclass(frozen=True, slots=True)
class Stood:
    """A message of an earlier round, as far as another round depends on it."""

    channel: Channel
    to: str | None = field(repr=False)
    state: MessageState
    delivery: Delivery | None
    left_at: datetime | None
    """When it was last tried, None where it never was."""


@dataclass(frozen=True, slots=True)
class Round:
    """One round of a grower. `slot` is '' for the first invitation."""

    number: int
    slot: str
    cause: str
    recalled: bool
    messages: tuple[Stood, ...]


@dataclass(frozen=True, slots=True)
class HeldLink:
    """A link that the ledger knows, and where it stands."""

    external_id: str
    round: int
    generation: int
    state: LinkState
    link: Link


@dataclass(frozen=True, slots=True)
class Standing:
    """One grower of a campaign: every round so far, the oldest first, and the newest link that was made."""

    external_id: str
    rounds: tuple[Round, ...]
    link: HeldLink | None


@dataclass(frozen=True, slots=True)
class Contact:
    """A message of any campaign of the ledger that a person got or may have got. `invitation` counts as one contact,
    whatever its channels."""

    external_id: str
    address: str = field(repr=False)
    invitation: int
    left_at: datetime


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run that the ledger remembers."""

    id: str
    command: str
    epoch: int
    started_at: datetime
    links: int
    """Links that it made or took along."""
    messages: int
    """Messages that it tried last."""


@dataclass(frozen=True, slots=True)
class Recallable:
    """What a recall finds of one invitation: its links that may still open something, and its unsent messages."""

    external_id: str
    round: int
    links: tuple[HeldLink, ...]
    unsent: int
