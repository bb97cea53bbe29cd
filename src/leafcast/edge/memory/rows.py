"""The rows of the ledger in memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from leafcast.decide.following import CONNECTED_WORD, link_word
from leafcast.model import (
    Channel,
    ConnectionSight,
    Delivery,
    Grower,
    LedgerRow,
    Link,
    LinkRequest,
    LinkSight,
    LinkState,
    MessageState,
    Shown,
)


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A campaign: the list's further columns, and the rows that a run went on without."""

    columns: tuple[str, ...] = ()
    excluded: tuple[tuple[int, str], ...] = ()
    recalled_at: datetime | None = None
    examined: tuple[str, int] | None = None
    """From what it was last planned to the last row, and in which run."""


@dataclass(frozen=True, slots=True)
class GrowerRow:
    """A grower and the last run whose list named them."""

    place: int
    grower: Grower
    listed_epoch: int


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """A grower in a round."""

    campaign: str
    external_id: str
    round: int
    created_at: datetime
    slot: str = ""
    cause: str = ""
    epoch: int = 0
    recalled: bool = False


@dataclass(frozen=True, slots=True)
class LinkRow:
    """One generation of an invitation's link."""

    generation: int
    request: LinkRequest
    state: LinkState
    intent_at: datetime
    link: Link | None = None
    seen: LinkSight | None = None
    seen_at: datetime | None = None
    epoch: int = 0
    error_code: str = ""
    error: str = ""
    updated_at: datetime | None = None
    carried: bool = False
    """Whether it came along from the round before."""


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """Whether the grower of an invitation is connected, as Leaf last showed it."""

    sight: ConnectionSight
    looked_at: datetime
    connected_at: datetime | None


@dataclass(frozen=True, slots=True)
class Trial:
    """The last attempt of a message: when it left, with which link, what ended it, what looks have shown since."""

    left_at: datetime
    generation: int
    ended_at: datetime | None = None
    code: str = ""
    reason: str = ""
    absent_at: tuple[datetime, ...] = ()
    looked_at: datetime | None = None
    showed: Shown | None = None
    why: str = ""
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class OrphanRow:
    """A link at Leaf that a lost answer left behind."""

    place: int
    generation: int
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message."""

    id: str
    invitation: int
    channel: Channel
    to: str | None
    state: MessageState
    created_at: datetime
    updated_at: datetime
    error: str = ""
    error_code: str = ""
    delivery: Delivery | None = None
    delivery_code: str = ""
    attempts: int = 0
    not_before: datetime | None = None
    provider_id: str | None = None
    reopened_epoch: int | None = None
    trial: Trial | None = None

    def held(self, now: datetime) -> bool:
        """Whether it must wait longer than until now."""
        return self.not_before is not None and self.not_before > now

    def exported(
        self,
        campaign: str,
        grower: Grower,
        round_number: int,
        link: LinkRow | None,
        connection: ConnectionRow | None,
        error: str,
    ) -> LedgerRow:
        """Its line of the export."""
        made = link.link if link else None
        return LedgerRow(
            campaign=campaign,
            external_id=grower.external_id,
            name=grower.name,
            email=self.to if self.to is not None and self.channel is Channel.EMAIL else grower.email,
            phone=self.to if self.to is not None and self.channel is Channel.SMS else grower.phone,
            round=round_number,
            link_type=(made.type if made else link.request.type) if link else "",
            providers=(made.providers if made else link.request.providers) if link else (),
            leaf_user_id=(made.leaf_user_id if made else link.request.leaf_user_id or "") if link else "",
            magic_link_id=made.id if made else "",
            link=made.url if made else "",
            expires_at=made.expires_at if made else None,
            link_status=link_word(link.state, link.seen.standing if link.seen else None) if link else "",
            channel=self.channel,
            message_status=self.state,
            delivery=self.delivery or "",
            message_id=self.id,
            attempts=self.attempts,
            error_code=self.error_code or self.delivery_code,
            error=error,
            connected=CONNECTED_WORD[connection.sight.standing] if connection else "",
            created_at=self.created_at,
            updated_at=self.updated_at,
            cells=grower.cells,
        )
