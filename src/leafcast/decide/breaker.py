"""When to leave a service alone for a while: pure arithmetic over the outcomes that it gave.

A service that is down is asked by one request at a time, with longer and longer breaks, and not by everybody at once:
each request that gets no answer may become a doubt. A service that says "later" itself (429) now and then is a matter
of the pace, which follows it; one that says so every time is down as well.
"""

from __future__ import annotations

from collections import deque
from math import inf

from leafcast.model import Outcome, Verdict

IN_A_ROW = 4
"""So many outcomes that took nothing, without an answer between, open it: fewer than the doubts that end a run."""
LATER_FOR = 5.0
"""Seconds: where all of them said "later" the pace slows down first, and it opens when that went on for so long."""
LATELY, AGAIN_IN_A_ROW, AGAIN_FOR = 60.0, 2, 1.0
"""Seconds after a break in which it needs less: a service that goes up and down says "later" again, and it is enough
that the pause after that did not help."""
AMONG_LAST = (10, 20)
"""And so do ten troubles among the last twenty."""
FIRST_BREAK, LONGEST_BREAK = 30.0, 600.0
"""Seconds; each probe that fails doubles the break."""
LOOK_AGAIN = 1.0
"""Seconds after which whoever waits for a probe's answer looks again."""
TRUST, NOT_YET = 8, 0.1
"""After a break so many good answers are waited for before everybody may ask again, with one request more under way
after each of them; whoever finds no place looks again after so many seconds."""
OPEN_IN_ALL = 900.0
"""Seconds that it may be open, in all, before the run had better be continued later."""


def is_trouble(outcome: Outcome) -> bool:
    """Whether an outcome says that the service cannot be reached or loses its answers."""
    return outcome.verdict is Verdict.IN_DOUBT or (outcome.verdict is Verdict.PAUSE and outcome.code == "not-sent")


def is_later(outcome: Outcome) -> bool:
    """Whether a service that can be reached put something off by itself."""
    return outcome.verdict is Verdict.PAUSE and not is_trouble(outcome)


class Breaker:
    """One service's breaker. Instants are monotonic seconds."""

    def __init__(self) -> None:
        self._last: deque[bool] = deque(maxlen=AMONG_LAST[1])
        self._in_a_row = self._troubles = 0
        self._nothing_since = 0.0
        self._open_until: float | None = None
        self._opened_at = 0.0
        self._open_before = 0.0
        self._closed_at = -inf
        self._break = FIRST_BREAK
        self._probing = False
        self._good: int | None = None
        """Good answers since the last break; None once it is trusted again."""
        self._under_way = 0

    @property
    def closed(self) -> bool:
        """Whether more than a probe may ask."""
        return self._open_until is None

    def wait(self, now: float) -> float:
        """Seconds to wait before asking here again; 0 lets a request go. When the break is over one may go, and its
        outcome decides for the others; then a few, and then everybody."""
        if self._open_until is None:
            if self._good is not None and self._under_way > self._good:
                return NOT_YET
            self._under_way += 1
            return 0.0
        if now < self._open_until:
            return self._open_until - now
        if self._probing:
            return LOOK_AGAIN
        self._probing = True
        return 0.0

    def unused(self) -> None:
        """Whoever was let through did not ask after all."""
        self._probing = False
        self._under_way = max(0, self._under_way - 1)

    def observe(self, outcome: Outcome, now: float) -> bool:
        """Take an outcome in; True when this opened the breaker."""
        trouble, later = is_trouble(outcome), is_later(outcome)
        if self._open_until is not None:
            return self._observe_open(trouble or later, now)
        self._under_way = max(0, self._under_way - 1)
        self._last.append(trouble)
        if not (trouble or later):
            self._in_a_row = self._troubles = 0
            self._trust_more()
            return False
        if self._in_a_row == 0:
            self._nothing_since = now
        self._in_a_row += 1
        self._troubles += trouble
        if not self._too_much(trouble, now):
            return False
        if self._good is not None:
            self._break = min(self._break * 2, LONGEST_BREAK)
        self._open(now)
        return True

    def open_seconds(self, now: float) -> float:
        """How long it has been open so far, all breaks together."""
        return self._open_before + (now - self._opened_at if self._open_until is not None else 0.0)

    def _too_much(self, trouble: bool, now: float) -> bool:
        enough, among = AMONG_LAST
        if self._good is not None and trouble:
            return True  # it was down a moment ago
        since = now - self._nothing_since
        if self._in_a_row >= IN_A_ROW and (self._troubles or since >= LATER_FOR):
            return True
        if now - self._closed_at < LATELY and self._in_a_row >= AGAIN_IN_A_ROW and since >= AGAIN_FOR:
            return True
        return len(self._last) == among and sum(self._last) >= enough

    def _trust_more(self) -> None:
        if self._good is None:
            return
        self._good += 1
        if self._good >= TRUST:
            self._good, self._break = None, FIRST_BREAK

    def _open(self, now: float) -> None:
        self._opened_at, self._open_until = now, now + self._break
        self._probing, self._good, self._under_way = False, None, 0

    def _observe_open(self, nothing: bool, now: float) -> bool:
        if not nothing:
            self._open_before = self.open_seconds(now)
            self._open_until, self._probing, self._closed_at = None, False, now
            self._good, self._under_way = 1, 0
            self._last.clear()
            self._in_a_row = self._troubles = 0
        elif self._probing and self._open_until is not None and now >= self._open_until:
            # Troubles of requests that left before it opened say nothing new; the probe's does.
            self._break = min(self._break * 2, LONGEST_BREAK)
            self._open_until, self._probing = now + self._break, False
        return False
