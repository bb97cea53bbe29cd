"""L4 and L5 for the commands beside a run: suppress, recall, sync, resolve and retry, killed at a system call, or told
ENOSPC or EIO. Each begins on a ledger with messages accepted, planned, in doubt and skipped; afterwards the same
command and a run must end well, and the oracle judges.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from urllib.request import urlopen

from tests.torture import oracle, stage, syscalls
from tests.torture.common import Tally, Task, rng, spread
from tests.torture.lost import _credentials, _cut_journal, sandbox

LEDGER = ("--ledger", "sqlite:///ledger.db")
COMMANDS = {
    "suppress": ("suppress", "add", "zq19@farm.example", "+15155552019", *LEDGER),
    "unsuppress": ("suppress", "remove", "zq5@farm.example", *LEDGER),
    "recall": ("recall", "campaign.yaml", "--yes", *LEDGER),
    "recall some": ("recall", "campaign.yaml", "--yes", "--only", "{name}-1", "--only", "{name}-19", *LEDGER),
    "sync": ("sync", "campaign.yaml", *LEDGER),
    "assume": ("resolve", "campaign.yaml", "--assume-sent", "--yes", *LEDGER),
    "resend": ("resolve", "campaign.yaml", "--resend", "--yes", *LEDGER),
    "retry": ("retry", "campaign.yaml", "--yes", *LEDGER),
}
FAULTS = (
    {"kind": "reset", "service": "sendgrid", "operation": "send", "contains": "zq3@farm", "processed": True},
    {"kind": "reset", "service": "twilio", "operation": "send", "contains": "5552002"},
    {"kind": "status", "service": "sendgrid", "operation": "send", "contains": "zq4@farm", "status": 500},
)
CALLS = (
    "pwrite64", "fdatasync", "openat", "sendto", "recvfrom", "read", "write", "flock", "unlink", "rename",
    "ftruncate", "close",
)  # fmt: skip
OF_FILES = ("pwrite64", "fdatasync", "openat", "rename", "ftruncate")
_census: dict[str, Mapping[str, int]] = {}


def part(task: Task, first: int, last: int, deadline: float) -> Tally:
    """Some schedules, with a sandbox of their own."""
    tally = Tally()
    _census.clear()
    with stage.scratch("commands") as room, sandbox(room / "sandbox.jsonl") as (url, env):
        with urlopen(f"{url}/control/faults", json.dumps(FAULTS).encode()):  # noqa: S310 - our own loopback address
            pass
        syscalls._warm(room)
        for number in range(first, last):
            if time.monotonic() >= deadline:
                break
            _schedule(task, room, env, number, tally)
            if task.first_failure and tally.violations:
                break
    return tally


def _begun(room: Path, env: Mapping[str, str], name: str) -> Path:
    """A campaign of which a part was sent, to somebody with faults, and somebody is suppressed."""
    folder = syscalls._folder(room, name)
    for words in (["suppress", "add", "zq5@farm.example", *LEDGER], [*syscalls.RUN, "--limit", "6"]):
        code = syscalls._command(folder, env, words, [])
        if code not in (0, 4):
            raise RuntimeError(f"the beginning ended with {code}: {(folder / 'said.txt').read_text()[-800:]}")
    return folder


def _words(command: str, name: str) -> list[str]:
    return [word.replace("{name}", name) for word in COMMANDS[command]]


def _counted(room: Path, env: Mapping[str, str], command: str) -> Mapping[str, int]:
    """How often each call happens in one thread of the command."""
    if command not in _census:
        name = f"Census{len(_census)}"
        folder = _begun(room, env, name)
        options = ["-o", str(folder / "trace"), "-e", f"trace={','.join(CALLS)}"]
        syscalls._command(folder, env, _words(command, name), options)
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for line in (folder / "trace").read_text().splitlines():
            if (match := re.match(r"(\d+) +(\w+)\(", line)) is not None:
                found[match[2]][match[1]] += 1
        _census[command] = {call: max(threads.values()) for call, threads in found.items()}
    return _census[command]


def _strike(chance: random.Random, counts: Mapping[str, int]) -> syscalls.Strike:
    call = chance.choice([call for call in CALLS if counts.get(call)])
    what = chance.choice(("kill", "kill", *syscalls.ERRORS)) if call in OF_FILES else "kill"
    for_ever = "+" if what != "kill" and chance.random() < 0.5 else ""
    return syscalls.Strike(call, f"{chance.randint(1, counts[call])}{for_ever}", what)


def _schedule(task: Task, room: Path, env: Mapping[str, str], number: int, tally: Tally) -> None:
    chance, name = rng(task.seed, number, "commands"), f"C{number}x"
    command = chance.choice(sorted(COMMANDS))
    strike = _strike(chance, _counted(room, env, command))
    folder = _begun(room, env, name)
    before = len(_judged(room, folder, name)[1].messages)
    of_files = strike.what != "kill"
    options = ["-o", os.devnull, "-e", f"trace={strike.call}", *strike.options]
    code = syscalls._command(
        folder, env, _words(command, name), [*options, *(syscalls._paths(folder) if of_files else [])]
    )
    tally.schedules += 1
    tally.figures[f"{command}: exit {code}"] += 1
    words = _judged(room, folder, name)[0]
    if code != -9 and code not in syscalls.GOOD_ENDS:
        words.append(f"ended with {code}")
    words += _goes_on(env, folder, name, command)
    wrong, truth = _judged(room, folder, name)
    # A person's word lets a message arrive twice.
    words += [word for word in wrong if command != "resend" or not word.startswith("I2")]
    if command == "recall" and len(truth.messages) != before:
        words.append(f"I11 {len(truth.messages) - before} messages left after the campaign was recalled")
    if command == "suppress" and any(message["to"].startswith(("zq19@", "+15155552019")) for message in truth.messages):
        words.append("I11 somebody suppressed was written to")
    said = (folder / "said.txt").read_text(errors="replace")
    growers = oracle.read_list(folder / "growers.csv")
    if command != "unsuppress":  # which says what it did not find, to the one who typed it
        words += oracle.leaks([said], truth, growers, _credentials(dict(env)))
    if words:
        words = [f"{command}, {strike}: {word}" for word in dict.fromkeys(words)][:4]
        tally.wrong(task.layer, task.seed, number, [*words, said[-800:]])
    elif not os.environ.get("LEAFCAST_TORTURE_KEEP"):
        shutil.rmtree(folder)


def _goes_on(env: Mapping[str, str], folder: Path, name: str, command: str) -> list[str]:
    """The command once more, and a run; `remove` ends with 2 where it had done its work before it was struck."""
    good = (0, 4, 2) if command == "unsuppress" else (0, 4)
    wrong = []
    again = syscalls._command(folder, env, _words(command, name), [])
    if again not in good:
        wrong.append(f"I5 the same command afterwards: exit {again}")
    for _ in range(3):
        code = syscalls._command(folder, env, syscalls.RUN, [])
        if code in (0, 4):
            break
    else:
        wrong.append(f"I5 cannot be continued: exit {code}")
    return wrong


def _judged(room: Path, folder: Path, name: str) -> tuple[list[str], oracle.Truth]:
    _cut_journal(room / "sandbox.jsonl", folder / "journal.jsonl", f"{name}-")
    wrong = oracle.judge(folder, exit_code=None, first_only=False).wrong
    return wrong, oracle.read_truth(folder / "journal.jsonl")


def run(task: Task) -> Tally:
    """The layer."""
    if why := syscalls.available():
        return Tally(notes=[f"not run: {why}"])
    return spread(part, task, 100)
