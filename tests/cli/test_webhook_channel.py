"""The channel `webhook` from the command line: the team's own application in the place of SendGrid and Twilio."""

from __future__ import annotations

from typing import Any

from .conftest import Desk

ROWS = [
    {"externalId": f"G-{number}", "name": f"Grower {number}", "email": f"g{number}@farm.example"} for number in range(3)
]


def campaign(desk: Desk, **changes: Any) -> None:
    settings = {"channels": ["webhook", "email"], "webhook": {"url": desk.sandbox.webhook_url}} | changes
    desk.campaign(ROWS, **settings)


def taken(desk: Desk) -> dict[str, int]:
    """Whom the application has a link for, and how often it came again."""
    return {notice["to"]: notice["repeats"] for notice in desk.sandbox.state()["inApp"]}


def test_links_go_to_the_application_and_who_is_unknown_there_gets_an_email(desk: Desk) -> None:
    """Same states, same promises: accepted is final, and a 410 goes on to the next channel."""
    campaign(desk)
    desk.sandbox.faults({"kind": "status", "service": "webhook", "contains": "G-2", "status": 410})

    desk("run", "spring.yaml", "--yes", code=4)

    assert taken(desk) == {"G-0": 0, "G-1": 0}
    assert desk.received() == {"g2@farm.example": 1}
    lines = {(line["externalId"], line["channel"]): line["messageStatus"] for line in desk.export()}
    assert lines == {
        ("G-0", "webhook"): "accepted",
        ("G-1", "webhook"): "accepted",
        ("G-2", "webhook"): "refused",
        ("G-2", "email"): "accepted",
    }
    assert {line["phone"] for line in desk.export()} <= {"", None}

    desk("run", "spring.yaml", "--yes", code=None)
    assert taken(desk) == {"G-0": 0, "G-1": 0}


def test_a_lost_answer_is_a_doubt_that_a_person_settles(desk: Desk) -> None:
    """Nobody can be asked, so `sync` leaves it in doubt and says so."""
    campaign(desk, channels=["webhook"])
    desk.sandbox.faults({"kind": "reset", "service": "webhook", "contains": "G-1", "processed": True})

    desk("run", "spring.yaml", "--yes", code=4)
    desk.sandbox.faults()
    desk("sync", "spring.yaml", code=4, LEAFCAST_SETTLE="0")

    assert desk.states() == {"accepted": 2, "in_doubt": 1}
    listed = desk("resolve", "spring.yaml", code=None, LEAFCAST_SETTLE="0")
    assert "your own application" in listed.out + listed.err


def test_a_doubt_is_sent_again_under_its_key_where_the_campaign_says_so(desk: Desk) -> None:
    """`inDoubt: {webhook: resend}`: the same key comes again, and the application takes it once."""
    campaign(desk, channels=["webhook"], inDoubt={"webhook": "resend"})
    desk.sandbox.faults({"kind": "reset", "service": "webhook", "contains": "G-1", "processed": True})
    desk("run", "spring.yaml", "--yes", code=4)
    desk.sandbox.faults()

    desk("sync", "spring.yaml", code=None, LEAFCAST_SETTLE="0")
    desk("run", "spring.yaml", "--yes")

    assert taken(desk) == {"G-0": 0, "G-1": 1, "G-2": 0}
    assert desk.states() == {"accepted": 3}


def test_without_the_secret_nothing_begins(desk: Desk) -> None:
    """What is missing is named before the first link is made."""
    campaign(desk)

    ended = desk("run", "spring.yaml", "--yes", code=2, LEAFCAST_WEBHOOK_SECRET="-")

    assert "LEAFCAST_WEBHOOK_SECRET" in ended.err
    assert desk.requests() == {}
