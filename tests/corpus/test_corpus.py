"""Lists as people really keep them: each ends in the right growers or in exact words about what to mend."""

from pathlib import Path

import pytest

from .cases import CASES, expected
from .common import Case, outcome

EXPECTED = expected()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_the_outcome_is_the_one_written_down(tmp_path: Path, case: Case) -> None:
    """Growers, problems with row, line and column, what to do, exit code: word by word as in outcomes.txt."""
    assert outcome(case, tmp_path / "case") == EXPECTED[case.title]


def test_every_outcome_has_its_case() -> None:
    """No title is used twice, none is left over, and each of the 66 kinds of input is there."""
    titles = [case.title for case in CASES]
    assert len(titles) == len(set(titles))
    assert set(titles) == set(EXPECTED)
    assert {case.number for case in CASES} >= set(range(1, 67)) - {
        63
    }  # 63 are paths that are written to: test_exporting.py
