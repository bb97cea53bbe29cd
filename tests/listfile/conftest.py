"""What the tests of lists and exports share."""

import csv
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def peak_of() -> Callable[[Callable[[], object]], int]:
    """Measures the most memory, in bytes, that Python objects took while something ran."""

    def measure(work: Callable[[], object]) -> int:
        tracemalloc.start()
        work()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    return measure


@pytest.fixture
def csv_lines() -> Callable[..., list[list[str]]]:
    """Reads a csv file whole, without leafcast."""

    def read(file: Path, encoding: str = "utf-8", delimiter: str = ",") -> list[list[str]]:
        with file.open(encoding=encoding, newline="") as text:
            return list(csv.reader(text, delimiter=delimiter))

    return read
