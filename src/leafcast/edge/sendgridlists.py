"""SendGrid's lists of addresses: bounces, blocks, invalid ones, spam reports, unsubscribes.

`GET /v3/suppression/{list}` with `start_time` in unix seconds, inclusive, and pages by `limit` (500 at most) and
`offset` (OpenAPI description `tsg_suppressions_v3`, 2026-01). Mail to an address on `blocks` is still tried.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from leafcast.decide.deliveries import smtp_code
from leafcast.decide.replies import Answer, Reply
from leafcast.decide.verdicts.looking import not_shown
from leafcast.model import Barred, Delivery, Outcome, Service, Unknown

MOST = 500
LISTS: Mapping[str, tuple[str, Delivery, bool]] = {
    "sendgrid bounces": ("bounces", Delivery.BOUNCED, True),
    "sendgrid blocks": ("blocks", Delivery.BOUNCED, False),
    "sendgrid invalid": ("invalid_emails", Delivery.BOUNCED, True),
    "sendgrid spam": ("spam_reports", Delivery.COMPLAINED, True),
    "sendgrid unsubscribes": ("unsubscribes", Delivery.UNSUBSCRIBED, True),
}
"""Source -> the list's name, what it says of the last email, and whether further mail is dropped."""

NOT_ALLOWED = Unknown(
    "SendGrid does not let this key read its suppressions, so late bounces and unsubscribes are not seen; give the key "
    "read access to them",
    everyone=True,
    forbidden=True,
)

Ask = Callable[[str, Mapping[str, int]], Awaitable[Reply | Outcome]]
"""Path and query in; asked again until there is an answer worth having."""


async def barred(ask: Ask, source: str, since: datetime) -> AsyncIterator[Sequence[Barred] | Unknown]:
    """What came on a list since a time, a page at a time."""
    name, _, _ = LISTS[source]
    offset = 0
    while True:
        query = {"start_time": int(since.timestamp()), "limit": MOST, "offset": offset}
        reply = await ask(f"/v3/suppression/{name}", query)
        items = reply.json() if isinstance(reply, Answer) and reply.ok else None
        if not isinstance(items, list):
            forbidden = isinstance(reply, Answer) and reply.status == 403
            yield NOT_ALLOWED if forbidden else not_shown(Service.SENDGRID, reply)
            return
        entries = [_barred(source, item) for item in items]
        yield [entry for entry in entries if entry is not None]
        if len(items) < MOST:
            return
        offset += len(items)


def _barred(source: str, item: Any) -> Barred | None:
    """One entry; None for what has no address or no time, which says nothing about anybody."""
    _, delivery, lasting = LISTS[source]
    if not isinstance(item, dict) or not isinstance(item.get("email"), str):
        return None
    created = item.get("created")
    if not isinstance(created, int | float) or isinstance(created, bool) or not 0 <= created < 1e11:
        return None
    code = item["status"] if isinstance(item.get("status"), str) else smtp_code(str(item.get("reason") or ""))
    return Barred(item["email"], delivery, source, datetime.fromtimestamp(created, UTC), code[:20], lasting)
