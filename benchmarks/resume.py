"""How long a run of an unchanged list takes to its first new message, against the first run, which examines and plans.

python benchmarks/resume.py [ROWS]
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from leafcast.sandbox.server import SandboxSettings, running

CAMPAIGN = """
campaign: resume
list: {file: growers.csv, region: US}
brand: {companyName: Prairie Co-op, supportEmail: help@prairie.example, postalAddress: "1 Main St, Ames IA"}
link: {expiresIn: 30d, rules: [{type: provider, allowedProviders: [JohnDeere]}]}
channels: [email]
email: {from: "Prairie <connect@prairie.example>", subject: "Connect your data"}
"""


def main(rows: int) -> None:
    """Print the seconds of both runs (each sends one message), and how many times quicker the second is."""
    with tempfile.TemporaryDirectory() as name, running(SandboxSettings()) as sandbox:
        folder = Path(name)
        (folder / "resume.yaml").write_text(CAMPAIGN, encoding="utf-8")
        with (folder / "growers.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["externalId", "name", "email"])
            writer.writerows([f"G-{n}", f"Grower {n}", f"g{n}@farm.example"] for n in range(rows))
        environment = {"PATH": os.environ["PATH"], "HOME": name} | sandbox.credentials
        command = [sys.executable, "-m", "leafcast", "run", "resume.yaml", "--yes", "--limit", "1", "--quiet"]
        seconds = []
        for _ in range(2):
            began = time.perf_counter()
            subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
            seconds.append(time.perf_counter() - began)
        first, again = seconds
        print(f"{rows:,} rows: first run {first:.2f} s, unchanged {again:.2f} s, {first / again:.1f} times quicker")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
