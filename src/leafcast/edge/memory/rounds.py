"""Rounds and recall in memory: the same rules as the SQL of the ledger has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from leafcast.decide.ledger.wording import RECALLED, refused
from leafcast.edge.memory.rows import InvitationRow, LinkRow
from leafcast.edge.memory.tables import Tables
from leafcast.model import (
    Contact,
    HeldLink,
    LinkRevoked,
    LinkState,
    MessageState,
    PastRun,
    Recallable,
    Recalled,
    Revoked,
    Round,
    Standing,
    Stood,
)

_REACHED = frozenset({MessageState.SENDING, MessageState.ACCEPTED, MessageState.IN_DOUBT, MessageState.ASSUMED_SENT})
_UNSENT = frozenset({MessageState.PLANNED, MessageState.FAILED})
_OPEN = frozenset({LinkState.LIVE, LinkState.EXPIRED})


@dataclass(frozen=True, slots=True)
class MemoryRoundChanges:
    """Applies the changes of rounds and recalls at one moment."""

    tables: Tables
    epoch: int
    now: datetime

    def carried(self, place: int) -> None:
        """Let the live link of an earlier round stand for this one."""
        live = [(other, row) for other, row in self.tables.beside(place) if row.state is LinkState.LIVE]
        if not live:
            raise refused("there is no live link that could go along")
        if self.tables.links_of(place):
            raise refused("this generation of the link was asked for already")
        other, row = live[0]
        self.tables.move_link(other, row, LinkState.CARRIED)
        self.tables.put(self.tables.links, (place, 1), replace(row, generation=1, carried=True, epoch=self.epoch))

    def revoked(self, change: LinkRevoked, place: int) -> None:
        """Write down that a link is gone from Leaf, and what was known of it."""
        row = self.tables.links.get((place, change.generation))
        if row is None or row.state not in _OPEN:
            raise refused("only a link that was made is revoked, and once")
        self.tables.move_link(place, row, LinkState.REVOKED)
        self.tables.put(self.tables.revocations, (place, row.generation), change)

    def recalled(self, change: Recalled, places: Sequence[int]) -> None:
        """Let nothing leave any more for these invitations, or for the whole campaign, and cancel what has not."""
        tables = self.tables
        if change.invitations is None:
            row = tables.campaigns[change.campaign]
            tables.put(tables.campaigns, change.campaign, replace(row, recalled_at=row.recalled_at or self.now))
        for place in places:
            tables.put(tables.invitations, place, replace(tables.invitations[place], recalled=True))
        whole = change.invitations is None
        for message in list(tables.messages.values()):
            hit = message.invitation in places or (
                whole and tables.invitations[message.invitation].campaign == change.campaign
            )
            if hit and message.state in _UNSENT:
                tables.move(message, MessageState.CANCELLED, self.now, error=RECALLED)


def expire_dead(tables: Tables, place: int, now: datetime) -> None:
    """Links of the grower's other rounds that died of age make room for the next one."""
    for other, row in tables.beside(place):
        if row.state is LinkState.LIVE and row.link is not None and row.link.expires_at <= now:
            tables.move_link(other, row, LinkState.EXPIRED)


class MemoryRoundReading:
    """Fulfils `RoundLedger` and `RecallLedger`: a part of the ledger in memory."""

    _tables: Tables

    def standings(self, campaign: str) -> Sequence[Standing]:
        """Every grower of a campaign, in list order."""
        tables = self._tables
        tables.known(campaign)
        places: dict[str, list[int]] = {}
        for place, invitation in tables.invitations.items():
            if invitation.campaign == campaign:
                places.setdefault(invitation.external_id, []).append(place)
        order = {key[1]: row.place for key, row in tables.growers.items() if key[0] == campaign}
        return [self._standing(one, places[one]) for one in sorted(places, key=lambda one: order[one])]

    def contacts(self, since: datetime) -> Sequence[Contact]:
        """What people of any campaign of the ledger got, or may have got, since then."""
        return [
            Contact(
                self._tables.invitations[one.invitation].external_id, one.to or "", one.invitation, one.trial.left_at
            )
            for one in self._tables.messages.values()
            if one.state in _REACHED and one.trial is not None and one.trial.left_at >= since
        ]

    def recalled_at(self, campaign: str) -> datetime | None:
        """When the whole campaign was recalled, None where it was not."""
        return self._tables.known(campaign).recalled_at

    def past_runs(self, campaign: str) -> Sequence[PastRun]:
        """Every run of a campaign, the newest first."""
        tables = self._tables
        tables.known(campaign)

        def told(run: PastRun) -> PastRun:
            links = sum(row.epoch == run.epoch for row in tables.links.values())
            tried = sum(one.trial is not None and one.trial.epoch == run.epoch for one in tables.messages.values())
            return replace(run, links=links, messages=tried)

        return [told(run) for of, run in reversed(tables.runs) if of == campaign]

    def recallable(self, campaign: str, now: datetime, run: PastRun | None = None) -> Sequence[Recallable]:
        """Every invitation that a recall would touch, of one run or of all, in list order."""
        tables, found = self._tables, []
        tables.known(campaign)

        def order(item: tuple[int, InvitationRow]) -> tuple[int, int]:
            return tables.growers[campaign, item[1].external_id].place, item[1].round

        mine = [(place, one) for place, one in tables.invitations.items() if one.campaign == campaign]
        for place, one in sorted(mine, key=order):
            messages, links = tables.messages_of(place), tables.links_of(place)
            epochs = {one.epoch, *(row.epoch for row in links), *(m.trial.epoch for m in messages if m.trial)}
            if run is not None and run.epoch not in epochs:
                continue
            opening = [
                held
                for row in links
                if row.state in _OPEN and (held := _held(one, row)) is not None and held.link.expires_at > now
            ]
            unsent = sum(message.state in _UNSENT for message in messages)
            found.append(Recallable(one.external_id, one.round, tuple(opening), unsent))
        return found

    def opened_before_recall(self, campaign: str) -> Mapping[str, datetime | None]:
        """Whose link had been opened when a recall revoked it, and when last."""
        return {
            change.external_id: change.opened_at
            for change in self._tables.revocations.values()
            if change.campaign == campaign and change.why is Revoked.RECALL and change.opened
        }

    def _standing(self, external_id: str, places: Sequence[int]) -> Standing:
        tables, rounds, link = self._tables, [], None
        for place in sorted(places, key=lambda place: tables.invitations[place].round):
            one = tables.invitations[place]
            messages = tuple(
                Stood(m.channel, m.to, m.state, m.delivery, m.trial.left_at if m.trial else None)
                for m in tables.messages_of(place)
            )
            rounds.append(Round(one.round, one.slot, one.cause, one.recalled, messages))
            for row in tables.links_of(place):
                if row.state is not LinkState.CARRIED:
                    link = _held(one, row) or link
        return Standing(external_id, tuple(rounds), link)


def _held(invitation: InvitationRow, row: LinkRow) -> HeldLink | None:
    if row.link is None:
        return None
    return HeldLink(invitation.external_id, invitation.round, row.generation, row.state, row.link)
