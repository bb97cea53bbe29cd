"""What a run writes most, many changes in a few statements. Runs on the writer's thread, within its transaction.

Each statement goes through all its rows without the interpreter, which the thread that sends needs meanwhile; one
statement a change took it away so often that commits were what everything waited for. What is done is what
`LinkChanges` and `MessageChanges` do one by one, and nothing is explained here: where the smallest thing is not as it
should be, `NotInBulk` is raised, and the group is taken back and done again one by one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, TypeVar

import apsw

from leafcast.decide.ledger.wording import check_own
from leafcast.edge.ledger import sql
from leafcast.edge.ledger.operations import Stamp
from leafcast.edge.ledger.runs import Run
from leafcast.model import Change, LinkIntent, LinkSettled, MessageIntent, MessageSettled, Verdict

T = TypeVar("T", LinkIntent, LinkSettled)
FEW = 4
"""Fewer of a kind are not worth the statements."""


class NotInBulk(Exception):
    """Something is not as nearly always: one by one, please."""


class Bulk:
    """Applies the changes of one run; `one` applies those that are not for here."""

    def __init__(self, connection: apsw.Connection, run: Run, one: Callable[[Change, Stamp], None]) -> None:
        self._connection = connection
        self._run = run
        self._one = one
        self._q: Any = sql.queries()

    def apply(self, changes: Sequence[Change], stamp: Stamp) -> None:
        """Make these changes. What a grower's link or message came to is written before the next intent for it, which
        is the only order that there can be between two changes of one group: an intent is waited for before anything
        comes of it. Raises `NotInBulk`, and whatever else one change may raise."""
        for bulky, stretch in groupby(changes, key=_is_bulky):
            if bulky:
                self._stretch(list(stretch), stamp)
            else:
                for change in stretch:
                    self._one(change, stamp)

    def _stretch(self, changes: Sequence[Change], stamp: Stamp) -> None:
        for kind, write in (
            (LinkSettled, self._made),
            (MessageSettled, self._accepted),
            (LinkIntent, self._ask),
            (MessageIntent, self._begin),
        ):
            mine: list[Any] = [change for change in changes if isinstance(change, kind)]
            if len(mine) >= FEW:
                write(mine, stamp)
            else:
                for change in mine:
                    self._one(change, stamp)

    # ----------------------------------------------------------------------------------------------------------- links

    def _ask(self, changes: Sequence[LinkIntent], stamp: Stamp) -> None:
        who = [(change.external_id, change.round) for change in self._own(changes)]
        rows: list[sql.Row] = []
        for (invitation, crowded), change in zip(self._found("places_for_links", who), changes, strict=True):
            if crowded:
                self._one(change, stamp)
                continue
            asked = change.request
            providers, user = sql.to_json(asked.providers), asked.leaf_user_id or ""
            rows.append((invitation, change.generation, asked.type, providers, asked.expires_in, user))
        self._write("insert_links", rows, stamp, campaign_id=self._run.campaign_id, epoch=self._run.epoch)
        self._write("insert_attempts_at_links", rows, stamp, epoch=self._run.epoch)

    def _made(self, changes: Sequence[LinkSettled], stamp: Stamp) -> None:
        who = [(change.external_id, change.round, change.generation) for change in self._own(changes)]
        rows: list[sql.Row] = []
        for (number,), change in zip(self._found("links_asked_for", who), changes, strict=True):
            link, outcome = change.result.link, change.result.outcome
            if link is None:  # _is_bulky says that there is one
                raise NotInBulk
            expires_at, providers = sql.to_text(link.expires_at), sql.to_json(link.providers)
            made = (link.id, link.url, link.leaf_user_id, expires_at, link.type, providers)
            rows.append((number, *made, outcome.code, outcome.reason))
        self._write("links_made", rows, stamp)
        self._write("end_attempts_at_links", rows, stamp, verdict=Verdict.ACCEPTED)

    # -------------------------------------------------------------------------------------------------------- messages

    def _begin(self, changes: Sequence[MessageIntent], stamp: Stamp) -> None:
        rows: list[sql.Row] = [(change.message_id, change.link_generation) for change in changes]
        self._write("begin_messages", rows, stamp, campaign_id=self._run.campaign_id, epoch=self._run.epoch)
        self._write("insert_attempts_at_messages", rows, stamp, epoch=self._run.epoch)

    def _accepted(self, changes: Sequence[MessageSettled], stamp: Stamp) -> None:
        outcomes = [(change.message_id, change.outcome) for change in changes]
        rows: list[sql.Row] = [(one, outcome.provider_id, outcome.code, outcome.reason) for one, outcome in outcomes]
        self._write("accept_messages", rows, stamp, campaign_id=self._run.campaign_id)
        self._write("end_attempts_at_messages", rows, stamp, verdict=Verdict.ACCEPTED)

    # ------------------------------------------------------------------------------------------------------ statements

    def _found(self, query: str, rows: Sequence[sql.Row]) -> list[list[Any]]:
        """What a query finds for each of the rows, in their order."""
        answer = getattr(self._q, query)(self._connection, campaign_id=self._run.campaign_id, rows=sql.to_rows(rows))
        found = {key: rest for key, *rest in json.loads(answer)}
        if len(found) != len(rows):
            raise NotInBulk
        return [found[key] for key in range(len(rows))]

    def _write(self, query: str, rows: Sequence[sql.Row], stamp: Stamp, **values: object) -> None:
        """Change exactly one thing for each of the rows."""
        getattr(self._q, query)(self._connection, rows=sql.to_rows(rows), now=stamp.now, **values)
        if self._connection.changes() != len(rows):
            raise NotInBulk

    def _own(self, changes: Sequence[T]) -> Sequence[T]:
        for change in changes:
            check_own(change.campaign, self._run.campaign)
        return changes


def _is_bulky(change: Change) -> bool:
    """What ends well, and intents: nearly everything that a run writes."""
    match change:
        case LinkIntent() | MessageIntent():
            return True
        case LinkSettled():
            return change.result.outcome.verdict is Verdict.ACCEPTED and change.result.link is not None
        case MessageSettled():
            return change.outcome.verdict is Verdict.ACCEPTED
        case _:
            return False
