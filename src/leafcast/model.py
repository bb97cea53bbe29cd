"""The words of leafcast as values that never change. Standard library only; imported by every room.

Times are aware datetimes in UTC, spans are seconds, phone numbers are E.164 (`+15155550100`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

# --------------------------------------------------------------------------------------------------------- closed sets


class LinkType(StrEnum):
    """What a magic link lets the grower do."""

    PROVIDER = "provider"
    AUTHENTICATION = "authentication"
    FILE_UPLOAD = "file-upload"


class Channel(StrEnum):
    """A way to reach a grower."""

    EMAIL = "email"
    SMS = "sms"


class Service(StrEnum):
    """An outside service that leafcast calls; each has its own pace."""

    LEAF = "leaf"
    SENDGRID = "sendgrid"
    TWILIO = "twilio"


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


# --------------------------------------------------------------------------------------------------------- the list


@dataclass(frozen=True, slots=True)
class Where:
    """The place that a problem is about. `row` counts as the spreadsheet does: the heading is row 1."""

    file: str = ""
    row: int | None = None
    line: int | None = None
    column: str | None = None
    key: str | None = None

    def __str__(self) -> str:
        parts = [
            self.file,
            f"row {self.row}" if self.row is not None else "",
            f"line {self.line}" if self.line is not None else "",
            f"column {self.column}" if self.column else "",
            self.key or "",
        ]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that a person should mend: what is wrong, where, and what to do about it."""

    kind: ProblemKind
    what: str
    fix: str
    where: Where = Where()
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        place = f"{self.where}: " if str(self.where) else ""
        return f"{place}{self.what}. {self.fix}".rstrip()


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the list as text, before anything is judged. Keys are the headings in leafcast's own words where it
    knows them (`externalId`, `name`, `email`, `phone`, `leafUserId` …) and the user's own words otherwise."""

    number: int
    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Grower:
    """One person of the list, judged good. `external_id` is the identity within a campaign."""

    row: int
    external_id: str
    name: str
    email: str | None
    phone: str | None
    cells: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Every cell of the row as text under its heading, the ones above included; empty cells are ''."""

    def cell(self, column: str) -> str:
        """The text under a heading, '' where the list has no such column."""
        return self.cells.get(column, "")

    def address(self, channel: Channel) -> str | None:
        """Where the grower is reached on a channel, None where the row gives nothing."""
        match channel:
            case Channel.EMAIL:
                return self.email
            case Channel.SMS:
                return self.phone


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot be a grower, with every problem that it has."""

    row: Row
    problems: tuple[Problem, ...]


# --------------------------------------------------------------------------------------------------------- links


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """What leafcast asks Leaf for. With `leaf_user_id` the link is for that user; without, Leaf creates or reuses the
    user by `external_id`, and `name` and `email` are used only if it creates one."""

    type: LinkType
    external_id: str
    expires_in: int
    providers: tuple[str, ...] = ()
    """provider: the allowed ones, none meaning all enabled; authentication: exactly one; file-upload: none."""
    leaf_user_id: str | None = None
    name: str | None = None
    email: str | None = None
    settings: Mapping[str, str | bool] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Link:
    """A magic link that Leaf made. `id` and `url` are secrets: whoever has them is the grower."""

    id: str = field(repr=False)
    url: str = field(repr=False)
    leaf_user_id: str
    expires_at: datetime
    type: LinkType
    providers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeafLink:
    """A magic link as Leaf lists it. `id` is as secret as the link, which it is the last part of."""

    id: str = field(repr=False)
    type: LinkType
    leaf_user_id: str
    providers: tuple[str, ...]
    created_at: datetime | None
    expires_at: datetime | None
    last_accessed_at: datetime | None
    usage_count: int
    """Mail scanners open links too: more than 0 does not prove that a person came."""
    max_usage: int | None


@dataclass(frozen=True, slots=True)
class LeafUser:
    """A Leaf user without anything secret."""

    id: str
    external_id: str
    name: str = field(repr=False)
    email: str = field(repr=False)
    credentials: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Provider name -> the status that Leaf gives, '' where it gives none. A provider that is missing here is not
    connected."""


# --------------------------------------------------------------------------------------------------------- messages


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


# --------------------------------------------------------------------------------------------------------- doubts


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


# --------------------------------------------------------------------------------------------------------- the ledger


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


@dataclass(frozen=True, slots=True)
class PlanCounts:
    """What one call of `Ledger.plan` changed."""

    added: int = 0
    known: int = 0
    updated: int = 0
    """Known growers whose row changed and to whom nothing had been sent yet."""


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


@dataclass(frozen=True, slots=True)
class LinkIntent:
    """A link is about to be asked for. Must be durable before the request leaves."""

    campaign: str
    external_id: str
    round: int
    generation: int
    request: LinkRequest


@dataclass(frozen=True, slots=True)
class LinkSettled:
    """What came of a link intent. `pause` and `stop` mean surely not made: the intent is taken back as failed."""

    campaign: str
    external_id: str
    round: int
    generation: int
    result: LinkOutcome


@dataclass(frozen=True, slots=True)
class MessageIntent:
    """A message is about to leave. Must be durable before the request does."""

    message_id: str
    link_generation: int


@dataclass(frozen=True, slots=True)
class MessageSettled:
    """What came of a message intent: accepted, refused, failed and in doubt are kept as such; `pause` and `stop`
    take the intent back to planned, `not_before` saying until when it is held."""

    message_id: str
    outcome: Outcome
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class MessageGivenUp:
    """A planned message that this run gives up on without having sent it: its link could not be made, or the service
    kept saying "later". It becomes failed."""

    message_id: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class MessageHeld:
    """A planned message that must wait, by quiet hours for one. It stays planned and is offered again from then on."""

    message_id: str
    until: datetime


@dataclass(frozen=True, slots=True)
class NextChannel:
    """The grower refused on one channel is planned on the next one (`deliver: first`), under the id given here."""

    campaign: str
    external_id: str
    round: int
    message_id: str
    message: PlannedMessage


@dataclass(frozen=True, slots=True)
class Reopened:
    """Failed messages go back to planned, for `retry`. Empty `only` means every grower."""

    campaign: str
    channel: Channel | None = None
    only: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Excluded:
    """Rows of the list that a run goes on without (`--skip-invalid`): (row number, what is wrong) each. They replace
    the ones noted before, so that the ledger accounts for the list as it is now."""

    campaign: str
    rows: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class DoubtLooked:
    """A service was asked about a message in doubt. Found, it becomes accepted; anything else is noted, and the doubt
    stays."""

    message_id: str
    attempt: int
    look: Look


@dataclass(frozen=True, slots=True)
class DoubtLifted:
    """The service, asked twice, shows no trace of a message in doubt, so it goes back to planned."""

    message_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class DoubtResolved:
    """A person settles a doubt by their word: `ASSUMED_SENT` or `RESEND`. `who` is the person's name on the machine."""

    message_id: str
    attempt: int
    settlement: Settlement
    who: str


@dataclass(frozen=True, slots=True)
class OrphanNoted:
    """An orphan link was found at Leaf. Noting it again changes nothing."""

    campaign: str
    orphan: Orphan


@dataclass(frozen=True, slots=True)
class OrphanRevoked:
    """A noted orphan link is gone from Leaf; the doubt that it came from is settled."""

    campaign: str
    orphan: Orphan


Change = (
    LinkIntent
    | LinkSettled
    | MessageIntent
    | MessageSettled
    | MessageGivenUp
    | MessageHeld
    | NextChannel
    | Reopened
    | Excluded
    | DoubtLooked
    | DoubtLifted
    | DoubtResolved
    | OrphanNoted
    | OrphanRevoked
)


class Scope(StrEnum):
    """Which of the planned messages a command works on."""

    LISTED = "listed"
    """Those of growers whom this run's list names: a grower who was taken off the list is not written to."""
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


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One line of the export: one message with its grower and its link."""

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
    channel: Channel
    message_status: MessageState
    delivery: str
    message_id: str
    attempts: int
    error_code: str
    error: str
    connected: str
    created_at: datetime
    updated_at: datetime
    cells: Mapping[str, str] = field(repr=False)
