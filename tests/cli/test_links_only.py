"""`channels: []` from the command line: check, run, export, and messages that follow later."""

from __future__ import annotations

from .conftest import Desk

ROWS = [
    {"externalId": "G-1", "name": "Ana", "email": "ana@farm.example"},
    {"externalId": "G-2", "name": "Bo", "email": "", "provider": "JohnDeere"},
]


def test_links_are_made_and_exported_and_nobody_is_written_to(desk: Desk) -> None:
    """Leaf's keys are enough; the export has one line a link, which reads back as a list."""
    desk.campaign(ROWS, channels=[], email=None, sms=None)
    keys = {"SENDGRID_API_KEY": "-", "TWILIO_ACCOUNT_SID": "-", "TWILIO_AUTH_TOKEN": "-"}
    assert "links: 1 provider, 1 authentication" in desk("check", "spring.yaml").out
    assert "2 to create" in desk("plan", "spring.yaml").out
    assert "2 magic links" in desk("run", "spring.yaml", "--dry-run", **keys).out

    told = desk("run", "spring.yaml", "--yes", "--json", **keys).json

    assert told["links"]["created"] == 2
    assert not any(told["messages"].values())
    assert desk.received() == {}
    desk("export", "spring.yaml", "-o", "links.csv")
    lines = desk.export()
    assert [(line["externalId"], line["channel"], line["linkStatus"]) for line in lines] == [
        ("G-1", "", "live"),
        ("G-2", "", "live"),
    ]
    assert all(line["link"].startswith("http") for line in lines)
    made = desk.requests()["leaf"]
    desk("run", "spring.yaml", "--yes", **keys)
    assert desk.requests()["leaf"] == made


def test_messages_may_follow_with_the_same_links(desk: Desk) -> None:
    """A channel that is added later sends the link that is there already."""
    desk.campaign(ROWS[:1], channels=[])
    desk("run", "spring.yaml", "--yes")
    (before,) = desk.export()
    desk.campaign(ROWS[:1])
    desk("run", "spring.yaml", "--yes")
    (after,) = desk.export()
    assert (after["messageStatus"], after["link"]) == ("accepted", before["link"])
    assert desk.received() == {"ana@farm.example": 1}
