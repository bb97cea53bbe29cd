"""Lists that lie: rows that a parser may swallow must be refused or counted, never lost without a word.

Each list is written record by record, so it is known how many rows it has; some of them are spoiled. The real command
reads it; whatever it takes and whatever it refuses must add up to what was written (I1).
"""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.torture import stage
from tests.torture.common import Tally, Task, rng, spread

from leafcast.cli.job import Job, open_job
from leafcast.edge.listfile import ListFile
from leafcast.errors import LeafcastError, ListError

Spoiled = tuple[str, bool]
"""A row's text, and whether it is a good row."""


def _good(number: int) -> str:
    return f"G-{number},Zachariah Q{number},zq{number}@farm.example,+1515555{2000 + number}"


SPOILERS: tuple[Callable[[int], Spoiled], ...] = (
    lambda n: (f'G-{n},"Zachariah Q{n},zq{n}@farm.example,+1515555{2000 + n}', False),
    lambda n: (f'G-{n},"Zachariah" Q{n},zq{n}@farm.example,+1515555{2000 + n}', False),
    lambda n: (f'G-{n},"Zachariah\nQ{n}",zq{n}@farm.example,+1515555{2000 + n}', False),
    lambda n: (f"G-{n},Zachariah,Q{n},zq{n}@farm.example,+1515555{2000 + n}", False),
    lambda n: (f"G-{n},Zachariah Q{n}", False),
    lambda n: (f'G-{n},"Zachariah ""Q"" {n}",zq{n}@farm.example,+1515555{2000 + n}', True),
    lambda n: (f"G-{n},Zachariah Q{n},zq{n}.farm.example,", False),
    lambda n: (f"G-1,Zachariah Q{n},zq{n}@farm.example,+1515555{2000 + n}", False),
)


def part(task: Task, first: int, last: int, deadline: float) -> Tally:
    """Some lists."""
    tally = Tally()
    with stage.scratch("lists") as room:
        job = open_job(stage.write_shape(stage.Shape("lists", "b"), room / "case"))
        for number in range(first, last):
            if time.monotonic() >= deadline:
                break
            chance = rng(task.seed, number, "lists")
            wrong = _one(chance, room / f"l{number}", job)
            tally.schedules += 1
            if wrong:
                tally.wrong(task.layer, task.seed, number, wrong)
                if task.first_failure:
                    break
    return tally


def _one(chance: random.Random, folder: Path, job: Job) -> list[str]:
    folder.mkdir()
    count = chance.randrange(3, 14)
    lines, good = [], 0
    spoiled_at = chance.sample(range(2, count + 1), min(count - 1, chance.randrange(0, 3)))
    for number in range(1, count + 1):
        text, fine = chance.choice(SPOILERS)(number) if number in spoiled_at else (_good(number), True)
        lines.append(text)
        good += fine
    end = chance.choice(("\n", "\r\n"))
    text = end.join(["externalId,name,email,phone", *lines]) + chance.choice(("", end))
    (folder / "growers.csv").write_bytes((b"\xef\xbb\xbf" if chance.random() < 0.3 else b"") + text.encode())
    try:
        source = ListFile(folder / "growers.csv", job.campaign.list)
        survey = replace(job.examiner, source=source).survey()
    except ListError:
        return [] if spoiled_at else ["I1 a good list is refused"]
    except LeafcastError as error:
        return [f"I1 a list ended with {error.message}"]
    taken, refused = survey.growers, survey.rows - survey.growers
    wrong = []
    if taken > good + len(spoiled_at):
        wrong.append(f"I1 {count} rows were written, {taken} are taken")
    if taken + refused < count:
        wrong.append(f"I1 {count} rows were written, {taken} taken and {refused} refused: the rest is swallowed")
    if not os.environ.get("LEAFCAST_TORTURE_KEEP"):
        shutil.rmtree(folder)
    return wrong


def run(task: Task) -> Tally:
    """The layer."""
    return spread(part, task, 250)
