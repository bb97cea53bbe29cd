"""What means the same at every service: silence, and the statuses that HTTP itself explains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from leafcast.decide.replies import Answer, Fault, NotSent, Unanswered
from leafcast.model import Outcome, Verdict

WHY: Mapping[Fault, str] = {
    Fault.NAME: "its name could not be found; check the network and the *_API_URL variables",
    Fault.REFUSED: "it took no connection; check the network and the *_API_URL variables",
    Fault.TLS: "no trusted encrypted connection; check the machine's certificates and clock",
    Fault.CONNECT_TIMEOUT: "no connection came about in time; check the network",
    Fault.CLOSED: "the connection ended before the answer",
    Fault.TIMEOUT: "no answer came in time",
    Fault.GARBLED: "what came back was no HTTP answer",
}


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a status or a code means: the verdict, and the sentence for the user, which says what to do."""

    verdict: Verdict
    sentence: str


PAUSE = Ruling(Verdict.PAUSE, "the service asks for fewer requests; leafcast slows down and tries again")
DOUBT = Ruling(Verdict.IN_DOUBT, "the service broke while it worked on this, so nobody can say whether it was done")
MOVED = Ruling(
    Verdict.STOP, "the service points to another address, which leafcast does not follow; check its *_API_URL"
)
UNKNOWN = Ruling(Verdict.FAILED, "the service refused this for a reason that leafcast does not know")


def ruled(ruling: Ruling, code: str, answer: Answer | None = None, provider_id: str | None = None) -> Outcome:
    """An outcome by a line of a table."""
    waits = ruling.verdict in (Verdict.PAUSE, Verdict.STOP) and answer is not None
    return Outcome(
        ruling.verdict, code, ruling.sentence, provider_id, answer.retry_after if waits and answer is not None else None
    )


def no_answer(reply: NotSent | Unanswered) -> Outcome:
    """What silence means: surely not done, or a doubt."""
    match reply:
        case NotSent(fault):
            return Outcome(Verdict.PAUSE, "not-sent", f"nothing was sent: {WHY[fault]}")
        case Unanswered(fault):
            return Outcome(Verdict.IN_DOUBT, "no-answer", f"it was sent, but {WHY[fault]}")


def by_status(answer: Answer, table: Mapping[int, Ruling]) -> Outcome:
    """The line of the service's own table, else what HTTP says (RFC 9110, 15). A 2xx that the table does not name is a
    doubt, because a success of some kind is not the success that was asked for; so is 408, which some gateways send
    after they have passed a request on."""
    status = answer.status
    if status in table:
        ruling = table[status]
    elif status == 429:
        ruling = PAUSE
    elif status >= 500 or status == 408 or status < 300:
        ruling = DOUBT
    else:
        ruling = MOVED if status < 400 else UNKNOWN
    return ruled(ruling, f"http-{status}", answer)
