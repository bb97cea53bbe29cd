"""What is written down: every change that the one writer of the ledger commits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from leafcast.model.deliveries import Report
from leafcast.model.doubts import Look, Orphan, Settlement
from leafcast.model.following import ConnectionSight, LinkSight
from leafcast.model.ledger import PlannedMessage
from leafcast.model.links import LinkRequest
from leafcast.model.listed import Grower
from leafcast.model.messages import LinkOutcome, Outcome
from leafcast.model.sets import Channel
from leafcast.model.suppressions import MessageSkipped, Suppress


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
class RowTakenOver:
    """The newest row holds for messages that wait to be tried again: their new addresses, by message id, and the row
    itself, unless something of that round reached the grower, or may have."""

    campaign: str
    external_id: str
    round: int
    grower: Grower
    addresses: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Excluded:
    """Rows of the list that a run goes on without (`--skip-invalid`): (row number, what is wrong) each. They replace
    the ones noted before, so that the ledger accounts for the list as it is now."""

    campaign: str
    rows: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Examined:
    """All that this run planned was made from what the fingerprint stands for, to the last row. The next plan of the
    campaign, whoever makes it, ends that."""

    campaign: str
    fingerprint: str


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


@dataclass(frozen=True, slots=True)
class LinkSeen:
    """Leaf showed how one generation of an invitation's link stands, at the moment of this change."""

    campaign: str
    external_id: str
    round: int
    generation: int
    sight: LinkSight


@dataclass(frozen=True, slots=True)
class ConnectionSeen:
    """Leaf showed whether the grower of an invitation is connected with what its link asked for."""

    campaign: str
    external_id: str
    round: int
    sight: ConnectionSight


@dataclass(frozen=True, slots=True)
class LinkCarried:
    """The grower's live link goes along from an earlier round into this one, as its first generation."""

    campaign: str
    external_id: str
    round: int


class Revoked(StrEnum):
    """Why a link was deleted at Leaf."""

    RECALL = "recall"
    NEXT_ROUND = "next round"


@dataclass(frozen=True, slots=True)
class LinkRevoked:
    """A link is gone from Leaf. `opened_at` is when somebody or something last opened it, as Leaf had it before."""

    campaign: str
    external_id: str
    round: int
    generation: int
    why: Revoked
    opened: bool = False
    opened_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Recalled:
    """From here on nothing leaves for these invitations, given as (externalId, round); their unsent messages are
    cancelled. None is the whole campaign, for good. `who` is the person's name on the machine."""

    campaign: str
    invitations: tuple[tuple[str, int], ...] | None
    who: str
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class DeliverySeen:
    """A service said what became of an accepted message. What goes back, or on no further, changes nothing."""

    message_id: str
    report: Report


@dataclass(frozen=True, slots=True)
class ReadUpTo:
    """Everything that a service's list had up to a moment was noted for the campaign."""

    campaign: str
    source: str
    moment: datetime


Change = (
    LinkIntent
    | LinkSettled
    | MessageIntent
    | MessageSettled
    | MessageGivenUp
    | MessageHeld
    | NextChannel
    | Reopened
    | RowTakenOver
    | Excluded
    | Examined
    | DoubtLooked
    | DoubtLifted
    | DoubtResolved
    | OrphanNoted
    | OrphanRevoked
    | LinkSeen
    | ConnectionSeen
    | LinkCarried
    | LinkRevoked
    | Recalled
    | DeliverySeen
    | ReadUpTo
    | MessageSkipped
    | Suppress
)
