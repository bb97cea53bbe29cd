"""Growers counted, in memory: the same steps as the SQL of the ledger counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta

from leafcast.decide.ledger.tallying import SCAN
from leafcast.edge.memory.rows import LinkRow, MessageRow
from leafcast.edge.memory.tables import Tables
from leafcast.model import Connection, Delivery, MessageState, Steps, ToCall

_ARRIVED = {Delivery.DELIVERED, Delivery.OPENED, Delivery.UNSUBSCRIBED, Delivery.COMPLAINED}
_CAME_BACK = {Delivery.BOUNCED, Delivery.UNDELIVERED, Delivery.DROPPED}


def steps(tables: Tables, campaign: str, column: str | None) -> list[Steps]:
    """Growers by a list column, the largest group first."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for (name, external_id), row in tables.growers.items():
        if name == campaign:
            group = row.grower.cell(column) if column is not None else ""
            reached = _reached(tables, *_of(tables, campaign, external_id))
            counts[group].update({step: int(is_there) for step, is_there in reached.items()})
    found = [Steps(group, **{step: int(number) for step, number in one.items()}) for group, one in counts.items()]
    return sorted(found, key=lambda one: (-one.growers, one.group))


def to_call(tables: Tables, campaign: str) -> Iterator[ToCall]:
    """Growers with a phone number of whom Leaf does not say that they are connected, in list order."""
    for (name, external_id), row in sorted(tables.growers.items(), key=lambda pair: pair[1].place):
        if name != campaign or not row.grower.phone:
            continue
        places, messages = _of(tables, campaign, external_id)
        standings = {tables.connections[place].sight.standing for place in places if place in tables.connections}
        if Connection.CONNECTED in standings or not places:
            continue
        written = [one.trial.left_at for one in messages if one.trial and one.state is MessageState.ACCEPTED]
        yield ToCall(
            external_id=external_id,
            name=row.grower.name,
            phone=row.grower.phone,
            rounds=len(places),
            written_at=max(written, default=None),
            states=frozenset(one.state for one in messages),
            deliveries=frozenset(one.delivery for one in messages if one.delivery is not None),
            opened=_reached(tables, places, messages)["opened"],
            connection=Connection.BROKEN if Connection.BROKEN in standings else max(standings, default=None),
        )


def _of(tables: Tables, campaign: str, external_id: str) -> tuple[list[int], list[MessageRow]]:
    places = [
        place for place, one in tables.invitations.items() if (one.campaign, one.external_id) == (campaign, external_id)
    ]
    return places, [message for place in places for message in tables.messages_of(place)]


def _reached(tables: Tables, places: list[int], messages: list[MessageRow]) -> dict[str, bool]:
    """Every step that a grower is at, or has passed."""
    states, deliveries = {one.state for one in messages}, {one.delivery for one in messages}
    links = [link for place in places for link in tables.links_of(place) if link.link is not None]
    touches = [_touched(tables, place, link) for place in places for link in tables.links_of(place)]
    standings = {tables.connections[place].sight.standing for place in places if place in tables.connections}
    opened = Delivery.OPENED in deliveries or 2 in touches
    return {
        "growers": True,
        "linked": bool(links),
        "accepted": MessageState.ACCEPTED in states,
        "heard": bool(deliveries - {None, Delivery.UNKNOWN}),
        "delivered": bool(deliveries & _ARRIVED),
        "opened": opened,
        "scanned": 1 in touches and not opened,
        "asked": bool(standings),
        "connected": Connection.CONNECTED in standings,
        "broken": Connection.BROKEN in standings and Connection.CONNECTED not in standings,
        "undelivered": bool(deliveries & _CAME_BACK) and not deliveries & _ARRIVED,
        "pending": bool(states & {MessageState.PLANNED, MessageState.SENDING}),
        "in_doubt": MessageState.IN_DOUBT in states,
        "failed": MessageState.FAILED in states,
        "refused": MessageState.REFUSED in states,
        "left_out": bool(states) and states <= {MessageState.SKIPPED, MessageState.CANCELLED},
    }


def _touched(tables: Tables, place: int, link: LinkRow) -> int:
    """2 where somebody opened the link, 1 where only a mail scanner did, 0 where nobody did."""
    if link.seen is None or link.seen.usage_count == 0:
        return 0
    at = link.seen.last_accessed_at
    soon = any(
        at is not None and timedelta() <= at - one.trial.left_at <= timedelta(seconds=SCAN)
        for one in tables.messages_of(place)
        if one.trial and one.state is MessageState.ACCEPTED
    )
    return 1 if soon else 2
