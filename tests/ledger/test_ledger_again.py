"""What the newest row, and the last look at Leaf, change in what waits: the same in every ledger."""

from __future__ import annotations

import pytest

from leafcast.errors import LeafcastError
from leafcast.model import (
    Channel,
    Connection,
    ConnectionSeen,
    ConnectionSight,
    Outcome,
    Reopened,
    RowTakenOver,
    Scope,
    Verdict,
)

FAILED = Outcome(Verdict.FAILED, "413", "too large")


def seen(book, external_id, standing=Connection.CONNECTED, round_number=0):
    sight = ConnectionSight(standing, ("JohnDeere",))
    book.record(ConnectionSeen(book.campaign, external_id, round_number, sight))


def test_failed_growers_are_those_whom_a_retry_is_for(book):
    """By channel; those too whom an earlier retry reopened and did not come to; nobody who has a newer round."""
    for name in ("G1", "G2", "G3", "G4"):
        book.plan(book.invitation(book.grower(name, phone=f"+1515555010{name[1]}"), Channel.EMAIL))
        book.send(name, FAILED)
    book.plan(book.invitation(book.grower("G5")))
    book.record(Reopened(book.campaign, None, frozenset({"G2"})))
    book.plan(book.invitation(book.grower("G3"), round_number=1))
    assert book.ledger.failed(book.campaign, None) == {"G1", "G2", "G4"}
    assert book.ledger.failed(book.campaign, Channel.EMAIL) == {"G1", "G2", "G4"}
    assert book.ledger.failed(book.campaign, Channel.SMS) == set()


def test_the_newest_row_holds_for_what_waits(book):
    """Address, name and cells; the export shows them."""
    book.plan_ids("G1")
    message = book.send("G1", FAILED)
    book.record(Reopened(book.campaign))
    grower = book.grower("G1", email="new@farm.example", county="Polk")
    book.record(RowTakenOver(book.campaign, "G1", 0, grower, ((message, "new@farm.example"),)))
    [invitation] = book.work(Scope.REOPENED)
    assert (invitation.grower, invitation.messages[0].to) == (grower, "new@farm.example")


def test_a_row_is_not_taken_over_where_something_went_out(book):
    """The email went, the text failed: the text follows its number, and the row stays as it was written to."""
    grower = book.grower("G1", phone="+15155550101")
    book.plan(book.invitation(grower, Channel.EMAIL, Channel.SMS))
    book.send("G1")
    text = book.send("G1", FAILED)
    newer = book.grower("G1", email="new@farm.example", phone="+15155550199")
    book.record(RowTakenOver(book.campaign, "G1", 0, newer, ((text, "+15155550199"),)))
    assert book.row("G1", Channel.SMS).phone == "+15155550199"
    assert book.row("G1").email == "g1@farm.example"
    assert book.ledger.plan(book.campaign, [book.invitation(newer)]).late == ("G1",)


@pytest.mark.parametrize("verdict", [Verdict.ACCEPTED, Verdict.IN_DOUBT])
def test_an_address_that_something_went_to_stays(book, verdict):
    """Whoever asks."""
    book.plan_ids("G1")
    message = book.send("G1", Outcome(verdict, "x", "told"))
    with pytest.raises(LeafcastError):
        book.record(RowTakenOver(book.campaign, "G1", 0, book.grower("G1"), ((message, "new@farm.example"),)))
    assert book.row("G1").email == "g1@farm.example"


def test_connected_growers_are_left_out(book):
    """What waits for them is skipped with the reason; what was sent, and others, stay."""
    book.plan_ids("G1", "G2", "G3", "G4")
    for name in ("G1", "G2", "G3"):
        book.make_link(name)
    book.send("G3")
    for name in ("G1", "G3"):
        seen(book, name)
    seen(book, "G2", Connection.BROKEN)
    assert book.ledger.leave_out_connected(book.campaign) == ["G1"]
    assert book.ledger.leave_out_connected(book.campaign) == []
    assert (book.states("G1"), book.row("G1").error) == ({Channel.EMAIL: "skipped"}, "connected")
    assert [book.states(name)[Channel.EMAIL] for name in ("G2", "G3", "G4")] == ["planned", "accepted", "planned"]
