"""python -m tests.fuzz [--seed 1] [--size 0] [--seconds 60]: --size 0 goes on until the time is over.

Guided by behaviour: a file that makes leafcast say something new joins the files that are changed further.
"""

# ruff: noqa: T201 - what it prints is what it is for

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.corpus.cases import CASES

from .mutate import MOST, mutated
from .oracle import Found, judged

KEPT = 4_000
"""Files beyond the first ones that are changed further."""


def first_files(folder: Path) -> dict[str, list[bytes]]:
    """The inputs of the corpus, by their ending."""
    pools: dict[str, list[bytes]] = {".csv": [], ".xlsx": []}
    for number, case in enumerate(CASES):
        file = folder / f"{number}{Path(case.file).suffix}"
        case.write(file)
        if file.suffix in pools and file.is_file() and file.stat().st_size < MOST:
            pools[file.suffix].append(file.read_bytes())
    return pools


def tried(data: bytes, file: Path) -> Found:
    """What comes of these bytes; a crash is told in `wrong`."""
    file.write_bytes(data)
    try:
        return judged(file)
    except Exception:
        return Found(wrong=traceback.format_exc(limit=-4))


def main(words: list[str]) -> int:
    """Give 1 where something was wrong, with the bytes that do it."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60)
    asked = parser.parse_args(words)
    chance, began = random.Random(asked.seed), time.monotonic()
    known: set[frozenset[str]] = set()
    runs = rows = growers = 0
    with tempfile.TemporaryDirectory() as folder:
        pools = first_files(Path(folder))
        while (not asked.size or runs < asked.size) and time.monotonic() - began < asked.seconds:
            ending = ".xlsx" if chance.random() < 0.03 else ".csv"
            pool = pools[ending]
            data = mutated(chance.choice(pool), pool, chance)
            found = tried(data, Path(folder) / f"list{ending}")
            runs, rows, growers = runs + 1, rows + found.rows, growers + found.growers
            if found.wrong:
                print(f"seed {asked.seed}, number {runs}, {ending}: {found.wrong}\n{data!r}")
                return 1
            if found.signature not in known and len(pool) < KEPT and len(data) < MOST:
                known.add(found.signature)
                pool.append(data)
    print(
        f"{runs:,} files, {rows:,} rows = {growers:,} growers + {rows - growers:,} excluded, "
        f"{len(known):,} different answers, nothing wrong (seed {asked.seed})"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
