"""How leafcast speaks: results on standard output, everything else on standard error, colour only for a person."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leafcast.model import Problem, Severity

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


@dataclass(frozen=True, slots=True)
class Voice:
    """One command's way of speaking, as its `--json`, `--quiet` and `-v` ask for."""

    as_json: bool = False
    quiet: bool = False
    verbose: bool = False

    @property
    def person(self) -> bool:
        """Whether somebody can be asked something."""
        return sys.stdin.isatty() and sys.stderr.isatty() and not self.as_json

    def console(self) -> Console:
        """Standard error, as wide as the terminal."""
        from rich.console import Console

        return Console(stderr=True, highlight=False, soft_wrap=True)

    def note(self, text: str) -> None:
        """A step or a hint: for people, on standard error."""
        if not self.quiet:
            sys.stderr.write(f"{text}\n")

    def detail(self, text: str) -> None:
        """What only `-v` asks for."""
        if self.verbose:
            sys.stderr.write(f"{text}\n")

    def error(self, text: str, fix: str = "") -> None:
        """What went wrong and what to do next; never silenced."""
        sys.stderr.write(f"{text}\n")
        if fix:
            sys.stderr.write(f"{fix}\n")

    def result(self, text: str) -> None:
        """The answer to the command, for people; under `--json` it goes to standard error."""
        stream = sys.stderr if self.as_json else sys.stdout
        if not (self.quiet and self.as_json):
            stream.write(f"{text}\n")

    def table(self, renderable: RenderableType) -> None:
        """A table or panel as the answer."""
        from rich.console import Console

        if not self.as_json:
            Console(highlight=False).print(renderable)

    def document(self, value: Mapping[str, Any]) -> None:
        """The one JSON object of `--json`."""
        if self.as_json:
            sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def problem_lines(problems: Sequence[Problem], *, examples: int | None = 3) -> list[str]:
    """Problems as text, grouped by kind with a count and the first few of each; `examples=None` shows all."""
    lines: list[str] = []
    for severity in Severity:
        for kind in dict.fromkeys(problem.kind for problem in problems if problem.severity is severity):
            group = [problem for problem in problems if problem.kind is kind and problem.severity is severity]
            lines.append(f"{kind} · {len(group)} {severity}{'s' if len(group) > 1 else ''}")
            lines.extend(f"  {problem}" for problem in group[:examples])
            hidden = len(group) - (len(group) if examples is None else min(examples, len(group)))
            if hidden:
                lines.append(f"  … and {hidden} more")
    return lines
