"""Links without messages, in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from leafcast.edge.memory.rows import MessageRow
from leafcast.edge.memory.tables import Tables
from leafcast.model import Channel, LedgerRow, LinkState, MessageState


def without_messages(tables: Tables, campaign: str) -> Iterator[int]:
    """The invitations of a campaign that have no message."""
    return (
        place for place, row in tables.invitations.items() if row.campaign == campaign and not tables.messages_of(place)
    )


def linkless(tables: Tables, campaign: str, epoch: int | None) -> Iterator[int]:
    """Of those the ones of the list of this epoch that have no link yet; without an epoch those whose link failed."""
    wanted = {LinkState.FAILED} if epoch is None else {None, LinkState.IN_DOUBT}
    for place in sorted(without_messages(tables, campaign)):
        row = tables.invitations[place]
        listed = epoch is None or tables.growers[campaign, row.external_id].listed_epoch == epoch
        newest = next((link.state for link in reversed(tables.links_of(place))), None)
        if listed and row.round == 0 and newest in wanted and not tables.recalled(place):
            yield place


def alone(tables: Tables, place: int) -> MessageRow:
    """What stands in the place of a message in the export; its id is empty, as no message's is."""
    row, links = tables.invitations[place], tables.links_of(place)
    newest = links[-1] if links else None
    return MessageRow(
        id="",
        invitation=place,
        channel=Channel.EMAIL,
        to=None,
        state=MessageState.PLANNED,
        created_at=row.created_at,
        updated_at=(newest and (newest.updated_at or newest.intent_at)) or row.created_at,
        error=newest.error if newest else "",
        error_code=newest.error_code if newest else "",
    )


def shown(row: LedgerRow) -> LedgerRow:
    """The line as it is shown: a link alone has no channel and no state."""
    return row if row.message_id else replace(row, channel=None, message_status=None)
