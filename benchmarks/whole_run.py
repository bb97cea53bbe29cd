"""A whole run, from the list to the ledger, against the bare client and against the script of an afternoon.

    python benchmarks/whole_run.py [--rows 5000] [--latency 0.0] [--runs 1] [--durability] [--memory]

`leafcast run` as a user types it, in a process of its own: start-up, check of every row, plan, one link and one email a
row, full durability. The ceiling makes the same two requests for as many rows through the bare client, at the same
number of connections, with no other work. The script is benchmarks/counterpart.py. All three in the same run, against
the same kind of server. `--durability` repeats it with commits that a power cut may take back; `--memory` says how much
memory the run needs at these rows and at ten times as many.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from leafcast.edge.http import open_network
from leafcast.stories.lanes import EMAILS

from counterpart import growers, measured  # isort: skip - files beside this one
from services import any_service  # isort: skip

CAMPAIGN = """
campaign: bench
list: {file: growers.csv, region: US}
brand: {companyName: Prairie Co-op, supportEmail: help@prairie.example, postalAddress: "1 Main St, Ames IA"}
link: {expiresIn: 30d, rules: [{type: provider, allowedProviders: [JohnDeere, ClimateFieldView]}]}
channels: [email]
email: {from: "Prairie <connect@prairie.example>", subject: "Connect your data"}
pace: {leaf: unlimited, sendgrid: unlimited}
"""
WITHOUT_SYNC = (
    "import sys; import leafcast.edge.ledger.connect as c; "
    "c._SETTINGS = tuple(('synchronous', 'OFF', 0) if one[0] == 'synchronous' else one for one in c._SETTINGS); "
    "from leafcast.cli.main import main; main()"
)


def run(url: str, rows: int, *, durable: bool = True) -> tuple[float, float]:
    """Rows a second of wall time, and the most memory in MB."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bench.yaml").write_text(CAMPAIGN)
        with (folder / "growers.csv").open("w", newline="") as file:
            written = csv.DictWriter(file, ["externalId", "name", "email"])
            written.writeheader()
            written.writerows(growers(rows))
        keys = {"LEAF_TOKEN": "t", "SENDGRID_API_KEY": "SG.k"}
        urls = {"LEAF_API_URL": url, "SENDGRID_API_URL": url}
        start = ["-m", "leafcast"] if durable else ["-c", WITHOUT_SYNC]
        words = [sys.executable, *start, "run", "bench.yaml", "--yes", "--quiet", "--json"]
        began = time.perf_counter()
        process = subprocess.Popen(words, cwd=folder, env={**os.environ, **keys, **urls}, stdout=subprocess.PIPE)
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        took = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        counts = json.loads(said)["messages"]
        assert counts["accepted"] == rows, counts
        return rows / took, usage.ru_maxrss / 1024


async def ceiling(url: str, rows: int) -> float:
    """The same two requests a row, and nothing else."""
    link = json.dumps({"externalId": "G-1", "expiresIn": 2592000, "settings": {"companyName": "Prairie"}}).encode()
    mail = json.dumps({"personalizations": [{"to": [{"email": "g@farm.example"}]}], "content": "x" * 6000}).encode()
    headers = {"Content-Type": "application/json", "Authorization": "Bearer t"}
    todo = iter(range(rows))
    async with open_network() as network:

        async def worker() -> None:
            for _ in todo:
                await network.send("POST", f"{url}/services/widgets/api/magic-link/provider", headers, link)
                await network.send("POST", f"{url}/v3/mail/send", headers, mail)

        began = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(EMAILS)))
        return rows / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--durability", action="store_true")
    parser.add_argument("--memory", action="store_true")
    options = parser.parse_args()
    print("| rows/s: leafcast run | bare client | ratio | script | times as fast | memory, MB |")
    print("| --- | --- | --- | --- | --- | --- |")
    with any_service(options.latency) as url:
        for _ in range(options.runs):
            ours, memory = run(url, options.rows)
            bare = asyncio.run(ceiling(url, options.rows))
            script = measured(300 if not options.latency else 30, options.latency)
            print(
                f"| {ours:,.0f} | {bare:,.0f} | {ours / bare:.2f} "
                f"| {script:,.1f} | {ours / script:.1f} | {memory:.0f} |"
            )
            if options.durability:
                loose, _ = run(url, options.rows, durable=False)
                print(f"without waiting for the disk: {loose:,.0f} rows/s; durability costs {1 - ours / loose:.1%}")
        if options.memory:
            print(f"memory at {options.rows * 10:,} rows: {run(url, options.rows * 10)[1]:.0f} MB")


if __name__ == "__main__":
    main()
