"""What every ledger does from run to run, whatever keeps it."""

from __future__ import annotations

import asyncio

import pytest

from leafcast.errors import LeafcastError
from leafcast.model import (
    LinkState,
    MessageGivenUp,
    MessageIntent,
    MessageSettled,
    MessageState,
    Outcome,
    Reopened,
    Verdict,
)

ACCEPTED = Outcome(Verdict.ACCEPTED, provider_id="p-1")


def test_what_was_under_way_becomes_doubt(book):
    """A run that starts finds the intents of earlier runs without an answer, and calls them in doubt."""
    book.plan_ids("G1", "G2", "G3")
    book.make_link("G1")
    book.record(MessageIntent(book.row("G1").message_id, 1))
    book.record(book.link_intent("G2"))
    started = book.reopen_process().begin()
    assert (started.in_doubt, book.begin().in_doubt) == (1, 0)
    row = book.row("G1")
    assert (row.message_status, row.error_code) == (MessageState.IN_DOUBT, "interrupted")
    assert book.row("G2").link_status == LinkState.IN_DOUBT
    assert book.row("G3").message_status is MessageState.PLANNED
    book.make_link("G2", generation=2)
    assert book.row("G2").link_status == LinkState.LIVE


def test_epochs_only_grow(book):
    """Each run has a higher epoch than every run before it, whatever its campaign."""
    first = book.begin().epoch
    second = book.ledger.begin("autumn-2026", "run").epoch
    assert first < second < book.reopen_process().begin().epoch


def test_another_campaigns_doubts_are_its_own(book):
    """Beginning a run of one campaign does not touch what another has under way."""
    book.plan_ids("G1")
    book.make_link("G1")
    book.record(MessageIntent(book.row("G1").message_id, 1))
    assert book.ledger.begin("autumn-2026", "run").in_doubt == 0
    assert book.row("G1").message_status is MessageState.SENDING


def test_changes_are_made_together_or_not_at_all(book):
    """When one change of a call is refused, the ones before it in the same call are taken back."""
    book.plan_ids("G1")
    with pytest.raises(LeafcastError, match="refused"):
        book.record(book.link_intent("G1"), book.link_settled("G1"), MessageIntent("0" * 32, 1))
    assert (book.row("G1").link_status, book.work()[0].generation) == ("", 0)


def test_a_refused_change_harms_no_other(book):
    """Changes that wait together are apart: the good ones are made, and the bad one is told to its caller alone."""
    book.plan_ids("G1", "G2")

    async def both():
        good = book.ledger.record(book.link_intent("G1"))
        bad = book.ledger.record(MessageIntent("0" * 32, 1))
        other = book.ledger.record(book.link_intent("G2"))
        return await asyncio.gather(good, bad, other, return_exceptions=True)

    first, refused, last = asyncio.run(both())
    assert (isinstance(first, float), isinstance(last, float)) == (True, True)
    assert isinstance(refused, LeafcastError)
    assert {row.link_status for row in book.rows()} == {LinkState.SENDING}


def test_a_refused_change_that_nobody_awaited_is_told_at_the_end(book):
    """An outcome may go unawaited, its refusal may not go unheard."""
    book.plan_ids("G1")
    book.ledger.record(MessageSettled(book.row("G1").message_id, ACCEPTED))
    with pytest.raises(LeafcastError, match="refused"):
        book.ledger.close()


def test_outcomes_that_nobody_awaits_are_read_and_kept(book):
    """What was recorded before is in the numbers, and is there for the next process, awaited or not."""
    book.plan_ids("G1")
    book.make_link("G1")
    message = book.row("G1").message_id
    book.record(MessageIntent(message, 1))
    book.ledger.record(MessageSettled(message, ACCEPTED))
    assert book.ledger.counts(book.campaign).messages[MessageState.ACCEPTED] == 1
    assert book.reopen_process().begin().in_doubt == 0
    assert book.row("G1").message_status is MessageState.ACCEPTED


def test_changes_of_another_campaign_are_refused(book):
    """A run writes to its own campaign only."""
    book.plan_ids("G1")
    message = book.row("G1").message_id
    intent = book.link_intent("G1")
    book.ledger.begin("autumn-2026", "run")
    for change in (intent, MessageGivenUp(message, "", ""), Reopened(book.campaign)):
        with pytest.raises(LeafcastError):
            book.record(change)
