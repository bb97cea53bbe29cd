"""How fast a list is read and judged, beside pandas reading the same file and judging nothing.

python benchmarks/list_reading.py [ROWS] [--profile]
"""

from __future__ import annotations

import cProfile
import pstats
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from leafcast.decide.campaignlinks import ListSettings, SharedAddress
from leafcast.decide.growers import Judge, Seen
from leafcast.edge.listfile import ListFile
from leafcast.model import Rejected
from make_lists import growers, write_csv

COLUMNS = {
    "externalId": "Grower ID", "name": "Name", "email": "Email", "phone": "Mobile", "locale": "Language",
    "provider": "Provider", "leafUserId": "Leaf user",
}  # fmt: skip


def read(file: Path) -> int:
    """Every row as text, judged by nobody."""
    return sum(1 for _ in ListFile(file, ListSettings(file=file.name, columns=COLUMNS)).rows())


def read_and_judge(file: Path) -> int:
    """Every row judged, alone and beside the others; the good ones counted."""
    source = ListFile(file, ListSettings(file=file.name, columns=COLUMNS))
    judge = Judge("US", source.name, source.heading_of)
    seen = Seen(SharedAddress.STOP, file=source.name, heading_of=source.heading_of)
    good = 0
    for row in source.rows():
        result = row if isinstance(row, Rejected) else judge.judged(row)[0]
        good += not isinstance(result, Rejected) and not seen.add(result).problems
    return good


def pandas_alone(file: Path) -> int:
    """What a script would do: everything as text, in one frame."""
    import pandas as pd

    return len(pd.read_csv(file, dtype=str, keep_default_na=False))


def timed(work: Callable[[Path], int], file: Path, rows: int) -> float:
    """Rows a second; the work must see all of them."""
    start = time.perf_counter()
    found = work(file)
    seconds = time.perf_counter() - start
    assert found == rows, f"{work.__name__} saw {found} of {rows} rows"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{work.__name__:16} {rows / seconds:10,.0f} rows/s   peak so far {peak} MB")
    return rows / seconds


def main() -> None:
    """Measure, and print the ratio that travels between machines."""
    rows = int(next((word for word in sys.argv[1:] if word.isdigit()), "200000"))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "growers.csv"
        write_csv(file, ([*row.values()] for row in growers(rows)))
        if "--profile" in sys.argv:
            with cProfile.Profile() as profile:
                read_and_judge(file)
            pstats.Stats(profile).sort_stats("tottime").print_stats(25)
            return
        timed(read, file, rows)
        judged = timed(read_and_judge, file, rows)
        bare = timed(pandas_alone, file, rows)
        print(f"read and judged at {judged / bare:.3f} of pandas' reading alone")


if __name__ == "__main__":
    main()
