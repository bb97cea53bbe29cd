"""How far growers have come, counted by every ledger alike."""

from __future__ import annotations

from datetime import timedelta

from leafcast.decide.ledger.tallying import SCAN
from leafcast.model import (
    Connection,
    ConnectionSeen,
    ConnectionSight,
    Delivery,
    DeliverySeen,
    LinkSeen,
    LinkSight,
    LinkStanding,
    Outcome,
    PlannedInvitation,
    Report,
    SkipReason,
    Steps,
    Verdict,
)

REFUSED = Outcome(Verdict.REFUSED, "no", "no")
LOST = Outcome(Verdict.IN_DOUBT, "no-answer", "it was sent, but no answer came in time")


def plan(book, *names, **cells):
    book.plan(*(book.invitation(book.grower(name, phone="+15155550100", **cells)) for name in names))


def said(book, name, delivery):
    message = book.row(name).message_id
    book.record(DeliverySeen(message, Report(f"p-{message}", delivery)))


def connected(book, name, standing=Connection.CONNECTED):
    book.record(ConnectionSeen(book.campaign, name, 0, ConnectionSight(standing)))


def opened(book, name, after):
    at = book.clock.now() + timedelta(seconds=after)
    sight = LinkSight(LinkStanding.OPEN, usage_count=1, max_usage=3, last_accessed_at=at)
    book.record(LinkSeen(book.campaign, name, 0, 1, sight))


def test_an_empty_campaign_has_no_steps(book):
    """Nobody is counted, and nobody is to be called."""
    assert list(book.ledger.steps(book.campaign)) == []
    assert list(book.ledger.to_call(book.campaign)) == []


def test_each_grower_is_counted_for_each_step(book):
    """Once, however many messages; what went another way stands beside it."""
    plan(book, "G1", "G2", "G3", "G4", "G5", "G6")
    book.plan(book.invitation(book.grower("G7"), skip=SkipReason.SUPPRESSED))
    for name in ("G1", "G2", "G3"):
        book.send(name)
    book.send("G4", REFUSED)
    book.send("G5", LOST)
    said(book, "G1", Delivery.DELIVERED)
    said(book, "G2", Delivery.BOUNCED)
    connected(book, "G1")
    connected(book, "G3", Connection.BROKEN)
    (steps,) = book.ledger.steps(book.campaign)
    assert steps == Steps(
        growers=7, linked=5, accepted=3, heard=2, delivered=1, asked=2, connected=1, broken=1, undelivered=1,
        pending=1, in_doubt=1, refused=1, left_out=1,
    )  # fmt: skip


def test_a_link_opened_within_seconds_was_scanned(book):
    """Nobody but a mail scanner is that quick; opened later as well, a person may have come."""
    plan(book, "G1", "G2", "G3", "G4")
    for name in ("G1", "G2", "G3", "G4"):
        book.send(name)
    opened(book, "G1", 5)
    opened(book, "G2", SCAN)
    opened(book, "G3", SCAN + 1)
    (steps,) = book.ledger.steps(book.campaign)
    assert (steps.scanned, steps.opened) == (2, 1)
    said(book, "G1", Delivery.OPENED)
    (steps,) = book.ledger.steps(book.campaign)
    assert (steps.scanned, steps.opened) == (1, 2)


def test_steps_by_a_column_of_the_list(book):
    """The largest group first; a column that a row does not have is an empty text."""
    plan(book, "G1", "G2", branch="North")
    plan(book, "G3", branch='South "B"')
    plan(book, "G4")
    book.send("G1")
    groups = book.ledger.steps(book.campaign, "branch")
    assert [(one.group, one.growers, one.accepted) for one in groups] == [
        ("North", 2, 1),
        ("", 1, 0),
        ('South "B"', 1, 0),
    ]
    assert [one.group for one in book.ledger.steps(book.campaign, 'no "such"')] == [""]


def test_who_is_to_be_called(book):
    """Whoever has a phone and is not connected, in list order, with what is known of them."""
    plan(book, "G1", "G2", "G3")
    book.plan(PlannedInvitation(book.grower("G5", phone="+15155550105"), 0, ()))
    book.plan_ids("G4")
    for name in ("G1", "G2", "G4"):
        book.send(name)
    left = book.clock.now()
    connected(book, "G1")
    connected(book, "G2", Connection.BROKEN)
    opened(book, "G2", 3_600)
    book.clock.advance(60)
    found = book.ledger.to_call(book.campaign)
    assert [(one.external_id, one.phone, one.rounds, one.written_at, one.opened, one.connection) for one in found] == [
        ("G2", "+15155550100", 1, left, True, Connection.BROKEN),
        ("G3", "+15155550100", 1, None, False, None),
        ("G5", "+15155550105", 1, None, False, None),
    ]
