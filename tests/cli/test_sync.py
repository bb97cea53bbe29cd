"""Settling as its users have it: real processes, lost answers at the sandbox, and the ledger between them."""

from __future__ import annotations

import os
import pwd
import signal
from typing import Any

import apsw

AGAIN = {"email": "resend-if-absent", "sms": "resend-if-absent"}
SOON, LATE = {"LEAFCAST_SETTLE": "0.1"}, {"LEAFCAST_SETTLE": "3600"}


def email(number: int, **cells: str) -> dict[str, str]:
    return {"externalId": f"G-{number}", "name": f"Grower {number}", "email": f"g{number}@farm.example"} | cells


def text(number: int) -> dict[str, str]:
    return {"externalId": f"G-{number}", "name": f"Grower {number}", "phone": f"+1515555{1000 + number}"}


def lose(service: str, *texts: str, processed: bool) -> list[dict[str, Any]]:
    """Faults that take the answers away from what mentions these texts."""
    rule = {"kind": "reset", "service": service, "operation": "send", "processed": processed}
    return [{**rule, "contains": one} for one in texts]


def run_with_lost(desk: Any, *, processed: bool, growers: int = 6, **changes: Any) -> None:
    """Emails 0 and 1 and text 2 get no answer; the others are accepted."""
    rows = [email(0), email(1), text(2), *(email(number) for number in range(3, growers))]
    desk.campaign(rows, **changes)
    desk.sandbox.faults(
        *lose("sendgrid", "g0@farm.example", "g1@farm.example", processed=processed),
        *lose("twilio", "5551002", processed=processed),
    )
    desk("run", "spring.yaml", "--yes", code=4)
    desk.sandbox.faults()


def test_what_arrived_is_found_and_accepted(desk):
    """Answers that were lost after the services had taken the messages: sync finds each one, and nothing is sent
    again by it or by the next run."""
    run_with_lost(desk, processed=True)
    before = desk.received()

    done = desk("sync", "spring.yaml", "--json", **SOON)

    told = done.json
    assert told["settled"] == {"found": 3, "absent": 0, "tooYoung": 0, "unknown": 0, "resendable": 0}
    assert (told["messages"]["accepted"], told["messages"]["in_doubt"]) == (6, 0)
    assert told["delivery"]["unknown"] < 6
    desk("run", "spring.yaml", "--yes")
    assert desk.received() == before
    assert set(before.values()) == {1}


def test_what_never_arrived_stays_in_doubt_under_hold(desk):
    """Within the settle time nobody is asked about it; after it, looked for again and again, nothing is planned by
    itself."""
    run_with_lost(desk, processed=False)
    young = desk("sync", "spring.yaml", "--json", code=4, **LATE)
    assert young.json["settled"]["tooYoung"] == 3
    assert "from 2" in young.err
    for _ in range(2):
        done = desk("sync", "spring.yaml", "--json", code=4, **SOON)
        assert done.json["settled"] == {"found": 0, "absent": 3, "tooYoung": 0, "unknown": 0, "resendable": 0}
    desk("run", "spring.yaml", "--yes", code=4)
    assert len(desk.received()) == 3


def test_resend_if_absent_takes_two_looks_and_the_next_run_sends(desk):
    """Once is not enough; after the second look the messages are planned, sync has sent nothing, and run sends each
    exactly once."""
    run_with_lost(desk, processed=False, inDoubt=AGAIN)
    assert desk("sync", "spring.yaml", "--json", code=4, **SOON).json["settled"]["absent"] == 3
    second = desk("sync", "spring.yaml", "--json", **SOON)
    assert second.json["settled"]["resendable"] == 3
    assert second.json["messages"]["pending"] == 3
    assert len(desk.received()) == 3
    assert "run spring.yaml" in second.err
    desk("run", "spring.yaml", "--yes")
    assert len(desk.received()) == 6
    assert set(desk.received().values()) == {1}


def test_lagging_records_never_cause_a_second_send(desk_with):
    """The services took the messages and show nothing of that time yet: however often sync asks, nothing is planned
    again; when the records have caught up the messages are found."""
    desk = desk_with(log_lag=3_600.0, list_lag=3_600.0)
    rows = [email(0), email(1), text(2), email(3), text(4)]
    desk.campaign(rows, inDoubt=AGAIN)
    desk.sandbox.faults(
        *lose("sendgrid", "g0@farm.example", "g1@farm.example", processed=True),
        *lose("twilio", "5551002", processed=True),
    )
    desk("run", "spring.yaml", "--yes", code=4)
    desk.sandbox.faults()
    for _ in range(2):
        done = desk("sync", "spring.yaml", "--json", code=4, **SOON)
        assert done.json["settled"]["unknown"] == 3
    desk("run", "spring.yaml", "--yes", code=4)
    assert set(desk.received().values()) == {1}
    desk.sandbox.advance(3_700)
    assert desk("sync", "spring.yaml", "--json", **SOON).json["settled"]["found"] == 3


def test_a_shared_address_is_told_apart(desk):
    """Growers with one address and one number: each message is found by what it carries, not by where it went."""
    same = {"email": "farm@farm.example"}
    rows = [email(number, **same) for number in range(4)]
    changed = {"list": {"file": "growers.csv", "region": "US", "sharedAddress": "send-each"}}
    desk.campaign(rows, **changed)
    rule = {"kind": "reset", "service": "sendgrid", "operation": "send"}
    desk.sandbox.faults({**rule, "nth": 1, "processed": True}, {**rule, "nth": 2, "processed": False})
    desk("run", "spring.yaml", "--yes", code=4)
    desk.sandbox.faults()
    settled = desk("sync", "spring.yaml", "--json", code=4, **SOON).json["settled"]
    assert (settled["found"], settled["absent"]) == (1, 1)


def test_what_a_killed_run_left_is_settled(desk):
    """kill -9 with requests under way: sync itself finds that they are in doubt, and which of them arrived."""
    desk.campaign([email(number) for number in range(40)])
    desk.sandbox.faults({"kind": "hang", "service": "sendgrid", "operation": "send", "processed": True})
    run = desk.start("run", "spring.yaml", "--yes")
    run.until_requests(1, "sendgrid")
    run.kill()
    desk.sandbox.faults()
    told = desk("sync", "spring.yaml", "--json", **SOON).json
    assert told["settled"]["found"] == len(desk.received()) >= 1
    desk("run", "spring.yaml", "--yes")
    assert len(desk.received()) == 40
    assert set(desk.received().values()) == {1}


# ---------------------------------------------------------------------------------------------------------- how it ends


def test_refused_credentials_end_with_five_and_keep_the_rest(desk):
    """SendGrid refuses the key: its doubts stay, Twilio's are settled, and the sentence says which key."""
    run_with_lost(desk, processed=True)
    done = desk("sync", "spring.yaml", "--json", code=5, SENDGRID_API_KEY="SG.wrong", **SOON)
    assert done.json["settled"]["found"] == 1
    assert "SENDGRID_API_KEY" in done.json["error"]["message"]
    assert desk("sync", "spring.yaml", "--json", **SOON).json["settled"]["found"] == 2


def test_a_held_campaign_ends_with_six(desk):
    """Sync writes to the ledger, so it waits for no run and disturbs none."""
    desk.campaign([email(number) for number in range(3)])
    desk.sandbox.faults({"kind": "hang", "service": "leaf", "operation": "links.create"})
    run = desk.start("run", "spring.yaml", "--yes")
    run.until_requests(1, "leaf")
    for words in (("sync", "spring.yaml"), ("resolve", "spring.yaml", "--assume-sent", "--yes")):
        desk(*words, code=6)
    run.kill()


def test_without_a_ledger_nothing_is_made(desk):
    """There is nothing to settle where nothing was run; no empty ledger is left behind."""
    desk.campaign([email(0)])
    for words in (("sync", "spring.yaml"), ("resolve", "spring.yaml"), ("resolve", "spring.yaml", "--resend", "--yes")):
        assert "nothing was run yet" in desk(*words, code=2).err
    assert not (desk.folder / "leafcast.db").exists()


def test_ctrl_c_keeps_what_was_settled(desk):
    """A service that does not answer is waited for no longer; what was found by then stays found."""
    run_with_lost(desk, processed=True)
    desk.sandbox.faults({"kind": "hang", "service": "sendgrid", "operation": "logs.search"})
    before = desk.requests()
    sync = desk.start("sync", "spring.yaml", **SOON)
    sync.until_requests(before["sendgrid"] + 2, "sendgrid")
    sync.until(lambda: desk.requests()["twilio"] > before["twilio"])
    sync.signal(signal.SIGINT)
    done = sync.ended()
    assert done.code == 130
    assert done.seconds < 34, "it waited until the hanging question was given up"
    desk.sandbox.faults()
    assert desk("sync", "spring.yaml", "--json", **SOON).json["settled"]["found"] >= 2


# ------------------------------------------------------------------------------------------------------------- orphans


def test_orphan_links_are_reported_and_revoked_on_request(desk):
    """Links that Leaf made without our seeing it: counted, named by grower, and deleted only by --revoke-orphans."""
    desk.campaign([email(number) for number in range(4)])
    lost = {"kind": "reset", "service": "leaf", "operation": "links.create", "processed": True, "count": 1}
    desk.sandbox.faults({**lost, "contains": '"G-1"'}, {**lost, "contains": '"G-3"'})
    desk("run", "spring.yaml", "--yes")
    desk.sandbox.faults()
    theirs = {line["magicLinkId"] for line in desk.export()}
    assert desk.sandbox.state()["counts"]["links"] == 6

    found = desk("sync", "spring.yaml", "--json", **SOON)
    assert (found.json["orphans"]["found"], found.json["orphans"]["revoked"]) == (2, 0)
    assert [link["externalId"] for link in found.json["orphans"]["links"]] == ["G-1", "G-3"]
    assert desk.sandbox.state()["counts"]["links"] == 6
    assert not any(link["id"] in found.out + found.err for link in desk.sandbox.state()["links"])

    gone = desk("sync", "spring.yaml", "--revoke-orphans", "--json", **SOON)
    assert gone.json["orphans"]["revoked"] == 2
    alive = {link["id"] for link in desk.sandbox.state()["links"] if not link["deleted"]}
    assert alive == theirs
    assert desk("sync", "spring.yaml", "--json", **SOON).json["orphans"]["found"] == 0


# ------------------------------------------------------------------------------------------------------------- resolve


def test_resolve_lists_each_doubt_with_its_evidence(desk):
    """Who, where, when it left, what ended it, what the service showed, and what would settle it, without address,
    number, name or link; exit 4 while any is left."""
    run_with_lost(desk, processed=False)
    young = desk("resolve", "spring.yaml", "--json", code=4, **LATE)
    first = young.json["doubts"]
    assert [(doubt["externalId"], doubt["channel"]) for doubt in first] == [
        ("G-0", "email"),
        ("G-1", "email"),
        ("G-2", "sms"),
    ]
    assert all(doubt["ended"]["reason"] and doubt["looked"]["showed"] is None for doubt in first)
    assert all(doubt["settledBy"].startswith("sync, from 2") for doubt in first)
    synced = desk("sync", "spring.yaml", "-v", code=4, **SOON)
    seen = desk("resolve", "spring.yaml", "--only", "G-2", "--json", code=4, **SOON)
    (doubt,) = seen.json["doubts"]
    assert (doubt["looked"]["showed"], doubt["settledBy"]) == ("absent", "a person's word: --assume-sent, or --resend")
    listed = desk("resolve", "spring.yaml", code=4, **SOON)
    assert "G-1, email, round 0" in listed.out
    said = "".join(ended.out + ended.err for ended in (young, synced, seen, listed))
    for line in desk.export():
        for secret in (line["email"], line["phone"], line["magicLinkId"], line["name"]):
            assert not secret or secret not in said


def test_a_word_settles_and_is_recorded_with_who_and_when(desk):
    """--assume-sent ends a doubt for good, --resend gives it to the next run; both stand in the ledger. Without a
    terminal and --yes, for a grower nobody knows, or within the settle time, nothing is settled."""
    run_with_lost(desk, processed=False)
    desk("resolve", "spring.yaml", "--resend", code=2, **SOON)
    assert "no grower G-77" in desk("resolve", "spring.yaml", "--only", "G-77", code=2, **SOON).err
    young = desk("resolve", "spring.yaml", "--resend", "--yes", "--json", code=4, **LATE).json
    assert (young["resolved"]["resend"], young["messages"]["in_doubt"]) == (0, 3)
    sent = desk("resolve", "spring.yaml", "--assume-sent", "--only", "G-0", "--yes", "--json", code=4, **SOON).json
    assert sent["resolved"] == {"assumedSent": 1, "resend": 0}
    assert (sent["messages"]["assumed_sent"], sent["messages"]["in_doubt"]) == (1, 2)
    again = desk("resolve", "spring.yaml", "--resend", "--yes", "--json", **SOON).json
    assert again["resolved"] == {"assumedSent": 0, "resend": 2}
    desk("run", "spring.yaml", "--yes")
    received = desk.received()
    assert "g0@farm.example" not in received
    assert (received["g1@farm.example"], received["+15155551002"]) == (1, 1)
    rows = list(
        apsw.Connection(str(desk.folder / "leafcast.db")).execute(
            "SELECT who, action, at, message.state FROM operator_action JOIN message ON message.id = subject "
            "ORDER BY operator_action.id"
        )
    )
    assert [(action, state) for _, action, _, state in rows] == [
        ("assumed_sent", "assumed_sent"),
        ("resend", "accepted"),
        ("resend", "accepted"),
    ]
    assert {who for who, *_ in rows} == {pwd.getpwuid(os.getuid()).pw_name}
    assert desk("resolve", "spring.yaml").out == "Nothing of spring is in doubt.\n"


# ---------------------------------------------------------------------------------------------------- what became of it


def following(desk: Any, count: int) -> None:
    """So many growers by email, every tenth by text; some of them connected, bounced, complaining or saying STOP."""
    rows = [text(number) if number % 10 == 9 else email(number) for number in range(count)]
    rows[1]["email"], rows[2]["email"], rows[3]["email"] = "bounce@b.example", "spam@s.example", "defer@d.example"
    desk.campaign(rows)
    desk("run", "spring.yaml", "--yes")
    for number in (4, 5):
        desk.sandbox.control("connect", {"externalId": f"G-{number}", "provider": "JohnDeere"})
    desk.sandbox.control("connect", {"externalId": "G-5", "provider": "JohnDeere", "status": "UNAUTHENTICATED"})
    desk.sandbox.control("stop", {"phone": "+15155551009"})
    desk.sandbox.advance(120)


def looks(desk: Any) -> list[tuple[Any, ...]]:
    """The ledger without its times."""
    return [
        (line["externalId"], line["messageStatus"], line["delivery"], line["errorCode"], line["connected"])
        for line in desk.export()
    ]


def test_a_key_that_may_only_send_is_good_enough(desk_with):
    """What it may not look at stays unseen and is named; the exit code is 0."""
    desk = desk_with(sendgrid_scopes=("mail.send",))
    desk.campaign([email(0), text(1)])
    desk("run", "spring.yaml", "--yes")
    desk.sandbox.advance(60)
    done = desk("sync", "spring.yaml", "--json", **SOON)
    assert len(done.json["notSeen"]) == 2
    assert "suppressions" in done.err
    assert {line["delivery"] for line in desk.export()} == {"unknown", "delivered"}


EXPECTED = {
    "G-1": ("bounced", "5.1.1", "no"),
    "G-2": ("complained", "", "no"),
    "G-3": ("queued", "4.2.2", "no"),
    "G-4": ("delivered", "", "yes"),
    "G-5": ("delivered", "", "broken"),
    "G-9": ("unsubscribed", "", "no"),
}


def test_three_hundred_growers_are_followed(desk):
    """Leaf by the page and once for the links, SendGrid's logs and lists, Twilio's list: few requests, no
    provider's secret anywhere, nothing sent, and a second time nothing new."""
    following(desk, 300)
    before = desk.requests()
    done = desk("sync", "spring.yaml", "--json", **SOON)
    asked = desk.requests() - before
    assert (asked["leaf"], asked["sendgrid"] <= 8, asked["twilio"] <= 6) == (5, True, True)
    seen = {line[0]: line[2:] for line in looks(desk)}
    assert {name: seen[name] for name in EXPECTED} == EXPECTED
    assert {line for name, line in seen.items() if name not in EXPECTED} == {("delivered", "", "no")}
    assert done.json["connections"] == {"connected": 1, "broken": 1, "not_connected": 298, "user_gone": 0}
    assert done.json["delivery"]["complained"] == 1
    again = desk("sync", "spring.yaml", **SOON)
    assert [line[2:] for line in looks(desk)] == [seen[line[0]] for line in looks(desk)]
    for secret in ("sandbox-provider", "clientSecret", "refreshToken"):
        assert secret not in done.out + done.err + again.out + again.err
        assert secret.encode() not in (desk.folder / "leafcast.db").read_bytes()
    assert set(desk.received().values()) == {1}


def test_trouble_in_between_ends_in_the_same_ledger(desk):
    """A torn page, a storm of 429, a kill in the middle: run again, and the ledger is the one of an untroubled sync."""
    following(desk, 120)
    desk.sandbox.faults(
        {"kind": "broken", "how": "cut-json", "service": "leaf", "operation": "users.list", "count": 1},
        {"kind": "status", "status": 429, "service": "sendgrid", "operation": "logs.search", "count": 2},
        {"kind": "hang", "service": "twilio", "operation": "list"},
    )
    before = desk.requests()
    sync = desk.start("sync", "spring.yaml", **SOON)
    sync.until_requests(before["twilio"] + 1, "twilio")
    sync.kill()
    desk.sandbox.faults()
    desk("sync", "spring.yaml", **SOON)
    seen = {line[0]: line[2:] for line in looks(desk)}
    assert {name: seen[name] for name in EXPECTED} == EXPECTED
    assert {line for name, line in seen.items() if name not in EXPECTED} == {("delivered", "", "no")}
