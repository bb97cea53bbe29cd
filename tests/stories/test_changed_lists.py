"""A list that changed since the last run: what is taken over, what is reported, and that nobody is written to twice."""

from __future__ import annotations

from leafcast.model import Channel, ListChanges

from .conftest import Rows, grower


def changed(stage, rows):
    stage.rows = Rows(rows)
    return stage


def test_new_rows_are_added_and_nobody_is_written_to_twice(stage):
    """The others of the list are done already."""
    one = stage([grower(1)])
    assert one.run().changes == ListChanges(added=1)
    report = changed(one, [grower(1), grower(2)]).run()
    assert report.changes == ListChanges(added=1)
    assert [message.to for message in one.email.sent] == ["g1@farm.example", "g2@farm.example"]


def test_the_new_address_of_an_unsent_row_is_taken_over(stage):
    """Nothing was tried yet, so the message goes to where the grower is now."""
    one = stage([grower(1), grower(2)])
    one.run(limit=1)
    report = changed(one, [grower(1), grower(2, email="new@farm.example")]).run()
    assert report.changes == ListChanges(moved=("G-2",))
    assert [message.to for message in one.email.sent] == ["g1@farm.example", "new@farm.example"]


def test_the_new_address_of_a_sent_row_is_reported_each_time_and_not_written_to(stage):
    """Who has a link keeps it: another message is a person's decision. The export tells where the message went."""
    one = stage([grower(1)])
    one.run()
    for _ in range(2):
        report = changed(one, [grower(1, email="new@farm.example")]).run()
        assert report.changes == ListChanges(late=("G-1",))
    assert [message.to for message in one.email.sent] == ["g1@farm.example"]
    assert [row.email for row in one.ledger.rows("spring")] == ["g1@farm.example"]


def test_a_row_that_vanished_is_reported_and_not_written_to(stage):
    """It stays in the ledger as it was, and comes back with the list."""
    one = stage([grower(1), grower(2)])
    one.run(limit=1)
    report = changed(one, [grower(1)]).run()
    assert report.changes == ListChanges(vanished=("G-2",))
    assert one.states() == {("G-1", Channel.EMAIL): "accepted", ("G-2", Channel.EMAIL): "planned"}
    report = changed(one, [grower(1), grower(2)]).run()
    assert report.changes == ListChanges()
    assert set(one.states().values()) == {"accepted"}
