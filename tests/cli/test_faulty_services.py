"""What services and networks do wrong ends in the right state and exit code, and never in a second message."""

from __future__ import annotations

import signal

import pytest

from .conftest import by_email, by_text

PACE = {"leaf": 20, "sendgrid": 20, "twilio": 20}


def among_good_ones(row, count):
    """A list in which every other row is one to whom nothing happens, so that no service looks as if it were down."""
    return [row(number + 500 * (number % 2)) for number in range(6, 6 + 2 * count + 1)]


FAULTS = {
    "later": {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}, "count": 1},
    "broken": {"kind": "status", "status": 503, "count": 1},
    "reset": {"kind": "reset", "count": 1},
    "reset-after": {"kind": "reset", "processed": True, "count": 1},
    "cut-early": {"kind": "cut", "at": "status-line", "count": 1},
    "cut-late": {"kind": "cut", "at": "after-headers", "count": 1},
    "garbled": {"kind": "broken", "how": "html", "count": 1},
}


@pytest.mark.parametrize(("service", "row"), [("sendgrid", by_email), ("twilio", by_text)])
def test_each_fault_of_a_sender_ends_in_its_state(desk, service, row):
    """Put off and accepted later; in doubt where no answer told; accepted where the first line of the answer did."""
    rows = among_good_ones(row, len(FAULTS))
    keys = [cells.get("email") or cells["phone"] for cells in rows[1::2]]
    desk.sandbox.faults(
        *({**fault, "service": service, "contains": key} for key, fault in zip(keys, FAULTS.values(), strict=True))
    )

    told = desk("run", desk.campaign(rows, pace=PACE), "--yes", "--json", code=4).json

    by_key = {line["email"] or line["phone"]: line for line in desk.export()}
    ended = {name: by_key[key]["messageStatus"] for name, key in zip(FAULTS, keys, strict=True)}
    assert ended == {
        "later": "accepted",
        "broken": "in_doubt",
        "reset": "in_doubt",
        "reset-after": "in_doubt",
        "cut-early": "in_doubt",
        "cut-late": "accepted",
        "garbled": "accepted",
    }
    assert told["messages"]["in_doubt"] == 4
    assert desk.requests()[service] == len(rows) + 1
    received = desk.received()
    assert max(received.values()) == 1
    assert {key for key, line in by_key.items() if line["messageStatus"] == "accepted"} <= set(received)
    assert all(by_key[key]["error"] for key in keys if by_key[key]["messageStatus"] == "in_doubt")

    assert desk("run", "spring.yaml", "--yes", code=4).err.count("doubt") >= 1
    assert desk.received() == received


def test_faults_of_leaf_cost_a_second_link_and_never_a_second_message(desk):
    """A link whose answer was lost is asked for again; the message goes out once, with the link that is known."""
    faults = [fault for name, fault in FAULTS.items() if name != "cut-late"]  # more than five doubts stop a run
    rows = among_good_ones(by_email, len(faults))
    keys = [cells["externalId"] for cells in rows[1::2]]
    desk.sandbox.faults(
        *({**fault, "service": "leaf", "contains": key} for key, fault in zip(keys, faults, strict=True))
    )

    told = desk("run", desk.campaign(rows, pace=PACE), "--yes", "--json").json

    assert told["messages"]["accepted"] == told["links"]["created"] == len(rows)
    state = desk.sandbox.state()
    owner = {link["id"]: link["externalId"] for link in state["links"]}
    known = {line["externalId"]: line["magicLinkId"] for line in desk.export()}
    assert len(state["emails"]) == len(rows)
    assert all(mail["links"] == [known[owner[mail["links"][0]]]] for mail in state["emails"])
    assert len(rows) < len(state["links"]) <= len(rows) + 4
    assert desk.requests()["leaf"] <= 2 * len(rows)


def test_a_login_that_is_lost_is_tried_again(desk):
    """No answer to Leaf's login is no doubt about any link."""
    desk.sandbox.faults({"kind": "reset", "service": "leaf", "operation": "authenticate", "count": 1})

    desk("run", desk.campaign([by_email(1)]), "--yes")

    assert desk.states() == {"accepted": 1}


def test_a_service_out_of_reach_stops_the_run_with_nothing_lost(desk):
    """Nobody listens there: the run tells so, stays interruptible, and every row stays planned."""
    run = desk.start(
        "run", desk.campaign([by_email(n) for n in range(5)]), "--yes", SENDGRID_API_URL="http://127.0.0.1:9"
    )
    run.until_requests(2, "leaf")
    run.signal(signal.SIGINT)

    assert run.ended().code == 130
    assert desk.states() == {"planned": 5}


# ---------------------------------------------------------------------------------------------------------------- retry


def test_retry_takes_what_failed_and_only_that(desk):
    """By channel and by grower; never what is refused, in doubt or accepted; a retry that was cut short goes on."""
    rows = [by_email(n) for n in range(5)] + [by_text(n) for n in range(5, 8)]
    too_large = {"kind": "status", "service": "sendgrid", "status": 413}
    desk.sandbox.faults(
        {**too_large, "contains": "g1@"},
        {**too_large, "contains": "g2@"},
        {**too_large, "contains": "g3@"},
        {"kind": "status", "service": "sendgrid", "contains": "g4@", "status": 500},
        {"kind": "status", "service": "twilio", "contains": "1006", "status": 400, "code": 21408},
        {"kind": "status", "service": "twilio", "contains": "1007", "status": 400, "code": 21610},
    )
    campaign = desk.campaign(rows)
    told = desk("run", campaign, "--yes", code=4)
    assert "Failed ones again:" in told.err
    before = {"accepted": 2, "failed": 4, "in_doubt": 1, "refused": 1}
    assert desk.states() == before
    sent = desk.requests()

    desk.sandbox.faults()
    assert desk("retry", campaign, "--dry-run", "--json").json["due"]["email"] == 3
    desk("retry", campaign, "--yes", "--channel", "sms", code=4)
    assert desk.requests()["twilio"] == sent["twilio"] + 1
    desk("retry", campaign, "--yes", "--only", "G-2", code=4)
    assert "no grower G-9" in desk("retry", campaign, "--yes", "--only", "G-9", code=2).err
    assert set(desk.received()) == {"g0@farm.example", "g2@farm.example", "+15155551005", "+15155551006"}
    desk("retry", campaign, "--yes", "--limit", "1", code=4)
    desk("retry", campaign, "--yes", code=4)

    assert desk.states() == {"accepted": 6, "in_doubt": 1, "refused": 1}
    assert max(desk.received().values()) == 1
    assert desk.requests()["leaf"] == sent["leaf"], "the links were there already"
    assert "Nothing was left to send" in desk("retry", campaign, "--yes", code=4).err


def test_a_refusal_goes_on_to_the_next_channel(desk):
    """`deliver: first`: the text goes out with the same link, and the exit code tells of the refusal."""
    desk.sandbox.faults(
        {
            "kind": "status",
            "service": "sendgrid",
            "contains": "g2@",
            "status": 400,
            "body": {"errors": [{"field": "personalizations.0.to.0.email", "message": "no valid address"}]},
        }
    )

    desk("run", desk.campaign([by_email(n, phone=f"+151555510{n:02}") for n in range(4)]), "--yes", code=4)

    assert desk.states() == {"accepted": 4, "refused": 1}
    assert len(desk.sandbox.state()["links"]) == 4
    assert [text["to"] for text in desk.sandbox.state()["texts"]] == ["+15155551002"]
