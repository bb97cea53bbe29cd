"""L4 and L5: the real command over a small campaign, killed at every system call, and with a disk that is full or
broken at every call to a file of the ledger, once and for ever.

strace holds the process (`inject=CALL:signal=SIGKILL:when=k`, `error=ENOSPC|EIO:when=k` and `k+`). The process is
forked from one that has everything loaded, and is held from its first call on. The sandbox with its fsynced journal
is another process. Which calls there are, and how many of each in a thread, is counted first; `when` counts by
thread.
"""

from __future__ import annotations

import csv
import gc
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from tests.torture import oracle, stage
from tests.torture.common import Tally, Task, rng, spread
from tests.torture.lost import _credentials, _cut_journal, sandbox

from leafcast.cli.job import open_job

GROWERS = 20
CALLS = (
    "pwrite64", "fdatasync", "fsync", "write", "sendto", "sendmsg", "recvfrom", "recvmsg", "connect", "openat",
    "ftruncate", "unlink", "rename", "renameat", "flock", "fcntl", "close", "read", "writev",
)  # fmt: skip
OF_FILES = ("pwrite64", "fdatasync", "fsync", "write", "ftruncate", "openat", "fallocate", "rename")
ERRORS = ("ENOSPC", "EIO")
PATHS = ("ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db.epoch", "ledger.db.epoch.new", "ledger.db.lock")
LONGEST = 60.0
GOOD_ENDS = (0, 2, 4, 5)
UNDER_WAY = stage.WORKERS


@dataclass(frozen=True, slots=True)
class Strike:
    """One schedule: what happens at which call."""

    call: str
    when: str
    what: str

    @property
    def options(self) -> list[str]:
        how = "signal=SIGKILL" if self.what == "kill" else f"error={self.what}"
        return ["-e", f"inject={self.call}:{how}:when={self.when}"]

    def __str__(self) -> str:
        return f"{self.what} at {self.call} {self.when}"


def available() -> str:
    """Why this layer cannot run here; nothing when it can."""
    if not sys.platform.startswith("linux") or shutil.which("strace") is None:
        return "strace is missing here (on Debian and Ubuntu: apt-get install strace)"
    tried = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"strace may not trace here: {tried.stderr.strip()[:200]}"


def _folder(room: Path, name: str) -> Path:
    folder = room / name
    folder.mkdir()
    stage.write_shape(stage.Shape("syscalls", "b" * GROWERS, deliver="all"), folder)
    with (folder / "growers.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["externalId", "name", "email", "phone"])
        for number in range(1, GROWERS + 1):
            writer.writerow(
                [f"{name}-{number}", f"Zachariah Q{number}", f"zq{number}@farm.example", f"+1515555{2000 + number}"]
            )
    return folder


def _command(folder: Path, env: Mapping[str, str], words: list[str], strace: list[str]) -> int:
    """`leafcast …` in a forked process, held by strace from its start; its exit code."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            said = os.open(folder / "said.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            os.dup2(said, 1)
            os.dup2(said, 2)
            os.chdir(folder)
            os.environ.update(env)
            sys.argv = ["leafcast", *words]
            if strace:
                os.kill(os.getpid(), signal.SIGSTOP)
            from leafcast.cli.main import main

            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        except BaseException:
            os.write(2, traceback.format_exc().encode())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code & 0xFF)
    if not strace:
        return _waited(child)
    os.waitpid(child, os.WUNTRACED)
    tracer = subprocess.Popen(["strace", "-f", "-qq", "-p", str(child), *strace], stderr=subprocess.DEVNULL)
    try:
        while "TracerPid:\t0\n" in Path(f"/proc/{child}/status").read_text():
            time.sleep(0.002)
        os.kill(child, signal.SIGCONT)
        return _waited(child)
    finally:
        tracer.wait()


def _waited(child: int) -> int:
    ended = os.pidfd_open(child)
    try:
        if not select.select([ended], [], [], LONGEST)[0]:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return -99
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        os.close(ended)


RUN = ["run", "campaign.yaml", "--yes", "--quiet", "--ledger", "sqlite:///ledger.db"]


def _counted(room: Path, env: Mapping[str, str], name: str, calls: tuple[str, ...], paths: bool) -> dict[str, int]:
    """How often each call happens in one thread."""
    folder = _folder(room, name)
    options = ["-o", str(folder / "trace"), "-e", f"trace={','.join(calls)}", *(_paths(folder) if paths else [])]
    code = _command(folder, env, RUN, options)
    if code not in (0, 4):
        raise RuntimeError(f"a calm run ended with {code}: {(folder / 'said.txt').read_text()[-800:]}")
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for line in (folder / "trace").read_text().splitlines():
        if (match := re.match(r"(\d+) +(\w+)\(", line)) is not None:
            found[match[2]][match[1]] += 1
    return {call: max(threads.values()) for call, threads in found.items()}


def _paths(folder: Path) -> list[str]:
    return [word for name in PATHS for word in ("-P", str(folder / name))]


KINDS = tuple(
    [(call, "kill", "") for call in CALLS]
    + [(call, error, for_ever) for call in OF_FILES for error in ERRORS for for_ever in ("", "+")]
)


def strike_of(number: int) -> Strike:
    """The schedule of a number, the same for ever: kinds of strike in turn, then the next call."""
    call, what, for_ever = KINDS[number % len(KINDS)]
    return Strike(call, f"{number // len(KINDS) + 1}{for_ever}", what)


def numbers(kills: Mapping[str, int], files: Mapping[str, int]) -> list[int]:
    """Every schedule that there is, given how often each call happens."""
    found = []
    for place, (call, what, _) in enumerate(KINDS):
        count = (kills if what == "kill" else files).get(call, 0)
        found += [(k - 1) * len(KINDS) + place for k in range(1, count + 1)]
    return sorted(found)


@lru_cache(maxsize=1)
def _places(seed: int) -> tuple[int, ...]:
    """Every place to strike at, in the order of a seed: each has its own, so that one more or less in a later count
    moves no other."""
    with stage.scratch("syscalls") as room, sandbox(room / "sandbox.jsonl") as (_url, env):
        _warm(room)
        kills = _counted(room, env, "Census1", CALLS, paths=False)
        files = _counted(room, env, "Census2", OF_FILES, paths=True)
    return tuple(sorted(numbers(kills, files), key=lambda number: rng(seed, number, "syscalls").random()))


def part(task: Task, first: int, last: int, deadline: float) -> Tally:
    """The schedules of a range; in a share they are drawn from all."""
    tally = Tally()
    chosen = _left(task)[first:last] if task.only is None else [task.only]
    with stage.scratch("syscalls") as room, sandbox(room / "sandbox.jsonl") as (_url, env):
        _warm(room)
        for number in chosen:
            if time.monotonic() >= deadline:
                break
            _schedule(task, room, env, number, strike_of(number), tally)
            if task.first_failure and tally.violations:
                break
    return tally


@lru_cache(maxsize=1)
def _left(task: Task) -> tuple[int, ...]:
    """The places that earlier runs did not cover."""
    done = _covered(task)
    return tuple(number for number in _places(task.seed) if number not in done)


def _covered(task: Task) -> set[int]:
    if task.covered is None or not task.covered.exists():
        return set()
    return {int(line) for line in task.covered.read_text(encoding="ascii").split()}


def _cover(task: Task, number: int) -> None:
    """Note a place that held, at once, so that a run which is cut off is not made again."""
    if task.covered is not None and task.only is None:
        with task.covered.open("a", encoding="ascii") as file:
            file.write(f"{number}\n")


def _warm(room: Path) -> None:
    """Load and work out once what every command would, before any is forked: modules, and the campaign's templates,
    which are kept by their text. Two thirds of a command's time went there."""
    import twilio.rest.api.v2010.account.message  # noqa: F401 - the SDK loads it at the first text

    import leafcast.cli.main
    import leafcast.cli.services
    import leafcast.decide.summary
    import leafcast.edge.fingerprint
    import leafcast.edge.sendgrid
    import leafcast.edge.twilio
    import leafcast.stories.run  # noqa: F401

    stage.warm()
    open_job(_folder(room, "Warm") / "campaign.yaml").examiner.survey()
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page of this


def _schedule(task: Task, room: Path, env: Mapping[str, str], number: int, strike: Strike, tally: Tally) -> None:
    name = f"S{number}x"
    folder = _folder(room, name)
    of_files = strike.what != "kill"
    options = ["-o", os.devnull, "-e", f"trace={strike.call}", *strike.options, *(_paths(folder) if of_files else [])]
    code = _command(folder, env, RUN, options)
    tally.schedules += 1
    tally.figures[f"{strike.what} {strike.call}"] += 1
    tally.figures[f"exit {code}"] += 1
    wrong = _judged(room, folder, name, code)
    doubts = wrong.pop("doubts")
    tally.peak("doubts after a strike", doubts)
    tally.doubts += doubts
    words = list(wrong["wrong"])
    if code != -9 and code not in GOOD_ENDS:
        crashes = [file.read_text(errors="replace") for file in folder.glob("leafcast-crash-*")]
        said_so_far = (folder / "said.txt").read_text(errors="replace")
        words.append(f"ended with {code}: {said_so_far[-500:]} {' '.join(crashes)[-1500:]}")
    for _ in range(4):
        again = _command(folder, env, RUN, [])
        if again in (0, 4):
            break
    else:
        words.append(
            f"I5 cannot be continued: exit {again}: {(folder / 'said.txt').read_text(errors='replace')[-500:]}"
        )
    words += _judged(room, folder, name, again)["wrong"]
    truth, growers = oracle.read_truth(folder / "journal.jsonl"), oracle.read_list(folder / "growers.csv")
    said = (folder / "said.txt").read_text(errors="replace")
    words += oracle.leaks([said], truth, growers, _credentials(dict(env)))
    if words:
        tally.wrong(task.layer, task.seed, number, [f"{strike}: {word}" for word in dict.fromkeys(words)][:4])
        return
    _cover(task, number)
    if not os.environ.get("LEAFCAST_TORTURE_KEEP"):
        shutil.rmtree(folder)


def _judged(room: Path, folder: Path, name: str, code: int) -> dict[str, object]:
    _cut_journal(room / "sandbox.jsonl", folder / "journal.jsonl", f"{name}-")
    found = oracle.judge(
        folder,
        exit_code=code if code in (0, 4, 5) else None,
        first_only=False,
        most_doubts=UNDER_WAY if code == -9 else None,
    )
    wrong = found.wrong
    if code == 5 and found.sending:
        # What was under way when the disk gave out could not be written down any more: the next start makes it a doubt.
        wrong = [word for word in wrong if not word.startswith("I5 exit 5 leaves")]
    return {"wrong": wrong, "doubts": found.doubts + found.sending}


def run(task: Task) -> Tally:
    """The layer."""
    if why := available():
        return Tally(notes=[f"not run: {why}"])
    if task.only is not None:
        return spread(part, task, 1)
    every, left = _places(task.seed), _left(task)  # counted here, once, for the processes that are forked
    tally = spread(part, replace(task, size=max(0, min(task.size, len(left) - task.first))), 100)
    tally.peak("places to strike at", len(every))
    if task.covered is not None:
        covered = len(_covered(task).intersection(every))
        tally.notes.append(f"covered so far, all runs together: {covered:,} of {len(every):,} places")
    return tally
