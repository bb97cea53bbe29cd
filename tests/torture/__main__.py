"""`python -m tests.torture [LAYER …] --seed N --size N --seconds N`: the proof, a layer at a time, or all of it."""

# ruff: noqa: T201 - what it prints is what it is for
from __future__ import annotations

import argparse
import importlib
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.torture.common import CPUS, Task, record, told


@dataclass(frozen=True, slots=True)
class Layer:
    """Where a layer lives, and how large it is in the test run and in full."""

    module: str
    share: int
    full: int
    what: str


LAYERS = {
    "model": Layer("model", 20_000, 1_000_000, "the protocol as a machine, a crash at every step"),
    "model2": Layer("model", 20_000, 1_000_000, "the same with two crashes"),
    "trials": Layer("trials", 3_000, 20_000, "two runners as a machine: lock, epoch, deadline, settling"),
    "virtual": Layer("virtual", 200, 20_000, "real code in virtual time: a kill or a power cut at any event"),
    "kill": Layer("kill", 60, 19_500, "kill -9 of real processes at any event, recovery too"),
    "lost": Layer("lost", 360, 28_800, "real connections cut at every kind of byte position"),
    "runners": Layer("runners", 18, 500, "two real processes on one ledger"),
    "syscalls": Layer("syscalls", 16, 1_000_000, "kill, ENOSPC and EIO at system calls of the real command"),
    "commands": Layer("commands", 3, 2_000, "the same at suppress, recall, sync, resolve and retry"),
    "storms": Layer("storms", 12, 500, "429 and 503 storms with every form of Retry-After"),
    "lists": Layer("lists", 150, 10_000, "lists that a parser may read wrongly: every row counted"),
    "stateful": Layer("stateful", 10, 400, "Hypothesis: rules in any order"),
}


def main(arguments: list[str] | None = None) -> int:
    """Run layers, or the mutants; exit 1 when an invariant did not hold or a mutant was not caught."""
    asked = _parser().parse_args(arguments)
    if asked.layer == ["mutants"]:
        from tests.torture import mutants

        return mutants.main(asked.seed, asked.only_mutants, asked.record)
    names = asked.layer or list(LAYERS)
    if unknown := set(names) - set(LAYERS):
        print(f"There is no layer {', '.join(sorted(unknown))}. There are: {', '.join(LAYERS)}, mutants.")
        return 2
    return max(_one(name, asked) for name in names)


def _one(name: str, asked: argparse.Namespace) -> int:
    layer = LAYERS[name]
    size = asked.size or (layer.share if asked.share else layer.full)
    task = Task(
        name,
        asked.seed,
        size,
        asked.seconds,
        asked.processes,
        asked.only,
        asked.mutant or "",
        asked.first_failure,
        asked.first,
        asked.covered,
    )
    started = time.monotonic()
    tally = importlib.import_module(f"tests.torture.{layer.module}").run(task)
    wall = time.monotonic() - started
    print(told(task, tally, wall), flush=True)
    for violation in tally.violations[:10]:
        print(violation, flush=True)
    if len(tally.violations) > 10:
        print(f"… and {len(tally.violations) - 10} more")
    if asked.record:
        record(asked.record, task, tally, wall)
    return 1 if tally.violations else 0


def _parser() -> argparse.ArgumentParser:
    lines = [f"{name:9} {layer.what} (in full: {layer.full:,})" for name, layer in LAYERS.items()]
    parser = argparse.ArgumentParser(
        prog="python -m tests.torture",
        description="Proves that no message goes out twice and nobody is lost.",
        epilog="layers:\n  " + "\n  ".join([*lines, "mutants   deliberate faults, each of which must be caught"]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("layer", nargs="*", help="which; all but the mutants when none is named")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=0, help="how many schedules; the full number unless given")
    parser.add_argument("--first", type=int, default=0, help="the number of the first schedule, so that slices add up")
    parser.add_argument("--share", action="store_true", help="only the share of the ordinary test run")
    parser.add_argument("--seconds", type=float, default=86_400.0, help="stop a layer after that")
    parser.add_argument("--processes", type=int, default=CPUS)
    parser.add_argument("--only", type=int, help="replay this one schedule")
    parser.add_argument("--covered", type=Path, help="syscalls: keep the places that held here, and go on from there")
    parser.add_argument("--record", type=Path, help="append the figures to this file, a JSON object a line")
    parser.add_argument("--first-failure", action="store_true", help="stop at the first violation")
    parser.add_argument("--mutant", help="model and trials: break this rule of the machine")
    parser.add_argument("--only-mutants", nargs="*", default=[], help="mutants: these alone")
    return parser


if __name__ == "__main__":
    sys.exit(main())
