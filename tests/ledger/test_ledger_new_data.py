"""What a newer list does to messages that were tried: the same in every ledger."""

from __future__ import annotations

from dataclasses import replace

import pytest

from leafcast.model import Channel, NextChannel, Outcome, PlanCounts, PlannedMessage, Reopened, Scope, Verdict


@pytest.mark.parametrize(("verdict", "state"), [(Verdict.PAUSE, "planned"), (Verdict.FAILED, "failed")])
def test_what_surely_did_not_leave_follows_a_new_address(book, verdict, state):
    """Tried and not sent is not sent: the newer row replaces the older one, and whoever goes on writes there."""
    book.plan_ids("G1")
    book.send("G1", Outcome(verdict, "429", "later"))
    mended = book.grower("G1", email="new@farm.example")
    assert book.plan(book.invitation(mended)) == PlanCounts(known=1, updated=1, moved=("G1",))
    assert (book.states("G1"), book.row("G1").email) == ({Channel.EMAIL: state}, "new@farm.example")
    if state == "failed":
        book.record(Reopened(book.campaign))
    [invitation] = book.work(Scope.LISTED)
    assert (invitation.grower, invitation.messages[0].to) == (mended, "new@farm.example")


@pytest.mark.parametrize("verdict", [Verdict.ACCEPTED, Verdict.IN_DOUBT])
def test_an_address_that_was_written_to_is_frozen(book, verdict):
    """Where something went, or may have gone, a newer row changes nothing any more."""
    book.plan_ids("G1")
    book.send("G1", Outcome(verdict, "x", "told"))
    assert book.plan(book.invitation(book.grower("G1", email="new@farm.example"))) == PlanCounts(known=1, late=("G1",))
    assert book.row("G1").email == "g1@farm.example"


def test_what_an_address_refused_is_planned_again_for_another_one(book):
    """A mended address is new data: the message that nobody got has its chance there, once."""
    book.plan_ids("G1")
    book.send("G1", Outcome(Verdict.REFUSED, "400", "no such mailbox"))
    assert book.plan(book.invitation(book.grower("G1", email="new@farm.example"))).moved == ("G1",)
    assert (book.states("G1"), book.row("G1").error) == ({Channel.EMAIL: "planned"}, "")
    book.send("G1")
    assert book.plan(book.invitation(book.grower("G1", email="newer@farm.example"))).late == ("G1",)
    assert book.row("G1").email == "new@farm.example"
    assert book.row("G1").attempts == 2


def test_nothing_goes_to_a_corrected_address_beside_what_waits_already(book):
    """The text after a refused email still waits to be sent: one of the two is enough."""
    book.plan(book.invitation(book.grower("G1", phone="+15155550100")))
    book.send("G1", Outcome(Verdict.REFUSED, "400", "no such mailbox"))
    text = PlannedMessage(Channel.SMS, "+15155550100")
    book.record(NextChannel(book.campaign, "G1", 0, book.new_id(), text))
    book.send("G1", Outcome(Verdict.PAUSE, "429", "later"))
    book.plan(book.invitation(book.grower("G1", email="new@farm.example", phone="+15155550199")))
    assert book.states("G1") == {Channel.EMAIL: "refused", Channel.SMS: "planned"}
    assert book.row("G1", Channel.SMS).phone == "+15155550199"


def test_an_address_that_is_gone_is_not_written_to(book):
    """What was tried at it is stopped, and the grower is written to where the newer row says."""
    book.plan_ids("G1")
    book.send("G1", Outcome(Verdict.PAUSE, "429", "later"))
    book.plan(book.invitation(book.grower("G1", email=None, phone="+15155550100"), Channel.SMS))
    assert book.states("G1") == {Channel.EMAIL: "skipped", Channel.SMS: "planned"}
    assert book.row("G1").error == "no address"


def test_a_refused_grower_goes_on_when_a_further_channel_comes(book):
    """Also where a crash, or a phone number that came later, kept the next channel from being planned."""
    book.plan_ids("G1")
    book.send("G1", Outcome(Verdict.REFUSED, "400", "no such mailbox"))
    grower = book.grower("G1", phone="+15155550100")
    for _ in range(2):
        text = PlannedMessage(Channel.SMS, grower.phone)
        book.plan(replace(book.invitation(grower), further=(text,)))
        assert book.states("G1") == {Channel.EMAIL: "refused", Channel.SMS: "planned"}
