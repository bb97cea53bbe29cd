"""What it means when a service does not answer a question about a message that left. Nothing is sent here, so silence
is no doubt: the question can be asked again another time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from leafcast.decide.replies import Answer, NotSent, Reply, Unanswered
from leafcast.decide.verdicts import leaf, twilio
from leafcast.decide.verdicts.common import WHY
from leafcast.model import Outcome, Service, Unknown, Verdict

NAMES: Mapping[Service, str] = {
    Service.LEAF: "Leaf",
    Service.SENDGRID: "SendGrid",
    Service.TWILIO: "Twilio",
    Service.WEBHOOK: "your application",
}

_REFUSALS: Mapping[Service, Mapping[int, str]] = {
    Service.LEAF: {status: leaf.STATUSES[status].sentence for status in (401, 403)},
    Service.SENDGRID: {
        401: "SendGrid does not accept the key; check SENDGRID_API_KEY",
        403: "SendGrid does not let this key read its Email Logs; give the key read access to them, or settle the "
        "emails by a person's word (leafcast resolve)",
    },
    Service.TWILIO: {
        401: twilio.STATUSES[401].sentence,
        403: "these Twilio credentials may not list messages; check the key's permissions",
        404: twilio.STATUSES[404].sentence,
    },
    Service.WEBHOOK: {},  # it is never asked: there is no question that every application would answer
}


def not_shown(service: Service, reply: Reply | Outcome) -> Unknown:
    """Why a look gave nothing, for the reply that it ended with after all its repetitions."""
    name = NAMES[service]
    match reply:
        case Outcome(verdict=verdict, reason=reason):
            return Unknown(reason, everyone=verdict in (Verdict.STOP, Verdict.PAUSE))
        case NotSent(fault) | Unanswered(fault):
            return Unknown(f"{name} could not be asked: {WHY[fault]}", everyone=True)
        case Answer(status=status) if status in _REFUSALS[service]:
            return Unknown(_REFUSALS[service][status], everyone=True, forbidden=status == 403)
        case Answer(status=429):
            return Unknown(f"{name} takes no more questions for now", everyone=True)
        case Answer(status=status) if status >= 500:
            return Unknown(f"{name} is broken for now (HTTP {status})", everyone=True)
        case Answer(status=status) if status >= 300:
            return Unknown(f"{name} did not take the question (HTTP {status})")
        case Answer():
            return Unknown(f"{name}'s answer could not be read")
        case _:
            assert_never(reply)
