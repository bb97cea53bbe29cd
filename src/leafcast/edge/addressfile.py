"""Files of addresses: suppressions to import, and those whom a trial run may write to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from leafcast.decide.columnnames import could_be
from leafcast.edge.listfile import delimited
from leafcast.errors import UsageError
from leafcast.model import Problem, ProblemKind, Where


def read_lines(path: Path) -> tuple[list[tuple[int, Sequence[str]]], list[Problem]]:
    """Each line of a csv, tsv or txt file as (row, cells), and the lines that cannot be cut into cells. Raises
    UsageError for no such file, ListError for one that is no text."""
    if not path.is_file():
        raise UsageError(f"There is no file {path}", fix="Name a csv or txt file of addresses.")
    lines: list[tuple[int, Sequence[str]]] = []
    damaged: list[Problem] = []
    for record in delimited.recognised(path, None, _score).records():
        if record.damage is None:
            lines.append((record.row, record.cells))
        else:
            where = Where(file=path.name, row=record.row, line=record.line)
            damaged.append(Problem(ProblemKind.ROW_SHAPE, record.damage.what, record.damage.fix, where))
    return lines, damaged


def _score(cells: list[str]) -> tuple[int, int]:
    """How well a first line is understood with a separator."""
    return sum(could_be("email", cell) or could_be("phone", cell) or "@" in cell for cell in cells), len(cells)
