"""(service, status, error code) -> Outcome. One table per service; what they share stands in `common`."""

from __future__ import annotations

from typing import assert_never

from leafcast.decide.replies import Reply
from leafcast.decide.verdicts.leaf import leaf_verdict
from leafcast.decide.verdicts.sendgrid import sendgrid_verdict
from leafcast.decide.verdicts.twilio import OPTED_OUT, twilio_verdict
from leafcast.decide.verdicts.webhook import webhook_verdict
from leafcast.model import Outcome, Service

__all__ = ["OPTED_OUT", "judge", "leaf_verdict", "sendgrid_verdict", "twilio_verdict", "webhook_verdict"]


def judge(service: Service, reply: Reply) -> Outcome:
    """What a reply means for the one thing that was asked of the service."""
    match service:
        case Service.LEAF:
            return leaf_verdict(reply)
        case Service.SENDGRID:
            return sendgrid_verdict(reply)
        case Service.TWILIO:
            return twilio_verdict(reply)
        case Service.WEBHOOK:
            return webhook_verdict(reply)
        case _:
            assert_never(service)
