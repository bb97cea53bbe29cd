"""`init`, `export`, `status`, `links` and the help, from end to end."""

from __future__ import annotations

import csv
import json

from leafcast.cli.samples import sample_users

from .conftest import by_email, by_text


def test_what_init_writes_can_be_checked_and_run(desk_with):
    """The folder holds a working campaign with its list and templates; a second init does not write over it."""
    desk = desk_with(users=sample_users())
    campaign = desk("init", "mine", "--json").json["campaign"]

    assert "500 rows are good" in desk("check", campaign).out
    desk("run", campaign, "--yes", "--limit", "3")
    assert sum(desk.received().values()) == 3
    assert "mine" in desk("init", "mine", code=2).err


def test_an_export_holds_every_message_in_each_format(desk):
    """One line a message; what a list may be written in can be read back as a list."""
    rows = [by_email(1, name="=cmd|' /C calc'!A0", Farm="North"), by_text(2), by_email(3, phone="+15155551003")]
    desk("run", desk.campaign(rows), "--yes", "--limit", "2")

    for ending in ("csv", "xlsx", "jsonl", "parquet"):
        told = desk("export", "spring", "-o", f"out.{ending}", "--json").json
        assert told == {"campaign": "spring", "file": f"out.{ending}", "messages": 3}
        if ending != "jsonl":
            desk.campaign(None, campaign="again", list={"file": f"out.{ending}", "region": "US"})
            assert "All 3 rows are good" in desk("check", "spring.yaml").out

    assert [json.loads(line) for line in (desk.folder / "out.jsonl").read_text().splitlines()] == desk.export()
    with (desk.folder / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    assert lines[0]["name"].startswith("'=")
    assert lines[1]["phone"] == "+15155551002"
    assert lines[0]["Farm"] == "North"


def test_status_names_campaigns_and_slips_of_the_pen(desk):
    """By file or by name; without one, every campaign; an unknown one is told with what there is."""
    campaign = desk.campaign([by_email(1)])
    assert "nothing was run yet" in desk("status", code=2).err
    desk("run", campaign, "--yes")

    assert desk("status", "spring").out == desk("status", campaign).out == desk("status").out
    assert [one["campaign"] for one in desk("status", "--json").json["campaigns"]] == ["spring"]
    assert "spring" in desk("status", "sprin", code=2).err


def test_links_are_listed_looked_at_and_revoked(desk):
    """Leaf's own list; revoking asks, and needs --yes where nobody can be asked; an unknown id is a sentence."""
    desk("run", desk.campaign([by_email(1), by_email(2, provider="Stara")]), "--yes")
    (link,) = desk("links", "list", "authentication", "--json").json["links"]
    assert link["providers"] == ["Stara"]
    assert desk("links", "get", "authentication", link["id"], "--json").json["id"] == link["id"]

    assert "--yes" in desk("links", "revoke", "authentication", link["id"], code=2).err
    assert desk("links", "revoke", "authentication", link["id"], "--yes", "--json").json["wasThere"] is True
    assert desk("links", "get", "authentication", link["id"], code=2).err
    assert desk("links", "list", "provider", code=5, LEAF_PASSWORD="wrong").err
    assert "authentication" in desk("links", "list", "nonsense", code=2).err


def test_every_command_has_its_help(desk):
    """Each command of the overview explains itself, and `--version` names the version."""
    overview = desk("--help").out
    assert "leafcast" in desk("--version").out
    for command in ("demo", "init", "check", "run", "retry", "status", "export", "links", "sandbox"):
        assert f"  {command} " in overview
    help_of_run = " ".join(desk("run", "--help").out.split())
    assert "sqlite:///leafcast.db" in help_of_run
    assert "LEAFCAST_LEDGER" in help_of_run
