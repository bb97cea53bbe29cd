"""The services' words for what became of a message -> `Delivery`. A word that is not known here changes nothing.

SendGrid: the statuses of Email Logs (OpenAPI description `tsg_logs_v3`, 2026-01). Twilio: `message_enum_status`
(OpenAPI description `twilio_api_v2010`, v2.6.7, 2026-04).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from leafcast.decide.suppressed import STOP
from leafcast.model import Channel, Delivery

_ENHANCED = re.compile(r"\b[45]\.\d{1,3}\.\d{1,3}\b")
_PLAIN = re.compile(r"\b[45]\d\d\b")

SENDGRID: Mapping[str, Delivery] = {
    "processed": Delivery.QUEUED,
    "deferred": Delivery.QUEUED,
    "delivered": Delivery.DELIVERED,
    "dropped": Delivery.DROPPED,
    "bounced": Delivery.BOUNCED,
    "blocked": Delivery.BOUNCED,
}

TWILIO: Mapping[str, Delivery] = {
    "accepted": Delivery.QUEUED,
    "scheduled": Delivery.QUEUED,
    "queued": Delivery.QUEUED,
    "sending": Delivery.QUEUED,
    "sent": Delivery.QUEUED,
    "delivered": Delivery.DELIVERED,
    "partially_delivered": Delivery.DELIVERED,
    "read": Delivery.DELIVERED,
    "undelivered": Delivery.UNDELIVERED,
    "failed": Delivery.UNDELIVERED,
    "canceled": Delivery.UNDELIVERED,
}


def barred_word(channel: Channel, delivery: Delivery) -> str:
    """The reason of a suppression that comes from a service's list."""
    match channel, delivery:
        case Channel.SMS, Delivery.UNSUBSCRIBED:
            return STOP
        case _, Delivery.COMPLAINED:
            return "marked as spam"
        case _:
            return delivery.value


def sendgrid_delivery(status: object) -> Delivery:
    """What SendGrid's logs say of an email."""
    return SENDGRID.get(str(status).lower(), Delivery.UNKNOWN)


def smtp_code(reason: str) -> str:
    """The receiving server's code in its words, `5.1.1` or `550`; '' where there is none. The words themselves may
    hold the address."""
    found = _ENHANCED.search(reason) or _PLAIN.search(reason)
    return found[0] if found else ""


def open_still(delivery: Delivery) -> bool:
    """Whether asking again may show more. What a late bounce or a complaint adds comes by the service's lists."""
    return delivery in (Delivery.UNKNOWN, Delivery.QUEUED)


def twilio_delivery(status: object) -> Delivery:
    """What Twilio says of a text."""
    return TWILIO.get(str(status).lower(), Delivery.UNKNOWN)
