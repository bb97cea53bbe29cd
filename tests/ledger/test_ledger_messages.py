"""What every ledger does about messages, whatever keeps it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leafcast.errors import LeafcastError
from leafcast.model import (
    Channel,
    Delivery,
    MessageGivenUp,
    MessageHeld,
    MessageIntent,
    MessageSettled,
    MessageState,
    NextChannel,
    Outcome,
    PlannedMessage,
    Verdict,
)

BOTH = (Channel.EMAIL, Channel.SMS)


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        (Verdict.ACCEPTED, MessageState.ACCEPTED),
        (Verdict.REFUSED, MessageState.REFUSED),
        (Verdict.FAILED, MessageState.FAILED),
        (Verdict.IN_DOUBT, MessageState.IN_DOUBT),
        (Verdict.PAUSE, MessageState.PLANNED),
        (Verdict.STOP, MessageState.PLANNED),
    ],
)
def test_every_verdict_has_its_state(book, verdict, state):
    """An attempt's verdict decides the message's state, and the attempt is counted in any case."""
    book.plan_ids("G1")
    book.send("G1", Outcome(verdict, "code", "reason", provider_id=None))
    row = book.row("G1")
    assert (row.message_status, row.attempts) == (state, 1)
    assert book.ledger.counts(book.campaign).messages[state] == 1
    assert bool(book.work()) == (state is MessageState.PLANNED)
    shown = ("", "") if state is MessageState.ACCEPTED else ("code", "reason")
    assert (row.error_code, row.error) == shown


def test_all_verdicts_are_tried():
    """The table above names every verdict there is."""
    marks = test_every_verdict_has_its_state.pytestmark
    assert {case[0] for case in marks[0].args[1]} == set(Verdict)


def test_an_accepted_message_is_counted_once_under_delivery(book):
    """Acceptance puts the message under delivery `unknown`; what is not accepted is not there."""
    book.plan_ids("G1", "G2")
    book.send("G1")
    counts = book.ledger.counts(book.campaign)
    assert counts.delivery == {member: int(member is Delivery.UNKNOWN) for member in Delivery}
    assert (book.row("G1").delivery, book.row("G2").delivery) == ("unknown", "")


def test_a_held_message_waits_and_says_until_when(book):
    """A message with a later time is neither offered nor due, is shown as held, and comes back by itself."""
    book.plan_ids("G1", "G2")
    later = book.clock.now() + timedelta(hours=2)
    book.send("G1", Outcome(Verdict.PAUSE, "429", "later"), not_before=later)
    [second] = book.work()
    book.record(MessageHeld(second.messages[0].id, later + timedelta(hours=1)))
    assert book.work() == []
    assert (book.due().growers, book.due().held) == (0, 2)
    assert book.row("G1").error == f"held until {later:%Y-%m-%dT%H:%M:%SZ}"
    assert book.ledger.counts(book.campaign).held_until == later
    book.clock.advance(2 * 3600)
    assert [invitation.grower.external_id for invitation in book.work()] == ["G1"]


def test_a_held_channel_does_not_hold_the_other(book):
    """Of two planned messages only the one that may go is offered; the other's channel counts as used."""
    book.plan(book.invitation(book.grower("G1", phone="+15155550100"), *BOTH))
    sms = book.row("G1", Channel.SMS).message_id
    book.record(MessageHeld(sms, book.clock.now() + timedelta(hours=1)))
    [invitation] = book.work()
    assert [message.channel for message in invitation.messages] == [Channel.EMAIL]
    assert invitation.channels_used == frozenset(BOTH)


def test_a_message_never_leaves_without_its_live_link(book):
    """An intent needs a live link of that invitation and that generation."""
    book.plan_ids("G1", "G2")
    book.make_link("G2")
    message = book.row("G1").message_id
    with pytest.raises(LeafcastError, match="without a live link"):
        book.record(MessageIntent(message, 1))
    book.make_link("G1")
    with pytest.raises(LeafcastError, match="without a live link"):
        book.record(MessageIntent(message, 2))


@pytest.mark.parametrize("verdict", [Verdict.ACCEPTED, Verdict.REFUSED, Verdict.FAILED, Verdict.IN_DOUBT])
def test_what_ended_is_not_sent_again(book, verdict):
    """An intent for a message that is not planned is refused, so that a bug cannot send twice."""
    book.plan_ids("G1")
    message = book.send("G1", Outcome(verdict, "code", "reason"))
    before = book.row("G1")
    with pytest.raises(LeafcastError, match="refused"):
        book.record(MessageIntent(message, 1))
    assert book.row("G1") == before


def test_a_message_is_intended_once_at_a_time(book):
    """A second intent while the first is under way is refused."""
    book.plan_ids("G1")
    book.make_link("G1")
    message = book.row("G1").message_id
    book.record(MessageIntent(message, 1))
    with pytest.raises(LeafcastError, match="refused"):
        book.record(MessageIntent(message, 1))
    assert book.row("G1").attempts == 1


@pytest.mark.parametrize("verdict", list(Verdict))
def test_an_outcome_needs_its_intent(book, verdict):
    """Nothing can have come of a message that was not being sent."""
    book.plan_ids("G1")
    with pytest.raises(LeafcastError, match="refused"):
        book.record(MessageSettled(book.row("G1").message_id, Outcome(verdict)))
    assert book.states("G1") == {Channel.EMAIL: "planned"}


def test_giving_up_is_for_planned_messages_only(book):
    """A message that this run gives up on becomes failed; one that was accepted cannot be given up."""
    book.plan_ids("G1", "G2")
    book.record(MessageGivenUp(book.row("G1").message_id, "422", "no link: refused"))
    row = book.row("G1")
    assert (row.message_status, row.attempts, row.error) == (MessageState.FAILED, 0, "no link: refused")
    sent = book.send("G2")
    with pytest.raises(LeafcastError, match="refused"):
        book.record(MessageGivenUp(sent, "", ""))


def test_the_next_channel_is_planned_under_the_given_id(book):
    """After a refusal another channel gets a message; a channel twice is refused."""
    book.plan_ids("G1")
    book.send("G1", Outcome(Verdict.REFUSED, "400", "no such mailbox"))
    change = NextChannel(book.campaign, "G1", 0, "f" * 32, PlannedMessage(Channel.SMS, "+15155550100"))
    book.record(change)
    [invitation] = book.work()
    assert [(message.id, message.channel) for message in invitation.messages] == [("f" * 32, Channel.SMS)]
    assert invitation.channels_used == frozenset(BOTH)
    again = NextChannel(book.campaign, "G1", 0, "e" * 32, PlannedMessage(Channel.SMS, "+15155550100"))
    with pytest.raises(LeafcastError, match="refused"):
        book.record(again)
