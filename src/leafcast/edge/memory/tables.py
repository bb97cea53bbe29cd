"""The tables of the ledger in memory, with changes that are made together or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from leafcast.decide.following import CONNECTED_WORD, link_word
from leafcast.errors import LeafcastError
from leafcast.model import (
    Channel,
    ConnectionSight,
    Delivery,
    Grower,
    LedgerRow,
    Link,
    LinkRequest,
    LinkRevoked,
    LinkSight,
    LinkState,
    MessageState,
    PastRun,
    PlannedMessage,
    Settlement,
    Shown,
    Suppression,
)

K = TypeVar("K")
V = TypeVar("V")


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
    slot: str = ""
    cause: str = ""
    epoch: int = 0
    recalled: bool = False
    created_at: datetime = datetime.min


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


@dataclass(slots=True)
class Tables:
    """Everything. Change it through `put` inside `together`."""

    campaigns: dict[str, CampaignRow] = field(default_factory=dict)
    growers: dict[tuple[str, str], GrowerRow] = field(default_factory=dict)
    invitations: dict[int, InvitationRow] = field(default_factory=dict)
    links: dict[tuple[int, int], LinkRow] = field(default_factory=dict)
    messages: dict[str, MessageRow] = field(default_factory=dict)
    orphans: dict[str, OrphanRow] = field(default_factory=dict)
    connections: dict[int, ConnectionRow] = field(default_factory=dict)
    watermarks: dict[tuple[str, str], datetime] = field(default_factory=dict)
    suppressions: dict[tuple[Channel, str], Suppression] = field(default_factory=dict)
    actions: dict[int, tuple[str, str, Settlement]] = field(default_factory=dict)
    """What persons did: (who, message, what)."""
    revocations: dict[tuple[int, int], LinkRevoked] = field(default_factory=dict)
    runs: list[tuple[str, PastRun]] = field(default_factory=list)
    """Every run with its campaign."""
    _of_invitation: dict[int, list[str]] = field(default_factory=dict)
    _places: dict[tuple[str, str, int], int] = field(default_factory=dict)
    _generations: dict[int, int] = field(default_factory=dict)
    _undo: list[tuple[dict[Any, Any], Any, Any]] = field(default_factory=list)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Whatever is put within is taken back when it ends in an exception."""
        self._undo.clear()
        try:
            yield
        except BaseException:
            for table, key, before in reversed(self._undo):
                self._set(table, key, before)
            raise

    def put(self, table: dict[K, V], key: K, value: V | None) -> None:
        """Set a row, or remove it with None."""
        self._undo.append((table, key, table.get(key)))
        self._set(table, key, value)

    def add_message(self, place: int, message_id: str, planned: PlannedMessage, now: datetime) -> None:
        """Add a message to an invitation; once a channel."""
        if any(one.channel is planned.channel for one in self.messages_of(place)) or message_id in self.messages:
            raise LeafcastError("the ledger refused a change: this message is there already")
        if planned.skip is None and not planned.to:
            raise LeafcastError("the ledger refused a change: a message without an address")
        state = MessageState.SKIPPED if planned.skip else MessageState.PLANNED
        row = MessageRow(message_id, place, planned.channel, planned.to, state, now, now, error=planned.skip or "")
        self.put(self.messages, message_id, row)

    def place_of(self, campaign: str, external_id: str, round_number: int) -> int | None:
        """The place of an invitation, None where there is none."""
        return self._places.get((campaign, external_id, round_number))

    def messages_of(self, place: int) -> list[MessageRow]:
        """The messages of an invitation, in order of preference."""
        return [self.messages[one] for one in self._of_invitation.get(place, ())]

    def links_of(self, place: int) -> list[LinkRow]:
        """The links of an invitation, the newest last."""
        top = self._generations.get(place, 0)
        return [self.links[place, number] for number in range(1, top + 1) if (place, number) in self.links]

    def live_link(self, place: int) -> LinkRow | None:
        """The one live link of an invitation."""
        return next((link for link in self.links_of(place) if link.state is LinkState.LIVE), None)

    def beside(self, place: int) -> list[tuple[int, LinkRow]]:
        """The links of the grower's other rounds, with the places of those."""
        own = self.invitations[place]
        found: list[tuple[int, LinkRow]] = []
        for number in range(10_000):
            other = self.place_of(own.campaign, own.external_id, number)
            if other is None:
                break
            if other != place:
                found += [(other, row) for row in self.links_of(other)]
        return found

    def recalled(self, place: int) -> bool:
        """Whether nothing may leave for an invitation any more."""
        invitation = self.invitations[place]
        return invitation.recalled or self.campaigns[invitation.campaign].recalled_at is not None

    def newer_rounds(self, invitation: InvitationRow) -> bool:
        """Whether the grower has a later round than this."""
        return self.place_of(invitation.campaign, invitation.external_id, invitation.round + 1) is not None

    def _set(self, table: dict[Any, Any], key: Any, value: Any) -> None:
        before: Any = table.pop(key, None) if value is None else table.get(key)
        if value is not None:
            table[key] = value
        if table is self.messages:
            place = (value or before).invitation
            ids = self._of_invitation.setdefault(place, [])
            if value is None:
                ids.remove(key)
            elif key not in ids:
                ids.append(key)
        elif table is self.invitations and value is not None:
            self._places[value.campaign, value.external_id, value.round] = key
        elif table is self.invitations:
            self._places.pop((before.campaign, before.external_id, before.round), None)
        elif table is self.links and value is not None:
            self._generations[key[0]] = max(self._generations.get(key[0], 0), key[1])
