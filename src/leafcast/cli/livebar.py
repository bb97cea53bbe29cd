"""A column of the live bar whose words are made anew each time it is drawn, so that it tells of a wait as well."""

from __future__ import annotations

from collections.abc import Callable

from rich.progress import ProgressColumn, Task
from rich.text import Text


class Told(ProgressColumn):
    """Shows what a function says, whatever the task does."""

    max_refresh = 1.0

    def __init__(self, say: Callable[[], str]) -> None:
        super().__init__()
        self._say = say

    def render(self, task: Task) -> Text:  # noqa: ARG002 - the library's form
        """The words of now."""
        return Text(self._say())
