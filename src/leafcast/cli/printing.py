"""How leafcast speaks: results on standard output, everything else on standard error, colour only for a person."""

from __future__ import annotations

import errno
import json
import os
import re
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, TextIO

from leafcast.errors import CampaignError, LeafcastError, ListError
from leafcast.model import Problem, ProblemKind, Severity

if TYPE_CHECKING:
    from rich.console import Console


MOST_ROWS, FIRST_ROWS = 40, 20
"""On a terminal a longer table is cut to its first rows, so that what comes before and after it stays in sight."""
NARROWEST = 40
"""Columns below which nothing is folded: a terminal that does not say how wide it is says 0."""
MANY_PROBLEMS = 10_000
"""More than these are not held in memory."""
PARTS_AT_ONCE = 4_096
"""Pieces of a long answer that are written in one go."""
_GLUE = "\x00"
_COMMAND = re.compile(r"leafcast [a-z]+(?: (?:--?[\w-]+|\S*[/.]\S+))*")


@dataclass(slots=True)
class Voice:
    """One command's way of speaking, as its `--json`, `--quiet` and `-v` ask for."""

    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    _told: bool = field(default=False, init=False)

    @property
    def person(self) -> bool:
        """Whether somebody can be asked something."""
        return sys.stdin.isatty() and self.err.isatty() and not self.as_json

    def console(self) -> Console:
        """Standard error, as wide as the terminal."""
        from rich.console import Console

        return Console(file=self.err, highlight=False, soft_wrap=True)

    def note(self, text: str) -> None:
        """A step or a hint: for people, on standard error."""
        if not self.quiet:
            self._aside(text)

    def detail(self, text: str) -> None:
        """What only `-v` asks for."""
        if self.verbose:
            self._aside(text)

    def error(self, text: str, fix: str = "") -> None:
        """What went wrong and what to do next; never silenced."""
        self._aside(f"{text}\n{fix}" if fix else text)

    def result(self, text: str) -> None:
        """The answer to the command, for people; under `--json` it goes to standard error."""
        if not self.as_json:
            self._answer(text)
        elif not self.quiet:
            self._aside(text)

    def table(self, rows: Sequence[str]) -> None:
        """A result of many lines: all of them for `-v`, a pipe or a file, the first few on a terminal."""
        shown = rows
        if len(rows) > MOST_ROWS and not self.verbose and (self.err if self.as_json else self.out).isatty():
            shown = rows[:FIRST_ROWS]
        if shown:
            self.result("\n".join(shown))
        if len(shown) < len(rows):
            self.note(f"… and {len(rows) - len(shown):,} more lines. -v shows them all, and so does a pipe (| less).")

    def document(self, value: Mapping[str, Any]) -> None:
        """The one JSON object of `--json`, in plain ASCII so that no locale can break it; a second one is not said."""
        if self.as_json and not self._told:
            self._told = True
            self._answer_in_parts(json.JSONEncoder(default=str).iterencode(value))

    def ask(self, question: str) -> bool:
        """Ask the person. Raises KeyboardInterrupt for Ctrl-C, and for an end of the input, which is no answer."""
        import typer

        try:
            return typer.confirm(question, err=True)
        except typer.Abort:
            raise KeyboardInterrupt from None

    def _answer(self, text: str) -> None:
        # Whoever read it (a pager, `head`) may have seen enough; the exit code still tells how the command went.
        _say(self.out, text)

    def _answer_in_parts(self, parts: Iterator[str]) -> None:
        """One line that may be longer than fits into memory."""
        while some := "".join(islice(parts, PARTS_AT_ONCE)):
            _write(self.out, some)
        _write(self.out, "\n")

    def _aside(self, text: str) -> None:
        # A terminal that was closed: not being heard is no reason to stop in mid-run.
        _say(self.err, text)


def _say(stream: TextIO, text: str) -> None:
    """Write a line at once."""
    _write(stream, f"{_folded(text, _width(stream))}\n")


def _write(stream: TextIO, text: str) -> None:
    """Write at once; into nothing, from then on, where nobody is at the other end any more."""
    try:
        stream.write(text)
        stream.flush()
    except (BrokenPipeError, ValueError):
        _silence(stream)
    except OSError as error:
        if error.errno != errno.EIO:  # what a terminal answers that is gone
            raise
        _silence(stream)


def _width(stream: TextIO) -> int:
    """The columns of the terminal that shows it; 0 for a pipe or a file, whose lines stay whole."""
    try:
        return os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0
    except (OSError, ValueError):
        return 0


def _folded(text: str, width: int) -> str:
    """Lines that a terminal would cut in the middle of a word are broken between words, under their own indent. What is
    to be copied, a command with its files, stays in one piece."""
    if width < NARROWEST:
        return text
    return "\n".join(part for line in text.split("\n") for part in _fold(line, width))


def _fold(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    glued = _COMMAND.sub(lambda found: found[0].replace(" ", _GLUE), line)
    indent = " " * (len(line) - len(line.lstrip()))
    parts = textwrap.wrap(
        glued, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, expand_tabs=False
    )
    return [part.replace(_GLUE, " ") for part in parts]


def _silence(stream: TextIO) -> None:
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def error_document(error: LeafcastError) -> dict[str, Any]:
    """What `--json` says of an error, whichever command met it."""
    told: dict[str, Any] = {"exitCode": int(error.exit_code), "message": error.message, "fix": error.fix}
    if isinstance(error, CampaignError | ListError):
        told["problems"] = problem_documents(error.problems)
    return {"error": told}


def problem_documents(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Problems for other programs: where, what, and what to do. Where they are many, each is made when it is said."""
    many = isinstance(problems, Sized) and len(problems) > MANY_PROBLEMS
    return _Documents(problems) if many else [_document(problem) for problem in problems]


class _Documents(list[dict[str, Any]]):
    """A list for `Voice.document` alone, which walks through it; there is nothing in it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self._problems = problems

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(_document, self._problems)

    def __bool__(self) -> bool:
        return True


def _document(problem: Problem) -> dict[str, Any]:
    return {
        "kind": problem.kind,
        "severity": problem.severity,
        "file": problem.where.file,
        "row": problem.where.row,
        "line": problem.where.line,
        "column": problem.where.column,
        "key": problem.where.key,
        "what": problem.what,
        "fix": problem.fix,
    }


def problem_lines(problems: Iterable[Problem], *, examples: int | None = 3) -> Iterator[str]:
    """Problems as text, grouped by kind with a count and the first few of each; `examples=None` shows all, and walks
    through them once for each kind. However many there are, few are held at a time."""
    counts: Counter[tuple[Severity, ProblemKind]] = Counter()
    first: dict[tuple[Severity, ProblemKind], list[Problem]] = {}
    for problem in problems:
        group = problem.severity, problem.kind
        counts[group] += 1
        if examples is not None and counts[group] <= examples:
            first.setdefault(group, []).append(problem)
    order = list(Severity)
    for group in sorted(counts, key=lambda group: order.index(group[0])):
        severity, kind = group
        yield f"{kind} · {counts[group]} {severity}{'s' if counts[group] > 1 else ''}"
        shown = first.get(group, ()) if examples is not None else _of(group, problems)
        yield from (f"  {problem}" for problem in shown)
        if examples is not None and counts[group] > examples:
            yield f"  … and {counts[group] - examples} more"


def _of(group: tuple[Severity, ProblemKind], problems: Iterable[Problem]) -> Iterator[Problem]:
    return (problem for problem in problems if (problem.severity, problem.kind) == group)
