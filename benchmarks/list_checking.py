"""How fast a list is checked, step by step: read, judged, all that `check` does, and all that a run plans of it.

python benchmarks/list_checking.py [10000 100000 1000000 …] [checked …]

The lists have names with accents, several countries and languages, all kinds of links, and some rows with a mistake.
Of each step: rows per second of processor time (so that a busy machine tells nearly the same as an idle one) and of the
clock, and the most memory of all of its processes together.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

from leafcast.cli.job import Job, open_job
from leafcast.decide.seen import Seen
from leafcast.edge.crew import Crew
from leafcast.edge.ledger import open_ledger
from leafcast.edge.system import SystemClock, new_id
from leafcast.model import Grower, Row
from leafcast.stories.run import write_plan
from leafcast.stories.survey import Survey
from make_lists import HEADINGS, MISTAKES, growers, write_csv

HERE = Path(__file__).parent.parent
SIZES = (10_000, 100_000)
BAD_EVERY = 199
HELPERS = Crew.__dataclass_fields__["helpers"].default_factory
Step = Callable[..., int]


def read(job: Job) -> int:
    """Every row as text."""
    return sum(1 for _ in job.source.rows())


def judged(job: Job) -> int:
    """Every row judged, alone and beside the others."""
    seen, rows = Seen(job.campaign.list.shared_address), 0
    for row in job.source.rows():
        rows += 1
        result = job.examiner.judge.judged(row)[0] if isinstance(row, Row) else row
        if isinstance(result, Grower):
            seen.add(result)
    return rows


def checked(job: Job) -> int:
    """What `check` does: every link decided, every message of every row judged with a placeholder link."""
    return job.survey(keep=False).rows


def planned(job: Job) -> int:
    """What a run does before it asks: checked, and one invitation of each good row written into a new ledger."""
    return written(job, job.survey())


def written(job: Job, survey: Survey) -> int:
    """The second half of that alone."""
    with (
        tempfile.TemporaryDirectory() as folder,
        open_ledger(f"sqlite:///{folder}/l.db", SystemClock(), new_id) as ledger,
    ):
        ledger.begin(job.campaign.name, "run")
        assert asyncio.run(write_plan(ledger, job.examiner, survey)).added == survey.growers
    return survey.rows


STEPS: dict[str, Step] = {"read": read, "judged": judged, "checked": checked, "planned": planned, "written": written}


def _measured(step: Step, campaign: Path, answer: multiprocessing.SimpleQueue) -> None:
    job = open_job(campaign)
    given = (job, job.survey()) if step is written else (job,)
    begun = time.perf_counter(), _processor()
    found = step(*given)
    wall, busy = time.perf_counter() - begun[0], _processor() - begun[1]
    # The largest of the children stands for each helper that there may have been.
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    answer.put((found, busy, wall, (peaks[0] + peaks[1] * max(1, HELPERS())) >> 10))


def _processor() -> float:
    """Seconds of processor time of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def measure(step: Step, campaign: Path, rows: int) -> float:
    """One step in a process of its own; it must meet all rows."""
    context = multiprocessing.get_context("spawn")
    answer = context.SimpleQueue()
    process = context.Process(target=_measured, args=(step, campaign, answer))
    process.start()
    found, busy, wall, peak = answer.get()
    process.join()
    assert found == rows, f"{step.__name__} met {found} of {rows} rows"
    print(
        f"{rows:>9,} rows  {step.__name__:8} {rows / busy:>9,.0f} rows/s of one core"
        f" {rows / wall:>9,.0f} rows/s by the clock   {peak:>5,} MB",
        flush=True,
    )
    return rows / busy


def rows_of(count: int) -> Iterator[list[str]]:
    """Growers, and a mistake now and then."""
    mistakes = cycle([change for _, change in MISTAKES if "=SAME" not in change.values()])
    for number, row in enumerate(growers(count), start=1):
        yield [*(row | next(mistakes)).values()] if number % BAD_EVERY == 0 else [*row.values()]


def main() -> None:
    """Measure all sizes, and print a ratio that travels between machines."""
    sizes = [int(word) for word in sys.argv[1:] if word.isdigit()] or SIZES
    steps = [STEPS[word] for word in sys.argv[1:] if word in STEPS] or [*STEPS.values()]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(HERE / "templates", folder / "templates")
        (folder / "campaigns").mkdir()
        (folder / "sample_data").mkdir()
        campaign = folder / "campaigns" / "spring-onboarding.yaml"
        shutil.copy(HERE / "campaigns" / campaign.name, campaign)
        for rows in sizes:
            write_csv(folder / "sample_data" / "growers.csv", rows_of(rows), HEADINGS)
            speeds = {step.__name__: measure(step, campaign, rows) for step in steps}
            if {"read", "checked"} <= speeds.keys():
                print(f"{rows:>9,} rows  checked at {speeds['checked'] / speeds['read']:.3f} of the speed of reading")


if __name__ == "__main__":
    main()
