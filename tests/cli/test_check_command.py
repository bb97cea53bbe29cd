"""`leafcast check`, and the sentences that a wrong campaign, list or environment gets: all at once, never a crash."""

from __future__ import annotations

import csv
import re
import subprocess

import pytest

from leafcast.edge.shipped import CAMPAIGNS, shipped

from .conftest import by_email


def test_every_mistake_of_the_sample_list_is_shown_with_its_place(desk):
    """Exit 3; each row with a mistake is named on screen and in the problems file, with column and what to do; nothing
    is sent; and the problems file, mended, is a list by itself."""
    mistakes = (shipped("sample_data") / "growers-with-mistakes.csv").read_bytes()
    (desk.folder / "sample_data").mkdir()
    (desk.folder / "sample_data" / "growers.csv").write_bytes(mistakes)
    text = (shipped(CAMPAIGNS) / "spring-onboarding.yaml").read_text()
    desk.write("campaigns/spring.yaml", text)
    (desk.folder / "templates").symlink_to(shipped("templates"))

    told = desk("check", "campaigns/spring.yaml", "--json", code=3)
    problems = told.json["error"]["problems"]

    file = desk.folder / "growers-problems.csv"
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) == len({problem["row"] for problem in problems}) > 30
    assert all(problem["what"] and problem["fix"] for problem in problems)
    for problem in problems:
        assert f"row {problem['row']}" in told.err
        assert problem["what"] in told.err
    with_place = [problem for problem in problems if problem["column"]]
    assert len(with_place) >= 0.9 * len(problems)
    assert "… and" not in told.err
    assert desk("run", "campaigns/spring.yaml", "--yes", code=3).err.count("… and") > 0
    assert desk.requests()[""] == 0

    mended = [
        row
        | {"Grower ID": f"M-{n}", "Name": "Ann", "Email": f"m{n}@farm.example", "Mobile": "", "Language": "en"}
        | {"Provider": "", "Leaf user": "", "Upload": ""}
        for n, row in enumerate(rows)
    ]
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, mended[0].keys())
        writer.writeheader()
        writer.writerows(mended)
    changed = text.replace("../sample_data/growers.csv", "../growers-problems.csv")
    desk.write("campaigns/spring.yaml", re.sub(r"(?s)\npace:.*", "", changed))
    desk("run", "campaigns/spring.yaml", "--yes", "--limit", "2")
    assert sum(desk.received().values()) == 2


def test_an_empty_list_is_an_invalid_one(desk):
    """No rows: exit 3, with a sentence."""
    done = desk("check", desk.campaign([]), code=3)

    assert "no " in done.err.lower()
    assert desk("run", "spring.yaml", "--yes", code=3).err


def test_a_list_can_be_piped_in(desk):
    """`file: "-"` is standard input, its problems are named after it; without a pipe there is a sentence."""
    campaign = desk.campaign(list={"file": "-", "region": "US"})
    piped = "Grower ID;Nombre;Correo\nG-1;Ana;ana@farm.example\nG-2;Ben;ben\n"

    def check(text):
        words, settings = desk.words("check", campaign), {"cwd": desk.folder, "env": desk.environment(), "timeout": 120}
        return subprocess.run(words, input=text, capture_output=True, text=True, check=False, **settings)

    bad = check(piped)
    assert (bad.returncode, "standard-input.csv, row 3" in bad.stderr) == (3, True), bad.stderr
    assert (desk.folder / "standard-input-problems.csv").is_file()
    good = check(piped.replace(";ben\n", ";ben@farm.example\n"))
    assert (good.returncode, good.stdout[:20]) == (0, "All 2 rows are good:"), good.stderr
    assert 'email = "Correo"' in good.stderr
    assert desk("check", campaign, code=3).err  # nothing is piped in: an empty list


def test_a_good_list_is_summed_up(desk):
    """What a run would send, in one line and as JSON."""
    campaign = desk.campaign([by_email(1), by_email(2, provider="Stara")])

    done = desk("check", campaign)

    assert done.out == "All 2 rows are good: 2 emails; links: 1 provider, 1 authentication.\n"
    told = desk("check", campaign, "--json").json
    assert (told["ok"], told["rows"], told["messages"]) == (True, 2, {"email": 2})


WRONG = {
    "a wrong key": (("check", "spring.yaml"), {"chanels": ["email"]}, {}, ["chanels", "channels"]),
    "all at once": (
        ("check", "spring.yaml"),
        {"email": {"from": "Prairie <connect@prairie.example>", "subject": "{{ grower.nonsense }}"}, "colour": 1},
        {},
        ["colour"],
    ),
    "a missing variable": (
        ("check", "spring.yaml"),
        {"email": {"from": "Prairie <connect@prairie.example>", "subject": "Hello {{ grower.farm }}"}},
        {},
        ["farm"],
    ),
    "no credentials": (
        ("run", "spring.yaml", "--yes"),
        {},
        {"LEAF_USERNAME": "-", "SENDGRID_API_KEY": "-", "TWILIO_AUTH_TOKEN": "-"},
        ["LEAF_TOKEN", "SENDGRID_API_KEY", "TWILIO_AUTH_TOKEN"],
    ),
    "no such campaign": (("run", "summer.yaml", "--yes"), {}, {}, ["summer.yaml"]),
    "no such list": (("check", "spring.yaml"), {"list": {"file": "nobody.csv"}}, {}, ["nobody.csv"]),
    "an unknown option": (("run", "spring.yaml", "--ye"), {}, {}, ["--ye"]),
    "an unknown command": (("rnu", "spring.yaml"), {}, {}, ["rnu"]),
    "nobody to ask": (("run", "spring.yaml"), {}, {}, ["--yes", "--dry-run"]),
    "http to another machine": (
        ("run", "spring.yaml", "--yes"),
        {},
        {"LEAF_API_URL": "http://leaf.example/leaf"},
        ["LEAF_API_URL", "https://"],
    ),
    "a folder for a campaign": (("check", "."), {}, {}, ["."]),
    "a campaign that is no text": (("check", "growers.xlsx"), {}, {}, ["growers.xlsx"]),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_usage_is_told_in_words(desk, name):
    """Exit 2, the name of what is wrong, a few lines at most, never a traceback, and no request to anybody."""
    words, changes, env, said = WRONG[name]
    desk.campaign([by_email(1)], **changes)
    (desk.folder / "growers.xlsx").write_bytes(b"PK\x03\x04\xff\xfe" * 50)

    done = desk(*words, code=2, **env)

    assert all(word in done.err for word in said), done.err
    assert len(done.err.strip().splitlines()) <= 6, done.err
    assert desk.requests()[""] == 0


@pytest.mark.parametrize(
    ("env", "changes", "said"),
    [
        ({"LEAF_PASSWORD": "wrong", "SENDGRID_API_KEY": "SG.wrong", "TWILIO_AUTH_TOKEN": "wrong"}, {},
         ["LEAF_USERNAME", "SENDGRID_API_KEY", "TWILIO_AUTH_TOKEN"]),
        ({}, {"email": {"from": "me@gmail.com", "subject": "Hello"}, "sms": {"from": "+15155559999"}},
         ["email.from", "sms.from"]),
    ],
    ids=["keys", "senders"],
)  # fmt: skip
def test_check_online_finds_what_would_stop_a_run(desk, env, changes, said):
    """Wrong keys and senders are all named, before any row, and nothing is made or sent."""
    campaign = desk.campaign([by_email(1)], **changes)

    done = desk("check", campaign, "--online", code=2, **env)

    assert all(word in done.err for word in said), done.err
    assert not desk.sandbox.state()["links"]


def test_check_online_is_content_with_what_works(desk):
    """Exit 0 and a word that the services answer."""
    assert "answer" in desk("check", desk.campaign([by_email(1)]), "--online").err


def test_env_file_and_ledger_variable_are_honoured(desk):
    """`.env` gives credentials and ledger, the environment goes before it, and no folder's default ledger is made."""
    secrets = dict(desk.sandbox.credentials)
    lines = [f"{name}={value}" for name, value in secrets.items()] + ["LEAFCAST_LEDGER=sqlite:///mine.db"]
    desk.write(".env", "\n".join(lines))
    hidden = dict.fromkeys(secrets, "-")

    done = desk("run", desk.campaign([by_email(1)]), "--yes", **hidden)

    assert "1 accepted" in done.out
    assert (desk.folder / "mine.db").is_file()
    assert not (desk.folder / "leafcast.db").exists()
    assert "1 accepted" in desk("status").out
    assert desk("status", LEAFCAST_LEDGER="sqlite:///other.db", code=2).err
    assert "mine.db" not in desk("status", "--ledger", "sqlite:///mine.db").err
