"""A column of the live bar whose words are made anew each time it is drawn, so that it tells of a wait as well.

It is the one that gives way on a narrow terminal: its words are cut, never folded over several lines."""

from __future__ import annotations

from collections.abc import Callable

from rich.progress import ProgressColumn, Task
from rich.table import Column
from rich.text import Text


class Told(ProgressColumn):
    """Shows what a function says, whatever the task does."""

    max_refresh = 1.0

    def __init__(self, say: Callable[[], str], column: Column | None = None) -> None:
        super().__init__(column)
        self._say = say

    def render(self, task: Task) -> Text:  # noqa: ARG002 - the library's form
        """The words of now."""
        return Text(self._say(), no_wrap=True, overflow="ellipsis")
