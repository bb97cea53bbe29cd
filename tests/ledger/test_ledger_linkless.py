"""Links without messages, as every ledger keeps them."""

from __future__ import annotations

from leafcast.model import LinkState, Outcome, PlannedInvitation, Recalled, Verdict

FAILED = Outcome(Verdict.FAILED, "400", "not accepted")


def plan(book, *external_ids):
    book.plan(*(PlannedInvitation(book.grower(one), 0, ()) for one in external_ids))


def linkless(book, *, again=False, after=0, limit=10):
    found = book.ledger.linkless(book.campaign, again=again, after=after, limit=limit)
    return [invitation.grower.external_id for _, invitation in found]


def lines(book):
    return [
        (row.external_id, row.channel, row.message_status, row.message_id, row.link_status, row.error)
        for row in book.ledger.rows(book.campaign)
    ]


def test_who_shall_get_a_link_alone_is_given_once(book):
    """Until there is a link; what was made is not made again, and the pages follow each other."""
    plan(book, "G1", "G2", "G3")
    assert linkless(book) == ["G1", "G2", "G3"]
    (first, _), *_ = book.ledger.linkless(book.campaign, again=False, after=0, limit=1)
    assert linkless(book, after=first) == ["G2", "G3"]
    book.make_link("G2")
    assert linkless(book) == ["G1", "G3"]
    assert linkless(book, again=True) == []


def test_the_export_has_a_line_for_a_link_alone(book):
    """One line an invitation, without channel, state or message id; the link and its state stand in it."""
    plan(book, "G1", "G2")
    book.make_link("G1")
    assert lines(book) == [("G1", None, None, "", "live", ""), ("G2", None, None, "", "", "")]
    counts = book.ledger.counts(book.campaign)
    assert counts.links["created"] == 1
    assert not any(counts.messages.values())


def test_a_link_that_failed_is_for_retry(book):
    """A later run leaves it alone, and the line says why."""
    plan(book, "G1")
    book.record(book.link_intent("G1"))
    book.record(book.link_settled("G1", FAILED))
    assert linkless(book) == []
    assert linkless(book, again=True) == ["G1"]
    assert lines(book) == [("G1", None, None, "", str(LinkState.FAILED), "not accepted")]


def test_who_left_the_list_or_was_recalled_gets_none(book):
    """As with messages: a later run makes links for its own list only, and none after a recall."""
    plan(book, "G1", "G2")
    book.begin()
    plan(book, "G2")
    assert linkless(book) == ["G2"]
    book.record(Recalled(book.campaign, None, "kim"))
    assert linkless(book) == []


def test_messages_may_follow_later(book):
    """Links now, a channel next week: the same invitation gets its message, and is no link alone any more."""
    plan(book, "G1")
    book.make_link("G1")
    book.plan_ids("G1")
    ((external_id, channel, state, _, link, _),) = lines(book)
    assert (external_id, str(channel), str(state), link) == ("G1", "email", "planned", "live")
    assert linkless(book) == []
