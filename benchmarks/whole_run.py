"""A whole run, from the list to the ledger, against the bare client and against the script of an afternoon.

    python benchmarks/whole_run.py [--rows 12000] [--latency 0.0] [--runs 3] [--memory [ROWS ...]] [--plan [ROWS ...]]
                                   [--durability [--pace 200]]

`leafcast run` as a user types it, in a process of its own: start-up, check of every row, plan, one link and one email a
row, full durability. The ceiling makes the same two requests for as many rows through a bare client, at the same number
of connections, with no other work, and only that is in its time: once through httpx over aiohttp's connections, the
fastest that one gets without writing code (the ratio of the goals), and once through leafcast's own network, which is
faster; both on the event loop that leafcast runs on. The script is benchmarks/counterpart.py, started like leafcast,
with the same list. All of them in the same run against the same stand-in for the services; how much of a core that one
was busy while leafcast ran is printed too.
Python's compiled files are made by a first small run, which does not count.

`--durability` compares it, instead, with commits that a power cut may take back, at a `--pace`; `--memory` says how
much memory a run needs at 10,000 and 100,000 rows, or at others; `--plan` checks and plans a million rows, or others,
and sends nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
from httpx_aiohttp import HttpxAiohttpClient

from leafcast.edge import eventloop
from leafcast.edge.http import open_network
from leafcast.stories.lanes import EMAILS

from services import any_service, busy  # isort: skip - a file beside this one

CAMPAIGN = """
campaign: bench
list: {file: growers.csv, region: US}
brand: {companyName: Prairie Co-op, supportEmail: help@prairie.example, postalAddress: "1 Main St, Ames IA"}
link: {expiresIn: 30d, rules: [{type: provider, allowedProviders: [JohnDeere, ClimateFieldView]}]}
channels: [email]
email: {from: "Prairie <connect@prairie.example>", subject: "Connect your data"}
pace: {leaf: PACE, sendgrid: PACE}
"""
WITHOUT_SYNC = (
    "import sys; import leafcast.edge.ledger.connect as c; "
    "c._SETTINGS = tuple(('synchronous', 'OFF', 0) if one[0] == 'synchronous' else one for one in c._SETTINGS); "
    "from leafcast.cli.main import main; main()"
)
SCRIPT = Path(__file__).with_name("counterpart.py")
HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer t"}
LINK = json.dumps({"externalId": "G-1", "expiresIn": 2592000, "settings": {"companyName": "Prairie"}}).encode()
MAIL = json.dumps({"personalizations": [{"to": [{"email": "g@farm.example"}]}], "content": "x" * 8000}).encode()
Post = Callable[[str, bytes], Awaitable[object]]


class Measured(NamedTuple):
    rows_a_second: float
    processor: float
    """Microseconds of the process for each row."""
    memory: float
    """The most, in MB."""
    served: float = 0.0
    """The share of a core that the stand-in was busy meanwhile."""


@contextmanager
def a_list(rows: int, pace: str = "unlimited") -> Iterator[Path]:
    """A folder with a campaign and a list of so many growers."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bench.yaml").write_text(CAMPAIGN.replace("PACE", pace))
        with (folder / "growers.csv").open("w", newline="") as file:
            written = csv.writer(file)
            written.writerow(["externalId", "name", "email"])
            written.writerows((f"G-{number}", f"Grower {number}", f"g{number}@farm.example") for number in range(rows))
        yield folder


def started(words: list[str], folder: Path, rows: int, env: dict[str, str]) -> tuple[Measured, bytes]:
    """A command to its end, and what it said."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, *words], cwd=folder, env=env, stdout=subprocess.PIPE)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said
    processor = usage.ru_utime + usage.ru_stime
    return Measured(rows / took, processor / rows * 1e6, usage.ru_maxrss / 1024), said


def run(url: str, rows: int, env: dict[str, str], *, durable: bool = True, pace: str = "unlimited") -> Measured:
    """leafcast, list to ledger."""
    start = ["-m", "leafcast"] if durable else ["-c", WITHOUT_SYNC]
    with a_list(rows, pace) as folder:
        before = busy(url)
        found, said = started([*start, "run", "bench.yaml", "--yes", "--quiet", "--json"], folder, rows, env)
        served = busy(url) - before
        counts = json.loads(said)["messages"]
        assert counts["accepted"] == rows, counts
        return found._replace(served=served * found.rows_a_second / rows)


def planned(rows: int, env: dict[str, str]) -> Measured:
    """leafcast, list to plan; nothing is sent."""
    with a_list(rows) as folder:
        words = ["-m", "leafcast", "run", "bench.yaml", "--dry-run", "--quiet", "--json"]
        found, said = started(words, folder, rows, env)
        assert json.loads(said)["due"]["email"] == rows, said
        return found


def script(url: str, rows: int, env: dict[str, str]) -> Measured:
    """The sequential script, list to results file."""
    with a_list(rows) as folder:
        found, said = started([str(SCRIPT), "growers.csv", url, "results.csv"], folder, rows, env)
        assert said.split() == [str(rows).encode(), b"sent"], said
        return found


async def ceiling(post: Post, url: str, rows: int) -> float:
    """The same two requests a row, and nothing else; rows a second."""
    todo = iter(range(rows))

    async def worker() -> None:
        for _ in todo:
            await post(f"{url}/services/widgets/api/magic-link/provider", LINK)
            await post(f"{url}/v3/mail/send", MAIL)

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(EMAILS)))
    return rows / (time.perf_counter() - began)


async def bare_httpx(url: str, rows: int) -> float:
    limits = httpx.Limits(max_connections=EMAILS)
    async with HttpxAiohttpClient(limits=limits, trust_env=False, timeout=45) as client:
        return await ceiling(lambda to, body: client.post(to, content=body, headers=HEADERS), url, rows)


async def bare_network(url: str, rows: int) -> float:
    async with open_network() as network:
        return await ceiling(lambda to, body: network.send("POST", to, HEADERS, body), url, rows)


def environment(url: str, compiled: str) -> dict[str, str]:
    """Where the services are, and where Python keeps what it compiled: as on any start but the very first."""
    keys = {"LEAF_TOKEN": "t", "SENDGRID_API_KEY": "SG.k", "LEAF_API_URL": url, "SENDGRID_API_URL": url}
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **keys, "PYTHONPYCACHEPREFIX": compiled}


def compare(url: str, env: dict[str, str], options: argparse.Namespace) -> None:
    found: list[tuple[float, ...]] = []
    print(f"{'':8}rows/s  bare httpx  ratio  bare network  ratio   script  times  µs/row      MB  stand-in busy")
    for number in range(options.runs):
        ours = run(url, options.rows, env)
        httpx_alone = eventloop.run(bare_httpx(url, options.rows))
        network_alone = eventloop.run(bare_network(url, options.rows))
        theirs = script(url, min(options.rows, 60) if options.latency else options.rows, env).rows_a_second
        pace = ours.rows_a_second
        found.append((pace, httpx_alone, pace / httpx_alone, network_alone, pace / network_alone, theirs, pace / theirs,
                      ours.processor, ours.memory, ours.served))  # fmt: skip
        line(f"run {number + 1}", found[-1])
    for name, pick in (("min", min), ("median", statistics.median), ("max", max)):
        line(name, tuple(pick(column) for column in zip(*found, strict=True)))


def durability(url: str, env: dict[str, str], options: argparse.Namespace) -> None:
    """With the disk waited for and without, in turns."""
    for number in range(options.runs):
        loose = run(url, options.rows, env, durable=False, pace=options.pace).rows_a_second
        safe = run(url, options.rows, env, pace=options.pace).rows_a_second
        costs = 1 - safe / loose
        print(f"run {number + 1}, pace {options.pace}: {safe:,.1f} rows/s, without waiting for the disk {loose:,.1f}: "
              f"durability costs {costs:.1%}", flush=True)  # fmt: skip


def line(name: str, figures: tuple[float, ...]) -> None:
    pace, alone, ratio, network, of_network, theirs, times, processor, memory, served = figures
    print(
        f"{name:8}{pace:6,.0f}{alone:12,.0f}{ratio:7.2f}{network:14,.0f}{of_network:7.2f}{theirs:9,.1f}{times:7.1f}"
        f"{processor:8,.0f}{memory:8.0f}{served:14.0%}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=12_000)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that each answer takes")
    parser.add_argument("--runs", type=int, default=3, help="0 for none")
    parser.add_argument("--durability", action="store_true")
    parser.add_argument("--pace", default="unlimited", help="of --durability, in requests a second")
    parser.add_argument("--memory", type=int, nargs="*", metavar="ROWS")
    parser.add_argument("--plan", type=int, nargs="*", metavar="ROWS")
    options = parser.parse_args()
    runs_of = () if options.memory is None else options.memory or (10_000, 100_000)
    plans_of = () if options.plan is None else options.plan or (1_000_000,)
    with any_service(options.latency) as url, tempfile.TemporaryDirectory() as compiled:
        env = environment(url, compiled)
        run(url, 10, env)
        script(url, 3, env)
        if options.durability:
            durability(url, env, options)
        elif options.runs:
            compare(url, env, options)
        for rows in runs_of:
            seen = run(url, rows, env)
            print(f"run of {rows:,} rows: {seen.memory:.0f} MB, {seen.rows_a_second:,.0f} rows/s", flush=True)
        for rows in plans_of:
            seen = planned(rows, env)
            print(f"plan of {rows:,} rows: {seen.memory:.0f} MB, {seen.rows_a_second:,.0f} rows/s", flush=True)


if __name__ == "__main__":
    main()
