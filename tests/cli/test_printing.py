"""How lines and long tables are shown where a person looks on, and where a program does."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from leafcast.cli.options import behind
from leafcast.cli.printing import FIRST_ROWS, MANY_PROBLEMS, MOST_ROWS, Voice, _folded, error_document, problem_lines
from leafcast.cli.surroundings import instead
from leafcast.errors import ListError
from leafcast.model import Problem, ProblemKind, Severity, Where

LONG = "  growers.csv, row 9: The email may be a typing mistake. Is ana@farm.example meant, or somebody else?"


def test_a_terminal_s_lines_break_between_words_under_their_indent():
    """No word is cut in two, nothing is lost, and what belongs to an indented line stays indented."""
    folded = _folded(LONG, 60).split("\n")

    assert all(len(line) <= 60 and line.startswith("  ") for line in folded)
    assert " ".join(line.strip() for line in folded) == LONG.strip()


@pytest.mark.parametrize("width", [0, 20, 200])
def test_a_line_stays_whole_where_nobody_needs_it_folded(width):
    """In a pipe, on a terminal that does not say its width, and where it fits."""
    assert _folded(LONG, width) == LONG


def test_a_command_to_be_copied_is_not_broken():
    """Its files and options stand in one line, however long that is."""
    command = "leafcast run campaigns/spring-onboarding.yaml --skip-invalid --ledger sqlite:///season.db"

    assert command in _folded(f"What was accepted stays so. To continue: {command}", 60).split("\n")


class Screen(io.StringIO):
    """What looks like a terminal to whoever writes to it."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("count", "verbose", "shown"), [(41, False, 20), (40, False, 40), (41, True, 41)])
def test_a_long_table_is_cut_on_a_terminal_only(count, verbose, shown):
    """Twenty rows and the number of the others; all of them for -v, or where they are few."""
    screen, aside = Screen(), io.StringIO()

    Voice(verbose=verbose, out=screen, err=aside).table([f"row {number}" for number in range(count)])

    assert (MOST_ROWS, FIRST_ROWS) == (40, 20)
    assert screen.getvalue().count("row ") == shown
    assert ("21 more lines" in aside.getvalue()) is (shown < count)


def test_a_pipe_gets_every_row():
    """Another program counts on all of them."""
    pipe = io.StringIO()

    Voice(out=pipe).table([f"row {number}" for number in range(500)])

    assert pipe.getvalue().count("row ") == 500


@pytest.mark.parametrize("count", [0, 2, MANY_PROBLEMS, MANY_PROBLEMS + 1])
def test_problems_are_said_as_json_however_many_they_are(count):
    """The same object whether the problems are held or made one by one, also when they are told a second time."""
    problems = [
        Problem(ProblemKind.EMAIL, f"wrong {number}", "mend it", Where("g.csv", row=number)) for number in range(count)
    ]
    out = io.StringIO()
    Voice(as_json=True, out=out).document(error_document(ListError(problems, fix="Mend them.")))

    said = json.loads(out.getvalue())["error"]
    assert [one["what"] for one in said["problems"]] == [problem.what for problem in problems]
    assert said["fix"] == "Mend them."
    assert out.getvalue().count("\n") == 1


def test_problems_are_grouped_by_kind_errors_first():
    """Each kind once, in the order in which it was met, with its number and the first of it; or with all."""
    kinds = (ProblemKind.NAME, ProblemKind.EMAIL, ProblemKind.NAME, ProblemKind.NAME)
    problems = [Problem(kind, f"wrong {number}", "", severity=Severity.WARNING) for number, kind in enumerate(kinds)]
    problems.append(Problem(ProblemKind.PHONE, "bad", ""))

    shown = ["phone · 1 error", "  bad.", "name · 3 warnings", "  wrong 0.", "  wrong 2.", "  … and 1 more"]
    assert list(problem_lines(problems, examples=2)) == [*shown, "email · 1 warning", "  wrong 1."]
    assert "  wrong 3." in list(problem_lines(problems, examples=None))
    assert not any("more" in line for line in problem_lines(problems, examples=None))


@pytest.mark.parametrize("meant", ["sqlite:///leafcast.db", "sqlite:///season.db"])
def test_a_hint_names_the_ledger_only_where_it_is_not_the_usual_one(meant: str) -> None:
    """The usual one is what the command takes by itself: LEAFCAST_LEDGER, or where that is empty the default."""
    said = {"": "sqlite:///leafcast.db", "sqlite:///season.db": "sqlite:///season.db"}
    for variable, usual in said.items():
        with instead({"LEAFCAST_LEDGER": variable}):
            hint = behind(Path("my list.yaml"), meant, "--plan", "p")
        assert hint == "'my list.yaml' --plan p" + ("" if meant == usual else f" --ledger {meant}")
