"""The arithmetic of pace, waiting and backoff. Instants are seconds of a monotonic clock that somebody else reads.

A pace of R means that in no sliding second more than R requests arrive. Turns are therefore spaced by a little more
than 1/R: between a turn and the arrival at the server lies a delay that varies, and `JITTER` is how much variation the
promise bears. For the same reason a pace that is no whole number is rounded down from 1 on (2.5 would put three
requests into some seconds); below 1 it is one request every 1/R seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import floor, inf, isfinite

JITTER = 0.018
"""Seconds, in one second, by which the way to the server may vary. It costs 1.8 % of the pace."""
GUARD = 0.010
"""Seconds by which a request must miss the sliding second of the one that is a whole window older."""
CAUTION, STALLED = 0.030, 1.0
"""The guard is widened by as much as that older one's answer was later than usual, since it may have arrived so late:
by up to `STALLED` seconds. Where answers vary all the time this may cost `CAUTION` seconds of a second on average, for
95 % of the pace must be used then too."""
FORGETTING = 0.02
"""Share by which the quickest answer of late is taken to have slowed down, for each second without one as quick."""
CATCH_UP = 0.05
"""Seconds of missed turns that may be made up for: a process that was late is not punished for it."""
LONGEST_WAIT = 900.0
"""Seconds. Whoever asks for a longer wait is asked again after this one."""
UNIX_TIME = 1_000_000_000
"""A rate-limit reset above this is a time, below it a span."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How the turns of one service follow each other. `rate` is requests per second, `inf` for no limit."""

    rate: float
    next_at: float = -inf
    """When the next turn is due."""

    def __post_init__(self) -> None:
        if not self.rate > 0:
            raise ValueError("a pace is more than 0")

    @property
    def window(self) -> tuple[int, float]:
        """(n, seconds): at most n requests in any such span. n is 0 for no limit."""
        if not isfinite(self.rate):
            return 0, 0.0
        return (1, 1 / self.rate) if self.rate < 1 else (floor(self.rate), 1.0)

    def spacing(self, rate: float) -> float:
        """Seconds between two turns at `rate`: the pace, or less where a service takes less."""
        if not isfinite(self.rate):
            return (1 + JITTER) / rate if isfinite(rate) else 0.0
        count, span = self.window
        return (span + JITTER) / (count * min(1.0, rate / self.rate))

    def due(self, now: float, rate: float) -> float:
        """When the next turn may be taken, asked at `now`: never long before it, so that idleness saves nothing up."""
        return max(self.next_at, now - min(CATCH_UP, self.spacing(rate) * 8))

    def taken(self, now: float, rate: float) -> Pace:
        """The pace after the turn that was due at `now`."""
        return replace(self, next_at=self.due(now, rate) + self.spacing(rate))

    def owing(self, seconds: float) -> Pace:
        """The pace when what took the last turn takes as long as this besides."""
        return replace(self, next_at=self.next_at + seconds)


@dataclass(slots=True)
class Departure:
    """A request that left, for the one that comes a whole window later."""

    at: float
    wrote: float | None = None
    """When its bytes were surely written; None until then, and where nobody tells."""
    answered: float | None = None

    def took(self, now: float) -> float:
        """Seconds from its bytes to its answer, or to `now` as long as there is none."""
        return (self.answered or now) - (self.wrote or self.at)


@dataclass(frozen=True, slots=True)
class Way:
    """How long answers take: the quickest of late, and what it costs to be careful about those that miss it."""

    quickest: float = inf
    cost: float = 0.0
    """Seconds a request, on average."""
    most: float = STALLED
    """So much lateness counts: less where being careful costs too much."""
    heard: float = inf
    """When the last answer came."""

    def after(self, left: Departure, now: float) -> Way:
        """The way after the answer to a request."""
        took = left.took(now)
        quickest = min(took, self.quickest * (1 + FORGETTING * min(max(now - self.heard, 0.0), 1.0)))
        cost = self.cost + (min(took - quickest, self.most) - self.cost) * 0.02
        most = self.most * 0.99 if cost > CAUTION else min(STALLED, self.most * 1.03)
        return Way(quickest, cost, most, now)

    def late(self, took: float) -> float:
        """By how much a request may have arrived late whose answer took so long, or is not there after so long."""
        return min(max(took - self.quickest, 0.0), self.most) if isfinite(self.quickest) else 0.0

    def clears(self, left: Departure, span: float, now: float) -> float:
        """Seconds until the sliding window of a request is surely over; 0 or less when it is. What this machine took
        to write it is known, and counts as it is; what the way took after that can only be told from the answer."""
        wrote = left.wrote or left.at
        if left.wrote is None and left.answered is None:
            wrote = max(wrote, now - STALLED)  # it may be written only now
        return wrote + span + GUARD + self.late(left.took(now)) - now


def retry_after(text: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` asks for (RFC 9110, 10.2.3: seconds or an HTTP date), 0 to 900. None where it is
    missing or cannot be read, which is not the same as 0."""
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            until = parsedate_to_datetime(text)
        except ValueError:
            return None
        seconds = ((until if until.tzinfo else until.replace(tzinfo=UTC)) - now).total_seconds()
    return None if seconds != seconds else min(max(seconds, 0.0), LONGEST_WAIT)


def wait_asked(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that an answer's headers ask for: `Retry-After` first, else an exhausted `X-RateLimit-Remaining` with
    its `-Reset` (unix seconds at SendGrid, docs "rate limits", 2026-11; a span elsewhere). None where they ask for
    nothing: no wait, one that is over, or one that cannot be read."""
    asked = retry_after(headers.get("retry-after"), now) or None
    if asked is not None or headers.get("x-ratelimit-remaining", "").strip() != "0":
        return asked
    try:
        reset = float(headers.get("x-ratelimit-reset", ""))
    except ValueError:
        return None
    if not isfinite(reset):
        return None
    span = reset - now.timestamp() if reset > UNIX_TIME else reset
    return min(max(span, 0.0), LONGEST_WAIT) or None


def backoff(attempt: int, chance: float, *, first: float = 1.0, longest: float = 300.0) -> float:
    """Seconds to wait after attempt 1, 2, 3 …: full jitter, anything from 0 to a doubling bound; `chance` is 0 to 1."""
    return chance * min(longest, first * 2.0 ** min(attempt - 1, 30))
