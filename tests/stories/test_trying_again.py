"""`retry` goes by the list as it is now, and `run` by what an earlier look at Leaf showed."""

from __future__ import annotations

import asyncio

import pytest

from leafcast.errors import ExitCode
from leafcast.model import (
    Channel,
    Connection,
    ConnectionSeen,
    ConnectionSight,
    ListChanges,
    Outcome,
    Suppress,
    Suppression,
    Verdict,
)

from .conftest import Rows, grower

FAILED = Outcome(Verdict.FAILED, "413", "too large")
STOP = Outcome(Verdict.STOP, "401", "the key is not accepted")


def failed(stage, *rows, changes=(), **script):
    """A stage on which every first email failed."""
    play = stage(rows, *changes)
    play.email.script = {row["email"]: [FAILED] for row in rows}
    play.run()
    return play


def states(play):
    return {row.external_id: str(row.message_status) for row in play.ledger.rows("spring")}


def sent(play):
    return [message.to for message in play.email.taken]


def test_who_left_the_list_is_not_tried_again_and_comes_back_with_it(stage):
    """As a run does: named, left as they are, and tried again once the list names them."""
    play = failed(stage, grower(1), grower(2))
    play.rows = Rows([grower(1)])
    report = play.retry()
    assert states(play) == {"G-1": "accepted", "G-2": "failed"}
    assert (report.changes, report.exit_code) == (ListChanges(vanished=("G-2",)), ExitCode.DONE)
    play.rows = Rows([grower(1), grower(2)])
    assert play.retry().changes == ListChanges()
    assert states(play) == {"G-1": "accepted", "G-2": "accepted"}


def test_a_new_address_is_the_one_that_is_tried(stage):
    """Nothing reached the old one: words and address are those of the row as it is now."""
    play = failed(stage, grower(1))
    play.rows = Rows([grower(1, email="new@farm.example", name="Ana Ruiz")])
    assert play.retry().changes == ListChanges(moved=("G-1",))
    (message,) = play.email.taken
    assert (message.to, message.to_name) == ("new@farm.example", "Ana Ruiz")
    assert play.run().changes == ListChanges()


def test_a_new_address_counts_though_the_old_one_was_suppressed(stage):
    """And the other way round: a new address that must not be written to is not."""
    play = failed(stage, grower(1), grower(2))
    play.ledger.begin("spring", "sync")
    closed = [
        Suppression(Channel.EMAIL, one, "bounced", "sendgrid") for one in ("g1@farm.example", "new2@farm.example")
    ]
    play.ledger.record(Suppress(tuple(closed)))
    play.rows = Rows([grower(1, email="new1@farm.example"), grower(2, email="new2@farm.example")])
    play.retry()
    assert states(play) == {"G-1": "accepted", "G-2": "skipped"}
    assert sent(play) == ["new1@farm.example"]


@pytest.mark.parametrize(
    ("shared", "expected"),
    [("stop", "failed"), ("first", "skipped"), ("send-each", "accepted")],
)
def test_a_new_address_that_somebody_else_has_is_judged_as_the_campaign_says(stage, shared, expected):
    """`sharedAddress` holds for a retry too: under `stop` the row is a problem, and it waits until that is mended."""
    rows = [grower(1), grower(2)]
    play = stage(rows, ("region: US}", f"region: US, sharedAddress: {shared}}}"))
    play.email.script = {"g2@farm.example": [FAILED]}
    play.run()
    play.rows = Rows([grower(1), grower(2, email="g1@farm.example")])
    play.retry()
    assert states(play) == {"G-1": "accepted", "G-2": expected}
    assert sent(play) == ["g1@farm.example"] * (2 if expected == "accepted" else 1)


def test_a_row_with_problems_waits_until_it_is_mended(stage):
    """Nobody is written to by a row that a run would not take; the other growers are tried again."""
    play = failed(stage, grower(1), grower(2))
    play.rows = Rows([grower(1, emailConsent="maybe"), grower(2, emailConsent="yes")])
    report = play.retry()
    assert (states(play), report.exit_code) == ({"G-1": "failed", "G-2": "accepted"}, ExitCode.DONE)
    assert report.changes.vanished == ()


def test_an_address_that_is_gone_is_not_tried_again(stage):
    """The row has a phone number instead: the next run writes there, and once."""
    play = failed(stage, grower(1))
    play.rows = Rows([grower(1, email="", phone="+15155550101")])
    play.retry()
    play.run()
    play.retry()
    assert play.states() == {("G-1", Channel.EMAIL): "skipped", ("G-1", Channel.SMS): "accepted"}
    assert (sent(play), len(play.sms.taken)) == ([], 1)


def test_only_growers_of_the_list_get_the_links_that_failed(stage):
    """`channels: []`: the same for links without messages."""
    links = (
        ("channels: [email, sms]", "channels: []"),
        ('email: {from: "Prairie <connect@prairie.example>", subject: "Connect your data"}\n', ""),
        ('sms: {from: "+15155550100"}\n', ""),
    )
    play = stage([grower(1), grower(2)], *links)
    play.leaf.script = {f"G-{number}": [Outcome(Verdict.FAILED, "400", "no")] for number in (1, 2)}
    play.run()
    play.rows = Rows([grower(3)])
    assert play.retry().changes.vanished == ("G-1", "G-2")
    play.rows = Rows([grower(1)])
    play.retry()
    assert [request.external_id for request in play.leaf.requests] == ["G-1", "G-2", "G-1"]


# ----------------------------------------------------------------------------------------- who is connected already


def connected(play, external_id, standing=Connection.CONNECTED):
    async def see():
        play.ledger.begin("spring", "sync")
        sight = ConnectionSight(standing, ("JohnDeere",))
        await play.ledger.record(ConnectionSeen("spring", external_id, 0, sight))

    asyncio.run(see())


def waiting(stage):
    """Two growers whose links were made and whose emails still wait."""
    play = stage([grower(1), grower(2)])
    play.email.script = {f"g{number}@farm.example": [STOP] for number in (1, 2)}
    play.run()
    play.email.script = {}
    assert set(states(play).values()) == {"planned"}
    return play


def test_who_is_connected_already_is_not_written_to(stage):
    """They used the link, or another way: a message would only ask them to do again what they did."""
    play = waiting(stage)
    connected(play, "G-1")
    play.email._answers.clear()
    report = play.run()
    assert states(play) == {"G-1": "skipped", "G-2": "accepted"}
    assert [row.error for row in play.ledger.rows("spring")] == ["connected", ""]
    assert (report.due.growers, report.exit_code) == (1, ExitCode.DONE)
    assert sent(play) == ["g2@farm.example"]


@pytest.mark.parametrize("standing", [Connection.BROKEN, Connection.NOT_CONNECTED, Connection.USER_GONE])
def test_anybody_else_is_still_written_to(stage, standing):
    """A connection that broke has to be made again."""
    play = waiting(stage)
    connected(play, "G-1")
    connected(play, "G-1", standing)
    play.email._answers.clear()
    play.run()
    assert set(states(play).values()) == {"accepted"}
