"""What became of messages, in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from leafcast.edge.memory.rows import MessageRow
from leafcast.edge.memory.tables import Tables
from leafcast.model import Channel, Delivery, DeliverySeen, MessageState, Taken

RANK: Mapping[Delivery, int] = {
    Delivery.UNKNOWN: 0,
    Delivery.QUEUED: 1,
    Delivery.DELIVERED: 2,
    Delivery.OPENED: 3,
    Delivery.UNDELIVERED: 4,
    Delivery.DROPPED: 4,
    Delivery.BOUNCED: 4,
    Delivery.UNSUBSCRIBED: 5,
    Delivery.COMPLAINED: 6,
}
"""As the table `delivery_rank` of the ledger; a test compares the two."""


def delivery_seen(tables: Tables, message: MessageRow | None, change: DeliverySeen, now: datetime) -> None:
    """Note a step forward; what the message is past already is nothing new."""
    report = change.report
    if message is None or message.state is not MessageState.ACCEPTED:
        return
    if RANK[report.delivery] > RANK[message.delivery or Delivery.UNKNOWN]:
        moved = replace(message, delivery=report.delivery, delivery_code=report.code, updated_at=now)
        tables.put(tables.messages, moved.id, moved)


def taken(tables: Tables, campaign: str, channel: Channel) -> Iterator[Taken]:
    """Every accepted message of a channel, in the order in which they left."""
    found = [
        (one.trial.left_at, one)
        for one in tables.messages.values()
        if one.channel is channel
        and one.state is MessageState.ACCEPTED
        and one.trial is not None
        and tables.invitations[one.invitation].campaign == campaign
    ]
    for left_at, one in sorted(found, key=lambda pair: pair[0]):
        yield Taken(one.id, one.provider_id or "", one.to or "", left_at, one.delivery or Delivery.UNKNOWN)
