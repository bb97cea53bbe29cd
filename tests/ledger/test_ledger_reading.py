"""What every ledger shows, whatever keeps it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leafcast.errors import LedgerUnusable
from leafcast.model import (
    Channel,
    Excluded,
    LinkState,
    MessageState,
    Outcome,
    Verdict,
)

BOTH = (Channel.EMAIL, Channel.SMS)


def test_due_counts_what_work_would_give(book):
    """Growers, messages by channel and links to make, with a limit counted in growers."""
    for number in range(4):
        book.plan(book.invitation(book.grower(f"G{number}", phone=f"+1515555010{number}"), *BOTH))
    book.make_link("G0")
    due = book.due()
    assert (due.growers, due.messages, due.links) == (4, {Channel.EMAIL: 4, Channel.SMS: 4}, 3)
    due = book.due(limit=2)
    assert (due.growers, due.messages, due.links) == (2, {Channel.EMAIL: 2, Channel.SMS: 2}, 1)


def test_counts_name_every_state(book):
    """Every state and every delivery has a number, also where it is none; the sum is every message."""
    book.plan_ids("G1", "G2", "G3")
    book.send("G1")
    book.record(book.link_intent("G2"))
    book.record(book.link_settled("G2", Outcome(Verdict.FAILED, "422", "no")))
    counts = book.ledger.counts(book.campaign)
    assert set(counts.messages) == set(MessageState)
    assert (sum(counts.messages.values()), counts.growers) == (3, 3)
    assert counts.links == {"created": 1, "reused": 0, "failed": 1}
    assert counts.by_channel == {(Channel.EMAIL, MessageState.ACCEPTED): 1, (Channel.EMAIL, MessageState.PLANNED): 2}


def test_a_row_of_the_export_is_whole(book):
    """One line carries the grower, the link, the message and the list's own cells."""
    book.plan(book.invitation(book.grower("G1", phone="+15155550100", county="Story")))
    message = book.send("G1")
    row = book.row("G1")
    assert (row.campaign, row.external_id, row.name, row.email, row.phone) == (
        book.campaign,
        "G1",
        "Name of G1",
        "g1@farm.example",
        "+15155550100",
    )
    assert (row.link_type, row.providers, row.leaf_user_id) == ("provider", ("JohnDeere",), "user-G1")
    assert (row.magic_link_id, row.link, row.link_status) == (
        "G1-0-1",
        "https://magic-link.invalid/G1-0-1",
        LinkState.LIVE,
    )
    assert (row.message_id, row.attempts, row.connected) == (message, 1, "")
    assert row.cells["county"] == "Story"
    assert row.expires_at == book.clock.now() + timedelta(days=30)


def test_a_row_shows_where_its_message_went(book):
    """An address that changed for a later round does not change the line of a message that left before."""
    book.plan_ids("G1")
    book.send("G1")
    book.plan(book.invitation(book.grower("G1", email="new@farm.example"), round_number=1))
    assert book.row("G1").email == "g1@farm.example"
    assert book.row("G1", round_number=1).email == "new@farm.example"


def test_rows_are_in_list_order_then_round_then_channel(book):
    """The export's order does not depend on the order in which things happened."""
    for name in ("G2", "G1"):
        book.plan(book.invitation(book.grower(name, phone=f"+1515555010{name[1]}"), Channel.SMS, Channel.EMAIL))
    book.plan(book.invitation(book.grower("G2"), round_number=1))
    assert [(row.external_id, row.round, row.channel) for row in book.rows()] == [
        ("G2", 0, Channel.EMAIL),
        ("G2", 0, Channel.SMS),
        ("G2", 1, Channel.EMAIL),
        ("G1", 0, Channel.EMAIL),
        ("G1", 0, Channel.SMS),
    ]


def test_every_change_moves_the_time_of_its_row(book):
    """`updatedAt` is when the message last changed, `createdAt` when it was planned."""
    book.plan_ids("G1")
    planned = book.clock.now()
    book.clock.advance(60)
    book.send("G1")
    assert (book.row("G1").created_at, book.row("G1").updated_at) == (planned, book.clock.now())


def test_excluded_rows_are_of_the_last_list(book):
    """The rows that a run went on without are counted and kept until the next list replaces them."""
    book.record(Excluded(book.campaign, ((7, "no name"), (3, "no such address"))))
    assert book.ledger.counts(book.campaign).excluded == 2
    assert book.ledger.excluded(book.campaign) == [(3, "no such address"), (7, "no name")]
    book.record(Excluded(book.campaign, ()))
    assert book.ledger.counts(book.campaign).excluded == 0


def test_an_unknown_campaign_is_named_with_the_known_ones(book):
    """Asking for a campaign that was never run says which there are."""
    with pytest.raises(LedgerUnusable, match="autumn") as caught:
        book.ledger.counts("autumn-2026")
    assert book.campaign in caught.value.fix
    assert book.ledger.campaigns() == [book.campaign]


def test_texts_survive(book):
    """Names and cells in any script come back as they were."""
    grower = book.grower("Ä-1 / 😀", **{"Größe (ha)": "12,5", "名前": "農家 \"x\"\n'y'"})
    book.plan(book.invitation(grower))
    assert book.work()[0].grower == grower
    assert book.ledger.columns(book.campaign) == ["Größe (ha)", "名前"]
