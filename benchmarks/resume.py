"""How long after a kill it takes until the next new message leaves: from the start of the process to the request as the
service sees it. The list is unchanged, so nothing is read or planned again.

Every measured run is killed (SIGKILL) as soon as its first message has arrived, which is never answered; so each run
but the first starts on what a killed one left behind.

python benchmarks/resume.py [ROWS] [--runs 7]
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from leafcast.sandbox.server import RunningSandbox, SandboxSettings, running

CAMPAIGN = """
campaign: resume
list: {file: growers.csv, region: US}
brand: {companyName: Prairie Co-op, supportEmail: help@prairie.example, postalAddress: "1 Main St, Ames IA"}
link: {expiresIn: 30d, rules: [{type: provider, allowedProviders: [JohnDeere]}]}
channels: [email]
email: {from: "Prairie <connect@prairie.example>", subject: "Connect your data"}
"""
COMMAND = [sys.executable, "-m", "leafcast", "run", "resume.yaml", "--yes", "--quiet"]
LONGEST = 600.0


class Resumed(NamedTuple):
    """Seconds from the start of a process: to its first request of any kind, and to its first message; and what it had
    used of a processor when it was killed."""

    request: float
    message: float
    processor: float


def write_campaign(folder: Path, rows: int) -> None:
    (folder / "resume.yaml").write_text(CAMPAIGN, encoding="utf-8")
    with (folder / "growers.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["externalId", "name", "email"])
        writer.writerows([f"G-{n}", f"Grower {n}", f"g{n}@farm.example"] for n in range(rows))


def resumed(sandbox: RunningSandbox, folder: Path) -> Resumed:
    """One run, killed as soon as a message has left it."""
    already = len(sandbox.control("requests")["requests"])
    used = _processor()
    began = time.monotonic()
    child = subprocess.Popen(COMMAND, cwd=folder, env=_environment(sandbox, folder), stdout=subprocess.DEVNULL)
    try:
        while True:
            seen = sandbox.control("requests")["requests"][already:]
            messages = [request for request in seen if request["service"] == "sendgrid"]
            if messages:
                break
            if child.poll() is not None or time.monotonic() - began > LONGEST:
                raise RuntimeError(f"no message left it; exit {child.returncode}")
            time.sleep(0.02)
    finally:
        child.kill()
        child.wait()
    return Resumed(seen[0]["at"] - began, messages[0]["at"] - began, _processor() - used)


def _environment(sandbox: RunningSandbox, folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder)} | sandbox.credentials


def _processor() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def main(rows: int, runs: int) -> None:
    """Print the first run, which examines and plans, then the others: middle, quickest and slowest."""
    with tempfile.TemporaryDirectory() as name, running(SandboxSettings()) as sandbox:
        folder = Path(name)
        write_campaign(folder, rows)
        # The first message is never answered, so a process has done no more than it needs for that when it is killed.
        sandbox.faults({"kind": "hang", "service": "sendgrid", "operation": "send"})
        first = resumed(sandbox, folder)
        found = [resumed(sandbox, folder) for _ in range(runs)]
    print(f"{rows:,} rows, first run: first message after {first.message:.2f} s ({first.processor:.2f} s of processor)")
    for what, values in zip(Resumed._fields, zip(*found, strict=True), strict=True):
        ordered = sorted(values)
        middle, named = (
            ordered[len(ordered) // 2],
            {"processor": "processor used until then"}.get(what, f"first {what}"),
        )
        print(f"  after a kill: {named} {middle:.2f} s ({ordered[0]:.2f} to {ordered[-1]:.2f}, {runs} runs)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=int, nargs="?", default=10_000)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    main(options.rows, options.runs)
