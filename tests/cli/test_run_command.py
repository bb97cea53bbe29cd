"""`leafcast run` from end to end: everybody once, the right link, and nothing again."""

from __future__ import annotations

import csv
import json
import subprocess

import pytest

from leafcast.cli.samples import sample_users
from leafcast.edge.shipped import CAMPAIGNS, shipped

from .conftest import by_email, by_text


def test_the_sample_list_is_sent_once_with_the_right_links(desk_with):
    """Each of the 500 is accepted, on a link of the type and user that the row asks for, in their own message."""
    desk = desk_with(users=sample_users())
    campaign = (shipped(CAMPAIGNS) / "spring-onboarding.yaml").read_text()
    fast = "\npace: {leaf: unlimited, sendgrid: unlimited, twilio: unlimited}\n"
    desk.write("campaigns/spring.yaml", campaign.split("\npace:")[0] + fast)
    (desk.folder / "sample_data").symlink_to(shipped("sample_data"))
    (desk.folder / "templates").symlink_to(shipped("templates"))

    told = desk("run", "campaigns/spring.yaml", "--yes", "--json").json

    assert told["messages"]["accepted"] == 500
    assert told["links"] == {"created": 500, "reused": 0, "failed": 0}
    state = desk.sandbox.state()
    links = {link["id"]: link for link in state["links"]}
    carried = {message["to"]: message["links"] for message in (*state["emails"], *state["texts"])}
    with (shipped("sample_data") / "growers.csv").open(encoding="utf-8-sig") as file:
        asked = {row["Grower ID"]: row for row in csv.DictReader(file)}
    lines = desk.export("spring-onboarding")
    assert len(lines) == len(carried) == len(links) == 500
    for line in lines:
        link = links[line["magicLinkId"]]
        assert carried[line["email"] if line["channel"] == "email" else line["phone"]] == [link["id"]]
        row = asked.pop(line["externalId"])
        provider, user = row["Provider"], row["Leaf user"]
        kind = "file-upload" if row["Upload"] == "yes" else "authentication" if provider else "provider"
        assert link["type"] == kind
        assert not user or link["leafUserId"] == user
        assert link["externalId"] == line["externalId"]
        if kind == "authentication":
            assert link["providers"] == [provider]
    assert not asked

    before = desk.requests()
    news = {"list": {"added": 0, "addressTakenOver": [], "addressTooLate": [], "vanished": []}}
    assert desk("run", "campaigns/spring.yaml", "--yes", "--json").json == told | news
    assert desk.requests() == before


def test_limit_and_only_leave_nobody_out_and_nobody_twice(desk):
    """Whoever a narrowed run leaves out is done by the next one, and a changed list brings its new rows only."""
    campaign = desk.campaign([by_email(n) for n in range(6)])
    desk("run", campaign, "--yes", "--only", "G-4", "--only", "G-2")
    desk("run", campaign, "--yes", "--limit", "2")
    assert sum(desk.received().values()) == 4

    desk.list([by_email(n) for n in reversed(range(8))])
    desk("run", campaign, "--yes")

    assert desk.received() == {f"g{n}@farm.example": 1 for n in range(8)}
    assert desk.requests()["sendgrid"] == 8


def test_only_with_an_unknown_grower_is_a_slip_of_the_pen(desk):
    """A grower whom the list does not name ends the command before anything is sent."""
    done = desk("run", desk.campaign([by_email(1)]), "--yes", "--only", "G-9", code=2)

    assert "G-9" in done.err
    assert desk.requests()[""] == 0


def test_deliver_all_uses_every_channel_with_one_link(desk):
    """Under `deliver: all` a grower with both addresses gets both messages, with the same link in each."""
    desk("run", desk.campaign([by_email(1, phone="+15155551001"), by_text(2)], deliver="all"), "--yes")

    state = desk.sandbox.state()
    assert len(state["links"]) == 2
    assert state["emails"][0]["links"] == state["texts"][0]["links"]
    assert desk.states() == {"accepted": 3, "skipped": 1}


@pytest.mark.parametrize(("mode", "sent", "code"), [("stop", 0, 3), ("send-each", 2, 0), ("first", 1, 0)])
def test_a_shared_address_is_treated_as_the_campaign_says(desk, mode, sent, code):
    """stop: an invalid list; send-each: everybody; first: the first row only, the others skipped with the reason."""
    rows = [by_email(1), by_email(2, email="g1@farm.example")]
    settings = {"file": "growers.csv", "region": "US", "sharedAddress": mode}

    desk("run", desk.campaign(rows, list=settings), "--yes", code=code)

    assert sum(desk.received().values()) == sent
    if mode == "first":
        assert [line["error"] for line in desk.export() if line["messageStatus"] == "skipped"] == ["duplicate"]


def test_a_grower_who_can_receive_nothing_is_one_line_and_no_link(desk):
    """Who is skipped costs nothing and is not forgotten."""
    desk("run", desk.campaign([by_text(1), by_email(2)], channels=["email"], sms=None), "--yes", TWILIO_ACCOUNT_SID="-")

    assert {line["externalId"]: line["error"] for line in desk.export()} == {"G-1": "no address", "G-2": ""}
    assert len(desk.sandbox.state()["links"]) == 1


# ---------------------------------------------------------------------------------------------------------- rehearsing


def test_a_dry_run_changes_nothing_and_makes_no_ledger(desk):
    """Without a ledger none is made; with one it stays as it is to the byte; nobody is asked anything."""
    campaign = desk.campaign([by_email(1), by_text(2)])
    told = desk("run", campaign, "--dry-run", "--json", LEAF_USERNAME="-", SENDGRID_API_KEY="-").json
    assert told["due"] == {"email": 1, "sms": 1, "links": 2, "growers": 2, "held": 0}
    assert told["dryRun"] is True
    assert not list(desk.folder.glob("leafcast.db*"))

    desk("run", campaign, "--yes", "--limit", "1")
    ledger = desk.folder / "leafcast.db"
    before = ledger.read_bytes()
    done = desk("run", campaign, "--dry-run")

    assert "1 text to 1 grower" in done.out
    assert ledger.read_bytes() == before
    assert desk.requests()["twilio"] == 0


def test_a_dry_run_works_beside_a_run(desk):
    """The ledger of a run under way is looked at, not waited for, and what it sends is not called a doubt."""
    campaign = desk.campaign([by_email(n) for n in range(8)])
    desk.sandbox.faults({"kind": "hang", "service": "sendgrid"})
    run = desk.start("run", campaign, "--yes")
    run.until_requests(1, "sendgrid")

    told = desk("run", campaign, "--dry-run", "--json").json

    assert told["messages"]["in_doubt"] == 0
    assert told["messages"]["pending"] == 8
    run.kill()


# ------------------------------------------------------------------------------------------ good rows of a bad list


def test_skip_invalid_goes_on_and_the_mended_rows_are_picked_up(desk):
    """Excluded rows are counted and named with their reasons; the mended list sends to exactly those."""
    bad = by_email(2, email="g2@farm@example")
    campaign = desk.campaign([by_email(1), bad, by_email(3)])
    desk("run", campaign, "--yes", code=3)
    assert desk.requests()[""] == 0

    told = desk("run", campaign, "--yes", "--skip-invalid", "--json").json
    assert (told["growers"], told["excluded"], told["messages"]["accepted"]) == (2, 1, 2)
    assert "1 row excluded" in desk("status", campaign).out

    desk.list([by_email(1), by_email(2), by_email(3)])
    told = desk("run", campaign, "--yes", "--json").json

    assert (told["growers"], told["excluded"], told["messages"]["accepted"]) == (3, 0, 3)
    assert desk.received() == {f"g{n}@farm.example": 1 for n in (1, 2, 3)}


# ---------------------------------------------------------------------------------------------------------------- JSON


def test_json_is_one_object_with_the_agreed_numbers(desk):
    """Standard output holds the object and nothing else, whatever `-v` says, of every command that counts."""
    campaign = desk.campaign([by_email(1), by_text(2)])

    for words in (("run", campaign, "--yes"), ("retry", campaign, "--yes"), ("status", campaign)):
        told = desk(*words, "--json", "-v").json

        assert told["campaign"] == "spring"
        assert {"created", "reused", "failed"} <= told["links"].keys()
        assert {"accepted", "refused", "failed", "in_doubt", "skipped", "pending"} <= told["messages"].keys()
        assert {"delivered", "bounced"} <= told["delivery"].keys()
        assert sum(told["messages"].values()) == 2
        assert sum(told["delivery"].values()) == told["messages"]["accepted"]


def test_json_tells_errors_uniformly(desk):
    """Whatever fails, there is one object with the exit code, the sentence and the way out; problems in full."""
    good = desk.campaign([by_email(1)])
    no_key = desk("run", good, "--yes", "--json", code=2, SENDGRID_API_KEY="-").json["error"]
    assert (no_key["exitCode"], "SENDGRID_API_KEY" in no_key["message"]) == (2, True)

    assert desk("run", good, "--yes", "--json", "--nonsense", code=2).json["error"]["exitCode"] == 2
    assert desk("status", "nobody", "--json", code=2).json["error"]["fix"]

    desk.list([by_email(1, email="none")])
    bad = desk("check", good, "--json", code=3).json["error"]
    assert [(problem["row"], problem["column"]) for problem in bad["problems"]] == [(2, "email")]


def test_quiet_says_results_and_errors_only(desk):
    """Nothing on standard error when all goes well."""
    campaign = desk.campaign([by_email(1)])

    done = desk("run", campaign, "--yes", "--quiet")

    assert done.err == ""
    assert "1 accepted" in done.out
    assert desk("status", campaign, "--quiet", "--json").err == ""
    assert "no-such.yaml" in desk("run", "no-such.yaml", "--yes", "--quiet", code=2).err


def test_output_that_nobody_reads_changes_nothing(desk):
    """With standard output and error closed at the other end the run goes to its end, with its own exit code."""
    campaign = desk.campaign([by_email(n) for n in range(3)])
    typed = " ".join(desk.words("run", campaign, "--yes", "-v"))
    shell = ["/bin/bash", "-c", f"{{ {typed}; echo code=$? >code.txt; }} 2>&1 | true"]

    subprocess.run(shell, cwd=desk.folder, env=desk.environment(), check=True, timeout=60)

    assert (desk.folder / "code.txt").read_text() == "code=0\n"
    assert sum(desk.received().values()) == 3


def test_odd_locales_break_nothing(desk):
    """Names and signs that a terminal cannot show are shown as well as they can be."""
    desk.list([by_email(1, name="Íñigo Ordóñez", email="iñigo@")])

    done = desk("check", desk.campaign(), code=3, PYTHONIOENCODING="ascii", LANG="C")

    assert "Ordóñez" not in done.out
    assert json.loads(desk("check", "spring.yaml", "--json", code=3, PYTHONIOENCODING="ascii").out)
