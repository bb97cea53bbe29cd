"""When a run must stop by itself: pure arithmetic over the outcomes that it saw.

A wrong run reaches thousands of phones before lunch, so what looks like everybody's trouble stops it at once.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from leafcast.model import Outcome, Service, Verdict

SAME_ANSWER_FIRST = (10, 20)
"""Ten of the first twenty answers with one and the same refusal point at the configuration, not at the growers."""
SAME_ANSWER_IN_A_ROW = 20
UNREACHABLE_SECONDS = 30.0
"""So long may a service be out of reach, without one answer between, before the run stops to be continued later."""
UNREACHABLE_ATTEMPTS = 5
DOUBTS = (5, 0.01)
"""More doubts than the larger of five and one in a hundred, and the service is losing answers: each further message
would only add to them."""

_NAMES = {Service.LEAF: "Leaf", Service.SENDGRID: "SendGrid", Service.TWILIO: "Twilio"}
_SAID_NO = frozenset({Verdict.REFUSED, Verdict.FAILED})


@dataclass
class _Seen:
    answers: int = 0
    first: list[str] = field(default_factory=list)
    last: deque[str] = field(default_factory=lambda: deque(maxlen=SAME_ANSWER_IN_A_ROW))
    unreachable_since: float | None = None
    unreachable: int = 0


class StopRules:
    """Watches the outcomes of one run. `expected` is how many messages the run was confirmed for."""

    def __init__(self, expected: int) -> None:
        self._doubt_budget = max(DOUBTS[0], int(expected * DOUBTS[1]))
        self._doubts = 0
        self._seen = {service: _Seen() for service in Service}

    def observe(self, service: Service, outcome: Outcome, at: float) -> str | None:
        """Take one outcome in, at a monotonic instant; answer the sentence to stop with, or None to go on."""
        if outcome.verdict is Verdict.STOP:
            return f"{_NAMES[service]}: {outcome.reason}"
        return (
            self._doubted(service, outcome) or self._out_of_reach(service, outcome, at) or self._same(service, outcome)
        )

    def _doubted(self, service: Service, outcome: Outcome) -> str | None:
        self._doubts += outcome.verdict is Verdict.IN_DOUBT
        if self._doubts <= self._doubt_budget:
            return None
        return (
            f"{_NAMES[service]} loses its answers: {self._doubts} requests of this run are in doubt, "
            "and each further one would only add to them"
        )

    def _out_of_reach(self, service: Service, outcome: Outcome, at: float) -> str | None:
        seen = self._seen[service]
        if outcome.verdict is not Verdict.PAUSE:
            seen.unreachable_since, seen.unreachable = None, 0
            return None
        seen.unreachable += 1
        if seen.unreachable_since is None:
            seen.unreachable_since = at
        long = at - seen.unreachable_since >= UNREACHABLE_SECONDS
        if long and seen.unreachable >= UNREACHABLE_ATTEMPTS:
            return f"{_NAMES[service]} took nothing for {UNREACHABLE_SECONDS:.0f} seconds: {outcome.reason}"
        return None

    def _same(self, service: Service, outcome: Outcome) -> str | None:
        if outcome.verdict is Verdict.PAUSE:
            return None
        seen = self._seen[service]
        seen.answers += 1
        said_no = outcome.code if outcome.verdict in _SAID_NO else ""
        seen.last.append(said_no)
        enough, among = SAME_ANSWER_FIRST
        if seen.answers <= among:
            seen.first.append(said_no)
        if not said_no:
            return None
        in_a_row = len(seen.last) == SAME_ANSWER_IN_A_ROW and set(seen.last) == {said_no}
        at_first = seen.answers <= among and seen.first.count(said_no) >= enough
        if in_a_row or at_first:
            return (
                f"{_NAMES[service]} gives grower after grower the same answer ({said_no}: {outcome.reason}); "
                "that points at the campaign or the account, not at the growers"
            )
        return None
