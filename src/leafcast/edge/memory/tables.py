"""The tables of the ledger in memory, with changes that are made together or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from leafcast.decide.ledger.transitions import LINK, MESSAGE
from leafcast.decide.ledger.wording import refused, unknown_campaign
from leafcast.edge.memory.rows import (
    CampaignRow,
    ConnectionRow,
    GrowerRow,
    InvitationRow,
    LinkRow,
    MessageRow,
    OrphanRow,
)
from leafcast.model import (
    Channel,
    LinkRevoked,
    LinkState,
    MessageState,
    PastRun,
    PlannedMessage,
    Settlement,
    Suppression,
)

K = TypeVar("K")
V = TypeVar("V")


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
            raise refused("this message is there already")
        if planned.skip is None and not planned.to:
            raise refused("a message without an address")
        state = MessageState.SKIPPED if planned.skip else MessageState.PLANNED
        row = MessageRow(message_id, place, planned.channel, planned.to, state, now, now, error=planned.skip or "")
        self.put(self.messages, message_id, row)

    def move(
        self,
        message: MessageRow,
        state: MessageState,
        now: datetime,
        *,
        error_code: str = "",
        error: str = "",
        not_before: datetime | None = None,
    ) -> None:
        """Put a message in another state, with what the export says of that."""
        if state not in MESSAGE[message.state]:
            raise refused("a message may not go from its state to that one")
        moved = replace(message, state=state, error_code=error_code, error=error, not_before=not_before, updated_at=now)
        self.put(self.messages, moved.id, moved)

    def move_link(self, place: int, link: LinkRow, state: LinkState) -> None:
        """Put a link in another state."""
        if state not in LINK[link.state]:
            raise refused("a link may not go from its state to that one")
        self.put(self.links, (place, link.generation), replace(link, state=state))

    def invitations_of(self, campaign: str) -> list[tuple[int, InvitationRow]]:
        """The invitations of a campaign with their places, in list order, then by round."""
        found = [(place, one) for place, one in self.invitations.items() if one.campaign == campaign]
        return sorted(found, key=lambda pair: (self.growers[campaign, pair[1].external_id].place, pair[1].round))

    def messages_in(self, campaign: str) -> list[MessageRow]:
        """The messages of a campaign, as they came."""
        return [one for one in self.messages.values() if self.invitations[one.invitation].campaign == campaign]

    def known(self, campaign: str) -> CampaignRow:
        """A campaign. Raises `LedgerUnusable` where the ledger never saw it."""
        if campaign not in self.campaigns:
            raise unknown_campaign(campaign, sorted(self.campaigns))
        return self.campaigns[campaign]

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
