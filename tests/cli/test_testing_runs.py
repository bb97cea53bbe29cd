"""`run --test-to`: growers' messages in one's own inbox, and the ledger none the wiser."""

from __future__ import annotations

import signal

from .conftest import Desk

ROWS = [
    {"externalId": "G-1", "name": "Ana Ruiz", "email": "ana@farm.example", "phone": "+15155550111"},
    {"externalId": "G-2", "name": "Bo", "email": "bo@farm.example", "phone": "", "provider": "JohnDeere"},
    {"externalId": "G-3", "name": "Cy", "email": "", "phone": "+15155550113"},
]
ME, MY_PHONE = "me@co-op.example", "+15155550199"


def test_a_chosen_row_comes_to_oneself_marked_and_with_a_dead_link(desk: Desk) -> None:
    """Both parts as the grower would get them; no link is made, no ledger is written, no grower is written to."""
    desk.campaign(ROWS)

    ended = desk("run", "spring.yaml", "--test-to", ME, "--test-to", MY_PHONE, "--only", "G-1", "--yes")

    state = desk.sandbox.state()
    (mail,), (text,) = state["emails"], state["texts"]
    assert (mail["to"], text["to"]) == (ME, MY_PHONE)
    assert mail["subject"].startswith("[TEST] ")
    assert "opens nothing" in mail["html"]
    assert "opens nothing" in mail["text"]
    assert "Ana" in mail["html"]
    assert text["body"].startswith("[TEST] ")
    assert "00000000-0000-4000-8000-000000000000" in text["body"]
    assert state["links"] == []
    assert not (desk.folder / "leafcast.db").exists()
    assert "2 of 2 test messages were accepted" in ended.out


def test_a_telling_few_go_when_no_row_is_named(desk: Desk) -> None:
    """Rows that differ: with a provider and without; a row without an address of this kind makes no message."""
    desk.campaign(ROWS)
    told = desk("run", "spring.yaml", "--test-to", ME, "--yes", "--json").json
    assert {(one["externalId"], one["verdict"]) for one in told["test"]["messages"]} == {
        ("G-1", "accepted"),
        ("G-2", "accepted"),
    }
    assert told["messages"]["accepted"] == 0
    assert desk.received() == {ME: 2}


def test_a_later_run_sends_everything_as_if_there_had_been_no_test(desk: Desk) -> None:
    """A test counts for nothing: the growers get their own messages, each once."""
    desk.campaign(ROWS)
    desk("run", "spring.yaml", "--test-to", ME, "--only", "G-1", "--yes")
    desk("run", "spring.yaml", "--yes")
    assert desk.states() == {"accepted": 3}
    assert desk.received() == {ME: 1, "ana@farm.example": 1, "bo@farm.example": 1, "+15155550113": 1}


def test_a_dry_run_of_a_test_sends_nothing(desk: Desk) -> None:
    """It names the rows and ends."""
    desk.campaign(ROWS)
    told = desk("run", "spring.yaml", "--test-to", ME, "--dry-run", "--json").json
    assert told["test"]["rows"]
    assert desk.requests() == {}


def test_what_makes_no_sense_is_said_before_anything_is_sent(desk: Desk) -> None:
    """An address that is none, a channel that is not used, a row that is not there, nobody to ask."""
    desk.campaign(ROWS, channels=["email"])
    for words, said in (
        (["--test-to", MY_PHONE, "--yes"], "channel sms"),
        (["--test-to", ME, "--only", "G-3", "--yes"], "has an address"),
        (["--test-to", ME], "--yes"),
    ):
        assert said in desk("run", "spring.yaml", *words, code=2).err
    assert desk.requests() == {}


def test_a_test_that_is_refused_says_so(desk: Desk) -> None:
    """Exit code 4, and why; 5 where no other message would fare better."""
    desk.campaign(ROWS)
    desk.sandbox.faults({"kind": "status", "service": "sendgrid", "status": 413})
    ended = desk("run", "spring.yaml", "--test-to", ME, "--only", "G-1", "--yes", code=4)
    assert "too large" in ended.out
    desk.sandbox.faults()
    desk("run", "spring.yaml", "--test-to", ME, "--yes", code=5, SENDGRID_API_KEY="SG.wrong")


def test_a_stop_in_a_test_is_an_interruption(desk: Desk) -> None:
    """SIGTERM lets the one under way finish and sends no other."""
    rows = [dict(ROWS[1], externalId=f"G-{number}", email=f"g{number}@farm.example") for number in range(9)]
    desk.campaign(rows, pace={"leaf": 5, "sendgrid": 0.2})
    only = [word for row in rows for word in ("--only", row["externalId"])]
    sending = desk.start("run", "spring.yaml", "--test-to", ME, *only, "--yes")
    sending.until_requests(1, "sendgrid")
    sending.signal(signal.SIGTERM)
    assert sending.ended().code == 130
    assert sum(desk.received().values()) < 9
