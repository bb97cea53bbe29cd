"""What Leaf shows of an invitation: where its link stands, and whether its grower is connected."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from leafcast.model.links import Link
from leafcast.model.sets import LinkState


class LinkStanding(StrEnum):
    """Where a link stands at Leaf."""

    OPEN = "open"
    EXPIRED = "expired"
    USED_UP = "used_up"
    """Opened as often as Leaf allows; mail scanners count too."""
    GONE = "gone"
    """Leaf does not have it any more, though nobody here revoked it."""


class Connection(StrEnum):
    """Whether a grower is connected with what the link asked for."""

    CONNECTED = "connected"
    BROKEN = "broken"
    """Leaf holds credentials of a provider that was asked for, and says that they no longer serve."""
    NOT_CONNECTED = "not_connected"
    """Always so for a file-upload link: Leaf keeps no mark of uploads with the user."""
    USER_GONE = "user_gone"
    """Leaf does not have the user any more."""


@dataclass(frozen=True, slots=True)
class LinkSight:
    """A link as Leaf last showed it."""

    standing: LinkStanding
    expires_at: datetime | None = None
    usage_count: int = 0
    """Mail scanners open links too: more than 0 does not prove that a person came."""
    max_usage: int | None = None
    last_accessed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConnectionSight:
    """A connection as Leaf last showed it. `providers` are those of the asked ones that speak for the standing."""

    standing: Connection
    providers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Followed:
    """An invitation that has a link, with its newest link and what Leaf last showed of both; None where Leaf was not
    asked yet."""

    external_id: str
    round: int
    generation: int
    link: Link = field(repr=False)
    link_state: LinkState
    seen: LinkSight | None = None
    seen_at: datetime | None = None
    connection: ConnectionSight | None = None
    connection_at: datetime | None = None
    connected_at: datetime | None = None
    """When a look first showed the grower connected."""

    @property
    def connected(self) -> bool:
        """Whether the last look showed the grower connected with what the link asked for."""
        return self.connection is not None and self.connection.standing is Connection.CONNECTED
