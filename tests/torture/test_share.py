"""A share of every layer of the proof; the full sizes run by `make torture` (see docs/reliability.md)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.torture.mutants import MUTANTS

ROOT = Path(__file__).resolve().parents[2]
SEED = "1"
# (layer, schedules): small enough that all of them together take about a minute on two busy cores.
SHARES = (
    ("model", 8_000),
    ("model2", 8_000),
    ("trials", 3_000),
    ("virtual", 60),
    ("kill", 40),
    ("lost", 180),
    ("runners", 12),
    ("syscalls", 8),
    ("commands", 3),
    ("storms", 7),
    ("lists", 100),
    ("stateful", 6),
)


def _torture(layer: str, size: int, *more: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "tests.torture",
        layer,
        "--seed",
        SEED,
        "--size",
        str(size),
        "--processes",
        "1",
        *more,
    ]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.parametrize(("layer", "size"), SHARES, ids=[layer for layer, _ in SHARES])
def test_layer(layer: str, size: int) -> None:
    """No schedule of the layer sends twice, loses anybody, or tells a state that is not so."""
    ended = _torture(layer, size)
    if "not run: strace" in ended.stdout:
        pytest.skip(ended.stdout.strip().splitlines()[-1].strip())
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-2000:]
    assert "0 violations" in ended.stdout


@pytest.mark.parametrize(
    ("layer", "rule"),
    [
        ("model", "rescue"),
        ("model", "normal"),
        ("model", "no-settle"),
        ("trials", "epoch-only"),
        ("trials", "no-settle"),
    ],
)
def test_the_proof_can_fail(layer: str, rule: str) -> None:
    """A protocol with one rule broken is caught by the same layer."""
    ended = _torture(layer, 2_000, "--mutant", rule, "--first-failure")
    assert ended.returncode == 1, ended.stdout
    assert "replay: python -m tests.torture" in ended.stdout


def test_every_mutant_applies() -> None:
    """The code may change: a fault that has no place in it any more would be one that nobody looks for."""
    lost = [
        f"{mutant.name}: {name}"
        for mutant in MUTANTS
        for name, old, _ in mutant.changes
        if old not in (ROOT / "src" / "leafcast" / name).read_text(encoding="utf-8")
    ]
    assert lost == []
