"""Growers counted, as SQL gives them."""

from __future__ import annotations

from typing import Any

from leafcast.edge.ledger import sql
from leafcast.model import Connection, Delivery, MessageState, Steps, ToCall


def steps(row: tuple[Any, ...]) -> Steps:
    """One row of the query of that name."""
    group, *counts = row
    return Steps(str(group), *map(int, counts))


def to_call(row: tuple[Any, ...]) -> ToCall:
    """One row of the query of that name."""
    external_id, name, phone, rounds, written_at, states, deliveries, opened, broken, standing = row
    return ToCall(
        external_id=external_id,
        name=name,
        phone=phone,
        rounds=rounds,
        written_at=sql.to_moment(written_at) if written_at else None,
        states=frozenset(map(MessageState, states.split(","))) if states else frozenset(),
        deliveries=frozenset(map(Delivery, deliveries.split(","))) if deliveries else frozenset(),
        opened=bool(opened),
        connection=Connection.BROKEN if broken else Connection(standing) if standing else None,
    )
