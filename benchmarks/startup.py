"""How long until a command has something to say: `leafcast --help`, against Python with nothing to do.

python benchmarks/startup.py [--runs 7]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time


def seconds(*words: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    bare = sorted(seconds("-c", "pass") for _ in range(runs))
    ours = sorted(seconds("-m", "leafcast", "--help") for _ in range(runs))
    middle = runs // 2
    print(f"leafcast --help {ours[middle]:.2f} s ({ours[0]:.2f} to {ours[-1]:.2f}); python alone {bare[middle]:.2f} s")
