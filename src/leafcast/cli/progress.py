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
            pace = _pace(self._ended.total(), self._total, now - self._began)
            self._voice.note(f"{_done(self._ended, self._total)}{pace}")

    def notice(self, text: str) -> None:
        """One line."""
        self._voice.note(text)


class LiveProgress:
    """For a terminal: how many, how fast, how long still. The bar appears when the sending begins."""

    def __init__(self, bar: Bar) -> None:
        self._bar, self._ended = bar, Counter[Verdict]()
        self._task = bar.add_task("sending", total=None, counts="", rate="")

    def planned(self, messages: int) -> None:
        """The full length of the bar."""
        if messages:
            self._bar.reset(self._task, total=messages)
            self._bar.start()

    def settled(self, channel: Channel, outcome: Outcome) -> None:  # noqa: ARG002 - the port names both
        """Move on by one; a refusal that goes on to the next channel makes the way longer."""
        self._ended[outcome.verdict] += 1
        task = self._bar.tasks[self._task]
        self._bar.update(
            self._task,
            advance=1,
            total=max(task.total or 0, self._ended.total()),
            counts=_troubles(self._ended),
            rate=f"{task.speed:,.0f}/s" if task.speed else "",
        )

    def notice(self, text: str) -> None:
        """One line above the bar."""
        self._bar.console.print(text, markup=False)


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

    bar = Bar(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[counts]}"),
        console=console,
        transient=True,
    )
    try:
        yield LiveProgress(bar)
    finally:
        bar.stop()


def _done(ended: Counter[Verdict], total: int) -> str:
    return f"{ended.total():,} of {max(total, ended.total()):,} messages{_troubles(ended)}"


def _troubles(ended: Counter[Verdict]) -> str:
    troubles = [
        f"{ended[verdict]:,} {verdict.replace('_', ' ')}"
        for verdict in (Verdict.REFUSED, Verdict.FAILED, Verdict.IN_DOUBT)
        if ended[verdict]
    ]
    return f" ({', '.join(troubles)})" if troubles else ""


def _pace(done: int, total: int, seconds: float) -> str:
    """How fast, and how long still, once there is something to measure."""
    if seconds <= 1 or not done:
        return ""
    rate = f", {done / seconds:,.1f} a second"
    left = seconds * (total - done) / done
    return rate if left < 1 else f"{rate}, about {_span(left)} left"


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
