"""A campaign whose list is Leaf's users, from end to end at the sandbox: the CNH migration."""

from __future__ import annotations

from typing import Any

import pytest

MIGRATION = {
    "list": {"from": "leaf", "connected": "CNHI", "notConnected": "CNHIFieldOps", "region": "US"},
    "link": {"expiresIn": "30d", "rules": [{"type": "authentication", "provider": "CNHIFieldOps"}]},
}


@pytest.fixture
def moved(desk: Any) -> Any:
    """Two hundred and ten growers: every third has AFS Connect, two of them FieldOps as well; none came by a list."""
    people = [
        {
            "externalId": f"G-{number}",
            "name": f"Grower {number}",
            "email": f"g{number}@farm.example",
            "credentials": {"CNHI": "AUTHENTICATED"} if number % 3 == 0 else {},
        }
        for number in range(210)
    ]
    people[0]["credentials"]["CNHIFieldOps"] = people[3]["credentials"]["CNHIFieldOps"] = "AUTHENTICATED"
    people[6] |= {"email": None, "phone": "+1 515 555 1006"}
    desk.sandbox.control("users", people)
    desk.campaign(None, **MIGRATION)
    return desk


def test_the_migration_finds_its_growers_in_leaf(moved):
    """Those with the old provider and without the new one, and nobody else; by the endpoints for existing users, so
    that no user is made; as authentication links for the new provider."""
    checked = moved("check", "spring.yaml", "--json")
    assert (checked.json["rows"], checked.json["links"]) == (68, {"authentication": 68})
    assert "68 of Leaf's 210 users fit" in checked.err
    moved("run", "spring.yaml", "--yes")
    state = moved.sandbox.state()
    assert (state["counts"]["users"], state["counts"]["links"]) == (210, 68)
    assert {(link["type"], tuple(link["providers"])) for link in state["links"]} == {
        ("authentication", ("CNHIFieldOps",))
    }
    old = {person["externalId"]: person["id"] for person in state["users"]}
    assert {line["externalId"]: line["leafUserId"] for line in moved.export()} == {
        link["externalId"]: old[link["externalId"]] for link in state["links"]
    }
    assert (len(state["emails"]), [text["to"] for text in state["texts"]]) == (67, ["+15155551006"])


def test_whoever_moved_meanwhile_is_not_written_to_again(moved):
    """The audience is asked for anew by every run; sync says who has moved, and the rest is left to re-invitations."""
    moved("run", "spring.yaml", "--yes", "--limit", "20")
    invited = {line["externalId"] for line in moved.export() if line["messageStatus"] == "accepted"}
    late = next(name for name in (f"G-{number}" for number in range(9, 210, 3)) if name not in invited)
    for name in (late, min(invited)):
        moved.sandbox.control("connect", {"externalId": name, "provider": "CNHIFieldOps"})
    moved("run", "spring.yaml", "--yes", code=None)
    lines = {line["externalId"]: line["messageStatus"] for line in moved.export()}
    assert lines[late] == "planned"
    assert sorted(lines.values()).count("accepted") == 67
    told = moved("sync", "spring.yaml", "--json").json["connections"]
    assert (told["connected"], told["not_connected"]) == (1, 66)


def test_phones_and_columns_come_from_a_file(moved):
    """By externalId; who is not of the audience stays out, whatever the file says."""
    moved.list(
        [
            {"externalId": "G-6", "phone": "+15155551234", "Branch": "North"},
            {"externalId": "G-1", "phone": "+15155551001", "Branch": "South"},
        ]
    )
    listed = {**MIGRATION["list"], "file": "growers.csv"}
    moved.campaign(None, **{**MIGRATION, "list": listed})
    moved("run", "spring.yaml", "--yes", "--only", "G-6")
    lines = moved.export()
    assert len(lines) >= 68
    (line,) = (line for line in lines if line["externalId"] == "G-6")
    assert (line["phone"], line["Branch"], line["channel"]) == ("+15155551234", "North", "sms")
    assert "G-1" not in {line["externalId"] for line in lines}


def test_an_audience_of_nobody_ends_with_three(moved):
    """One sentence, and nothing is sent or made."""
    moved.campaign(None, **{**MIGRATION, "list": {"from": "leaf", "connected": "Stara"}})
    for words in (("check",), ("run", "--yes")):
        done = moved(words[0], "spring.yaml", *words[1:], code=3)
        assert "none fits (connected: Stara)" in done.err
    assert moved.sandbox.state()["counts"]["links"] == 0


def test_leaf_that_shows_nobody_stops_it(moved):
    """Refused credentials or a broken Leaf end with 5 and one sentence; nothing is sent to the part that was seen."""
    torn = {"kind": "broken", "how": "wrong-json", "service": "leaf", "operation": "users.list", "nth": [2, 3, 4]}
    moved.sandbox.faults(torn)
    done = moved("run", "spring.yaml", "--yes", code=5)
    assert "Leaf did not show its users" in done.err
    assert moved.sandbox.state()["counts"]["links"] == 0
