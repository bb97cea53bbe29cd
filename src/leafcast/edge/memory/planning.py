"""Decisions about growers into the ledger in memory: the same rules as the SQL of the ledger has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from leafcast.decide.ledger.revising import Slot, merge_columns, revise, unsent
from leafcast.decide.ledger.tallying import count_planned
from leafcast.decide.ledger.wording import refused
from leafcast.edge.memory.rows import GrowerRow, InvitationRow, MessageRow
from leafcast.edge.memory.tables import Tables
from leafcast.model import Grower, MessageState, PlanCounts, PlannedInvitation, PlannedMessage


@dataclass(frozen=True, slots=True)
class MemoryPlanner:
    """Writes decisions for one run; `new_id` gives the ids of messages, `places` the numbers of rows."""

    tables: Tables
    campaign: str
    epoch: int
    now: datetime
    new_id: Callable[[], str]
    places: Iterator[int]

    def plan(self, invitations: Sequence[PlannedInvitation]) -> PlanCounts:
        """Make sure that each of these is in the ledger; say what that changed."""
        row = self.tables.campaigns[self.campaign]
        columns = merge_columns(row.columns, (planned.grower for planned in invitations))
        self.tables.put(self.tables.campaigns, self.campaign, replace(row, columns=tuple(columns), examined=None))
        return count_planned([(planned, self._one(planned)) for planned in invitations])

    def _one(self, planned: PlannedInvitation) -> tuple[bool, bool, bool]:
        """(whether the invitation is new, whether the row was taken over, whether its email or phone is another)."""
        tables, grower = self.tables, planned.grower
        key = (self.campaign, grower.external_id)
        place = tables.place_of(*key, planned.round)
        slots = [] if place is None else [_slot(one) for one in tables.messages_of(place)]
        known = tables.growers.get(key)
        taken_over = known is not None and not _same(known.grower, grower) and unsent(slots)
        readdressed = known is not None and _addresses(known.grower) != _addresses(grower)
        if known is None:
            tables.put(tables.growers, key, GrowerRow(next(self.places), grower, self.epoch))
        else:
            kept = grower if taken_over else known.grower
            tables.put(tables.growers, key, replace(known, grower=kept, listed_epoch=self.epoch))
        if place is None:
            self._add(self._invite(planned), planned.messages)
            return True, taken_over, readdressed
        self._revise(place, slots, planned)
        return False, taken_over, readdressed

    def _invite(self, planned: PlannedInvitation) -> int:
        tables, one = self.tables, planned.grower.external_id
        if (planned.slot == "") != (planned.round == 0):
            raise refused("a round after the first, and no other, has a slot")
        before = [row for row in tables.invitations.values() if (row.campaign, row.external_id) == (self.campaign, one)]
        if planned.round > 0 and not any(row.round == planned.round - 1 for row in before):
            raise refused("a round comes after the one before it")
        if planned.slot and any(row.slot == planned.slot for row in before):
            raise refused("a grower has one round of a slot")
        place = next(self.places)
        row = InvitationRow(
            self.campaign, one, planned.round, self.now, slot=planned.slot, cause=planned.cause, epoch=self.epoch
        )
        tables.put(tables.invitations, place, row)
        return place

    def _revise(self, place: int, slots: Sequence[Slot], planned: PlannedInvitation) -> None:
        tables, revision = self.tables, revise(slots, planned)
        for message_id, reason in revision.skip:
            tables.move(tables.messages[message_id], MessageState.SKIPPED, self.now, error=reason)
        for message_id, to in revision.readdress:
            tables.put(tables.messages, message_id, replace(tables.messages[message_id], to=to, updated_at=self.now))
        for message_id, to in revision.reopen:
            tables.move(replace(tables.messages[message_id], to=to), MessageState.PLANNED, self.now)
        for message_id in revision.remove:
            tables.put(tables.messages, message_id, None)
        self._add(place, revision.add)

    def _add(self, place: int, messages: Sequence[PlannedMessage]) -> None:
        for planned in messages:
            self.tables.add_message(place, self.new_id(), planned, self.now)


def _same(one: Grower, other: Grower) -> bool:
    """Whether two rows say the same, wherever they stand in their lists."""
    return (one.name, *_addresses(one), dict(one.cells)) == (other.name, *_addresses(other), dict(other.cells))


def _addresses(grower: Grower) -> tuple[str | None, str | None]:
    return grower.email, grower.phone


def _slot(message: MessageRow) -> Slot:
    return Slot(message.id, message.channel, message.to, message.state, message.attempts)
