"""What the newest list and the last look at Leaf change in what waits: rows taken over, connected growers left out."""

from __future__ import annotations

from typing import Any

import apsw

from leafcast.edge.ledger import fields, sql
from leafcast.edge.ledger.operations import Stamp
from leafcast.edge.ledger.runs import Run
from leafcast.model import Channel, RowTakenOver, SkipReason


def take_over(connection: apsw.Connection, change: RowTakenOver, invitation: int, stamp: Stamp) -> None:
    """Let the newest row hold; that no address changes where something went is a rule of the schema."""
    queries: Any = sql.queries()
    for message, to in change.addresses:
        queries.readdress_message(connection, id=message, to_address=to, now=stamp.now)
    row = fields.of_grower(change.grower)
    queries.take_row_over(connection, invitation_id=invitation, **row, now=stamp.now)


def leave_out_connected(connection: apsw.Connection, run: Run, stamp: Stamp) -> list[str]:
    """Skip the first invitations of growers whom Leaf last showed connected, as far as they wait; say whose."""
    queries: Any = sql.queries()
    found = list(queries.connected_waiting(connection, campaign_id=run.campaign_id))
    for message, _ in found:
        queries.skip_message(connection, id=message, reason=SkipReason.CONNECTED, now=stamp.now)
    return list(dict.fromkeys(external_id for _, external_id in found))


def failed(connection: apsw.Connection, campaign_id: int, channel: Channel | None) -> frozenset[str]:
    """The growers with a message that a retry would attempt again."""
    rows = sql.queries().failed_messages(connection, campaign_id=campaign_id)
    return frozenset(external_id for _, of, external_id, _ in rows if channel in (None, of))
