"""`leafcast plan`: what a run would do, from real files, and nothing changed by it."""

from __future__ import annotations

from .conftest import by_email, by_text


def test_a_plan_is_what_the_run_does_and_changes_nothing(desk):
    """No ledger is made, none is changed, nobody is asked; the run then sends what was planned."""
    desk.campaign([by_email(1), by_text(2), by_email(3)])
    told = desk("plan", "spring.yaml", "--json").json
    assert (told["send"], told["links"]) == ({"email": 2, "sms": 1}, {"create": 3, "reuse": 0})
    assert [row["externalId"] for row in told["rows"]] == ["G-1", "G-2", "G-3"]
    assert not (desk.folder / "leafcast.db").exists()
    assert desk.requests()[""] == 0
    desk("suppress", "add", "g1@farm.example")
    desk("run", "spring.yaml", "--yes", "--only", "G-3")
    before = (desk.folder / "leafcast.db").read_bytes()
    text = desk("plan", "spring.yaml").out
    assert "suppressed" in text
    assert "Would send now: 1 text; links: 1 to create, 0 to reuse." in text
    assert (desk.folder / "leafcast.db").read_bytes() == before


def test_a_plan_fails_for_what_a_run_fails_for(desk):
    """An invalid row is exit code 3 here, too."""
    desk.campaign([by_email(1), by_email(1)])
    assert "G-1" in desk("plan", "spring.yaml", code=3).err
