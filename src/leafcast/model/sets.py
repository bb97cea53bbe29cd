"""The closed sets: every word that a field, a column or a test may hold."""

from __future__ import annotations

from enum import StrEnum


class LinkType(StrEnum):
    """What a magic link lets the grower do."""

    PROVIDER = "provider"
    AUTHENTICATION = "authentication"
    FILE_UPLOAD = "file-upload"


class Channel(StrEnum):
    """A way to reach a grower."""

    EMAIL = "email"
    SMS = "sms"
    WEBHOOK = "webhook"
    """The team's own application, which shows the link to the grower where they are signed in."""


class Service(StrEnum):
    """An outside service that leafcast calls; each has its own pace."""

    LEAF = "leaf"
    SENDGRID = "sendgrid"
    TWILIO = "twilio"
    WEBHOOK = "webhook"
    """The team's own application, at the address of the channel `webhook`."""


class MessageState(StrEnum):
    """Where a message stands; the ledger itself enforces which may follow which."""

    PLANNED = "planned"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    ASSUMED_SENT = "assumed_sent"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class LinkState(StrEnum):
    """Where one generation of an invitation's link stands."""

    SENDING = "sending"
    LIVE = "live"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    EXPIRED = "expired"
    REVOKED = "revoked"
    CARRIED = "carried"
    """It went along into a later round, where it goes on under a row of its own."""


class Delivery(StrEnum):
    """What became of an accepted message; reported, and never the cause of a send."""

    UNKNOWN = "unknown"
    QUEUED = "queued"
    DELIVERED = "delivered"
    OPENED = "opened"
    BOUNCED = "bounced"
    UNDELIVERED = "undelivered"
    DROPPED = "dropped"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"


class SkipReason(StrEnum):
    """Why a message is not sent in this round."""

    NO_ADDRESS = "no address"
    SUPPRESSED = "suppressed"
    NO_CONSENT = "no consent"
    DUPLICATE = "duplicate"
    CONNECTED = "connected"
    TOO_LATE = "too late"


class Severity(StrEnum):
    """Whether a problem keeps a run from starting."""

    ERROR = "error"
    WARNING = "warning"


class ProblemKind(StrEnum):
    """The kinds that problems are grouped by on screen."""

    CAMPAIGN = "campaign"
    TEMPLATE = "template"
    FILE = "file"
    HEADING = "heading"
    ROW_SHAPE = "row shape"
    EXTERNAL_ID = "externalId"
    NAME = "name"
    EMAIL = "email"
    PHONE = "phone"
    NO_ADDRESS = "no address"
    DUPLICATE_ID = "duplicate externalId"
    SHARED_ADDRESS = "shared address"
    LINK = "link"
    MESSAGE = "message"
    SERVICE = "service"
    CONSENT = "consent"
    SUPPRESSION = "suppression"


class Verdict(StrEnum):
    """What a service's answer means for the thing that was asked of it."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """No for this recipient, for good."""
    FAILED = "failed"
    """Surely not done, and asking again at once would not help."""
    IN_DOUBT = "in_doubt"
    """It left us, and nothing says whether it was done."""
    PAUSE = "pause"
    """Surely not done; asking again later is safe and sensible."""
    STOP = "stop"
    """Surely not done, and no other row would fare better: the run must stop."""
