"""What became of messages that a service took."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from leafcast.model.sets import Delivery


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that its service took. `provider_id` is the service's name for it, '' where it gave none."""

    message_id: str
    provider_id: str
    to: str = field(repr=False)
    left_at: datetime
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Report:
    """What a service says of one message. `code` is the receiving side's own short code, `5.1.1` or `30003`."""

    provider_id: str
    delivery: Delivery
    code: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Barred:
    """An address that a service will not, or must not, write to any more."""

    address: str = field(repr=False)
    delivery: Delivery
    """What that says of the last message to the address."""
    source: str
    """Where it stands: `sendgrid bounces`, `twilio stop`."""
    at: datetime
    code: str = ""
    lasting: bool = True
    """False where the service would take the next message all the same."""
