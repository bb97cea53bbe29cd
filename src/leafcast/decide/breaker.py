"""When to leave a service alone for a while: pure arithmetic over the outcomes that it gave.

A service that is down is asked by one request at a time, with longer and longer breaks, and not by everybody at once:
each request that gets no answer may become a doubt. A service that says "later" itself (429) now and then is a matter
of the pace, which follows it; one that says so every time is down as well.
"""

from __future__ import annotations

from collections import deque

from leafcast.model import Outcome, Verdict

IN_A_ROW = 5
"""So many outcomes that took nothing, without an answer between, open it."""
AMONG_LAST = (10, 20)
"""And so do ten troubles among the last twenty."""
FIRST_BREAK, LONGEST_BREAK = 30.0, 600.0
"""Seconds; each probe that fails doubles the break."""
LOOK_AGAIN = 1.0
"""Seconds after which whoever waits for a probe's answer looks again."""
OPEN_IN_ALL = 900.0
"""Seconds that it may be open, in all, before the run had better be continued later."""


def is_trouble(outcome: Outcome) -> bool:
    """Whether an outcome says that the service cannot be reached or loses its answers."""
    return outcome.verdict is Verdict.IN_DOUBT or (outcome.verdict is Verdict.PAUSE and outcome.code == "not-sent")


def took_nothing(outcome: Outcome) -> bool:
    """Whether an outcome is no answer to what was asked: trouble, or "later"."""
    return outcome.verdict in (Verdict.IN_DOUBT, Verdict.PAUSE)


class Breaker:
    """One service's breaker. Instants are monotonic seconds."""

    def __init__(self) -> None:
        self._last: deque[bool] = deque(maxlen=AMONG_LAST[1])
        self._in_a_row = 0
        self._open_until: float | None = None
        self._opened_at = 0.0
        self._open_before = 0.0
        self._break = FIRST_BREAK
        self._probing = False

    @property
    def closed(self) -> bool:
        """Whether everybody may ask."""
        return self._open_until is None

    def wait(self, now: float) -> float:
        """Seconds to wait before asking here again; 0 lets a request go. When the break is over one may go, and its
        outcome decides for the others."""
        if self._open_until is None:
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

    def observe(self, outcome: Outcome, now: float) -> bool:
        """Take an outcome in; True when this opened the breaker."""
        if self._open_until is not None:
            return self._observe_open(took_nothing(outcome), now)
        self._last.append(is_trouble(outcome))
        self._in_a_row = self._in_a_row + 1 if took_nothing(outcome) else 0
        enough, among = AMONG_LAST
        if self._in_a_row < IN_A_ROW and not (len(self._last) == among and sum(self._last) >= enough):
            return False
        self._opened_at = now
        self._open_until = now + self._break
        return True

    def open_seconds(self, now: float) -> float:
        """How long it has been open so far, all breaks together."""
        return self._open_before + (now - self._opened_at if self._open_until is not None else 0.0)

    def _observe_open(self, trouble: bool, now: float) -> bool:
        if not trouble:
            self._open_before = self.open_seconds(now)
            self._open_until, self._break, self._probing = None, FIRST_BREAK, False
            self._last.clear()
            self._in_a_row = 0
        elif self._probing and self._open_until is not None and now >= self._open_until:
            # Troubles of requests that left before it opened say nothing new; the probe's does.
            self._break = min(self._break * 2, LONGEST_BREAK)
            self._open_until, self._probing = now + self._break, False
        return False
