"""The lists of `sample_data/` are what their README says."""

import importlib.util
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from leafcast.decide.campaignlinks import ListSettings, SharedAddress
from leafcast.decide.growers import Judge, Seen
from leafcast.edge.listfile import ListFile
from leafcast.model import Grower, Problem, Rejected

ROOT = Path(__file__).parents[2]
COLUMNS = {"externalId": "Grower ID", "phone": "Mobile", "locale": "Language"}


def judged(name: str, **more: str) -> tuple[list[Grower], list[tuple[Problem, ...]]]:
    """The good growers of a sample and the problems of each bad row."""
    settings = ListSettings(file=name, columns=COLUMNS | more)
    source = ListFile(ROOT / "sample_data" / name, settings)
    judge = Judge("US", source.name, source.heading_of)
    seen = Seen(SharedAddress.STOP, file=source.name, heading_of=source.heading_of)
    good: list[Grower] = []
    bad: list[tuple[Problem, ...]] = []
    for row in source.rows():
        result = row if isinstance(row, Rejected) else judge.judged(row)[0]
        problems = result.problems if isinstance(result, Rejected) else seen.add(result).problems
        if problems:
            bad.append(problems)
        elif isinstance(result, Grower):
            good.append(result)
    return good, bad


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    """The script that makes the samples."""
    spec = importlib.util.spec_from_file_location("make_lists", ROOT / "benchmarks" / "make_lists.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_main_sample_is_good_in_every_row() -> None:
    """500 growers, in four languages, with every way to be reached, some with a provider or files to upload."""
    good, bad = judged("growers.csv", leafUserId="Leaf user")
    assert not bad
    assert len(good) == 500
    assert {grower.cell("locale") for grower in good} == {"en", "es", "pt-BR", "fr"}
    reach = Counter((bool(grower.email), bool(grower.phone)) for grower in good)
    assert min(reach[True, True], reach[True, False], reach[False, True]) > 40
    assert {(grower.phone or "+1")[:3] for grower in good} >= {"+15", "+12", "+55"}
    assert any(grower.cell("provider") for grower in good)
    assert any(grower.cell("leafUserId") for grower in good)
    assert any(grower.cell("Upload") == "yes" for grower in good)


def test_nobody_can_be_reached_by_a_sample() -> None:
    """Every address is of a range that exists for examples."""
    for name in ("growers.csv", "uploads.xlsx", "cnh-afs-connect.csv"):
        for grower in judged(name)[0]:
            assert (grower.email or ".example").endswith(".example")
            assert not grower.phone or grower.phone[5:10] == "55501" or grower.phone[5:10] == "90000"


def test_each_mistake_of_the_bad_sample_is_found(maker: ModuleType) -> None:
    """Exactly the rows that were made bad are rejected, each for one reason."""
    good, bad = judged("growers-with-mistakes.csv", leafUserId="Leaf user")
    rows, mistakes = maker.with_mistakes()
    assert len(bad) == mistakes == 37
    assert len(good) == len(rows) - len(maker.MISTAKES)
    assert len({problems[0].what for problems in bad}) == mistakes


@pytest.mark.parametrize(("name", "count"), [("uploads.xlsx", 60), ("cnh-afs-connect.csv", 120)])
def test_the_other_samples_are_good(name: str, count: int) -> None:
    """The upload drive and the CNH migration have lists of their own."""
    more = {"leafUserId": "Leaf user"} if name.endswith(".csv") else {}
    good, bad = judged(name, **more)
    assert (len(good), len(bad)) == (count, 0)
    if more:
        assert all(grower.cell("leafUserId") for grower in good)


@pytest.mark.parametrize("name", ["growers.csv", "growers-with-mistakes.csv", "cnh-afs-connect.csv"])
def test_the_samples_are_what_the_script_makes(maker: ModuleType, tmp_path: Path, name: str) -> None:
    """Nobody has edited a sample by hand."""
    maker.write_samples(tmp_path)
    assert (tmp_path / name).read_bytes() == (ROOT / "sample_data" / name).read_bytes()
