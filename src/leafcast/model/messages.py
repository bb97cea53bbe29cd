"""What leaves for a grower, and what a service answered."""

from __future__ import annotations

from dataclasses import dataclass, field

from leafcast.model.links import Link
from leafcast.model.sets import Verdict


@dataclass(frozen=True, slots=True)
class EmailMessage:
    """One email, complete. `message_id` is opaque and ours; it is all of us that the provider may keep."""

    message_id: str
    to: str = field(repr=False)
    to_name: str = field(repr=False)
    sender: str
    sender_name: str
    reply_to: str | None
    subject: str = field(repr=False)
    html: str = field(repr=False)
    text: str = field(repr=False)
    unsubscribe: str = field(default="", repr=False)
    """The https address that stops emails to this grower, named by `List-Unsubscribe`; none where it is empty."""
    asm_group: int | None = None
    """SendGrid's unsubscribe group, where there is no address of ours."""


@dataclass(frozen=True, slots=True)
class SmsMessage:
    """One text message, complete. Exactly one of `sender` and `messaging_service` is set."""

    message_id: str
    to: str = field(repr=False)
    sender: str | None
    messaging_service: str | None
    body: str = field(repr=False)
    validity: int
    """Seconds that the provider may keep trying: never beyond the link's life; 1 to 36,000."""
    smart_encoded: bool = False
    """Whether the provider may put plain characters in the place of look-alikes."""


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    """One link for the team's own application. `to` is the grower's externalId; `body` is the JSON that is signed and
    sent, byte for byte."""

    message_id: str
    to: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt. `reason` is a sentence of ours and holds no address, name, link or secret."""

    verdict: Verdict
    code: str = ""
    reason: str = ""
    provider_id: str | None = None
    retry_after: float | None = None
    """Seconds that the service asked us to wait, where it did."""


@dataclass(frozen=True, slots=True)
class LinkOutcome:
    """What came of asking for a link: `link` is there exactly when the verdict is accepted."""

    outcome: Outcome
    link: Link | None = None
