"""Decisions about growers into the ledger: packed by whoever plans, written on the writer's thread, within its
transaction, so that the next ones are packed while these are written."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from leafcast.decide.ledger.revising import Slot, merge_columns, revise, unsent
from leafcast.decide.ledger.tallying import count_planned
from leafcast.edge.ledger import fields, sql
from leafcast.edge.ledger.runs import Run
from leafcast.errors import LeafcastError
from leafcast.model import Channel, MessageState, PlanCounts, PlannedInvitation

NewId = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Pack:
    """Decisions as the statements take them: of each grower the first one, who as a rule is new and has no other."""

    invitations: Sequence[PlannedInvitation]
    firsts: dict[str, PlannedInvitation]
    growers: str
    rounds: str
    messages: str


def pack(invitations: Sequence[PlannedInvitation], new_id: NewId) -> Pack:
    """Make the decisions ready; `new_id` gives the ids of messages."""
    firsts: dict[str, PlannedInvitation] = {}
    for planned in invitations:
        firsts.setdefault(planned.grower.external_id, planned)
    growers = [(planned.grower.external_id, *fields.of_grower(planned.grower).values()) for planned in firsts.values()]
    return Pack(
        invitations,
        firsts,
        sql.to_rows(growers),
        sql.to_rows([_round(planned) for planned in firsts.values()]),
        sql.to_rows([message for planned in firsts.values() for message in _messages(planned, new_id)]),
    )


class Planner:
    """Writes decisions for one run; `new_id` gives the ids of messages."""

    def __init__(self, connection: apsw.Connection, run: Run, now: str, new_id: NewId) -> None:
        self._connection = connection
        self._run = run
        self._now = now
        self._new_id = new_id
        self._q: Any = sql.queries()

    def plan(self, packed: Pack) -> PlanCounts:
        """Make sure that each of these is in the ledger; say what that changed."""
        self._q.forget_examined(self._connection, campaign_id=self._run.campaign_id)
        self._merge_columns(packed.invitations)
        new = self._insert_new(packed)
        first = {id(packed.firsts[name]) for name in new}
        known = [planned for planned in packed.invitations if id(planned) not in first]
        self._note_listed(known)
        changed = [(planned, self._known(planned)) for planned in known]
        return count_planned([*((packed.firsts[name], (True, False, False)) for name in new), *changed])

    # ------------------------------------------------------------------------------- growers who are new, all at once

    def _insert_new(self, packed: Pack) -> Collection[str]:
        """The growers whom the ledger did not know, each with the first of its invitations; their names."""
        last_grower, last_invitation = self._q.last_numbers(self._connection)
        self._write("insert_growers", packed.growers, epoch=self._run.epoch)
        added = self._connection.changes()
        if not added:
            return ()
        self._write("insert_invitations", packed.rounds, last=last_grower, epoch=self._run.epoch)
        if self._connection.changes() != added:
            raise LeafcastError("the ledger did not take an invitation for each new grower")
        self._write("insert_messages", packed.messages, last=last_invitation)
        if added == len(packed.firsts):
            return packed.firsts
        names: list[str] = json.loads(self._q.names_after(self._connection, last=last_grower))
        return names

    # ------------------------------------------------------------------------------------- growers who are known, each

    def _note_listed(self, known: Iterable[PlannedInvitation]) -> None:
        names = sql.to_json([planned.grower.external_id for planned in known])
        key = {"campaign_id": self._run.campaign_id, "epoch": self._run.epoch}
        self._q.list_growers(self._connection, **key, names=names)

    def _known(self, planned: PlannedInvitation) -> tuple[bool, bool, bool]:
        """A grower whom the ledger knows: (whether the invitation is new, whether the row was taken over, whether its
        email or phone is another one)."""
        lines = list(
            self._q.known(
                self._connection,
                campaign_id=self._run.campaign_id,
                external_id=planned.grower.external_id,
                round=planned.round,
            )
        )
        grower, *before, invitation = lines[0][:6]
        slots = [_slot(line) for line in lines if line[6] is not None]
        row = fields.of_grower(planned.grower)
        taken_over = before != [row[name] for name in ("name", "email", "phone", "cells")] and unsent(slots)
        readdressed = before[1:3] != [row["email"], row["phone"]]
        if taken_over:
            self._q.update_grower(self._connection, id=grower, **row, now=self._now)
        if invitation is None:
            self._write("insert_invitations", sql.to_rows([_round(planned)]), last=0, epoch=self._run.epoch)
            self._write("insert_messages", sql.to_rows(_messages(planned, self._new_id)), last=0)
            return True, taken_over, readdressed
        self._revise(invitation, slots, planned)
        return False, taken_over, readdressed

    def _revise(self, invitation: int, slots: Sequence[Slot], planned: PlannedInvitation) -> None:
        revision = revise(slots, planned)
        for message, reason in revision.skip:
            self._q.skip_message(self._connection, id=message, reason=reason, now=self._now)
        for message, to in revision.readdress:
            self._q.readdress_message(self._connection, id=message, to_address=to, now=self._now)
        for message, to in revision.reopen:
            self._q.plan_refused_anew(self._connection, id=message, to_address=to, now=self._now)
        for message in revision.remove:
            self._q.remove_message(self._connection, id=message)
        key = {"campaign_id": self._run.campaign_id, "invitation_id": invitation, "now": self._now}
        for added in revision.add:
            self._q.insert_message(self._connection, **key, id=self._new_id(), **fields.of_message(added))

    # ------------------------------------------------------------------------------------------------------------ rows

    def _merge_columns(self, invitations: Sequence[PlannedInvitation]) -> None:
        known = json.loads(self._q.list_columns(self._connection, campaign_id=self._run.campaign_id))
        columns = merge_columns(known, (planned.grower for planned in invitations))
        if columns != known:
            self._q.set_list_columns(
                self._connection, campaign_id=self._run.campaign_id, list_columns=sql.to_json(columns)
            )

    def _write(self, query: str, rows: str, **values: object) -> None:
        key = {"campaign_id": self._run.campaign_id, "now": self._now}
        getattr(self._q, query)(self._connection, **key, rows=rows, **values)


def _round(planned: PlannedInvitation) -> sql.Row:
    return planned.grower.external_id, planned.round, planned.slot, planned.cause


def _messages(planned: PlannedInvitation, new_id: NewId) -> list[sql.Row]:
    whose = planned.grower.external_id, planned.round
    return [(*whose, new_id(), *fields.of_message(message).values()) for message in planned.messages]


def _slot(line: tuple[Any, ...]) -> Slot:
    message, channel, to, state, attempts = line[6:]
    return Slot(message, Channel(channel), to, MessageState(state), attempts)
