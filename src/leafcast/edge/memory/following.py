"""What Leaf showed of links and connections, in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from leafcast.decide.ledger.wording import refused
from leafcast.edge.memory.rows import ConnectionRow, InvitationRow, LinkRow
from leafcast.edge.memory.tables import Tables
from leafcast.model import Connection, ConnectionSeen, Followed, LinkSeen


def see(tables: Tables, change: LinkSeen | ConnectionSeen, place: int, now: datetime) -> None:
    """Note what Leaf showed."""
    match change:
        case LinkSeen(generation=generation, sight=sight):
            row = tables.links.get((place, generation))
            if row is None or row.link is None:
                raise refused("there is no such link that Leaf could show")
            tables.put(tables.links, (place, generation), replace(row, seen=sight, seen_at=now))
        case ConnectionSeen(sight=connection):
            before = tables.connections.get(place)
            since = before.connected_at if before else None
            if since is None and connection.standing is Connection.CONNECTED:
                since = now
            tables.put(tables.connections, place, ConnectionRow(connection, now, since))


def followed(tables: Tables, campaign: str) -> Iterator[Followed]:
    """Every invitation that has a link, in list order, then by round."""
    for place, invitation in sorted(
        ((place, one) for place, one in tables.invitations.items() if one.campaign == campaign),
        key=lambda pair: (tables.growers[campaign, pair[1].external_id].place, pair[1].round),
    ):
        made: list[LinkRow] = [row for row in tables.links_of(place) if row.link is not None]
        if not made or made[-1].link is None:
            continue
        newest, connection = made[-1], tables.connections.get(place)
        yield Followed(
            external_id=invitation.external_id,
            round=invitation.round,
            generation=newest.generation,
            link=made[-1].link,
            link_state=newest.state,
            seen=newest.seen,
            seen_at=newest.seen_at,
            connection=connection.sight if connection else None,
            connection_at=connection.looked_at if connection else None,
            connected_at=connection.connected_at if connection else None,
        )


def is_connected(tables: Tables, invitation: InvitationRow) -> bool:
    """Whether Leaf last showed the grower connected, in the newest round that was looked at."""
    key = (invitation.campaign, invitation.external_id)
    seen = [
        (row.round, tables.connections[place].sight.standing)
        for place, row in tables.invitations.items()
        if (row.campaign, row.external_id) == key and place in tables.connections
    ]
    return bool(seen) and max(seen, key=lambda one: one[0])[1] is Connection.CONNECTED
