"""What every ledger keeps of what Leaf showed: links, connections, and when a grower was first seen connected."""

from __future__ import annotations

from datetime import timedelta

import apsw
import pytest

from leafcast.errors import LeafcastError
from leafcast.model import (
    Connection,
    ConnectionSeen,
    ConnectionSight,
    LinkSeen,
    LinkSight,
    LinkStanding,
    LinkState,
    MessageState,
    Outcome,
    Reopened,
    Verdict,
)


def sent(book, *names):
    book.plan_ids(*names)
    for name in names:
        book.send(name)


def connection(book, name, standing, *providers, round_number=0):
    return ConnectionSeen(book.campaign, name, round_number, ConnectionSight(standing, providers))


def link(book, name, standing, generation=1, **seen):
    return LinkSeen(book.campaign, name, 0, generation, LinkSight(standing, **seen))


def test_an_invitation_is_followed_once_it_has_a_link(book):
    """With its link and its user; before a first look nothing is known, and the export says nothing."""
    book.plan_ids("G1", "G2")
    book.send("G1")
    (one,) = book.ledger.followed(book.campaign)
    assert (one.external_id, one.round, one.generation, one.link_state) == ("G1", 0, 1, LinkState.LIVE)
    assert (one.link.id, one.link.leaf_user_id, one.link.providers) == ("G1-0-1", "user-G1", ("JohnDeere",))
    assert (one.seen, one.seen_at, one.connection, one.connection_at, one.connected_at) == (None,) * 5
    assert (one.connected, book.row("G1").connected, book.row("G1").link_status) == (False, "", "live")


def test_what_leaf_showed_is_kept_as_of_its_moment(book):
    """Another process reads it again whole; the newer look replaces the older one."""
    sent(book, "G1")
    used = {"usage_count": 2, "max_usage": 3, "last_accessed_at": book.clock.now(), "expires_at": book.clock.now()}
    book.record(link(book, "G1", LinkStanding.OPEN), connection(book, "G1", Connection.NOT_CONNECTED))
    book.clock.advance(60)
    book.record(link(book, "G1", LinkStanding.OPEN, **used), connection(book, "G1", Connection.BROKEN, "JohnDeere"))
    book.reopen_process()
    (one,) = book.ledger.followed(book.campaign)
    assert one.seen == LinkSight(LinkStanding.OPEN, **used)
    assert one.connection == ConnectionSight(Connection.BROKEN, ("JohnDeere",))
    assert one.seen_at == one.connection_at == book.clock.now()
    assert book.row("G1").connected == "broken"


def test_the_first_sight_of_a_connection_is_remembered(book):
    """When a grower was first seen connected stays, whatever comes of the connection."""
    sent(book, "G1")
    first = book.clock.now()
    for standing in (Connection.CONNECTED, Connection.BROKEN, Connection.CONNECTED, Connection.USER_GONE):
        book.record(connection(book, "G1", standing))
        book.clock.advance(3_600)
        (one,) = book.ledger.followed(book.campaign)
        assert (one.connected_at, one.connected) == (first, standing is Connection.CONNECTED)
    assert book.row("G1").connected == "no"


@pytest.mark.parametrize("standing", LinkStanding)
def test_the_export_shows_leafs_word_on_a_live_link(book, standing):
    """`linkStatus` is the ledger's own word, or Leaf's where it knows more; the link's own state is not touched."""
    sent(book, "G1")
    book.record(link(book, "G1", standing))
    assert book.row("G1").link_status == ("live" if standing is LinkStanding.OPEN else standing)
    assert book.ledger.followed(book.campaign)[0].link_state is LinkState.LIVE
    assert book.row("G1").message_status is MessageState.ACCEPTED


def test_a_new_link_starts_afresh(book):
    """What was seen belongs to one generation: of the next one nothing is known yet."""
    sent(book, "G1")
    book.record(link(book, "G1", LinkStanding.EXPIRED))
    book.clock.advance(40 * 86_400)
    book.make_link("G1", 2)
    (one,) = book.ledger.followed(book.campaign)
    assert (one.generation, one.seen, book.row("G1").link_status) == (2, None, "live")


def test_a_link_that_was_never_made_is_not_seen(book):
    """A sight of a link that the ledger does not have is refused, with all that was to be noted with it."""
    book.plan_ids("G1")
    with pytest.raises(LeafcastError):
        book.record(connection(book, "G1", Connection.CONNECTED), link(book, "G1", LinkStanding.OPEN))
    assert book.ledger.followed(book.campaign) == []


def test_the_first_connection_is_guarded_by_the_database(sqlite):
    """Not even SQL by hand moves it."""
    sent(sqlite, "G1")
    sqlite.record(connection(sqlite, "G1", Connection.CONNECTED))
    raw = apsw.Connection(str(sqlite.path))
    with pytest.raises(apsw.ConstraintError):
        raw.execute("UPDATE connection SET connected_at = ?", (str(sqlite.clock.now() + timedelta(days=1)),))
    raw.close()


def test_a_retry_leaves_out_who_was_seen_connected(book):
    """Reopened and skipped in one step; who is not connected is tried again."""
    book.plan_ids("G1", "G2")
    for name, standing in (("G1", Connection.CONNECTED), ("G2", Connection.NOT_CONNECTED)):
        book.send(name, Outcome(Verdict.FAILED, "413", "too large"))
        book.record(connection(book, name, standing))
    book.begin("retry")
    book.record(Reopened(book.campaign))
    states = {row.external_id: (str(row.message_status), row.error) for row in book.ledger.rows(book.campaign)}
    assert states == {"G1": ("skipped", "connected"), "G2": ("planned", "")}
