"""What every ledger does, whatever keeps it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from leafcast.errors import LeafcastError, LedgerUnusable
from leafcast.model import (
    Channel,
    Delivery,
    Excluded,
    LinkState,
    MessageGivenUp,
    MessageHeld,
    MessageIntent,
    MessageSettled,
    MessageState,
    NextChannel,
    Outcome,
    PlanCounts,
    PlannedMessage,
    Reopened,
    Scope,
    SkipReason,
    Verdict,
)

ACCEPTED = Outcome(Verdict.ACCEPTED, provider_id="p-1")
BOTH = (Channel.EMAIL, Channel.SMS)


# ------------------------------------------------------------------------------------------------------------- planning


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


def test_an_address_that_was_tried_is_frozen(book):
    """After an attempt a newer row changes neither the grower nor where the message goes."""
    book.plan_ids("G1")
    book.send("G1", Outcome(Verdict.PAUSE, "429", "later"))
    assert book.plan(book.invitation(book.grower("G1", email="new@farm.example"))) == PlanCounts(known=1, late=("G1",))
    [invitation] = book.work()
    assert invitation.messages[0].to == "g1@farm.example"
    assert invitation.grower.email == "g1@farm.example"


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
    book.plan(book.invitation(book.grower("G1", phone="+15155550100"), Channel.SMS))
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


# ---------------------------------------------------------------------------------------------------------------- links


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


# ------------------------------------------------------------------------------------------------------------- messages


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


# ---------------------------------------------------------------------------------------------------------------- retry


def test_reopening_is_for_failed_messages_only(book):
    """`retry` brings back what failed, and neither what was refused, nor accepted, nor in doubt."""
    book.plan_ids("G1", "G2", "G3", "G4")
    for name, verdict in zip(
        ("G1", "G2", "G3", "G4"), (Verdict.FAILED, Verdict.REFUSED, Verdict.ACCEPTED, Verdict.IN_DOUBT), strict=True
    ):
        book.send(name, Outcome(verdict, "code", "reason"))
    book.begin("retry")
    book.record(Reopened(book.campaign))
    assert [invitation.grower.external_id for invitation in book.work(Scope.REOPENED)] == ["G1"]
    assert book.due(Scope.REOPENED).growers == 1
    assert book.row("G1").error == ""


def test_reopening_is_narrowed_by_channel_and_grower(book):
    """`--channel` and `--only` bring back only that; another planned message of the same grower is not in the scope."""
    for name in ("G1", "G2"):
        book.plan(book.invitation(book.grower(name, phone=f"+1515555010{name[1]}"), *BOTH))
        book.send(name, Outcome(Verdict.FAILED, "code", "reason"))
    book.record(Reopened(book.campaign, Channel.SMS))
    assert book.work(Scope.REOPENED) == []
    book.record(Reopened(book.campaign, Channel.EMAIL, frozenset({"G2"})))
    [invitation] = book.work(Scope.REOPENED)
    assert invitation.grower.external_id == "G2"
    assert [message.channel for message in invitation.messages] == [Channel.EMAIL]
    assert book.due(Scope.REOPENED).messages == {Channel.EMAIL: 1}


def test_an_older_round_is_not_reopened(book):
    """Once a later round exists, the failed message of an earlier one stays failed."""
    book.plan_ids("G1")
    book.send("G1", Outcome(Verdict.FAILED, "code", "reason"))
    book.plan(book.invitation(book.grower("G1"), round_number=1))
    book.record(Reopened(book.campaign))
    assert book.row("G1").message_status is MessageState.FAILED


def test_a_scope_is_of_one_run(book):
    """What an earlier `retry` reopened is not in the scope of the next one by itself."""
    book.plan_ids("G1")
    book.send("G1", Outcome(Verdict.FAILED, "code", "reason"))
    book.record(Reopened(book.campaign))
    book.begin("retry")
    assert book.work(Scope.REOPENED) == []
    assert book.due(Scope.REOPENED).growers == 0


# ------------------------------------------------------------------------------------------------------ runs and doubts


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


# -------------------------------------------------------------------------------------------------------------- reading


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
