"""What Leaf shows of links and users -> where an invitation stands. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from leafcast.model import (
    Connection,
    ConnectionSight,
    Followed,
    LeafLink,
    LeafUser,
    LinkSight,
    LinkStanding,
    LinkState,
    LinkType,
)

ANY = frozenset({"all", "other"})
"""Leaf's examples show these two among the allowed providers; they single out none."""

_BROKEN = re.compile(r"UN|NOT|NO_|LIMITED|EXPIRED|INVALID|REVOKED|DENIED|FAIL|ERROR|BROKEN|DISCONNECT", re.IGNORECASE)
"""Leaf documents that the status of credentials changes when it finds them no longer valid, and the alerts
`credentialsUnauthenticated` and `credentialsLimitedPermission`, but not the words (docs.withleaf.io, 2026-11). A word
that is none of these counts as good: whoever may be connected is not written to."""

CONNECTED_WORD: Mapping[Connection, str] = {
    Connection.CONNECTED: "yes",
    Connection.BROKEN: "broken",
    Connection.NOT_CONNECTED: "no",
    Connection.USER_GONE: "no",
}
"""The export's `connected`; '' where Leaf was not asked yet."""


def good(status: str) -> bool:
    """Whether credentials of this status serve."""
    return not _BROKEN.search(status)


def connection_of(kind: LinkType, asked: tuple[str, ...], user: LeafUser | None) -> ConnectionSight:
    """Whether a user is connected with what a link asked for: the one provider, or any of the allowed ones, none named
    meaning all. None is a user whom Leaf does not have."""
    if user is None:
        return ConnectionSight(Connection.USER_GONE)
    if kind is LinkType.FILE_UPLOAD:
        return ConnectionSight(Connection.NOT_CONNECTED)
    wanted = {name.casefold() for name in asked}
    everyone = not wanted or bool(wanted & ANY)
    held = {name: status for name, status in user.credentials.items() if everyone or name.casefold() in wanted}
    serving = tuple(name for name, status in held.items() if good(status))
    if serving:
        return ConnectionSight(Connection.CONNECTED, serving)
    return ConnectionSight(Connection.BROKEN if held else Connection.NOT_CONNECTED, tuple(held))


def worth_a_look(followed: Followed, now: datetime) -> bool:
    """Whether Leaf's word on a link could be news: it may still be open."""
    return followed.link_state is LinkState.LIVE and followed.link.expires_at > now


def link_sight(shown: LeafLink | None, followed: Followed, now: datetime) -> LinkSight:
    """A link as Leaf shows it now. None is a link that Leaf does not have: gone, unless its time was over anyhow."""
    before = followed.seen or LinkSight(LinkStanding.OPEN)
    expires = (shown.expires_at if shown else None) or followed.link.expires_at
    if shown is None:
        standing = LinkStanding.EXPIRED if expires <= now else LinkStanding.GONE
        return LinkSight(standing, expires, before.usage_count, before.max_usage, before.last_accessed_at)
    used_up = shown.max_usage is not None and 0 < shown.max_usage <= shown.usage_count
    standing = LinkStanding.USED_UP if used_up else LinkStanding.OPEN
    return LinkSight(
        LinkStanding.EXPIRED if expires <= now else standing,
        expires,
        shown.usage_count,
        shown.max_usage,
        shown.last_accessed_at,
    )


def link_word(state: str, seen: str | None) -> str:
    """The export's `linkStatus`: the ledger's own word, or Leaf's where that says more of a live link."""
    return seen if state == LinkState.LIVE and seen not in (None, LinkStanding.OPEN) else state
