"""What a person sees while waiting: a live line on a terminal, one plain line every few seconds elsewhere."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import isfinite
from typing import TYPE_CHECKING, Protocol

from leafcast.cli.printing import Voice
from leafcast.decide.stopping import NAMES
from leafcast.decide.timeleft import TimeLeft
from leafcast.model import Channel, Outcome, Service, Verdict
from leafcast.ports import Clock, Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

PLAIN_EVERY = 5.0
"""Seconds between two plain lines."""
SPEED_SPAN = 10.0
"""Seconds over which a service's speed is measured."""
SLOWED = 0.95
"""A service that takes less than this share of its pace is said to."""


class SilentProgress:
    """For `--quiet`."""

    def planned(self, messages: int) -> None:
        """Nothing is shown."""

    def settled(self, channel: Channel, outcome: Outcome) -> None:
        """Nothing is shown."""

    def notice(self, text: str) -> None:
        """Nothing is shown."""


class Gauge(Protocol):
    """A service's door, as far as it can be looked at from outside."""

    pace: float
    sent: int

    @property
    def rate(self) -> float:
        """Requests per second that it lets through now."""

    @property
    def paused(self) -> float:
        """Seconds for which it lets nothing through."""


class Speeds:
    """How fast each service is asked, and what is waited for."""

    def __init__(self, gauges: Mapping[Service, Gauge], now: float) -> None:
        self._gauges = gauges
        self._marks = {service: deque([(now, gauge.sent)]) for service, gauge in gauges.items()}

    def words(self, now: float) -> str:
        """Every service that was asked of late: requests a second, the share of its pace, and why it is no more."""
        told = [self._service(service, gauge, now) for service, gauge in self._gauges.items()]
        return ", ".join(one for one in told if one)

    def _service(self, service: Service, gauge: Gauge, now: float) -> str:
        marks = self._marks[service]
        if now - marks[-1][0] >= 1:
            marks.append((now, gauge.sent))
        while len(marks) > 1 and now - marks[0][0] > SPEED_SPAN:
            marks.popleft()
        since, before = marks[0]
        speed = (gauge.sent - before) / (now - since) if now - since >= 1 else 0.0
        name = NAMES[service]
        if gauge.paused >= 1:
            return f"{name} asked to wait, {_span(gauge.paused)} more"
        if not speed:
            return ""
        if gauge.rate < gauge.pace * SLOWED:
            return f"{name} {_number(speed)}/s, as it takes no more"
        share = f" ({min(100, round(100 * speed / gauge.pace))} % of its pace)" if isfinite(gauge.pace) else ""
        return f"{name} {_number(speed)}/s{share}"


class Meter:
    """What the progress of a run is told by: how fast, waiting for what, how long still."""

    def __init__(self, clock: Clock, gauges: Mapping[Service, Gauge]) -> None:
        self._clock = clock
        now = clock.monotonic()
        self._speeds = Speeds(gauges, now)
        self._left = TimeLeft({}, now)

    def expect(self, planned: Mapping[Channel, int]) -> None:
        """From now on these are on their way."""
        self._left = TimeLeft(planned, self._clock.monotonic())

    def settled(self, channel: Channel) -> None:
        """One ended."""
        self._left.settled(channel, self._clock.monotonic())

    def speeds(self) -> str:
        """Each service in a few words."""
        return self._speeds.words(self._clock.monotonic())

    def left(self) -> str:
        """How long still; nothing where nobody can tell or it is over in a moment."""
        seconds = self._left.seconds(self._clock.monotonic())
        return f"about {_span(seconds)} left" if seconds is not None and seconds >= 1 else ""


class PlainProgress:
    """For pipes, cron and CI."""

    def __init__(self, voice: Voice, clock: Clock, meter: Meter | None = None) -> None:
        self._voice, self._clock = voice, clock
        self._meter = meter or Meter(clock, {})
        self._total, self._ended = 0, Counter[Verdict]()
        self._spoke = clock.monotonic()

    def planned(self, messages: int) -> None:
        """The measure of all further lines."""
        self._total = messages
        self._spoke = self._clock.monotonic()

    def settled(self, channel: Channel, outcome: Outcome) -> None:
        """Count, and speak when it is time."""
        self._ended[outcome.verdict] += 1
        self._meter.settled(channel)
        now = self._clock.monotonic()
        if now - self._spoke >= PLAIN_EVERY or self._ended.total() == self._total:
            self._spoke = now
            told = (_done(self._ended, self._total), self._meter.speeds(), self._meter.left())
            self._voice.note("; ".join(one for one in told if one))

    def notice(self, text: str) -> None:
        """One line."""
        self._voice.note(text)


class LiveProgress:
    """For a terminal: how many, how fast, how long still. The bar appears when the sending begins."""

    def __init__(self, bar: Bar, meter: Meter) -> None:
        self._bar, self._meter, self._ended = bar, meter, Counter[Verdict]()
        self._task = bar.add_task("sending", total=None, counts="")

    def planned(self, messages: int) -> None:
        """The full length of the bar."""
        if messages:
            self._bar.reset(self._task, total=messages)
            self._bar.start()

    def settled(self, channel: Channel, outcome: Outcome) -> None:
        """Move on by one; a refusal that goes on to the next channel makes the way longer."""
        self._ended[outcome.verdict] += 1
        self._meter.settled(channel)
        task = self._bar.tasks[self._task]
        self._bar.update(
            self._task,
            advance=1,
            total=max(task.total or 0, self._ended.total()),
            counts=_troubles(self._ended),
        )

    def notice(self, text: str) -> None:
        """One line above the bar."""
        self._bar.console.print(text, markup=False)


@contextmanager
def watching(voice: Voice, clock: Clock, meter: Meter) -> Iterator[Progress]:
    """The right kind of progress for whoever is looking."""
    if voice.quiet:
        yield SilentProgress()
        return
    console = voice.console()
    if not console.is_terminal:
        yield PlainProgress(voice, clock, meter)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar
    from rich.table import Column

    from leafcast.cli.livebar import Told

    bar = Bar(
        TextColumn("{task.description}"),
        BarColumn(bar_width=12),
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        TextColumn("{task.fields[counts]}"),
        Told(meter.left, Column(no_wrap=True)),
        Told(meter.speeds),
        console=console,
        transient=True,
    )
    try:
        yield LiveProgress(bar, meter)
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


def _number(speed: float) -> str:
    return f"{speed:,.0f}" if speed >= 9.5 else f"{speed:,.1f}"


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
