"""Rounds and recall, as every ledger keeps them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leafcast.errors import LeafcastError
from leafcast.model import (
    Channel,
    DoubtResolved,
    LinkCarried,
    LinkState,
    MessageIntent,
    MessageState,
    Outcome,
    Recalled,
    Reopened,
    Revoked,
    Scope,
    Settlement,
    Verdict,
)

from .conftest import MONTH

FAILED = Outcome(Verdict.FAILED, "413", "too large")
DOUBT = Outcome(Verdict.IN_DOUBT, "timeout", "no answer came")


def next_round(book, *external_ids, number=1):
    book.plan(*(book.invitation(book.grower(one), round_number=number) for one in external_ids))


def recall(book, *invitations):
    book.record(Recalled(book.campaign, invitations or None, "kim"))


# --------------------------------------------------------------------------------------------------------------- rounds


def test_a_round_comes_after_the_one_before_it_and_once_in_a_slot(book):
    """Two schedulers that fire for one slot make one round; no round is left out."""
    book.plan_ids("G1")
    with pytest.raises(LeafcastError):
        next_round(book, "G1", number=2)
    next_round(book, "G1")
    twice = book.invitation(book.grower("G1"), round_number=2)
    with pytest.raises(LeafcastError):
        book.plan(type(twice)(twice.grower, 2, twice.messages, slot="slot-1"))
    assert [row.round for row in book.rows()] == [0, 1]


def test_run_sends_first_invitations_and_reinvite_the_later_ones(book):
    """The scopes do not overlap, whichever command planned last."""
    book.plan_ids("G1", "G2")
    book.send("G1")
    next_round(book, "G1")
    assert [one.grower.external_id for one in book.work()] == ["G2"]
    assert [(one.grower.external_id, one.round) for one in book.work(Scope.REINVITED)] == [("G1", 1)]
    assert (book.due().growers, book.due(Scope.REINVITED).growers) == (1, 1)
    book.begin("reinvite")
    assert book.work(Scope.REINVITED) == []


def test_the_cause_of_a_round_stays_with_it(book):
    """What a round was made for is known when it is continued."""
    book.plan_ids("G1")
    one = book.invitation(book.grower("G1"), round_number=1)
    book.plan(type(one)(one.grower, 1, one.messages, slot="2026-12-01", cause="expired"))
    [invitation] = book.work(Scope.REINVITED)
    assert invitation.cause == "expired"
    [standing] = book.ledger.standings(book.campaign)
    assert [(one.number, one.slot, one.cause) for one in standing.rounds] == [(0, "", ""), (1, "2026-12-01", "expired")]


def test_a_live_link_goes_along_and_is_counted_as_reused(book):
    """The same link stands in the new round; the old row says so, and nobody has two."""
    book.plan_ids("G1")
    book.send("G1")
    next_round(book, "G1")
    book.record(LinkCarried(book.campaign, "G1", 1))
    [invitation] = book.work(Scope.REINVITED)
    assert (invitation.link.id, invitation.generation) == ("G1-0-1", 1)
    assert [row.link_status for row in book.rows()] == [LinkState.CARRIED, LinkState.LIVE]
    assert {row.link for row in book.rows()} == {"https://magic-link.invalid/G1-0-1"}
    assert dict(book.ledger.counts(book.campaign).links) == {"created": 1, "reused": 1, "failed": 0}
    book.send("G1", scope=Scope.REINVITED)
    [standing] = book.ledger.standings(book.campaign)
    assert (standing.link.round, standing.link.state) == (1, LinkState.LIVE)
    with pytest.raises(LeafcastError):
        book.record(LinkCarried(book.campaign, "G1", 1))


def test_never_two_live_links_over_all_rounds(book):
    """While an earlier round's link lives, another is not even asked for; revoked or dead of age, it makes room."""
    book.plan_ids("G1", "G2")
    book.send("G1")
    book.send("G2")
    next_round(book, "G1", "G2")
    with pytest.raises(LeafcastError):
        book.record(book.link_intent("G1", round_number=1))
    book.revoke("G1", opened=True, opened_at=book.clock.now())
    book.make_link("G1", round_number=1)
    with pytest.raises(LeafcastError):
        book.revoke("G1")
    book.clock.advance(MONTH + 1)
    book.make_link("G2", round_number=1)
    assert [row.link_status for row in book.rows()] == ["revoked", "live", "expired", "live"]


def test_a_carried_link_that_wears_out_is_made_anew(book):
    """A generation of the new round replaces it when too little of its life is left."""
    book.plan_ids("G1")
    book.send("G1")
    next_round(book, "G1")
    book.record(LinkCarried(book.campaign, "G1", 1))
    book.clock.advance(MONTH - 3600)
    book.make_link("G1", generation=2, round_number=1)
    assert dict(book.ledger.counts(book.campaign).links) == {"created": 2, "reused": 0, "failed": 0}


def test_standings_tell_what_a_next_round_depends_on(book):
    """Every round with its messages, when they left, and the newest link."""
    book.plan_ids("G1", "G2")
    left = book.clock.now()
    book.send("G1", DOUBT)
    first, second = book.ledger.standings(book.campaign)
    [message] = first.rounds[0].messages
    assert (message.channel, message.state, message.left_at) == (Channel.EMAIL, MessageState.IN_DOUBT, left)
    assert (first.link.link.id, first.link.state) == ("G1-0-1", LinkState.LIVE)
    assert (second.link, second.rounds[0].messages[0].left_at) == (None, None)


def test_contacts_count_what_a_person_may_have_got_in_any_campaign(book):
    """Accepted and in doubt, of all campaigns of the ledger, and not what surely never left."""
    book.plan_ids("G1", "G2", "G3")
    for one, outcome in (("G1", None), ("G2", DOUBT), ("G3", FAILED)):
        book.send(one, outcome)
    since = book.clock.now()
    book.campaign = "other"
    book.begin()
    book.plan_ids("G1")
    book.send("G1")
    found = book.ledger.contacts(since)
    assert sorted((one.external_id, one.address) for one in found) == [
        ("G1", "g1@farm.example"),
        ("G1", "g1@farm.example"),
        ("G2", "g2@farm.example"),
    ]
    assert len({one.invitation for one in found}) == 3
    assert book.ledger.contacts(since + timedelta(seconds=1)) == []


# --------------------------------------------------------------------------------------------------------------- recall


def test_after_a_recall_nothing_leaves(book):
    """Planned and failed messages are cancelled, nothing is offered, and the ledger itself refuses link and message."""
    book.plan_ids("G1", "G2", "G3")
    book.send("G1")
    book.send("G2", FAILED)
    book.make_link("G3")
    message = book.work()[0].messages[0].id
    assert book.ledger.recalled_at(book.campaign) is None
    recall(book)
    assert [row.message_status for row in book.rows()] == ["accepted", "cancelled", "cancelled"]
    assert {row.error for row in book.rows() if row.message_status == "cancelled"} == {"recalled"}
    assert book.ledger.recalled_at(book.campaign) == book.clock.now()
    book.begin()
    book.plan_ids("G1", "G2", "G4")
    assert (book.work(), book.due().growers) == ([], 0)
    with pytest.raises(LeafcastError):
        book.record(book.link_intent("G4"))
    with pytest.raises(LeafcastError):
        book.record(MessageIntent(message, 1))


def test_a_doubt_that_is_lifted_after_a_recall_does_not_leave(book):
    """A message that a person's word would let go again ends cancelled: it is not offered and not sent."""
    book.plan_ids("G1")
    message = book.send("G1", DOUBT)
    recall(book, ("G1", 0))
    book.record(DoubtResolved(message, 1, Settlement.RESEND, "kim"))
    assert book.row("G1").message_status == MessageState.CANCELLED
    assert book.work() == []
    with pytest.raises(LeafcastError, match="recall"):
        book.record(MessageIntent(message, 1))


def test_a_recall_of_some_leaves_the_others_alone(book):
    """What is named is stopped, and retry finds nothing of it; everybody else goes on."""
    book.plan_ids("G1", "G2")
    recall(book, ("G1", 0))
    assert book.ledger.recalled_at(book.campaign) is None
    assert [one.grower.external_id for one in book.work()] == ["G2"]
    book.begin("retry")
    book.record(Reopened(book.campaign))
    assert book.work(Scope.REOPENED) == []
    assert [one.rounds[0].recalled for one in book.ledger.standings(book.campaign)] == [True, False]


def test_what_can_be_recalled_of_one_run(book):
    """A run is what it planned, made and tried; links that still open something are named, dead ones are not."""
    book.plan_ids("G1", "G2")
    book.send("G1")
    second = book.begin()
    book.plan_ids("G1", "G2", "G3")
    book.send("G2")
    runs = {run.epoch: run for run in book.ledger.past_runs(book.campaign)}
    run = runs[second.epoch]
    assert (run.id, run.command, run.links, run.messages) == (second.run_id, "run", 1, 1)
    assert next(iter(book.ledger.past_runs(book.campaign))) == run
    found = book.ledger.recallable(book.campaign, book.clock.now(), run)
    assert [(one.external_id, len(one.links), one.unsent) for one in found] == [("G2", 1, 0), ("G3", 0, 1)]
    every = book.ledger.recallable(book.campaign, book.clock.now())
    assert [one.external_id for one in every] == ["G1", "G2", "G3"]
    assert every[0].links[0].link.id == "G1-0-1"
    later = book.clock.now() + timedelta(seconds=MONTH + 1)
    assert not any(one.links for one in book.ledger.recallable(book.campaign, later))


def test_who_had_opened_is_remembered(book):
    """What Leaf knew of a link when a recall revoked it stays known."""
    book.plan_ids("G1", "G2")
    book.send("G1")
    book.send("G2")
    recall(book)
    seen = book.clock.now()
    book.revoke("G1", why=Revoked.RECALL, opened=True, opened_at=seen)
    book.revoke("G2", why=Revoked.RECALL)
    assert book.ledger.opened_before_recall(book.campaign) == {"G1": seen}
    assert {row.link_status for row in book.rows()} == {LinkState.REVOKED}
