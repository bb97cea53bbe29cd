"""What every ledger does about deliveries: forward only, each step with its code, lists read on from a mark."""

from __future__ import annotations

import itertools
from datetime import timedelta

import apsw
import pytest

from leafcast.edge.memory.deliveries import RANK
from leafcast.errors import LeafcastError
from leafcast.model import Channel, Delivery, DeliverySeen, MessageState, Outcome, ReadUpTo, Report, Verdict


def said(book, message, delivery, code=""):
    book.record(DeliverySeen(message, Report(f"p-{message}", delivery, code, book.clock.now())))


def sent(book, *names):
    book.plan_ids(*names)
    return [book.send(name) for name in names]


def test_accepted_messages_are_followed_by_their_services_id(book):
    """In the order in which they left; what was never taken is not among them."""
    first, second = sent(book, "G1", "G2")
    book.plan_ids("G3")
    book.send("G3", Outcome(Verdict.REFUSED, "no", "no"))
    found = book.ledger.taken(book.campaign, Channel.EMAIL)
    assert [(one.message_id, one.provider_id, one.to) for one in found] == [
        (first, f"p-{first}", "g1@farm.example"),
        (second, f"p-{second}", "g2@farm.example"),
    ]
    assert {one.delivery for one in found} == {Delivery.UNKNOWN}
    assert book.ledger.taken(book.campaign, Channel.SMS) == []


@pytest.mark.parametrize(("before", "after"), list(itertools.permutations(Delivery, 2)))
def test_a_delivery_never_goes_back(book, before, after):
    """Services tell in any order; what the message is past already is nothing new."""
    (message,) = sent(book, "G1")
    said(book, message, before)
    said(book, message, after)
    further = RANK[after] > RANK[before]
    assert book.row("G1").delivery == (after if further else before)
    assert book.row("G1").message_status is MessageState.ACCEPTED


def test_the_code_of_the_last_step_is_shown(book):
    """The export says with which code a message came back."""
    (message,) = sent(book, "G1")
    said(book, message, Delivery.QUEUED)
    assert book.row("G1").error_code == ""
    said(book, message, Delivery.BOUNCED, "5.1.1")
    said(book, message, Delivery.BOUNCED, "5.9.9")
    assert (book.row("G1").delivery, book.row("G1").error_code) == ("bounced", "5.1.1")
    assert book.ledger.counts(book.campaign).delivery[Delivery.BOUNCED] == 1


def test_only_what_was_taken_is_delivered(book):
    """A planned or refused message has no delivery, whatever a service says."""
    book.plan_ids("G1")
    said(book, book.row("G1").message_id, Delivery.DELIVERED)
    said(book, "nobody's", Delivery.DELIVERED)
    assert book.row("G1").delivery == ""


def test_a_mark_only_rises(book):
    """Each list of each service has its own, for each campaign."""
    assert book.ledger.watermark(book.campaign, "sendgrid spam") is None
    now = book.clock.now()
    for moment in (now, now + timedelta(hours=2), now + timedelta(hours=1)):
        book.record(ReadUpTo(book.campaign, "sendgrid spam", moment))
    book.reopen_process()
    assert book.ledger.watermark(book.campaign, "sendgrid spam") == now + timedelta(hours=2)
    assert book.ledger.watermark(book.campaign, "sendgrid bounces") is None
    book.begin()
    with pytest.raises(LeafcastError):
        book.record(ReadUpTo("another", "sendgrid spam", now))


def test_the_database_itself_keeps_deliveries_from_going_back(sqlite):
    """Not even SQL by hand moves one back, and the two stores rank alike."""
    (message,) = sent(sqlite, "G1")
    said(sqlite, message, Delivery.DELIVERED)
    raw = apsw.Connection(str(sqlite.path))
    for worse in ("queued", "unknown"):
        with pytest.raises(apsw.ConstraintError):
            raw.execute("UPDATE message SET delivery = ?", (worse,))
    with pytest.raises(apsw.ConstraintError):
        raw.execute("DELETE FROM delivery_step")
    assert dict(raw.execute("SELECT delivery, rank FROM delivery_rank")) == {one.value: RANK[one] for one in Delivery}
    raw.close()
