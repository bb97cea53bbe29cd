"""What the answers of the team's own application mean. The table is ours: docs/webhook.md tells it to whoever writes
the receiver."""

from __future__ import annotations

from collections.abc import Mapping

from leafcast.decide.replies import Answer, Reply
from leafcast.decide.verdicts.common import Ruling, by_status, no_answer, ruled
from leafcast.model import Outcome, Verdict

TAKEN = Ruling(Verdict.ACCEPTED, "")
UNKNOWN_GROWER = Ruling(Verdict.REFUSED, "your application does not know this grower, or does not want to tell them")
SIGNATURE = Ruling(
    Verdict.STOP, "your application does not accept the signature; check LEAFCAST_WEBHOOK_SECRET on both sides"
)
STATUSES: Mapping[int, Ruling] = {
    401: SIGNATURE,
    403: SIGNATURE,
    404: Ruling(
        Verdict.FAILED, "nothing is at webhook.url; check it (for a grower it does not know, answer 410 or 422)"
    ),
    405: Ruling(Verdict.STOP, "webhook.url takes no POST; check it"),
    410: UNKNOWN_GROWER,
    422: UNKNOWN_GROWER,
}


def webhook_verdict(reply: Reply) -> Outcome:
    """What a reply to one link means. Every 2xx is an acceptance, whatever its body; a 5xx is a doubt."""
    if not isinstance(reply, Answer):
        return no_answer(reply)
    return ruled(TAKEN, "") if reply.ok else by_status(reply, STATUSES)
