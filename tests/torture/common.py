"""What every layer shares: how a schedule is named, run, counted and told."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

CPUS = max(1, len(os.sched_getaffinity(0)))


@dataclass(frozen=True, slots=True)
class Task:
    """What a person asked a layer to do. `only` is one schedule to replay."""

    layer: str
    seed: int
    size: int
    seconds: float
    processes: int = CPUS
    only: int | None = None
    mutant: str = ""
    first_failure: bool = False
    """Stop at the first violation: enough to know that a mutant is caught."""
    first: int = 0
    """The number of the first schedule, so that slices add up."""
    covered: Path | None = None
    """syscalls: where the places that held are kept, and left out by the next run."""


@dataclass(slots=True)
class Tally:
    """What came of some schedules."""

    schedules: int = 0
    doubts: int = 0
    violations: list[str] = field(default_factory=list)
    """One line each: what, and the schedule that shows it."""
    figures: Counter[str] = field(default_factory=Counter)
    peaks: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another one in."""
        self.schedules += other.schedules
        self.doubts += other.doubts
        self.violations += other.violations
        self.figures.update(other.figures)
        for name, value in other.peaks.items():
            self.peak(name, value)
        self.notes += [note for note in other.notes if note not in self.notes]

    def peak(self, name: str, value: float) -> None:
        """Remember the largest."""
        self.peaks[name] = max(self.peaks.get(name, value), value)

    def wrong(self, layer: str, seed: int, number: int, words: Iterable[str], mutant: str = "") -> None:
        """Note the violations of one schedule, each with the command that replays it."""
        for what in words:
            rule = f" --mutant {mutant}" if mutant else ""
            self.violations.append(
                f"{layer.upper()} {seed} {number}: {what}\n"
                f"    replay: python -m tests.torture {layer} --seed {seed} --only {number}{rule}"
            )


Part = Callable[[Task, int, int, float], Tally]
"""Runs the schedules numbered from the second to before the third argument, no longer than until an instant."""


def rng(seed: int, number: int, *more: object) -> random.Random:
    """The chance of one schedule: the same for ever for the same seed and number."""
    return random.Random(":".join(map(str, (seed, number, *more))))


def spread(part: Part, task: Task, chunk: int) -> Tally:
    """Run all schedules of a task on the processors, in chunks, within the time."""
    tally = Tally()
    deadline = time.monotonic() + task.seconds
    if task.only is not None:
        tally.add(part(task, task.only, task.only + 1, deadline))
        return tally
    last = task.first + task.size
    jobs = [(part, task, first, min(first + chunk, last), deadline) for first in range(task.first, last, chunk)]
    for one in _done(jobs, task.processes):
        tally.add(one)
        if task.first_failure and tally.violations:
            break
    return tally


def _done(jobs: list[tuple[Part, Task, int, int, float]], processes: int) -> Iterator[Tally]:
    if processes == 1 or len(jobs) == 1:
        for job in jobs:
            yield _one(job)
        return
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        yield from pool.imap_unordered(_one, jobs)


def _one(job: tuple[Part, Task, int, int, float]) -> Tally:
    part, task, first, last, deadline = job
    if time.monotonic() >= deadline:
        return Tally()
    return part(task, first, last, deadline)


def told(task: Task, tally: Tally, wall: float) -> str:
    """The figures of a layer as a line for a person."""
    zero = ""
    if tally.schedules and not tally.violations:
        zero = f" (95 % bound {3 / tally.schedules:.1e} a schedule of this kind)"
    line = (
        f"{task.layer}: {tally.schedules:,} schedules, {len(tally.violations):,} violations{zero}, "
        f"{tally.doubts:,} doubts, {wall:.1f} s, seed {task.seed}"
    )
    more = [f"{name} {value:,}" for name, value in sorted(tally.figures.items())]
    more += [f"most {name} {value:g}" for name, value in sorted(tally.peaks.items())]
    return "\n".join([line, *(["    " + ", ".join(more)] if more else []), *(f"    {note}" for note in tally.notes)])


def record(path: Path, task: Task, tally: Tally, wall: float) -> None:
    """Append the figures to a results file, one JSON object a line."""
    line = {
        "layer": task.layer,
        "seed": task.seed,
        "first": task.first,
        "asked": task.size,
        "schedules": tally.schedules,
        "violations": len(tally.violations),
        "doubts": tally.doubts,
        "wall": round(wall, 1),
        "processes": task.processes,
        "mutant": task.mutant,
        "figures": dict(tally.figures),
        "peaks": tally.peaks,
        "notes": tally.notes,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
