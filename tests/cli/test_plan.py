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


def test_a_saved_plan_is_done_exactly(desk):
    """`run --plan` sends what the plan says; once is enough, for then the ledger has changed."""
    desk.campaign([by_email(1), by_text(2)])
    desk("plan", "spring.yaml", "--save", "plan.json")
    done = desk("run", "spring.yaml", "--plan", "plan.json", "--yes", "--json").json
    assert done["messages"]["accepted"] == 2
    again = desk("run", "spring.yaml", "--plan", "plan.json", "--yes", code=2)
    assert "changed since: the ledger" in again.err


def test_a_plan_is_refused_when_anything_changed(desk):
    """List, campaign, template, suppressions: the word says which, and nothing is sent."""
    desk.campaign([by_email(1)])
    desk("plan", "spring.yaml", "--save", "plan.json")

    def refused(*words):
        ended = desk("run", "spring.yaml", "--plan", "plan.json", "--yes", code=2)
        assert f"changed since: {', '.join(words)}\n" in ended.err

    desk.list([by_email(1), by_email(2)])
    refused("the list")
    desk.campaign([by_email(1)], deliver="all")
    refused("the campaign file")
    desk.campaign([by_email(1)])
    template = desk.write("templates/other.txt.j2", "x")
    refused("the templates")
    template.unlink()
    desk("suppress", "add", "x@farm.example")
    refused("the ledger")
    assert desk.requests()[""] == 0
    desk.write("plan.json", "{}")
    assert "is not a plan" in desk("run", "spring.yaml", "--plan", "plan.json", "--yes", code=2).err
