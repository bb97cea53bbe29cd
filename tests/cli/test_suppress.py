"""`leafcast suppress`: the do-not-contact list, as its users have it."""

from __future__ import annotations

from .conftest import by_email, by_text


def test_nobody_on_the_list_is_written_to(desk):
    """From the command line to the sandbox: added by hand and by file, shown, honoured by the run, taken off again."""
    desk.campaign([by_email(1), by_email(2), by_email(3), by_text(4)])
    assert desk("suppress", "list", "--json").json == {"suppressions": []}
    added = desk(
        "suppress", "add", "G1@Farm.Example", "(515) 555-1004", "--region", "us", "--reason", "asked", "--json"
    )
    assert added.json == {"added": 2, "known": 0}
    desk.write("gone.csv", "status,reason,email,created\n5.1.1,no such user,g2@farm.example,1443651125\n")
    assert "1 added." in desk("suppress", "import", "gone.csv").out
    shown = desk("suppress", "list", "--json").json["suppressions"]
    assert [(one["address"], one["reason"], one["source"]) for one in shown] == [
        ("g1@farm.example", "asked", "by hand"),
        ("g2@farm.example", "no such user", "gone.csv"),
        ("+15155551004", "asked", "by hand"),
    ]
    done = desk("run", "spring.yaml", "--yes", "--json").json
    assert (done["messages"]["accepted"], done["messages"]["skipped"], done["links"]["created"]) == (1, 3, 1)
    assert dict(desk.received()) == {"g3@farm.example": 1}
    assert {line["error"] for line in desk.export() if line["messageStatus"] == "skipped"} == {"suppressed"}
    assert desk("suppress", "remove", "g1@farm.example", "--json").json == {"removed": 1}


def test_what_is_wrong_is_said(desk):
    """A bad address changes nothing; a bad line of a file is named, the good ones are added; what is not there is not
    removed in silence."""
    bad = desk("suppress", "add", "a@b.example", "nobody", code=2)
    assert "Nothing was changed" in bad.err
    desk.write("gone.txt", "a@farm.example\nnobody\n")
    half = desk("suppress", "import", "gone.txt", code=3)
    assert "gone.txt, row 2" in half.err
    assert "1 added" in half.err
    assert "is not on the list" in desk("suppress", "remove", "x@farm.example", code=2).err
    assert [one["address"] for one in desk("suppress", "list", "--json").json["suppressions"]] == ["a@farm.example"]


def test_a_trial_reaches_nobody_but_its_addresses(desk):
    """`--allow-only FILE`: the others stay planned; a file with a bad line is refused before anything is sent."""
    desk.campaign([by_email(1), by_email(2), by_text(3)])
    desk.write("trial.txt", "G2@farm.example\nnobody\n")
    assert "trial.txt, row 2" in desk("run", "spring.yaml", "--yes", "--allow-only", "trial.txt", code=3).err
    desk.write("trial.txt", "G2@farm.example\n")
    done = desk("run", "spring.yaml", "--yes", "--allow-only", "trial.txt", "--json").json
    assert (done["messages"]["accepted"], done["messages"]["pending"], done["links"]["created"]) == (1, 2, 1)
    assert dict(desk.received()) == {"g2@farm.example": 1}
