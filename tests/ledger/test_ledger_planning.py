"""What every ledger makes of decisions about growers, whatever keeps it."""

from __future__ import annotations

import pytest

from leafcast.errors import LeafcastError
from leafcast.model import (
    Channel,
    MessageState,
    Outcome,
    PlanCounts,
    Scope,
    SkipReason,
    Verdict,
)

BOTH = (Channel.EMAIL, Channel.SMS)


def test_plan_is_kept_once(book):
    """Planning the same list again adds nothing and changes nothing."""
    assert book.plan_ids("G1", "G2") == PlanCounts(added=2)
    before = book.rows()
    assert book.plan_ids("G1", "G2") == PlanCounts(known=2)
    assert book.rows() == before


def test_a_grower_twice_in_one_plan_is_one_grower(book):
    """The same externalId twice in one call makes one message."""
    assert book.plan_ids("G1", "G1") == PlanCounts(added=1, known=1)
    assert len(book.rows()) == 1


def test_work_comes_in_list_order_and_pages(book):
    """Paging by the last position gives every invitation once, in the order of the list."""
    names = [f"G{number:02}" for number in range(25)]
    book.plan_ids(*names)
    seen, position = [], 0
    while page := book.ledger.work(book.campaign, scope=Scope.LISTED, now=book.clock.now(), after=position, limit=10):
        assert len(page) <= 10
        seen += [invitation.grower.external_id for _, invitation in page]
        position = page[-1][0]
    assert seen == names


def test_work_gives_back_what_was_planned(book):
    """An invitation carries its grower whole, its messages in order of preference, and no link yet."""
    grower = book.grower("G1", phone="+15155550100", county="Story")
    book.plan(book.invitation(grower, Channel.SMS, Channel.EMAIL))
    [invitation] = book.work()
    assert invitation.grower == grower
    assert [message.channel for message in invitation.messages] == [Channel.SMS, Channel.EMAIL]
    assert [message.to for message in invitation.messages] == [grower.phone, grower.email]
    assert invitation.channels_used == frozenset(BOTH)
    assert (invitation.link, invitation.generation, invitation.round) == (None, 0, 0)


def test_only_narrows_work_and_due(book):
    """`only` names the growers that are worked on; an unknown one is nobody."""
    book.plan_ids("G1", "G2", "G3")
    only = frozenset({"G3", "G1", "G9"})
    assert [invitation.grower.external_id for invitation in book.work(only=only)] == ["G1", "G3"]
    assert [invitation.grower.external_id for invitation in book.work(only=only, limit=1)] == ["G1"]
    assert book.due(only=only).growers == 2


def test_a_skipped_grower_is_a_row_and_never_work(book):
    """Who gets nothing has one line with the reason, and is never offered."""
    book.plan(book.invitation(book.grower("G1", email=None)))
    row = book.row("G1")
    assert (row.message_status, row.error) == (MessageState.SKIPPED, "no address")
    assert book.work() == []


def test_a_grower_who_left_the_list_is_not_work(book):
    """A run works only on growers whom its own list names."""
    book.plan_ids("G1", "G2")
    book.begin()
    book.plan_ids("G2")
    assert [invitation.grower.external_id for invitation in book.work()] == ["G2"]
    assert book.due().growers == 1


def test_a_mended_address_is_taken_over_before_anything_was_tried(book):
    """While nothing was attempted, a newer row replaces the older one and the message follows."""
    book.plan_ids("G1")
    mended = book.grower("G1", email="new@farm.example", county="Polk")
    assert book.plan(book.invitation(mended)) == PlanCounts(known=1, updated=1, moved=("G1",))
    [invitation] = book.work()
    assert invitation.grower == mended
    assert invitation.messages[0].to == "new@farm.example"


def test_a_planned_message_gives_way_to_the_newer_decision(book):
    """An untried email is replaced when the newer row can only be reached by text."""
    book.plan_ids("G1")
    book.plan(book.invitation(book.grower("G1", email=None, phone="+15155550100"), Channel.SMS))
    assert book.states("G1") == {Channel.SMS: "planned"}


def test_a_skipped_message_stays_skipped_in_its_round(book):
    """A newer row with an address does not start what was skipped; another channel may."""
    book.plan(book.invitation(book.grower("G1", email=None)))
    book.plan(book.invitation(book.grower("G1")))
    assert book.states("G1") == {Channel.EMAIL: "skipped"}
    book.plan(book.invitation(book.grower("G1", phone="+15155550100"), Channel.SMS))
    assert book.states("G1") == {Channel.EMAIL: "skipped", Channel.SMS: "planned"}


@pytest.mark.parametrize("tried", [False, True])
def test_a_newer_decision_stops_what_is_planned(book, tried):
    """An address that was suppressed meanwhile is not written to, also after a pause."""
    book.plan_ids("G1")
    if tried:
        book.send("G1", Outcome(Verdict.PAUSE, "429", "later"))
    book.plan(book.invitation(book.grower("G1"), skip=SkipReason.SUPPRESSED))
    assert (book.states("G1"), book.work()) == ({Channel.EMAIL: "skipped"}, [])
    assert book.row("G1").error == "suppressed"


def test_a_refused_channel_is_not_planned_again(book):
    """What ended stays: the same decision on the next run adds no second message."""
    book.plan_ids("G1")
    book.send("G1", Outcome(Verdict.REFUSED, "400", "no such mailbox"))
    book.plan_ids("G1")
    assert book.states("G1") == {Channel.EMAIL: "refused"}


def test_a_new_round_is_a_new_invitation(book):
    """A later round has messages and a link of its own; the first stays as it is."""
    book.plan_ids("G1")
    book.send("G1")
    assert book.plan(book.invitation(book.grower("G1"), round_number=1)) == PlanCounts(added=1)
    assert book.work() == []
    [invitation] = book.work(Scope.REINVITED)
    assert (invitation.round, invitation.generation, invitation.link) == (1, 0, None)
    book.revoke("G1")
    book.send("G1", scope=Scope.REINVITED)
    assert [(row.round, row.message_status) for row in book.rows()] == [
        (0, MessageState.ACCEPTED),
        (1, MessageState.ACCEPTED),
    ]


def test_further_columns_are_the_lists_own_in_its_order(book):
    """Headings that are not the export's own are remembered in the order in which lists brought them."""
    book.plan(book.invitation(book.grower("G1", county="Story", acres="120")))
    book.plan(book.invitation(book.grower("G2", acres="80", agronomist="Kim")))
    assert book.ledger.columns(book.campaign) == ["county", "acres", "agronomist"]


def test_new_and_known_growers_come_in_one_batch(book):
    """A list that gained rows in its midst: the new ones are added behind the known, in the order of the list, each
    with its messages in order of preference, and one that stands there twice counts once."""
    book.plan_ids("G2", "G4")
    both = (Channel.SMS, Channel.EMAIL)
    batch = [book.invitation(book.grower(f"G{number}", phone="+15155550100"), *both) for number in (1, 2, 3, 3, 4, 5)]
    counts = book.plan(*batch)
    assert (counts.added, counts.known) == (3, 3)
    work = [(one.grower.external_id, [message.channel for message in one.messages]) for one in book.work()]
    assert [name for name, _ in work] == ["G2", "G4", "G1", "G3", "G5"]
    assert all(list(channels) == list(both) for name, channels in work if name in ("G1", "G3", "G5"))


def test_batches_are_handed_over_ahead(book):
    """The next decisions may come before those before them are waited for; each is told what its own batch changed."""
    first = book.ledger.plan_ahead(book.campaign, [book.invitation(book.grower(f"G{number}")) for number in range(5)])
    second = book.ledger.plan_ahead(book.campaign, [book.invitation(book.grower(f"G{number}")) for number in (4, 5, 6)])
    assert (second().added, second().known) == (2, 1)
    assert (first().added, first().known) == (5, 0)
    assert [one.grower.external_id for one in book.work()] == [f"G{number}" for number in range(7)]


def test_text_stays_text(book):
    """What looks like a number, a nothing or a piece of JSON comes back as the list had it."""
    odd = ["007", "a\x00b", "\ufffe", "1e5", "true", "null", "[1]", '{"a": 1}', "a\"b\\c'd", "Größe 🌾", "x" * 5000]
    book.plan(*(book.invitation(book.grower(name, "one@farm.example", Farm=name)) for name in odd))
    found = [one.grower for one in book.work()]
    assert [(one.external_id, one.name, one.cells["Farm"]) for one in found] == [
        (name, f"Name of {name}", name) for name in odd
    ]


def test_no_batch_is_written_behind_one_that_was_not(sqlite):
    """Growers are numbered in list order, so a gap in the list may not be jumped over by what was handed over already;
    whoever plans on knowing of it may."""
    book = sqlite
    wrong = book.invitation(book.grower("G1"), round_number=1)  # a round without the one before it
    first = book.ledger.plan_ahead(book.campaign, [book.invitation(book.grower("G0")), wrong])
    second = book.ledger.plan_ahead(book.campaign, [book.invitation(book.grower("G2"))])
    with pytest.raises(LeafcastError, match="a round comes after the one before it"):
        first()
    with pytest.raises(LeafcastError, match="before these in the list"):
        second()
    assert book.work() == []
    book.plan_ids("G0", "G1", "G2")
    assert [one.grower.external_id for one in book.work()] == ["G0", "G1", "G2"]
