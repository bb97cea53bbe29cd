"""What a service asked for, and how it is honoured: waits, fewer requests, and a knock before everybody comes back.

Pure arithmetic; instants are monotonic seconds that somebody else reads.

1. A wait that a service names is kept. A wait of nothing (`Retry-After: 0`, less than that, or a date gone by) is none:
   then our own counts, which doubles with each refusal that follows one.
2. Nor does a service that was wrong about its wait get away with it: if it refuses after that, ours counts where it is
   longer.
3. After a refusal one request goes and its answer is waited for, before the others go on: whoever refuses everything
   is asked once after each wait.
"""

from __future__ import annotations

from math import inf

from leafcast.decide.adapting import Limit, Taken
from leafcast.decide.pacing import backoff

TOO_MANY, BROKEN, UNAVAILABLE = 429, 500, 503
FIRST_PAUSE = 0.5
"""Seconds: the longest pause after a first 429 that names none; each one that follows it doubles that."""
MOST_DOUBLED = 8
"""So many refusals in a row double it, the others no more."""
FAR_OFF = 0.8
"""Where the rate fell below this share it was far too high, and the pause is three times as long: the second that is
full by now passes meanwhile."""
LONG_PAUSE = 10.0
"""Seconds: a pause that is longer is given up when the service shows that it takes requests all the same."""
KNOCKING = 2.0
"""Seconds for which the others wait for the answer to the one request after a refusal; then one more goes."""
LOOK_AGAIN, LISTEN = 1.0, 0.02
"""Seconds after which whoever waits looks whether the wait still holds: for a pause, and for that one answer."""


class Manners:
    """Towards one service."""

    def __init__(self, ceiling: float, now: float) -> None:
        """`ceiling` is the pace that was set, requests per second; `inf` for none."""
        self._limit = Limit(ceiling)
        self._taken = Taken(now)
        self._paused_until = self._refused_at = self._knocking_until = -inf
        self._knocks = False
        """Whether the next request has to go alone."""
        self._refusals = 0

    def rate(self, now: float) -> float:
        """Requests per second to ask it for; `inf` for no limit."""
        return self._limit.rate(now)

    def paused(self, now: float) -> float:
        """Seconds for which nothing goes, because it asked for that or refused; 0 or less when it is over."""
        return self._paused_until - now

    def wait(self, now: float) -> float:
        """Seconds until the next request may go, as far as it is a matter of manners; 0 or less for at once."""
        return max(self._paused_until, self._knocking_until) - now

    def look(self, now: float) -> float:
        """Seconds after which it is worth while to ask again how long to wait."""
        return LISTEN if now >= self._paused_until else LOOK_AGAIN

    def goes(self, now: float) -> None:
        """A request has leave to go."""
        if self._knocks:
            self._knocking_until = now + KNOCKING

    def heard(self, status: int, asked: float | None, left_at: float, now: float, chance: float) -> None:
        """Take in what an answer's status and wish mean for the requests after it. `asked` are seconds, None or 0 for
        nothing that can be kept; `chance` is 0 to 1, the jitter of pauses."""
        if status == TOO_MANY:
            self._refused(asked or 0.0, left_at, now, chance)
        elif status >= BROKEN:
            if status == UNAVAILABLE and asked:
                self._pause(asked, left_at, now)
                self._knocks, self._knocking_until = True, -inf
        else:
            self._accepted(left_at, now)  # a no about one request has used the limit as well

    def rests(self, asked: float, left_at: float, now: float) -> None:
        """It answered a request and said that this was the last one for so many seconds."""
        self._pause(asked, left_at, now)

    def _refused(self, asked: float, left_at: float, now: float, chance: float) -> None:
        news, alone, before = left_at > self._limit.since, self._knocks, self._limit.rate(now)
        self._limit = self._limit.refused(now, left_at, self._taken, alone=alone)
        if news:  # those that had left before the last cut met the same limit, and say nothing new
            self._refusals += 1
            self._knocks, self._knocking_until = True, -inf
            if not asked or self._refusals > 1:
                far_off = not alone and self._limit.rate(now) < before * FAR_OFF
                asked = max(asked, self._own_pause(far_off, chance))
        if asked:
            self._pause(asked, left_at, now)

    def _own_pause(self, far_off: bool, chance: float) -> float:
        first = FIRST_PAUSE * (3 if far_off else 1)
        return backoff(min(self._refusals, MOST_DOUBLED), 0.5 + chance / 2, first=first)

    def _accepted(self, left_at: float, now: float) -> None:
        self._taken.note(now)
        self._refusals = 0
        if left_at > self._refused_at:
            self._knocks, self._knocking_until = False, -inf
            if self._paused_until - now > LONG_PAUSE:
                # It takes what left after the one that it put off for so long: that was about one, not about all.
                self._paused_until = now

    def _pause(self, seconds: float, left_at: float, now: float) -> None:
        self._paused_until = max(self._paused_until, now + seconds)
        self._refused_at = max(self._refused_at, left_at)
