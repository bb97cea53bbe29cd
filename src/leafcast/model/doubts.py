"""Messages and links whose answer was lost, and what a look at the service shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from leafcast.model.sets import Channel, Delivery, LinkType


class Shown(StrEnum):
    """What a look at a service showed of a message in doubt."""

    FOUND = "found"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Settlement(StrEnum):
    """What settled a doubt."""

    FOUND = "found"
    """The service shows it."""
    ABSENT = "absent"
    """The service, asked twice, shows no trace, and the campaign says to send again then."""
    ASSUMED_SENT = "assumed_sent"
    """A person's word."""
    RESEND = "resend"
    """A person's word."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What a service is asked to show: one message that left."""

    message_id: str
    to: str = field(repr=False)
    link_id: str = field(repr=False)
    link: str = field(repr=False)
    """The magic link that the message carries, '' where the ledger does not know it."""
    left_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """The service shows the message: it was taken."""

    provider_id: str | None
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Absent:
    """The service showed everything of that time and address, and the message is not there."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The look says nothing either way. `why` is a sentence of ours without address, name or link."""

    why: str
    everyone: bool = False
    """Whether no other question to this service would fare better: it is out of reach, or refuses the credentials."""
    forbidden: bool = False
    """Whether the credentials are good and may not look at this: so it will be the next time."""


Look = Found | Absent | Unknown


@dataclass(frozen=True, slots=True)
class Doubt:
    """A message in doubt with its evidence."""

    external_id: str
    round: int
    channel: Channel
    attempt: int
    sought: Sought
    code: str
    reason: str
    """What ended the attempt."""
    ended_at: datetime | None
    first_absent_at: datetime | None = None
    looked_at: datetime | None = None
    """The last look at the service, if there was one yet, and what it showed."""
    showed: Shown | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class LinkDoubt:
    """A link whose answer was lost: Leaf may hold one that nobody was ever shown."""

    external_id: str
    round: int
    generation: int
    type: LinkType
    providers: tuple[str, ...]
    expires_in: int
    leaf_user_id: str
    """'' where only Leaf knows the user."""
    left_at: datetime


@dataclass(frozen=True, slots=True)
class Orphan:
    """A link at Leaf that a lost answer left behind."""

    doubt: LinkDoubt
    link_id: str = field(repr=False)
    leaf_user_id: str
    created_at: datetime
