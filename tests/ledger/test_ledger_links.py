"""What every ledger does about links, whatever keeps it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leafcast.errors import LeafcastError
from leafcast.model import (
    LinkState,
    Outcome,
    Verdict,
)


def test_a_link_that_was_made_is_offered_again(book):
    """A live link is part of the work until its message has gone."""
    book.plan_ids("G1")
    book.make_link("G1")
    [invitation] = book.work()
    assert invitation.link is not None
    assert (invitation.link.id, invitation.generation) == ("G1-0-1", 1)
    assert invitation.link.expires_at == book.clock.now() + timedelta(days=30)
    assert book.due().links == 0


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        (Verdict.REFUSED, LinkState.FAILED),
        (Verdict.FAILED, LinkState.FAILED),
        (Verdict.PAUSE, LinkState.FAILED),
        (Verdict.STOP, LinkState.FAILED),
        (Verdict.IN_DOUBT, LinkState.IN_DOUBT),
    ],
)
def test_a_link_that_was_not_made_counts_its_generation(book, verdict, state):
    """Whatever came of it, the next link of the invitation is the next generation, and no message may use this one."""
    book.plan_ids("G1")
    book.record(book.link_intent("G1"))
    book.record(book.link_settled("G1", Outcome(verdict, "x", "no")))
    [invitation] = book.work()
    assert (invitation.link, invitation.generation, book.row("G1").link_status) == (None, 1, state)
    book.make_link("G1", generation=2)
    assert book.row("G1").link_status == LinkState.LIVE


def test_a_fresh_live_link_is_not_replaced(book):
    """A second link for an invitation whose link has most of its life before it is a bug, and refused."""
    book.plan_ids("G1")
    book.make_link("G1")
    with pytest.raises(LeafcastError, match="refused"):
        book.record(book.link_intent("G1", generation=2))
    [invitation] = book.work()
    assert invitation.generation == 1


def test_a_worn_link_is_retired_by_the_next(book):
    """With half its life gone a link makes room; the newest generation is the one that is shown."""
    book.plan_ids("G1")
    book.make_link("G1")
    book.clock.advance(16 * 86_400)
    book.make_link("G1", generation=2)
    [invitation] = book.work()
    assert invitation.link is not None
    assert (invitation.link.id, invitation.generation) == ("G1-0-2", 2)
    assert book.ledger.counts(book.campaign).links == {"created": 1, "reused": 0, "failed": 0}


def test_one_link_is_asked_for_at_a_time(book):
    """While a link is being asked for, a second intent is refused."""
    book.plan_ids("G1")
    book.record(book.link_intent("G1"))
    with pytest.raises(LeafcastError, match="refused"):
        book.record(book.link_intent("G1", generation=2))


def test_an_answer_without_an_intent_is_refused(book):
    """A link outcome counts only for what was being asked for, and only once."""
    book.plan_ids("G1")
    with pytest.raises(LeafcastError, match="was not being asked for"):
        book.record(book.link_settled("G1"))
    book.make_link("G1")
    with pytest.raises(LeafcastError, match="was not being asked for"):
        book.record(book.link_settled("G1", Outcome(Verdict.FAILED)))
    assert book.row("G1").link_status == LinkState.LIVE
