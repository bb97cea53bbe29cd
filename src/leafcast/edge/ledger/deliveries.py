"""What became of messages, as SQL."""

from __future__ import annotations

from typing import Any

import apsw

from leafcast.edge.ledger import sql
from leafcast.edge.ledger.operations import Stamp
from leafcast.model import Delivery, DeliverySeen, ReadUpTo, Taken


class Postmark:
    """Applies what the services said of messages, for one run."""

    def __init__(self, connection: apsw.Connection, campaign_id: int) -> None:
        self._connection = connection
        self._campaign_id = campaign_id
        self._q: Any = sql.queries()

    def delivery_seen(self, change: DeliverySeen, stamp: Stamp) -> None:
        """Note a step forward; what the message is past already is nothing new."""
        report = change.report
        moved = self._q.see_delivery(
            self._connection,
            id=change.message_id,
            campaign_id=self._campaign_id,
            delivery=report.delivery,
            now=stamp.now,
        )
        if moved is not None:
            self._q.insert_delivery_step(
                self._connection,
                message_id=change.message_id,
                delivery=report.delivery,
                code=report.code,
                at=report.at and sql.to_text(report.at),
                now=stamp.now,
            )

    def read_up_to(self, change: ReadUpTo) -> None:
        """Note how far a list was read."""
        self._q.raise_watermark(
            self._connection, campaign_id=self._campaign_id, source=change.source, upto=sql.to_text(change.moment)
        )


def taken(row: tuple[Any, ...]) -> Taken:
    """One row of the query of that name."""
    message_id, provider_id, to, left_at, delivery = row
    return Taken(message_id, provider_id, to, sql.to_moment(left_at), Delivery(delivery))
