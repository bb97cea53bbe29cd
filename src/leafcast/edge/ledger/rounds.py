"""Rounds and recall as SQL: links that go along or are revoked, what is recalled, and how every grower stands."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import groupby
from typing import Any

import apsw

from leafcast.decide.ledger.wording import RECALLED, refused
from leafcast.edge.ledger import sql
from leafcast.edge.ledger.operations import Stamp
from leafcast.model import (
    Channel,
    Contact,
    Delivery,
    HeldLink,
    Link,
    LinkRevoked,
    LinkState,
    LinkType,
    MessageState,
    PastRun,
    Recallable,
    Recalled,
    Round,
    Standing,
    Stood,
)


class RoundChanges:
    """Applies the changes of rounds and recalls, for one run. Runs on the writer's thread, within its transaction."""

    def __init__(self, connection: apsw.Connection, campaign_id: int, epoch: int) -> None:
        self._connection = connection
        self._campaign_id = campaign_id
        self._epoch = epoch
        self._q: Any = sql.queries()

    def carried(self, invitation: int, stamp: Stamp) -> None:
        """Let the live link of an earlier round stand for this one."""
        link = self._q.live_link_of_grower(self._connection, invitation_id=invitation)
        if link is None:
            raise refused("there is no live link that could go along")
        self._q.carry_link(self._connection, id=link, now=stamp.now)
        self._q.insert_carried_link(
            self._connection, id=link, invitation_id=invitation, epoch=self._epoch, now=stamp.now
        )

    def revoked(self, change: LinkRevoked, invitation: int, stamp: Stamp) -> None:
        """Write down that a link is gone from Leaf, and what was known of it."""
        link = self._q.revoke_link(
            self._connection, invitation_id=invitation, generation=change.generation, now=stamp.now
        )
        if link is None:
            raise refused("only a link that was made is revoked, and once")
        self._q.insert_revocation(
            self._connection,
            link_id=link,
            why=change.why,
            opened=int(change.opened),
            opened_at=change.opened_at and sql.to_text(change.opened_at),
            now=stamp.now,
        )

    def recalled(self, change: Recalled, invitations: Iterable[int], stamp: Stamp) -> None:
        """Let nothing leave any more for these invitations, or for the whole campaign, and cancel what has not."""
        key = {"reason": RECALLED, "now": stamp.now}
        if change.invitations is None:
            self._q.recall_campaign(self._connection, campaign_id=self._campaign_id, now=stamp.now)
            self._q.cancel_messages(self._connection, campaign_id=self._campaign_id, **key)
        for invitation in invitations:
            self._q.recall_invitation(self._connection, id=invitation, now=stamp.now)
            self._q.cancel_messages_of(self._connection, invitation_id=invitation, **key)
        self._q.insert_operator_action(
            self._connection,
            campaign_id=self._campaign_id,
            who=change.who,
            action="recall",
            subject=change.run_id,
            details=json.dumps({"invitations": None if change.invitations is None else len(change.invitations)}),
            now=stamp.now,
        )


class RoundReading(ABC):
    """Fulfils `RoundLedger` and `RecallLedger`: a part of every reader, which says when it may look and under which
    number it has a campaign."""

    _read: apsw.Connection
    _q: Any

    def standings(self, campaign: str) -> Sequence[Standing]:
        """Every grower of a campaign, in list order."""
        with self._looking():
            key = self._campaign_id(campaign)
            links = {
                row[0]: _held(row)  # the newest comes last and stays
                for row in self._q.standing_links(self._read, campaign_id=key)
            }
            lines = self._q.standing_messages(self._read, campaign_id=key)
            return [_standing(one, list(group), links) for one, group in groupby(lines, key=lambda line: line[0])]

    def contacts(self, since: datetime) -> Sequence[Contact]:
        """What people of any campaign of the ledger got, or may have got, since then."""
        with self._looking():
            rows = self._q.contacts(self._read, since=sql.to_text(since))
            return [Contact(one, to, invitation, sql.to_moment(at)) for one, to, invitation, at in rows]

    def recalled_at(self, campaign: str) -> datetime | None:
        """When the whole campaign was recalled, None where it was not."""
        with self._looking():
            found = self._q.recalled_at(self._read, campaign_id=self._campaign_id(campaign))
            return found and sql.to_moment(found)

    def past_runs(self, campaign: str) -> Sequence[PastRun]:
        """Every run of a campaign, the newest first."""
        with self._looking():
            rows = self._q.past_runs(self._read, campaign_id=self._campaign_id(campaign))
            return [
                PastRun(run, command, epoch, sql.to_moment(at), links, messages)
                for run, command, epoch, at, links, messages in rows
            ]

    def recallable(self, campaign: str, now: datetime, run: PastRun | None = None) -> Sequence[Recallable]:
        """Every invitation that a recall would touch, of one run or of all, in list order."""
        with self._looking():
            key = {"campaign_id": self._campaign_id(campaign), "epoch": run and run.epoch}
            links: dict[tuple[str, int], list[HeldLink]] = {}
            for row in self._q.open_links(self._read, **key, now=sql.to_text(now)):
                links.setdefault((row[0], row[1]), []).append(_held(row))
            return [
                Recallable(one, number, tuple(links.get((one, number), ())), unsent)
                for one, number, unsent in self._q.recallable_invitations(self._read, **key)
            ]

    def opened_before_recall(self, campaign: str) -> Mapping[str, datetime | None]:
        """Whose link had been opened when a recall revoked it, and when last."""
        with self._looking():
            rows = self._q.opened_before_recall(self._read, campaign_id=self._campaign_id(campaign))
            return {one: at and sql.to_moment(at) for one, at in rows}

    @abstractmethod
    def _looking(self) -> AbstractContextManager[None]:
        """What a look at the ledger happens within."""

    @abstractmethod
    def _campaign_id(self, campaign: str) -> int:
        """The number of a campaign. Raises `LedgerUnusable` where the ledger never saw it."""


def _standing(external_id: str, lines: Sequence[tuple[Any, ...]], links: Mapping[str, HeldLink]) -> Standing:
    rounds = []
    for number, group in groupby(lines, key=lambda line: line[1]):
        of_round = list(group)
        _, _, slot, cause, recalled_at, *_ = of_round[0]
        messages = tuple(_stood(line) for line in of_round if line[5] is not None)
        rounds.append(Round(number, slot, cause, recalled_at is not None, messages))
    return Standing(external_id, tuple(rounds), links.get(external_id))


def _stood(line: tuple[Any, ...]) -> Stood:
    channel, to, state, delivery, left_at = line[5:]
    return Stood(
        Channel(channel),
        to,
        MessageState(state),
        Delivery(delivery) if delivery else None,
        left_at and sql.to_moment(left_at),
    )


def _held(row: tuple[Any, ...]) -> HeldLink:
    external_id, number, generation, state, leaf_link_id, url, leaf_user_id, expires_at, kind, providers = row
    link = Link(
        leaf_link_id, url, leaf_user_id, sql.to_moment(expires_at), LinkType(kind), tuple(json.loads(providers))
    )
    return HeldLink(external_id, number, generation, LinkState(state), link)
