"""What a person sees while waiting: a live line on a terminal, one plain line every few seconds elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from leafcast.cli.printing import Voice
from leafcast.model import Channel, Outcome, Verdict
from leafcast.ports import Clock, Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

PLAIN_EVERY = 5.0
"""Seconds between two plain lines."""


class SilentProgress:
    """For `--quiet`."""

    def planned(self, messages: int) -> None:
        """Nothing is shown."""

    def settled(self, channel: Channel, outcome: Outcome) -> None:
        """Nothing is shown."""

    def notice(self, text: str) -> None:
        """Nothing is shown."""


class PlainProgress:
    """For pipes, cron and CI."""

    def __init__(self, voice: Voice, clock: Clock) -> None:
        self._voice, self._clock = voice, clock
        self._total, self._ended = 0, Counter[Verdict]()
        self._began = self._spoke = clock.monotonic()

    def planned(self, messages: int) -> None:
        """The measure of all further lines."""
        self._total = messages
        self._began = self._spoke = self._clock.monotonic()

    def settled(self, channel: Channel, outcome: Outcome) -> None:  # noqa: ARG002 - the port names both
        """Count, and speak when it is time."""
        self._ended[outcome.verdict] += 1
        now = self._clock.monotonic()
        if now - self._spoke >= PLAIN_EVERY or self._ended.total() == self._total:
            self._spoke = now
            self._voice.note(f"{_done(self._ended, self._total)}{_rate(self._ended.total(), now - self._began)}")

    def notice(self, text: str) -> None:
        """One line."""
        self._voice.note(text)


class LiveProgress:
    """For a terminal: how many, how fast, how long still."""

    def __init__(self, voice: Voice, bar: Bar) -> None:
        self._voice, self._bar, self._ended = voice, bar, Counter[Verdict]()
        self._task = bar.add_task("sending", total=None, counts="", rate="")

    def planned(self, messages: int) -> None:
        """The full length of the bar."""
        self._bar.reset(self._task, total=messages)

    def settled(self, channel: Channel, outcome: Outcome) -> None:  # noqa: ARG002 - the port names both
        """Move on by one."""
        self._ended[outcome.verdict] += 1
        speed = self._bar.tasks[0].speed
        self._bar.update(self._task, advance=1, counts=_troubles(self._ended), rate=f"{speed:,.0f}/s" if speed else "")

    def notice(self, text: str) -> None:
        """One line above the bar."""
        self._bar.console.print(text)


@contextmanager
def watching(voice: Voice, clock: Clock) -> Iterator[Progress]:
    """The right kind of progress for whoever is looking."""
    if voice.quiet:
        yield SilentProgress()
        return
    console = voice.console()
    if not console.is_terminal:
        yield PlainProgress(voice, clock)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[counts]}"),
    )
    with Bar(*columns, console=console, transient=True) as bar:
        yield LiveProgress(voice, bar)


def _done(ended: Counter[Verdict], total: int) -> str:
    return f"{ended.total():,} of {total:,} messages{_troubles(ended)}"


def _troubles(ended: Counter[Verdict]) -> str:
    troubles = [
        f"{ended[verdict]:,} {verdict.replace('_', ' ')}"
        for verdict in (Verdict.REFUSED, Verdict.FAILED, Verdict.IN_DOUBT)
        if ended[verdict]
    ]
    return f" ({', '.join(troubles)})" if troubles else ""


def _rate(done: int, seconds: float) -> str:
    return f", {done / seconds:,.1f} a second" if seconds > 1 else ""
