"""Deliberate faults of the product and of the machines, each of which some layer must catch.

A mutant of the product is a small change of its text, applied to a private copy of `src`; one that no longer applies is
an error, so that the table cannot rot. For each the layers are tried in the order given, each with its share.
"""

# ruff: noqa: T201, E501 - the product's own lines are quoted as they stand; what it prints is what it is for
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.torture import model, stage, trials

ROOT = Path(__file__).resolve().parents[2]
POSTING, MINTING = "stories/posting.py", "stories/minting.py"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: (file, old, new) each, and the layers that should see it, the likeliest first."""

    name: str
    what: str
    changes: tuple[tuple[str, str, str], ...]
    layers: tuple[str, ...]


MUTANTS = (
    Mutant(
        "normal",
        "commits that a power cut takes back (synchronous=NORMAL)",
        (("edge/ledger/connect.py", '("synchronous", "FULL", 2)', '("synchronous", "NORMAL", 1)'),),
        ("virtual",),
    ),
    Mutant(
        "suppressed-late",
        "who is suppressed after the plan is written to all the same",
        (
            (
                "edge/ledger/migrations/0007_suppressions.sql",
                "WHEN NEW.state = 'sending'\n AND EXISTS (SELECT 1 FROM suppression",
                "WHEN NEW.state = 'sending'\n AND 0 AND EXISTS (SELECT 1 FROM suppression",
            ),
        ),
        ("stateful",),
    ),
    Mutant(
        "intent-after-send",
        "the intent is written after the request has left",
        (
            (
                POSTING,
                "committed = await world.ledger.record(MessageIntent(message.id, generation))",
                "committed = world.clock.monotonic()",
            ),
            (
                POSTING,
                "outcome = await letter(turn)",
                "outcome = await letter(turn)\n                world.ledger.record(MessageIntent(message.id, generation))",
            ),
        ),
        ("kill", "virtual"),
    ),
    Mutant(
        "intent-not-awaited",
        "the request does not wait for its intent's commit",
        (
            (
                POSTING,
                "committed = await world.ledger.record(MessageIntent(message.id, generation))",
                "world.ledger.record(MessageIntent(message.id, generation))\n                committed = world.clock.monotonic()",
            ),
        ),
        ("virtual", "kill"),
    ),
    Mutant(
        "retry-on-read-timeout",
        "an answer that does not come counts as not sent",
        (
            (
                "edge/http/network.py",
                "(httpx.TimeoutException, Unanswered, Fault.TIMEOUT)",
                "(httpx.TimeoutException, NotSent, Fault.TIMEOUT)",
            ),
        ),
        ("lost",),
    ),
    Mutant(
        "retry-on-disconnect",
        "a connection that ends before the answer counts as not sent (RemoteProtocolError and its like)",
        (
            (
                "edge/http/network.py",
                "(httpx.ProtocolError, Unanswered, Fault.GARBLED)",
                "(httpx.ProtocolError, NotSent, Fault.GARBLED)",
            ),
            (
                "edge/http/network.py",
                "(httpx.TransportError, Unanswered, Fault.CLOSED)",
                "(httpx.TransportError, NotSent, Fault.CLOSED)",
            ),
        ),
        ("lost",),
    ),
    Mutant(
        "retry-on-5xx",
        "a 5xx counts as not sent",
        (
            ("decide/verdicts/common.py", "DOUBT = Ruling(Verdict.IN_DOUBT,", "DOUBT = Ruling(Verdict.PAUSE,"),
            ("decide/verdicts/twilio.py", "Verdict.IN_DOUBT", "Verdict.PAUSE"),
        ),
        ("storms", "lost"),
    ),
    Mutant(
        "rescue",
        "what was sending at a start becomes planned again",
        (
            (
                "edge/ledger/queries/runs.sql",
                "UPDATE message SET state = 'in_doubt', error_code",
                "UPDATE message SET state = 'planned', error_code",
            ),
        ),
        ("virtual", "kill"),
    ),
    Mutant(
        "no-epoch-check",
        "a run that was taken over goes on writing",
        (
            (
                "edge/ledger/store.py",
                "if self._run is not None and not runs.is_last(",
                "if False and self._run is not None and not runs.is_last(",
            ),
        ),
        ("runners",),
    ),
    Mutant(
        "no-deadline",
        "a process that slept between intent and request sends all the same",
        (
            (
                POSTING,
                "late = world.clock.monotonic() - committed > SEND_DEADLINE or not self._minter.fresh(link)",
                "late = False",
            ),
        ),
        ("runners",),
    ),
    Mutant(
        "deadline-from-row",
        "the deadline is counted from the row, which the other runner has refreshed",
        (
            (
                POSTING,
                "            late = world.clock.monotonic() - committed > SEND_DEADLINE or not self._minter.fresh(link)",
                "            row = next(r for r in world.reader.rows(self._campaign.name) if r.message_id == message.id)\n"
                "            late = (world.clock.now() - row.updated_at).total_seconds() > SEND_DEADLINE",
            ),
        ),
        ("runners",),
    ),
    Mutant(
        "no-settle-wait",
        "a doubt is settled at once, while its request may still arrive",
        (
            (
                "decide/settling.py",
                "return left_at + timedelta(seconds=settle)",
                "return left_at + timedelta(seconds=settle * 0)",
            ),
        ),
        ("virtual",),
    ),
    Mutant(
        "one-look",
        "absence is believed at the first look",
        (
            (
                "decide/settling.py",
                "return first is not None and now > first and now >= settles_at(first, settle)",
                "return True",
            ),
        ),
        ("virtual",),
    ),
    Mutant(
        "csv-not-strict",
        "an open quote swallows rows without a word",
        (
            (
                "edge/listfile/delimited.py",
                "csv.reader(lines, delimiter=self.delimiter, strict=True)",
                "csv.reader(lines, delimiter=self.delimiter)",
            ),
            ("edge/listfile/delimited.py", "            if width and lines.several:", "            if False:"),
        ),
        ("lists",),
    ),
    Mutant(
        "cursor",
        "a place in the list is kept instead of states",
        (
            (
                "edge/ledger/queries/work.sql",
                "WHERE m.campaign_id = :campaign_id AND m.state = 'planned' AND m.invitation_id > :after",
                "WHERE m.campaign_id = :campaign_id AND m.state = 'planned' AND m.invitation_id > :after AND m.invitation_id > "
                "(SELECT COALESCE(MAX(invitation_id), 0) FROM message WHERE campaign_id = :campaign_id AND attempts > 0)",
            ),
        ),
        ("virtual", "kill"),
    ),
    Mutant(
        "complete-by-loop-exit",
        "a run that was stopped says that it is done",
        (("stories/run.py", "if self.stopped is not None:", "if False:"),),
        ("kill", "virtual"),
    ),
    Mutant(
        "link-logged",
        "a link is written to the log",
        (
            (
                "edge/leaf/client.py",
                "        return LinkOutcome(outcome, link) if link is not None",
                "        import logging\n        logging.getLogger('leafcast').info('made %s', link and link.url)\n"
                "        return LinkOutcome(outcome, link) if link is not None",
            ),
        ),
        ("lost",),
    ),
    Mutant(
        "no-breaker",
        "nothing stops a run by itself, and no service is left alone",
        (
            (
                "decide/breaker.py",
                "        self._open(now)\n        return True",
                "        return False",
            ),
            (
                "decide/stopping.py",
                "        if outcome.verdict is Verdict.STOP:",
                "        if outcome.verdict is not Verdict.STOP:\n            return None\n        if outcome.verdict is Verdict.STOP:",
            ),
        ),
        ("storms",),
    ),
    Mutant(
        "no-lock",
        "the lock is not taken",
        (("edge/ledger/lock.py", "            self._lock.acquire()\n", "            pass\n"),),
        ("runners",),
    ),
    Mutant(
        "no-copy-check",
        "a ledger restored from a copy is taken as it is",
        (("edge/ledger/lock.py", "if note.ledger == uuid and epoch < note.epoch:", "if False:"),),
        ("runners",),
    ),
    Mutant(
        "doubt-goes-on",
        "the next channel is tried when the first ended in doubt",
        (
            (
                POSTING,
                "if settled.outcome.verdict is Verdict.REFUSED:",
                "if settled.outcome.verdict in (Verdict.REFUSED, Verdict.IN_DOUBT):",
            ),
        ),
        ("kill", "virtual"),
    ),
    Mutant(
        "wrong-link",
        "a message is written with the link of another grower",
        (
            (
                POSTING,
                "letter = courier.letter(invitation.grower, link, message.id, invitation.round, invitation.cause)",
                "link = self.__dict__.setdefault('_kept', link)\n            letter = courier.letter(invitation.grower, link, message.id, invitation.round, invitation.cause)",
            ),
        ),
        ("kill", "virtual"),
    ),
    Mutant(
        "stale-link",
        "a link is sent that has little of its life left",
        ((MINTING, "        return left >= timedelta(", "        return True or left >= timedelta("),),
        ("virtual",),
    ),
    Mutant(
        "stop-leaves-doubts",
        "a stop does not wait for what is under way",
        (
            (
                "stories/brake.py",
                "        now = asyncio.get_running_loop().time()",
                "        for task in asyncio.all_tasks():\n            task.cancel()\n        now = asyncio.get_running_loop().time()",
            ),
        ),
        ("kill",),
    ),
)


def main(seed: int, only: list[str], record: Path | None) -> int:
    """Try them all and print the table; 1 when one was not caught or does not apply."""
    rows: list[tuple[str, str, str]] = []
    failed = False
    if not only or "control" in only:
        layers = sorted({layer for mutant in MUTANTS for layer in mutant.layers})
        wrong = _caught(layers, seed, None, "")
        rows.append(("control", "nothing is changed, and nothing may be caught", wrong or "rightly not caught"))
        failed |= bool(wrong)
    for name, what in model.MUTANTS.items():
        if not only or name in only:
            rows.append((f"model: {name}", what, _caught(["model", "model2"], seed, None, name)))
    for name, what in trials.MUTANTS.items():
        if not only or name in only:
            rows.append((f"trials: {name}", what, _caught(["trials"], seed, None, name)))
    for mutant in MUTANTS:
        if only and mutant.name not in only:
            continue
        with stage.scratch("mutant") as room:
            problem = _patched(mutant, room / "src")
            caught = problem or _caught(list(mutant.layers), seed, room / "src", "")
        rows.append((mutant.name, mutant.what, caught))
        print(f"{mutant.name}: {caught or 'NOT CAUGHT'}", flush=True)
    print()
    for name, what, caught in rows:
        print(f"| {name} | {what} | {caught or '**not caught**'} |")
        failed |= not caught or caught.startswith("does not apply")
    mutants = [row for row in rows if row[0] != "control"]
    print(f"\n{sum(bool(row[2]) and not row[2].startswith('does not') for row in mutants)} of {len(mutants)} caught")
    if record:
        with record.open("a", encoding="utf-8") as file:
            line = {
                "layer": "mutants",
                "seed": seed,
                "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "rows": rows,
            }
            file.write(json.dumps(line) + "\n")
    return int(failed)


def _patched(mutant: Mutant, target: Path) -> str:
    """Copy the sources and apply the changes; what is wrong with them, or nothing."""
    shutil.copytree(ROOT / "src", target, ignore=shutil.ignore_patterns("__pycache__"))
    for beside in ("templates", "campaigns", "sample_data"):
        (target.parent / beside).symlink_to(ROOT / beside)
    for name, old, new in mutant.changes:
        file = target / "leafcast" / name
        text = file.read_text(encoding="utf-8")
        if old not in text:
            return f"does not apply: {name} has no {old[:60]!r}"
        file.write_text(text.replace(old, new), encoding="utf-8")
    return ""


def _caught(layers: list[str], seed: int, source: Path | None, rule: str) -> str:
    """The layer that saw it and with which words; nothing when none did."""
    for layer in layers:
        command = [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "tests.torture",
            layer,
            "--seed",
            str(seed),
            "--share",
            "--first-failure",
        ]
        if rule:
            command += ["--mutant", rule]
        path = [str(source)] if source else []
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONDONTWRITEBYTECODE": "1"}
        ended = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=600
        )
        for line in ended.stdout.splitlines():
            head, found, words = line.partition(f"{layer.upper()} {seed} ")
            if found and not head:
                return f"{layer} {words[:110]}"
        if ended.returncode:
            return f"does not apply: {layer} broke: {ended.stderr[-400:]}"
    return ""
