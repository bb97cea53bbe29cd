"""`status` as its users have it: the funnel, by a column, whom to call; and its words."""

from __future__ import annotations

from typing import Any

from leafcast.decide.funnel import FUNNEL, call_list, column_meant, funnel, grouped, why_call
from leafcast.model import Connection, Delivery, MessageState, Steps, ToCall


def to_call(**known: Any) -> ToCall:
    usual = {
        "external_id": "G-1", "name": "Ana", "phone": "+15155550100", "rounds": 1, "written_at": None,
        "states": frozenset({MessageState.ACCEPTED}), "deliveries": frozenset(), "opened": False, "connection": None,
    }  # fmt: skip
    return ToCall(**usual | known)


def test_the_funnel_follows_the_growers(desk):
    """From planned to connected, as of the last sync; before one it says that nobody was asked. The numbers are those
    of --json."""
    rows = [
        {"externalId": f"G-{n}", "name": f"Grower {n}", "email": f"g{n}@farm.example", "phone": f"+1515555{1000 + n}",
         "Branch": "North" if n % 3 else "South"}
        for n in range(9)
    ]  # fmt: skip
    rows[1]["email"] = "bounce@b.example"
    desk.campaign(rows)
    desk("run", "spring.yaml", "--yes")
    before = desk("status", "spring")
    assert before.out.count("not asked yet: leafcast sync") == 2
    desk.sandbox.control("connect", {"externalId": "G-4", "provider": "JohnDeere"})
    desk.sandbox.control("click", {"externalId": "G-5"})
    desk.sandbox.advance(60)
    desk("sync", "spring.yaml")
    told = desk("status", "spring", "--by", "branch", "--call", "--json").json
    told["funnel"]["opened"] += told["funnel"]["scanned"]  # a machine may be slow: either is right
    steps = {step: told["funnel"][step] for step in (*FUNNEL, "undelivered")}
    assert steps == {"growers": 9, "linked": 9, "accepted": 9, "delivered": 8, "opened": 1, "connected": 1,
                     "undelivered": 1}  # fmt: skip
    assert told["by"]["column"] == "Branch"
    assert [(one["group"], one["growers"], one["connected"]) for one in told["by"]["groups"]] == [
        ("North", 6, 1),
        ("South", 3, 0),
    ]
    assert [one["externalId"] for one in told["call"]] == [f"G-{n}" for n in range(9) if n != 4]
    assert told["call"][1]["why"] == "the message did not arrive"
    assert told["messages"]["accepted"] == 9
    shown = desk("status", "spring", "--by", "Branch", "--call").out
    assert "  connected         1   11%  ███" in shown
    assert any(line.split()[:2] == ["North", "6"] for line in shown.splitlines())
    assert "8 to call:" in shown
    assert "+15155551001" in shown
    assert "Did you mean Branch?" in desk("status", "spring", "--by", "Brunch", code=2).err


def test_names_and_numbers_are_shown_on_request_only(desk):
    """Without --call, status names nobody."""
    desk.campaign([{"externalId": "G-1", "name": "Ana Secret", "phone": "+15155551001"}])
    desk("run", "spring.yaml", "--yes")
    done = desk("status")
    assert "Ana" not in done.out + done.err
    assert "1001" not in done.out + done.err


def test_a_funnel_of_nobody_is_readable():
    """No grower, no division, no bar."""
    assert funnel(Steps()) == [f"  {step:<10}        0" for step in FUNNEL]
    assert grouped("Branch", [])[0].split() == ["Branch", *FUNNEL]
    assert call_list([]) == []


def test_a_share_is_never_rounded_to_all_or_nothing():
    """Somebody is not 0 %, and somebody missing is not 100 %."""
    lines = funnel(Steps(growers=10_000, linked=9_999, accepted=1, heard=1, delivered=1, asked=1, connected=0))
    assert [line.split()[2] for line in lines] == ["100%", "99%", "1%", "1%", "0%", "0%"]
    assert lines[3].endswith(" #")


def test_many_groups_are_cut_short():
    """A column that tells everybody apart fills no screen."""
    lines = grouped("Id", [Steps(str(number), 1) for number in range(1_000)])
    assert len(lines) == 42
    assert lines[-1] == "  and 960 more; --json has all"


def test_a_column_is_found_as_people_write_it():
    """Capitals and signs do not matter; what is only near is asked about."""
    assert column_meant("farm_size", ["Farm size"]) == ("Farm size", None)
    assert column_meant("Brunch", ["Branch"]) == (None, "Branch")


def test_why_somebody_is_called():
    """The most telling of what is known."""
    assert why_call(to_call(connection=Connection.BROKEN)) == "the connection no longer works"
    assert why_call(to_call(deliveries=frozenset({Delivery.COMPLAINED}), opened=True)) == "asked for no more messages"
    assert why_call(to_call(opened=True)) == "opened the link and did not connect"
    assert why_call(to_call(deliveries=frozenset({Delivery.BOUNCED}))) == "the message did not arrive"
    assert why_call(to_call()) == "no reaction"
    assert why_call(to_call(states=frozenset({MessageState.PLANNED}))) == "not written to yet"
    assert why_call(to_call(states=frozenset({MessageState.IN_DOUBT}))) == "perhaps written to"
    assert why_call(to_call(states=frozenset({MessageState.REFUSED}))) == "could not be written to"
