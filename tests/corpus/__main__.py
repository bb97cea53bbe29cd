"""python -m tests.corpus: writes `outcomes.txt` anew. Read the difference before you commit it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from .cases import CASES, OUTCOMES, written
from .common import outcome

with tempfile.TemporaryDirectory() as folder:
    told = {case.title: outcome(case, Path(folder) / "case") for case in CASES}
OUTCOMES.write_text(written(told), encoding="utf-8")
