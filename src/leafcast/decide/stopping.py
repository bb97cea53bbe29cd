"""When a run must stop by itself: pure arithmetic over the outcomes that it saw.

A wrong run reaches thousands of phones before lunch, so what looks like everybody's trouble stops it at once.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from leafcast.errors import LeafcastError
from leafcast.model import Outcome, Service, Verdict

ALL_FAILED = 5
"""When the very first answers are all one and the same failure, nobody else fares better: those who went first, one by
one, are enough to know."""
SAME_ANSWER_FIRST = (10, 20)
"""Ten of the first twenty answers with one and the same refusal point at the configuration, not at the growers."""
SAME_ANSWER_IN_A_ROW = 20
NEVER_ANSWERED_SECONDS, UNREACHABLE_SECONDS = 30.0, 900.0
"""So long may a service put everything off, without one other answer between, before the run stops to be continued
later: a short time if it never took anything (then something is wrong here), a long one if it did."""
UNREACHABLE_ATTEMPTS = 5
DOUBTS = (5, 0.01)
"""More doubts than the larger of five and one in a hundred, and the service is losing answers: each further message
would only add to them."""

NAMES = {
    Service.LEAF: "Leaf",
    Service.SENDGRID: "SendGrid",
    Service.TWILIO: "Twilio",
    Service.WEBHOOK: "Your application",
}
_SAID_NO = frozenset({Verdict.REFUSED, Verdict.FAILED})


@dataclass
class _Seen:
    answers: int = 0
    took_something: bool = False
    first: list[str] = field(default_factory=list)
    last: deque[str] = field(default_factory=lambda: deque(maxlen=SAME_ANSWER_IN_A_ROW))
    unreachable_since: float | None = None
    unreachable: int = 0


class StopRules:
    """Watches the outcomes of one run. `expected` is how many messages the run was confirmed for."""

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self._doubt_budget = max(DOUBTS[0], int(expected * DOUBTS[1]))
        self._doubts = 0
        self._seen = {service: _Seen() for service in Service}

    def observe(self, service: Service, outcome: Outcome, at: float) -> str | None:
        """Take one outcome in, at a monotonic instant; answer the sentence to stop with, or None to go on."""
        if outcome.verdict is Verdict.STOP:
            return f"{NAMES[service]}: {outcome.reason}"
        return (
            self._doubted(service, outcome) or self._out_of_reach(service, outcome, at) or self._same(service, outcome)
        )

    def _doubted(self, service: Service, outcome: Outcome) -> str | None:
        self._doubts += outcome.verdict is Verdict.IN_DOUBT
        if self._doubts <= self._doubt_budget:
            return None
        return (
            f"{NAMES[service]} loses its answers: {self._doubts} requests of this run are in doubt, "
            "and each further one would only add to them"
        )

    def _out_of_reach(self, service: Service, outcome: Outcome, at: float) -> str | None:
        seen = self._seen[service]
        if outcome.verdict is not Verdict.PAUSE:
            seen.unreachable_since, seen.unreachable = None, 0
            seen.took_something |= outcome.verdict is not Verdict.IN_DOUBT
            return None
        seen.unreachable += 1
        if seen.unreachable_since is None:
            seen.unreachable_since = at
        patience = UNREACHABLE_SECONDS if seen.took_something else NEVER_ANSWERED_SECONDS
        waited = at - seen.unreachable_since
        if waited >= patience and seen.unreachable >= UNREACHABLE_ATTEMPTS:
            return f"{NAMES[service]} took nothing for {waited:,.0f} seconds: {outcome.reason}"
        return None

    def _same(self, service: Service, outcome: Outcome) -> str | None:
        if outcome.verdict is Verdict.PAUSE:
            return None
        seen = self._seen[service]
        seen.answers += 1
        said_no = outcome.code if outcome.verdict in _SAID_NO else ""
        seen.last.append(said_no)
        if seen.answers <= SAME_ANSWER_FIRST[1]:
            seen.first.append(said_no)
        if not said_no or not self._everybody(seen, said_no, failed=outcome.verdict is Verdict.FAILED):
            return None
        return (
            f"{NAMES[service]} gives grower after grower the same answer ({said_no}: {outcome.reason}); "
            "that points at the campaign or the account, not at the growers"
        )

    def _everybody(self, seen: _Seen, said_no: str, *, failed: bool) -> bool:
        """Whether an answer comes too often to be about those who got it."""
        enough, among = SAME_ANSWER_FIRST
        all_failed = failed and self._expected > ALL_FAILED and seen.first == [said_no] * ALL_FAILED
        at_first = seen.answers <= among and seen.first.count(said_no) >= enough
        in_a_row = len(seen.last) == SAME_ANSWER_IN_A_ROW and set(seen.last) == {said_no}
        return all_failed or at_first or in_a_row


class Allowance:
    """How many messages may still leave: never more than were confirmed. What surely did not leave is given back."""

    def __init__(self, confirmed: int) -> None:
        self._left = confirmed

    def take(self) -> None:
        """One message is about to leave. Raises LeafcastError when that would be more than was confirmed: a bug."""
        if self._left <= 0:
            raise LeafcastError("This run was about to send more messages than were confirmed")
        self._left -= 1

    def settle(self, outcome: Outcome) -> None:
        """What came of it."""
        if outcome.verdict not in (Verdict.ACCEPTED, Verdict.IN_DOUBT):
            self._left += 1
