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
UNEVEN, STALLED = 0.030, 1.0
"""The guard is widened by as much as that older one's answer was later than usual, since it may have arrived so late:
by a stall of up to `STALLED`, but by no more than `UNEVEN` where answers vary by that much all the time, because 95 %
of the pace must be used then too."""
CATCH_UP = 0.05
"""Seconds of missed turns that may be made up for: a process that was late is not punished for it."""
LONGEST_WAIT = 900.0
"""Seconds. Whoever asks for a longer wait is asked again after this one."""
SLOWER, FASTER, SLOWEST = 0.7, 0.02, 0.05
"""On 429 the pace falls to this share; each quiet second gives this share of the configured pace back; and it never
falls below this share."""
UNIX_TIME = 1_000_000_000
"""A rate-limit reset above this is a time, below it a span."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How the turns of one service follow each other. `rate` is requests per second, `inf` for no limit."""

    rate: float
    share: float = 1.0
    """What the service's 429s have left of the rate, 1 being all."""
    next_at: float = -inf
    """When the next turn is due."""
    slowed_at: float = -inf
    """When the share last fell."""

    def __post_init__(self) -> None:
        if not self.rate > 0:
            raise ValueError("a pace is more than 0")

    @property
    def window(self) -> tuple[int, float]:
        """(n, seconds): at most n requests in any such span. n is 0 for no limit."""
        if not isfinite(self.rate):
            return 0, 0.0
        return (1, 1 / self.rate) if self.rate < 1 else (floor(self.rate), 1.0)

    @property
    def spacing(self) -> float:
        """Seconds between two turns."""
        if not isfinite(self.rate):
            return 0.0
        count, span = self.window
        return (span + JITTER) / (count * self.share)

    def due(self, now: float) -> float:
        """When the next turn may be taken, asked at `now`: never long before it, so that idleness saves nothing up."""
        return max(self.next_at, now - min(CATCH_UP, self.spacing * 8))

    def taken(self, now: float) -> Pace:
        """The pace after the turn that was due at `now`."""
        return replace(self, next_at=self.due(now) + self.spacing)

    def slower(self, now: float, observed: float) -> Pace:
        """After a 429: fewer, once a second at most, because many requests meet the same limit. An unlimited pace falls
        to a share of the rate that was `observed`."""
        if now - self.slowed_at < 1:
            return self
        if not isfinite(self.rate):
            return replace(self, rate=max(1.0, observed * SLOWER), slowed_at=now)
        return replace(self, share=max(SLOWEST, self.share * SLOWER), slowed_at=now)

    def faster(self, seconds: float) -> Pace:
        """After `seconds` without a 429: a little more, up to what is configured."""
        return self if self.share >= 1 else replace(self, share=min(1.0, self.share + FASTER * seconds))


@dataclass(slots=True)
class Departure:
    """A request that left, for the one that comes a whole window later."""

    at: float
    late: float = 0.0
    """Seconds by which it may have arrived later than others, known once its answer is there."""

    def clears(self, span: float, now: float) -> float:
        """Seconds until its sliding window is surely over; 0 or less when it is."""
        return self.at + span + GUARD + self.late - now


@dataclass(frozen=True, slots=True)
class Way:
    """How long answers take: the quickest of late, and by how much they usually miss it."""

    quickest: float = inf
    usual: float = 0.0

    def after(self, took: float) -> tuple[Way, float]:
        """The way after one more answer, and by how much this one was late."""
        quickest = min(took, self.quickest * 1.01)
        late = took - quickest
        usual = self.usual + (late - self.usual) * 0.02
        return Way(quickest, usual), min(late, STALLED if usual < UNEVEN else UNEVEN)


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
    its `-Reset` (unix seconds at SendGrid, docs "rate limits", 2026-11; a span elsewhere)."""
    asked = retry_after(headers.get("retry-after"), now)
    if asked is not None or headers.get("x-ratelimit-remaining", "").strip() != "0":
        return asked
    try:
        reset = float(headers.get("x-ratelimit-reset", ""))
    except ValueError:
        return None
    if not isfinite(reset):
        return None
    span = reset - now.timestamp() if reset > UNIX_TIME else reset
    return min(max(span, 0.0), LONGEST_WAIT)


def backoff(attempt: int, chance: float, *, first: float = 1.0, longest: float = 300.0) -> float:
    """Seconds to wait after attempt 1, 2, 3 …: full jitter, anything from 0 to a doubling bound; `chance` is 0 to 1."""
    return chance * min(longest, first * 2.0 ** min(attempt - 1, 30))
