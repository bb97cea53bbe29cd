"""A ledger knows from what a campaign was last planned, and never says so when its plan does not hold."""

from __future__ import annotations

import pytest

from leafcast.edge.ledger import open_suppressions
from leafcast.model import Channel, Examined, Suppress, Suppression


def planned(book, *names, word="one"):
    book.plan_ids(*names)
    book.record(Examined(book.campaign, word))


def goes_on(book, word="one", only=()):
    book.begin()
    return book.ledger.go_on(book.campaign, word, only)


def test_what_was_planned_to_the_end_is_gone_on_with(book):
    """The next run has the same list, in another process too, and as often as it is started."""
    planned(book, "G1", "G2", "G3")
    book.send("G1")
    for _ in range(2):
        book.reopen_process()
        assert goes_on(book)
        assert [one.grower.external_id for one in book.work()] == ["G2", "G3"]
        assert (book.due().growers, list(book.ledger.unlisted(book.campaign))) == (2, [])


def test_anything_else_is_not_recognised(book):
    """Another fingerprint, none at all, or one of another campaign."""
    assert not goes_on(book)
    planned(book, "G1")
    assert not goes_on(book, "two")
    assert book.work() == []


def test_a_plan_that_broke_off_is_not_gone_on_with(book):
    """The first batch of a newer plan ends what was known, whether or not that plan comes to its end."""
    planned(book, "G1", "G2")
    book.begin()
    book.plan_ids("G1")
    assert not goes_on(book)


def test_who_was_taken_off_the_list_stays_off(book):
    """Going on keeps the list as it was: a grower of an older list is none of this one."""
    book.plan_ids("G1", "G2")
    book.begin()
    planned(book, "G2")
    assert goes_on(book)
    assert [one.grower.external_id for one in book.work()] == ["G2"]
    assert list(book.ledger.unlisted(book.campaign)) == ["G1"]


def test_only_growers_of_the_list_are_taken(book):
    """`--only` with somebody who is not in it needs a closer look."""
    planned(book, "G1")
    assert goes_on(book, only=("G1",))
    assert not goes_on(book, only=("G1", "G9"))


def test_a_suppression_of_somebody_still_to_be_written_to_ends_it(book):
    """Another channel may be free for them: that takes a plan. Who was written to already is past that."""
    planned(book, "G1", "G2")
    book.send("G1")
    book.record(Suppress((Suppression(Channel.EMAIL, "g1@farm.example", "", ""),)))
    assert goes_on(book)
    book.record(Suppress((Suppression(Channel.EMAIL, "G2@farm.example", "", ""),)))
    assert not goes_on(book)


def test_a_suppression_that_was_removed_ends_it(sqlite):
    """Somebody who was left out may be written to now."""
    url = f"sqlite:///{sqlite.path}"
    sqlite.record(Suppress((Suppression(Channel.EMAIL, "x@farm.example", "", ""),)))
    planned(sqlite, "G1")
    assert goes_on(sqlite)
    with open_suppressions(url, sqlite.clock, sqlite.new_id, "ana") as keeper:
        keeper.remove([(Channel.EMAIL, "x@farm.example")])
    assert not goes_on(sqlite)
    assert not sqlite.ledger.examined(sqlite.campaign, "one")


@pytest.mark.parametrize("word", ["one", "two"])
def test_a_look_says_the_same_as_the_run(sqlite, word):
    """Whoever asks without holding the ledger gets the same answer."""
    planned(sqlite, "G1")
    assert sqlite.ledger.examined(sqlite.campaign, word) is goes_on(sqlite, word)
    assert not sqlite.ledger.examined("other", word)
    assert not sqlite.ledger.examined(sqlite.campaign, word, ("G9",))
