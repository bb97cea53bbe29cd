"""What Leaf showed of links and connections, as SQL."""

from __future__ import annotations

import json
from typing import Any

import apsw

from leafcast.decide.ledger.wording import refused
from leafcast.edge.ledger import sql
from leafcast.edge.ledger.operations import Stamp
from leafcast.model import (
    Connection,
    ConnectionSeen,
    ConnectionSight,
    Followed,
    Link,
    LinkSeen,
    LinkSight,
    LinkStanding,
    LinkState,
    LinkType,
)


class Follower:
    """Applies what was seen at Leaf."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._q: Any = sql.queries()

    def link_seen(self, change: LinkSeen, invitation: int, stamp: Stamp) -> None:
        """Note how a link stands at Leaf."""
        sight = change.sight
        link = self._q.see_link(
            self._connection,
            invitation_id=invitation,
            generation=change.generation,
            standing=sight.standing,
            expires_at=sight.expires_at and sql.to_text(sight.expires_at),
            usage_count=sight.usage_count,
            max_usage=sight.max_usage,
            last_accessed_at=sight.last_accessed_at and sql.to_text(sight.last_accessed_at),
            now=stamp.now,
        )
        if link is None:
            raise refused("there is no such link that Leaf could show")

    def connection_seen(self, change: ConnectionSeen, invitation: int, stamp: Stamp) -> None:
        """Note whether a grower is connected."""
        sight = change.sight
        self._q.see_connection(
            self._connection,
            invitation_id=invitation,
            standing=sight.standing,
            providers=sql.to_json(sight.providers),
            connected_at=stamp.now if sight.standing is Connection.CONNECTED else None,
            now=stamp.now,
        )


def followed(row: tuple[Any, ...]) -> Followed:
    """One row of the query of that name."""
    external_id, round_number, generation, link_id, url, user, expires, kind, providers, state, *rest = row
    standing, seen_expires, usage, most, accessed, seen_at, connection, connected_with, connection_at, since = rest
    sight = standing and LinkSight(LinkStanding(standing), _moment(seen_expires), usage, most, _moment(accessed))
    return Followed(
        external_id=external_id,
        round=round_number,
        generation=generation,
        link=Link(link_id, url, user, sql.to_moment(expires), LinkType(kind), tuple(json.loads(providers))),
        link_state=LinkState(state),
        seen=sight or None,
        seen_at=_moment(seen_at),
        connection=ConnectionSight(Connection(connection), tuple(json.loads(connected_with))) if connection else None,
        connection_at=_moment(connection_at),
        connected_at=_moment(since),
    )


def _moment(text: str | None) -> Any:
    return sql.to_moment(text) if text else None
