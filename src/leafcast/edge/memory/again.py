"""What the newest list and the last look at Leaf change in what waits, in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from leafcast.decide.ledger.revising import Slot, unsent
from leafcast.decide.ledger.wording import refused
from leafcast.edge.memory.following import is_connected
from leafcast.edge.memory.tables import Tables
from leafcast.model import Channel, MessageState, RowTakenOver, SkipReason

_WAITING = frozenset({MessageState.PLANNED, MessageState.FAILED})


def take_over(tables: Tables, change: RowTakenOver, place: int, now: datetime) -> None:
    """Let the newest row hold."""
    for message_id, to in change.addresses:
        message = tables.messages[message_id]
        if message.state not in _WAITING:
            raise refused("the address that a message went to, or may have gone to, is frozen")
        tables.put(tables.messages, message_id, replace(message, to=to, updated_at=now))
    if unsent([Slot(one.id, one.channel, one.to, one.state, one.attempts) for one in tables.messages_of(place)]):
        key = (change.campaign, change.external_id)
        tables.put(tables.growers, key, replace(tables.growers[key], grower=change.grower))


def leave_out_connected(tables: Tables, campaign: str, now: datetime) -> list[str]:
    """Skip the first invitations of growers whom Leaf last showed connected, as far as they wait; say whose."""
    found: list[str] = []
    for message in tables.messages_in(campaign):
        invitation = tables.invitations[message.invitation]
        if message.state is MessageState.PLANNED and invitation.round == 0 and is_connected(tables, invitation):
            tables.move(message, MessageState.SKIPPED, now, error=SkipReason.CONNECTED)
            found.append(invitation.external_id)
    return list(dict.fromkeys(found))


def failed(tables: Tables, campaign: str, channel: Channel | None) -> frozenset[str]:
    """The growers with a message that a retry would attempt again."""
    found: set[str] = set()
    for message in tables.messages_in(campaign):
        invitation = tables.invitations[message.invitation]
        again = message.state is MessageState.PLANNED and message.reopened_epoch is not None
        if (
            (again or message.state is MessageState.FAILED)
            and channel in (None, message.channel)
            and not tables.newer_rounds(invitation)
            and not tables.recalled(message.invitation)
        ):
            found.add(invitation.external_id)
    return frozenset(found)
