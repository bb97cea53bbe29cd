"""Every case, and the file of their outcomes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from . import campaigns, cells, files, workbooks

CASES = sorted((*files.CASES, *cells.CASES, *campaigns.CASES, *workbooks.CASES), key=lambda case: case.number)
OUTCOMES = Path(__file__).with_name("outcomes.txt")
_TOP = """\
Every input of the corpus and what `leafcast check` says of it, word by word. The numbers are those of docs/lists.md.
Written by `python -m tests.corpus`, read by a person, compared by test_corpus.py.
"""


def written(told: Mapping[str, list[str]]) -> str:
    """The outcomes as one text."""
    return _TOP + "".join(f"\n# {title}\n" + "".join(f"{line}\n" for line in lines) for title, lines in told.items())


def expected() -> dict[str, list[str]]:
    """The outcomes that are written down."""
    parts = re.split(r"(?m)^# ", OUTCOMES.read_text(encoding="utf-8"))[1:]
    return {part.split("\n", 1)[0]: part.rstrip("\n").split("\n")[1:] for part in parts}
