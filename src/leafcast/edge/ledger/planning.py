"""Decisions about growers into the ledger. Runs on the writer's thread, within its transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import apsw

from leafcast.decide.ledger.revising import Slot, merge_columns, revise, unsent
from leafcast.decide.ledger.tallying import count_planned
from leafcast.edge.ledger import sql
from leafcast.edge.ledger.runs import Run
from leafcast.model import Channel, Grower, MessageState, PlanCounts, PlannedInvitation, PlannedMessage


class Planner:
    """Writes decisions for one run; `new_id` gives the ids of messages."""

    def __init__(self, connection: apsw.Connection, run: Run, now: str, new_id: Callable[[], str]) -> None:
        self._connection = connection
        self._run = run
        self._now = now
        self._new_id = new_id
        self._q: Any = sql.queries()

    def plan(self, invitations: Sequence[PlannedInvitation]) -> PlanCounts:
        """Make sure that each of these is in the ledger; say what that changed."""
        self._q.forget_examined(self._connection, campaign_id=self._run.campaign_id)
        self._merge_columns(invitations)
        new = self._insert_growers(invitations)
        self._insert_invitations(new)
        first = {id(planned) for planned in new.values()}
        known = [planned for planned in invitations if id(planned) not in first]
        self._note_listed(known)
        changed = [(planned, self._known(planned)) for planned in known]
        return count_planned([*((planned, (True, False, False)) for planned in new.values()), *changed])

    # ------------------------------------------------------------------------------- growers who are new, all at once

    def _insert_growers(self, invitations: Sequence[PlannedInvitation]) -> dict[int, PlannedInvitation]:
        """The growers whom the ledger did not know, by their new numbers, each with its first invitation."""
        rows = (self._grower(planned.grower) for planned in invitations)
        numbers = {external_id: number for number, external_id in self._many("insert_grower", rows)}
        new: dict[int, PlannedInvitation] = {}
        for planned in invitations:
            if planned.grower.external_id in numbers:
                new.setdefault(numbers[planned.grower.external_id], planned)
        return new

    def _insert_invitations(self, new: Mapping[int, PlannedInvitation]) -> None:
        rows = (self._invitation(grower, planned) for grower, planned in new.items())
        numbers = [number for (number,) in self._many("insert_invitation", rows)]
        self._insert_messages(
            (number, message)
            for number, planned in zip(numbers, new.values(), strict=True)
            for message in planned.messages
        )

    # ------------------------------------------------------------------------------------- growers who are known, each

    def _note_listed(self, known: Iterable[PlannedInvitation]) -> None:
        key = {"campaign_id": self._run.campaign_id, "epoch": self._run.epoch}
        for _ in self._many("list_grower", ({**key, "external_id": one.grower.external_id} for one in known)):
            pass

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
        row = self._grower(planned.grower)
        taken_over = before != [row[name] for name in ("name", "email", "phone", "cells")] and unsent(slots)
        readdressed = before[1:3] != [row["email"], row["phone"]]
        if taken_over:
            fields = {name: row[name] for name in ("list_row", "name", "email", "phone", "cells", "now")}
            self._q.update_grower(self._connection, id=grower, **fields)
        if invitation is None:
            number = self._q.insert_invitation(self._connection, **self._invitation(grower, planned))
            self._insert_messages((number, message) for message in planned.messages)
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
        self._insert_messages((invitation, message) for message in revision.add)

    # ------------------------------------------------------------------------------------------------------------ rows

    def _merge_columns(self, invitations: Sequence[PlannedInvitation]) -> None:
        known = json.loads(self._q.list_columns(self._connection, campaign_id=self._run.campaign_id))
        columns = merge_columns(known, (planned.grower for planned in invitations))
        if columns != known:
            self._q.set_list_columns(
                self._connection, campaign_id=self._run.campaign_id, list_columns=sql.to_json(columns)
            )

    def _insert_messages(self, messages: Iterable[tuple[int, PlannedMessage]]) -> None:
        rows = (
            {
                "id": self._new_id(),
                "campaign_id": self._run.campaign_id,
                "invitation_id": invitation,
                "channel": message.channel,
                "to_address": message.to,
                "state": MessageState.SKIPPED if message.skip else MessageState.PLANNED,
                "error": message.skip or "",
                "now": self._now,
            }
            for invitation, message in messages
        )
        for _ in self._many("insert_message", rows):
            pass

    def _invitation(self, grower: int, planned: PlannedInvitation) -> dict[str, object]:
        return {
            "campaign_id": self._run.campaign_id,
            "grower_id": grower,
            "round": planned.round,
            "slot": planned.slot,
            "cause": planned.cause,
            "epoch": self._run.epoch,
            "now": self._now,
        }

    def _grower(self, grower: Grower) -> dict[str, object]:
        return {
            "campaign_id": self._run.campaign_id,
            "external_id": grower.external_id,
            "list_row": grower.row,
            "name": grower.name,
            "email": grower.email,
            "phone": grower.phone,
            "cells": sql.to_json(grower.cells),
            "epoch": self._run.epoch,
            "now": self._now,
        }

    def _many(self, name: str, rows: Iterable[Mapping[str, object]]) -> Iterator[tuple[Any, ...]]:
        """Run one named query for many rows; gives every row that it returns."""
        return iter(self._connection.executemany(sql.text_of(name), rows))


def _slot(line: tuple[Any, ...]) -> Slot:
    message, channel, to, state, attempts = line[6:]
    return Slot(message, Channel(channel), to, MessageState(state), attempts)
