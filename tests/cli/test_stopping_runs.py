"""Whatever ends a run early: nobody is written to twice, nobody is forgotten, and the same command continues."""

from __future__ import annotations

import re
import resource
import signal
import sqlite3
import subprocess
from collections import Counter

import pytest

from .conftest import PATIENCE, by_email, by_text

REFUSALS = [
    ({"LEAF_USERNAME": "-", "LEAF_PASSWORD": "-", "LEAF_TOKEN": "wrong"}, {}, "Leaf", 0),
    ({"LEAF_PASSWORD": "wrong"}, {}, "Leaf", 0),
    ({"SENDGRID_API_KEY": "SG.wrong"}, {}, "SendGrid", 1),
    ({"TWILIO_AUTH_TOKEN": "wrong"}, {}, "Twilio", 1),
    ({}, {"email": {"from": "Nobody <me@gmail.com>", "subject": "Hello"}}, "SendGrid", 1),
]


@pytest.mark.parametrize(("env", "changes", "service", "links"), REFUSALS)
def test_what_is_refused_for_everybody_stops_at_once(desk, env, changes, service, links):
    """A credential or sender that a service refuses: exit 5, a handful of requests, every row still
    planned; when it is mended the same command continues, and uses the links that were made."""
    rows = [by_text(n) if service == "Twilio" else by_email(n) for n in range(80)]
    campaign = desk.campaign(rows, **changes)

    stopped = desk("run", campaign, "--yes", "--json", code=5, **env)

    assert service in stopped.json["error"]["message"]
    assert "To continue:" in stopped.err
    assert desk.requests()[""] <= 5
    assert stopped.json["messages"]["pending"] == 80
    assert desk.states() == {"planned": 80}
    assert len(desk.sandbox.state()["links"]) == links

    desk("run", desk.campaign(rows), "--yes")
    assert len(desk.received()) == sum(desk.received().values()) == len(desk.sandbox.state()["links"]) == 80


def test_a_sender_that_reaches_nobody_stops_after_the_first_few(desk):
    """Twilio's answer to a From that is not ours may be about one destination only, so the first few rows fail with it;
    then the run stops, and `run` and `retry` together reach everybody once it is mended."""
    rows = [by_text(n) for n in range(80)]

    stopped = desk("run", desk.campaign(rows, sms={"from": "+15155559999"}), "--yes", "--json", code=5)

    assert desk.requests()["twilio"] == 5
    assert stopped.json["messages"] | {"pending": 75, "failed": 5} == stopped.json["messages"]
    assert "Failed ones again:" in stopped.err
    desk("run", desk.campaign(rows), "--yes")
    desk("retry", "spring.yaml", "--yes")
    assert len(desk.received()) == sum(desk.received().values()) == len(desk.sandbox.state()["links"]) == 80


def test_a_provider_application_that_is_not_registered_stops_the_run(desk):
    """Leaf says so for the first link; nobody is written off."""
    body = {"title": "Bad Request", "status": 400, "message": "The provider application is not registered"}
    desk.sandbox.faults({"kind": "status", "service": "leaf", "contains": "JohnDeere", "status": 400, "body": body})

    stopped = desk("run", desk.campaign([by_email(n) for n in range(9)]), "--yes", code=5)

    assert "not registered" in stopped.err
    assert desk.states() == {"planned": 9}


def test_each_channel_is_tried_first(desk):
    """Emails go well beside the first text that is refused: still one request of the texts and not one too many."""
    rows = [by_email(n) for n in range(210)] + [by_text(n) for n in range(300, 400)]

    desk("run", desk.campaign(rows), "--yes", code=5, TWILIO_AUTH_TOKEN="wrong")

    assert desk.requests()["twilio"] == 1
    assert [line["messageStatus"] for line in desk.export() if line["channel"] == "sms"] == ["planned"] * 100


# -------------------------------------------------------------------------------------------------------------- kill -9


@pytest.mark.parametrize(
    ("service", "processed"), [("leaf", True), ("sendgrid", False), ("sendgrid", True), ("twilio", True)]
)
def test_after_a_kill_nothing_comes_twice_and_nobody_is_missing(desk, service, processed):
    """Killed while requests are under way, some of them processed already: doubts are at most those, and named."""
    rows = [by_text(n) if service == "twilio" else by_email(n) for n in range(90)]
    campaign = desk.campaign(rows)
    after_trials = list(range(8, 200))
    desk.sandbox.faults({"kind": "hang", "service": service, "nth": after_trials, "processed": processed})
    run = desk.start("run", campaign, "--yes")
    run.until_requests(36, service)
    run.kill()
    desk.sandbox.faults()

    code = desk("run", campaign, "--yes", code=None).code

    lines = desk.export()
    states = Counter(line["messageStatus"] for line in lines)
    received = desk.received()
    assert max(received.values()) == 1
    assert states["accepted"] + states["in_doubt"] == 90
    assert states["in_doubt"] <= 64
    assert {line["phone"] or line["email"] for line in lines if line["messageStatus"] == "accepted"} <= set(received)
    assert code == (4 if states["in_doubt"] else 0)


# --------------------------------------------------------------------------------------------------- SIGTERM and Ctrl-C


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_waiting_for_the_pace_leaves_no_doubt(desk, number):
    """Links are made and messages wait their turn: it stops within a moment with 130, tells how to continue, and the
    same command does; links that fit their rows are used, others made anew."""
    rows = [by_email(n, provider="Trimble") for n in range(20)]
    pace = {"leaf": "unlimited", "sendgrid": 5, "twilio": 1}
    campaign = desk.campaign(rows, pace=pace)
    run = desk.start("run", campaign, "--yes")
    run.until(lambda: len(desk.sandbox.state()["links"]) == 20)
    run.signal(number)
    stopped = run.ended()

    assert stopped.code == 130
    assert re.search(r"To continue: .* run spring.yaml --yes", stopped.err)
    states = desk.states()
    assert states["in_doubt"] == states["sending"] == 0
    assert 0 < states["planned"] < 20

    sent_before = set(desk.received())
    desk.campaign([row | {"provider": "Stara"} if n % 2 else row for n, row in enumerate(rows)])
    desk("run", campaign, "--yes")

    state = desk.sandbox.state()
    links = {link["id"]: link for link in state["links"]}
    for mail in state["emails"]:
        changed = int(mail["to"][1:].split("@")[0]) % 2 and mail["to"] not in sent_before
        assert links[mail["links"][0]]["providers"] == ["Stara" if changed else "Trimble"]
    changed = [n for n in range(1, 20, 2) if f"g{n}@farm.example" not in sent_before]
    assert len(links) == 20 + len(changed)
    assert len(desk.received()) == sum(desk.received().values()) == 20


def test_a_signal_in_backoff_stops_at_once(desk):
    """A service that asks to wait for ten minutes does not keep Ctrl-C waiting; what it put off stays planned."""
    desk.sandbox.faults({"kind": "status", "service": "sendgrid", "status": 429, "headers": {"Retry-After": "600"}})
    campaign = desk.campaign([by_email(n) for n in range(3)])
    run = desk.start("run", campaign, "--yes")
    run.until_requests(1, "sendgrid")
    run.signal(signal.SIGINT)

    assert run.ended().code == 130
    assert desk.states() == {"planned": 3}


def test_a_first_signal_lets_what_is_under_way_finish_and_a_second_ends_it(desk):
    """One request is under way and is answered: no doubt. With a request that is never answered a second signal ends
    the run at once, and what was under way is a doubt afterwards."""
    desk.sandbox.faults({"kind": "slow", "service": "sendgrid", "seconds": 1.0})
    campaign = desk.campaign([by_email(n) for n in range(3)])
    run = desk.start("run", campaign, "--yes")
    run.until_requests(1, "sendgrid")
    run.signal(signal.SIGTERM)
    assert run.ended().code == 130
    assert desk.states() == {"accepted": 1, "planned": 2}

    desk.sandbox.faults({"kind": "hang", "service": "sendgrid"})
    run = desk.start("run", campaign, "--yes")
    run.until_requests(2, "sendgrid")
    run.signal(signal.SIGINT)
    assert "Once more stops at once" in read_until(run, "Stopping")
    run.signal(signal.SIGINT)
    ended = run.ended()

    assert ended.code == 130
    assert "Traceback" not in ended.err
    desk.sandbox.faults()
    desk("run", campaign, "--yes", code=4)
    assert desk.states() == {"accepted": 2, "in_doubt": 1}


def test_a_signal_during_check_is_no_crash(desk):
    """A long check is ended by SIGTERM with 130 and one sentence."""
    campaign = desk.campaign([by_email(n) for n in range(9000)])
    check = desk.start("check", campaign, "-v")
    read_until(check, "rows checked")
    check.signal(signal.SIGTERM)
    ended = check.ended()

    assert ended.code == 130
    assert "Interrupted; run the same command again" in ended.err


def read_until(running, words):
    """Standard error up to and with the line that says these words."""
    said = ""
    while words not in said:
        line = running.process.stderr.readline()
        assert line, f"it ended without saying {words!r}: {said}"
        said += line
    return said


# --------------------------------------------------------------------------------------------------------- the ledger


def test_a_second_run_is_kept_out_and_told_by_whom(desk):
    """Exit 6 without waiting for the holder, whose command, campaign and process are named."""
    campaign = desk.campaign([by_email(n) for n in range(3)])
    desk.sandbox.faults({"kind": "hang", "service": "sendgrid"})
    run = desk.start("run", campaign, "--yes")
    run.until_requests(1, "sendgrid")

    second = desk("run", campaign, "--yes", "--json", code=6)

    assert f"process {run.process.pid}" in second.err
    assert "run of campaign spring" in second.json["error"]["message"]
    assert run.process.poll() is None, "it waited until the holder gave up its hanging request"
    assert desk("status", campaign).out.startswith("spring")
    run.kill()


def test_a_file_that_is_no_ledger_is_refused_in_one_sentence(desk):
    """Foreign, damaged, newer, a folder, a wrong URL: exit 2, nothing sent, the file untouched."""
    campaign = desk.campaign([by_email(1)])
    desk("run", campaign, "--yes", "--limit", "1")
    good = (desk.folder / "leafcast.db").read_bytes()
    sent = desk.requests()[""]
    foreign = sqlite3.connect(desk.folder / "foreign.db")
    foreign.execute("CREATE TABLE mine (a)")
    foreign.close()
    (desk.folder / "damaged.db").write_bytes(good[:4096] + b"\xff" * (len(good) - 4096))
    (desk.folder / "newer.db").write_bytes(good)
    newer = sqlite3.connect(desk.folder / "newer.db")
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    (desk.folder / "folder.db").mkdir()

    for url in (*(f"sqlite:///{name}.db" for name in ("foreign", "damaged", "newer", "folder")), "mysql://host/db"):
        done = desk("run", campaign, "--yes", "--ledger", url, code=2)
        assert 1 <= len(done.err.strip().splitlines()) <= 2, (url, done.err)
    assert desk.requests()[""] == sent


def test_a_ledger_that_cannot_be_written_any_more_stops_the_run(desk):
    """The disk is full in mid-run: exit 5 with one sentence, nothing is sent that was not written down, and with room
    again the same command continues without sending anything twice."""
    campaign = desk.campaign([by_email(n, note="x" * 500) for n in range(300)])

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_200_000, resource.RLIM_INFINITY))

    done = subprocess.run(
        desk.words("run", campaign, "--yes"),
        cwd=desk.folder,
        env=desk.environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        preexec_fn=little_room,
        check=False,
    )

    assert done.returncode == 5, done.stderr
    assert "Traceback" not in done.stderr
    desk("run", campaign, "--yes", code=None)
    states = desk.states()
    assert states["accepted"] + states["in_doubt"] == 300
    assert max(desk.received().values()) == 1


def test_a_bug_is_one_sentence_with_the_place_of_the_details(desk):
    """A ledger that holds what leafcast never wrote breaks leafcast: exit 1, a private file with the details, nobody's
    name in it, and nothing is lost."""
    campaign = desk.campaign([by_email(n) for n in range(3)])
    desk("run", campaign, "--yes", "--limit", "1")
    ledger = sqlite3.connect(desk.folder / "leafcast.db")
    ledger.execute("UPDATE campaign SET list_columns = '[\"Secret Name'")
    ledger.commit()
    ledger.close()
    desk.list([by_email(n) for n in range(4)])  # an unchanged list would not be planned again

    broke = desk("run", campaign, "--yes", "--json", code=1)

    assert broke.json["error"]["exitCode"] == 1
    (report,) = desk.folder.glob("leafcast-crash-*.txt")
    assert report.name in broke.err
    assert report.stat().st_mode & 0o077 == 0
    assert "json" in report.read_text()
    assert "Secret Name" not in report.read_text() + broke.err + broke.out
