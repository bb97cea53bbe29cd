"""How long until a command has something to say: `--help` against Python with nothing to do, then `status` and `export`
of a large ledger. The processor's time says more than the clock where others work beside it.

python benchmarks/startup.py [--runs 7] [--rows 100000]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from leafcast.sandbox.server import SandboxSettings, running

from resume import resumed, write_campaign  # isort: skip - a file beside this one

LEAFCAST = ("-m", "leafcast")


class Spent(NamedTuple):
    """Seconds by the clock, and of the processor."""

    wall: float
    processor: float


def whole(folder: Path, *words: str) -> Spent:
    """A command from its start to its end."""
    began, used = time.perf_counter(), _processor()
    subprocess.run([sys.executable, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return Spent(time.perf_counter() - began, _processor() - used)


def to_first_row(folder: Path, target: str) -> Spent:
    """`export` from its start until its first rows are in the file, where it is killed."""
    for old in folder.glob("*sent*.csv"):
        old.unlink()
    began, used = time.perf_counter(), _processor()
    child = subprocess.Popen([sys.executable, *LEAFCAST, "export", "resume.yaml", "--quiet", "-o", target], cwd=folder)
    while child.poll() is None and not any(part.stat().st_size for part in folder.glob("*sent*.csv")):
        time.sleep(0.005)
    wall = time.perf_counter() - began
    child.kill()
    child.wait()
    return Spent(wall, _processor() - used)


def _processor() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def told(what: str, runs: int, measure: Callable[[], Spent]) -> None:
    """Print the middle, the quickest and the slowest."""
    found = [measure() for _ in range(runs)]
    wall, used = (sorted(values) for values in zip(*found, strict=True))
    print(f"{what}: {wall[runs // 2]:.2f} s ({wall[0]:.2f} to {wall[-1]:.2f}), processor {used[runs // 2]:.2f} s")


def main(runs: int, rows: int) -> None:
    """Print all lines."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        told("python alone", runs, lambda: whole(folder, "-c", "pass"))
        told("leafcast --help", runs, lambda: whole(folder, *LEAFCAST, "--help"))
        write_campaign(folder, rows)
        with running(SandboxSettings()) as sandbox:
            resumed(sandbox, folder)
        told(f"leafcast status, {rows:,} rows", runs, lambda: whole(folder, *LEAFCAST, "status", "resume.yaml"))
        told(f"leafcast export, {rows:,} rows, to its first rows", runs, lambda: to_first_row(folder, "sent.csv"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()
    main(options.runs, options.rows)
