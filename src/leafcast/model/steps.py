"""How far growers have come, counted: what `status` shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from leafcast.model.following import Connection
from leafcast.model.sets import Delivery, MessageState


@dataclass(frozen=True, slots=True)
class Steps:
    """Growers of one group, each counted once for every step that they reached in any round. `group` is the text of a
    list column, '' for all growers."""

    group: str = ""
    growers: int = 0
    linked: int = 0
    accepted: int = 0
    heard: int = 0
    """Of whose messages a service said what became of them."""
    delivered: int = 0
    opened: int = 0
    """Whose link, or email, was opened, and not only within seconds."""
    scanned: int = 0
    """Whose link was opened within seconds of a message only: mail scanners do that."""
    asked: int = 0
    """Of whom Leaf said whether they are connected."""
    connected: int = 0
    broken: int = 0
    undelivered: int = 0
    """Whose messages all came back."""
    pending: int = 0
    in_doubt: int = 0
    failed: int = 0
    refused: int = 0
    left_out: int = 0
    """To whom nothing went and nothing will: skipped or cancelled."""


@dataclass(frozen=True, slots=True)
class ToCall:
    """A grower with a phone number who is not connected."""

    external_id: str
    name: str = field(repr=False)
    phone: str = field(repr=False)
    rounds: int
    written_at: datetime | None
    """When a message was last accepted."""
    states: frozenset[MessageState]
    deliveries: frozenset[Delivery]
    opened: bool
    connection: Connection | None
