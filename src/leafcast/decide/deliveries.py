"""The services' words for what became of a message -> `Delivery`. A word that is not known here changes nothing.

SendGrid: the statuses of Email Logs (OpenAPI description `tsg_logs_v3`, 2026-01). Twilio: `message_enum_status`
(OpenAPI description `twilio_api_v2010`, v2.6.7, 2026-04).
"""

from __future__ import annotations

from collections.abc import Mapping

from leafcast.model import Delivery

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


def sendgrid_delivery(status: object) -> Delivery:
    """What SendGrid's logs say of an email."""
    return SENDGRID.get(str(status).lower(), Delivery.UNKNOWN)


def twilio_delivery(status: object) -> Delivery:
    """What Twilio says of a text."""
    return TWILIO.get(str(status).lower(), Delivery.UNKNOWN)
