"""`leafcast reinvite` as people and schedulers type it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from .conftest import by_email

REINVITE = {"when": ["expired", "60d before expiry"], "minDays": 0, "maxRounds": 3}
"""Everybody is due at once: no clock has to be moved."""


def today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}T00:00Z"


def test_rehearse_then_write_to_those_who_are_not_connected(desk):
    """The table says before what happens after: who is due and why, and nothing is sent by looking."""
    desk.campaign([by_email(number) for number in range(6)], reinvite=REINVITE)
    desk("run", "spring.yaml", "--yes")
    desk.sandbox.control("connect", {"externalId": "G-2", "provider": "JohnDeere"})

    words = desk("reinvite", "spring.yaml", "--dry-run").out
    assert "G-2  not due  connected: connected with JohnDeere" in words
    assert "G-3  due      expiring" in words
    told = desk("reinvite", "spring.yaml", "--dry-run", "--json", "--slot", today()).json
    assert {one["externalId"]: one["due"] for one in told["decisions"]} == {f"G-{n}": n != 2 for n in range(6)}
    assert desk.received().total() == 6
    assert "--yes" in desk("reinvite", "spring.yaml", code=2).err

    done = desk("reinvite", "spring.yaml", "--yes", "--json", "--slot", today()).json
    assert (done["links"]["reused"], done["messages"]["accepted"]) == (5, 11)
    assert desk.received()["g2@farm.example"] == 1
    assert desk.received()["g3@farm.example"] == 2
    again = desk("reinvite", "spring.yaml", "--yes", "--quiet", "--slot", today())
    assert len(again.out.splitlines()) == 1
    assert "Nobody is due" in again.out
    assert desk.received().total() == 11


def test_wrong_input_is_one_sentence_and_nothing_is_sent(desk):
    """Each with its exit code: no ledger yet, a slot in a wrong form, one that has not come, one that was missed."""
    desk.campaign([by_email(1)], reinvite=REINVITE)
    assert "nothing was run yet" in desk("reinvite", "spring.yaml", "--yes", code=2).err
    desk("run", "spring.yaml", "--yes")
    assert "not a slot" in desk("reinvite", "spring.yaml", "--yes", "--slot", "next-week", code=2).err
    ahead = f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d}"
    assert "has not come yet" in desk("reinvite", "spring.yaml", "--yes", "--slot", ahead, code=2).err
    assert "G-9" in desk("reinvite", "spring.yaml", "--yes", "--only", "G-9", code=2).err
    missed = desk("reinvite", "spring.yaml", "--yes", "--slot", "2020-12-01", "--json")
    assert missed.json["missed"] is True
    desk.write("growers.csv", "externalId,name,email,phone\n")
    desk("reinvite", "spring.yaml", "--yes", code=3)
    assert desk.received().total() == 1


def test_another_account_at_leaf_is_noticed(desk):
    """Leaf answering other growers than asked stops it: who is connected is not guessed."""
    desk.campaign([by_email(number) for number in range(3)], reinvite=REINVITE)
    desk("run", "spring.yaml", "--yes")
    desk.sandbox.reset()
    stopped = desk("reinvite", "spring.yaml", "--yes", code=5)
    assert "none of this campaign's growers" in stopped.err
    assert desk.received().total() == 0


def test_a_round_that_was_killed_goes_on_and_reaches_nobody_twice(desk):
    """After kill -9 the same slot continues: whoever had the message keeps the one, the others get theirs."""
    pace = {"leaf": "unlimited", "sendgrid": 20, "twilio": "unlimited"}
    desk.campaign([by_email(number) for number in range(20)], reinvite=REINVITE, pace=pace)
    desk("run", "spring.yaml", "--yes")
    running = desk.start("reinvite", "spring.yaml", "--yes", "--slot", today())
    running.until(lambda: desk.received().total() >= 25, alive=False)
    running.kill()

    desk("reinvite", "spring.yaml", "--yes", "--slot", today(), code=None)
    again = desk("reinvite", "spring.yaml", "--yes", "--slot", today(), code=None)

    received, states = desk.received(), desk.states()
    assert max(received.values()) == 2
    assert states["accepted"] + states["in_doubt"] == 40
    assert again.code == (4 if states["in_doubt"] else 0)
    assert sum(not link["deleted"] for link in desk.sandbox.state()["links"]) == 20
