"""The in-app message: what the team's own application is told, and how it can tell that it was us.

Signed are the timestamp, a full stop, and the body, byte for byte. Nothing of the grower leaves but our list's id and
the link: the application knows its people itself.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime

from leafcast.model import Grower, Link, WebhookMessage

TIMESTAMP, SIGNATURE, KEY = "Leafcast-Timestamp", "Leafcast-Signature", "Idempotency-Key"
"""The headers beside the body: seconds since 1970, `v1=` and the hexadecimal HMAC-SHA256, our message id."""


def inapp_message(campaign: str, grower: Grower, link: Link, message_id: str, round: int) -> WebhookMessage:
    """The grower's link for the application, written once: what is signed and what is sent are the same bytes."""
    told = {
        "type": "leafcast.link",
        "messageId": message_id,
        "campaign": campaign,
        "round": round,
        "externalId": grower.external_id,
        "locale": grower.cell("locale"),
        "link": {
            "url": link.url,
            "expiresAt": f"{link.expires_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "type": str(link.type),
            "providers": list(link.providers),
            "leafUserId": link.leaf_user_id,
        },
    }
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    return WebhookMessage(message_id, grower.external_id, body)


def signed_headers(message: WebhookMessage, secret: bytes, now: datetime) -> dict[str, str]:
    """The headers that prove the body at `now`."""
    timestamp = str(int(now.timestamp()))
    return {
        TIMESTAMP: timestamp,
        SIGNATURE: f"v1={signature(secret, timestamp, message.body)}",
        KEY: message.message_id,
    }


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over `timestamp.body`, in hexadecimal digits."""
    return hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
