"""How fast a service may really be asked: pure arithmetic over its 429s.

A refusal says that what it took in the last second is about all that it takes. So the rate falls to a little less than
that, comes back to it within some seconds, stays near it for a while, and only then feels its way on (the shape is that
of TCP's CUBIC, RFC 9438): nearly all of what the service takes is used, and few requests are refused.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from math import inf, isfinite

CUT = 0.1
"""This share is taken off what the service was seen to take."""
UNSURE = 0.7
"""Where too little was seen yet, the rate falls to this share."""
STEEPEST = 0.25
"""One refusal leaves at least this share: it may have been about one request."""
FEW, QUICKLY = 5, 10.0
"""What is seen of fewer requests is no more than a guess, and is tried again within so many seconds."""
PROBES, SOONEST, LATEST = 200.0, 20.0, 300.0
"""The rate is back where it was refused after so many requests, but within these seconds: a refusal now and then is
the price of knowing, and this keeps it under one in a hundred."""
SLOWEST_START = 10.0
"""Requests per second that a service without a pace is asked for at least, as long as little is known."""
ENOUGH_SEEN = 1.0
"""Seconds of sending that tell what a service takes."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What a service takes, as far as its refusals have told. Instants are monotonic seconds."""

    ceiling: float
    """The pace that was set, requests per second; `inf` for none."""
    level: float | None = None
    """What it was seen to take when it last refused; None while it never did."""
    since: float = -inf
    """When the rate was last cut."""
    guessed: bool = False
    """Whether the level is a guess, because too little was seen."""

    def rate(self, now: float) -> float:
        """Requests per second to ask it for now, at most the ceiling."""
        if self.level is None:
            return self.ceiling
        period = QUICKLY if self.guessed else min(max(PROBES / self.level, SOONEST), LATEST)
        away = (now - self.since) / period - 1
        return min(self.ceiling, self.level * (1 + CUT * away**3))

    def refused(self, now: float, left_at: float, taken: Taken, *, alone: bool = False) -> Limit:
        """After a 429 to a request that left at `left_at`; one that left before the last cut is no news. `alone` says
        that it was the only one after a wait: then it tells that the service takes nothing yet, not how much it
        takes."""
        if left_at <= self.since:
            return self
        if alone and self.level is not None:
            return replace(self, since=now)
        rate = self.rate(now)
        seen = taken.rate(now, rate)
        if seen is None:
            level = rate * UNSURE if isfinite(rate) else max(SLOWEST_START, float(taken.so_far(now)))
        else:
            level = max(seen, rate * STEEPEST) if isfinite(rate) else max(seen, SLOWEST_START)
        guessed = seen is None or seen * max(ENOUGH_SEEN, FEW / rate) < FEW
        return replace(self, level=min(level, rate), since=now, guessed=guessed)


class Taken:
    """What a service took of late."""

    def __init__(self, since: float) -> None:
        self._since = since
        self._times: deque[float] = deque(maxlen=5000)

    def note(self, now: float) -> None:
        """One request was taken."""
        self._times.append(now)

    def rate(self, now: float, rate: float) -> float | None:
        """Requests per second that it took in the last second, or in the time of a few where that is longer; None
        before enough was seen."""
        span = max(ENOUGH_SEEN, FEW / rate)
        if now - self._since < span:
            return None
        count = self._within(now, span)
        return (count if count >= FEW else count + 0.5) / span  # a few may be more or fewer by one, as it happens

    def so_far(self, now: float) -> int:
        """Requests that it took in the last second, however much of it was used."""
        return self._within(now, ENOUGH_SEEN)

    def _within(self, now: float, span: float) -> int:
        count = 0
        for time in reversed(self._times):
            if now - time > span:
                break
            count += 1
        return count
