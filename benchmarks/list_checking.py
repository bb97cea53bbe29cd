"""How fast a list is checked, step by step: read, judged, and everything that `check` and the start of `run` do.

python benchmarks/list_checking.py [10000 100000 1000000 …] [--judged]

Rows per second of processor time, so that a busy machine tells the same as an idle one, and the most memory of the
process that did the step. `--judged` leaves the last step out, which writes every message once.
"""

from __future__ import annotations

import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from leafcast.cli.job import Job, open_job
from leafcast.decide.growers import Seen
from leafcast.model import Grower, Row
from make_lists import HEADINGS, growers, write_csv

HERE = Path(__file__).parent.parent
SIZES = (10_000,)
Step = Callable[[Job], int]


def read(job: Job) -> int:
    """Every row as text."""
    return sum(1 for _ in job.source.rows())


def judged(job: Job) -> int:
    """Every row judged, alone and beside the others."""
    seen = Seen(job.campaign.list.shared_address)
    good = 0
    for row in job.source.rows():
        result = job.examiner.judge.judged(row)[0] if isinstance(row, Row) else row
        good += isinstance(result, Grower) and not seen.add(result).problems
    return good


def checked(job: Job) -> int:
    """All of it: every link decided, every message of every row written with a placeholder link."""
    return job.examiner.survey().growers


def _measured(step: Step, campaign: Path, answer: multiprocessing.SimpleQueue) -> None:
    job = open_job(campaign)
    begun = time.process_time()
    found = step(job)
    answer.put((found, time.process_time() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10))


def measure(step: Step, campaign: Path, rows: int) -> float:
    """One step in a process of its own; it must find all rows."""
    context = multiprocessing.get_context("spawn")
    answer = context.SimpleQueue()
    process = context.Process(target=_measured, args=(step, campaign, answer))
    process.start()
    found, seconds, peak = answer.get()
    process.join()
    assert found == rows, f"{step.__name__} found {found} of {rows} rows"
    print(f"{rows:>9,} rows  {step.__name__:8} {rows / seconds:>9,.0f} rows/s   {peak:>5,} MB")
    return rows / seconds


def main() -> None:
    """Measure all sizes, and print a ratio that travels between machines."""
    sizes = [int(word) for word in sys.argv[1:] if word.isdigit()] or SIZES
    steps = (read, judged) if "--judged" in sys.argv else (read, judged, checked)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(HERE / "templates", folder / "templates")
        (folder / "campaigns").mkdir()
        (folder / "sample_data").mkdir()
        campaign = folder / "campaigns" / "spring-onboarding.yaml"
        shutil.copy(HERE / "campaigns" / campaign.name, campaign)
        for rows in sizes:
            write_csv(folder / "sample_data" / "growers.csv", ([*row.values()] for row in growers(rows)), HEADINGS)
            speeds = {step.__name__: measure(step, campaign, rows) for step in steps}
        print(f"judged at {speeds['judged'] / speeds['read']:.3f} of the speed of reading alone")


if __name__ == "__main__":
    main()
