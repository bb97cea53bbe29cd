"""Suppressions in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from leafcast.decide.suppressing import after_outcome, key_of
from leafcast.edge.memory.tables import MessageRow, Tables
from leafcast.model import Outcome, Suppression


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


def suppressions(tables: Tables) -> Sequence[Suppression]:
    """All of them, by channel and address."""
    return [tables.suppressions[key] for key in sorted(tables.suppressions)]
