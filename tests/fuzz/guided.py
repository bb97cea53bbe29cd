"""python -m tests.fuzz.guided TARGET [--runs 100000] [--seconds 60] [--seed 1] [--record FILE]: led by coverage.

Atheris (libFuzzer) changes the bytes that reached new code of leafcast's reader and judge, again and again. It has
wheels for Linux and a few Pythons only, so that no test needs it: `make fuzz` installs it. What it found worth keeping
is in `.fuzz/`, and the next run goes on from there.
"""

# ruff: noqa: T201 - what it prints is what it is for

from __future__ import annotations

import argparse
import contextlib
import io
import json
import platform
import re
import resource
import subprocess
import sys
import tempfile
import traceback
from importlib.metadata import version
from pathlib import Path

KEPT = Path(".fuzz")
_PROGRESS = re.compile(r"cov: (\d+) ft: (\d+) corp: (\d+)/")


def main(words: list[str]) -> int:
    """Give 1 where something was wrong, with the bytes that do it; they are kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.guided")
    parser.add_argument("target")
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=0, help="0: as long as the runs take")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", type=Path, help="add what was done to this file")
    parser.add_argument("--again", type=Path, help="judge these bytes once, and show what comes of them")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args(words)
    if asked.inside or asked.again:
        _fuzz(asked)
        return 0
    return _watched(asked, [sys.executable, "-m", "tests.fuzz.guided", *words, "--inside"])


def _fuzz(asked: argparse.Namespace) -> None:
    """In a process of its own, which libFuzzer ends."""
    import atheris

    with contextlib.redirect_stderr(io.StringIO()), atheris.instrument_imports(include=["leafcast"]):
        from .targets import MOST, TARGETS
    target, seeds = TARGETS[asked.target]
    kept = KEPT / asked.target
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as name:  # noqa: S108
        folder = Path(name)
        if asked.again:
            print(target(asked.again.read_bytes(), folder))
            return
        for number, seed in enumerate(seeds(folder)):
            (kept / f"seed-{number:03}").write_bytes(seed)

        def once(data: bytes) -> None:
            try:
                wrong = target(data, folder).wrong
            except Exception:
                wrong = traceback.format_exc(limit=-8)
            if wrong:
                raise AssertionError(f"{wrong}\n{data!r}")

        options = [f"-runs={asked.runs}", f"-max_total_time={asked.seconds}", f"-seed={asked.seed}", f"-max_len={MOST}"]
        options += ["-len_control=20", "-timeout=60", f"-artifact_prefix={KEPT}/wrong-", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *options, str(kept)], once)
        atheris.Fuzz()


def _watched(asked: argparse.Namespace, command: list[str]) -> int:
    """Let the process inside run, say how far it is, and write down what it did."""
    executions, found, said = 0, (0, 0, 0), list[str]()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as run:
        for line in run.stdout or ():
            if progress := _PROGRESS.search(line):
                found = (int(progress[1]), int(progress[2]), int(progress[3]))
            if line.startswith("stat::number_of_executed_units:"):
                executions = int(line.split()[-1])
            if not line.startswith("#"):
                said = [*said, line][-60:]
    if run.returncode:
        print("".join(said))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = {
        "seed": asked.seed,
        "executions": executions,
        "processor_seconds": round(used.ru_utime + used.ru_stime),
        "edges": found[0],
        "features": found[1],
        "kept": found[2],
        "wrong": run.returncode != 0,
        "with": f"Atheris {version('atheris')}, Python {platform.python_version()}",
    }
    print(f"{asked.target}: {json.dumps(done)}")
    if asked.record:
        _record(asked.record, asked.target, done)
    return int(run.returncode != 0)


def _record(file: Path, target: str, done: dict[str, object]) -> None:
    known = json.loads(file.read_text()) if file.is_file() else {}
    known.setdefault(target, []).append(done)
    file.write_text(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
