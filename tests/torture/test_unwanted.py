"""The judge itself: what must not leave is told apart from what was on its way already."""

from __future__ import annotations

import json

from tests.torture import oracle


def judged(tmp_path, *lines):
    journal = tmp_path / "journal.jsonl"
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return oracle.read_truth(journal).unwanted


def asked(who, run=2, to="A@farm.example"):
    return {"kind": "asked", "svc": "email", "who": who, "to": to, "run": run, "time": "2026-03-02T15:00:00+00:00"}


def test_nobody_suppressed_is_written_to(tmp_path):
    """Not later, not in a later run either; only what that very run had on its way, and after it was taken back."""
    entry = {"channel": "email", "address": "a@farm.example"}
    suppressed = {"kind": "suppressed", **entry, "run": 2, "under_way": ["m1"]}
    assert judged(tmp_path, asked("m1"), suppressed, asked("m1"), asked("m2", to="b@farm.example")) == []
    assert judged(tmp_path, suppressed, {"kind": "unsuppressed", **entry}, asked("m2")) == []
    assert len(judged(tmp_path, suppressed, asked("m2"))) == 1
    assert len(judged(tmp_path, suppressed, asked("m1", run=3))) == 1


def test_nothing_recalled_is_sent(tmp_path):
    """What was planned when it was recalled leaves in no run any more."""
    recalled = {"kind": "recalled", "messages": ["m1"]}
    assert judged(tmp_path, asked("m1"), recalled, asked("m2")) == []
    assert len(judged(tmp_path, recalled, asked("m1"))) == 1
