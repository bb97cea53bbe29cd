"""Suppressions in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from leafcast.decide.suppressed import after_outcome, key_of
from leafcast.edge.memory.rows import MessageRow
from leafcast.edge.memory.tables import Tables
from leafcast.model import Channel, Grower, Outcome, SkipReason, Suppression


def suppress(tables: Tables, suppressions: Iterable[Suppression], now: datetime) -> None:
    """Add those that are not there yet."""
    for one in suppressions:
        key = (one.channel, key_of(one.address))
        if key not in tables.suppressions:
            tables.put(tables.suppressions, key, replace(one, address=key[1], since=one.since or now))


def learn(tables: Tables, message: MessageRow, outcome: Outcome, now: datetime) -> None:
    """Keep a recipient who, by a service's answer, must be left alone."""
    told = after_outcome(message.channel, outcome)
    if told is not None and message.to:
        suppress(tables, [Suppression(message.channel, message.to, *told)], now)


def is_suppressed(tables: Tables, message: MessageRow) -> bool:
    """Whether nothing may leave for the recipient of a message."""
    return (message.channel, key_of(message.to or "")) in tables.suppressions


def barred(tables: Tables, campaign: str, grower: Grower, *, shared: bool) -> dict[Channel, SkipReason]:
    """The grower's channels whose address is suppressed or, unless addresses may be shared, an earlier grower's."""
    found: dict[Channel, SkipReason] = {}
    place = tables.growers[campaign, grower.external_id].place
    earlier = [row.grower for key, row in tables.growers.items() if key[0] == campaign and row.place < place]
    for channel in Channel:
        address = grower.address(channel)
        if not address:
            continue
        if channel is not Channel.WEBHOOK and not shared:
            others = (one.address(channel) for one in earlier)
            if any(other and key_of(other) == key_of(address) for other in others):
                found[channel] = SkipReason.DUPLICATE
        if (channel, key_of(address)) in tables.suppressions:
            found[channel] = SkipReason.SUPPRESSED
    return found


def suppressions(tables: Tables) -> Sequence[Suppression]:
    """All of them, by channel and address."""
    return [tables.suppressions[key] for key in sorted(tables.suppressions)]
