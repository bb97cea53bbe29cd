"""Twilio's list of messages: finding a text that left and got no answer, by the magic link in its words.

The list is asked for by `To` and read from the newest back; its filter by DateSent is not used, because a text that
still waits has no such date (OpenAPI description `twilio_api_v2010`, v2.6.7, 2026-04).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from leafcast.decide.deliveries import twilio_delivery
from leafcast.decide.replies import Answer, Reply
from leafcast.decide.verdicts.looking import not_shown
from leafcast.model import Absent, Barred, Delivery, Found, Look, Outcome, Report, Service, Sought, Unknown

PAGE = 100
MARGIN = timedelta(hours=1)
"""Twilio's clock and ours may differ by so much."""

Ask = Callable[[str, Mapping[str, str]], Awaitable[Reply | Outcome]]
"""Recipient and place in the list in; one page out, asked for again until there is an answer worth having."""


STOP = "twilio stop"
STOP_WORDS = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
"""A reply that is one of these opts out (twilio.com support, 223134027, 2026)."""

AskPage = Callable[[Mapping[str, str]], Awaitable[Reply | Outcome]]
"""Place in the list in; one page out."""


async def pages(ask: AskPage, since: datetime) -> AsyncIterator[Sequence[Mapping[str, Any]] | Unknown]:
    """The account's texts from the newest back to a time, a page at a time."""
    place: Mapping[str, str] = {}
    tokens: set[str] = set()
    seen: list[Mapping[str, Any]] = []
    while True:
        reply = await ask(place)
        body = reply.json() if isinstance(reply, Answer) and reply.ok else None
        items = body.get("messages") if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(items, list) or not all(isinstance(i, dict) for i in items):
            yield not_shown(Service.TWILIO, reply)
            return
        yield items
        seen += items
        place = _place(body.get("next_page_uri"))
        token = place.get("page_token")
        if token is None or token in tokens or _is_past(seen, items, since):
            return
        tokens.add(token)


def report(text: Mapping[str, Any]) -> Report | None:
    """What Twilio says of one text; None for one that has no sid."""
    sid, code = text.get("sid"), text.get("error_code")
    if not isinstance(sid, str) or text.get("direction") == "inbound":
        return None
    return Report(sid, twilio_delivery(text.get("status")), str(code) if code else "", _created(text))


def stopped(text: Mapping[str, Any]) -> Barred | None:
    """Whoever said STOP in this text; None for any other."""
    sender, created = text.get("from"), _created(text)
    word = re.sub(r"[^a-z]", "", _words(text).casefold())
    if text.get("direction") != "inbound" or not isinstance(sender, str) or created is None or word not in STOP_WORDS:
        return None
    return Barred(sender, Delivery.UNSUBSCRIBED, STOP, created)


async def find_text(ask: Ask, sought: Sought) -> Look:
    """Every text to the number since the message left, until one shows its link."""
    if not sought.link_id or not sought.link:
        return Unknown("the ledger does not know which link this text shows, so it cannot be told from others")
    texts = await _texts(ask, sought)
    if isinstance(texts, Unknown):
        return texts
    shows_it = re.compile(rf"(?<![\w-]){re.escape(sought.link_id)}(?![\w-])")
    for text in texts:
        if shows_it.search(_words(text)):
            sid = text.get("sid")
            return Found(sid if isinstance(sid, str) else None, twilio_delivery(text.get("status")))
    if any(_could_be(text, sought) for text in texts):
        return Unknown("Twilio shows a text to this number at that time without showing its link; look there by hand")
    return Absent()


def _could_be(text: Mapping[str, Any], sought: Sought) -> bool:
    """Whether a text that does not show the link may still be the one: its words are withheld, or changed. One that
    shows another magic link is another message."""
    created = _created(text)
    near = created is None or abs(created - sought.left_at) <= MARGIN
    any_link = sought.link.partition(sought.link_id)[0] or sought.link
    return near and any_link not in _words(text)


async def _texts(ask: Ask, sought: Sought) -> list[Mapping[str, Any]] | Unknown:
    """The texts to a number, back to an hour before the message left."""
    since, found = sought.left_at - MARGIN, list[Mapping[str, Any]]()
    place: Mapping[str, str] = {}
    tokens: set[str] = set()
    while True:
        reply = await ask(sought.to, place)
        body = reply.json() if isinstance(reply, Answer) and reply.ok else None
        items = body.get("messages") if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(items, list) or not all(isinstance(i, dict) for i in items):
            return not_shown(Service.TWILIO, reply)
        found += items
        if not body.get("next_page_uri") or _is_past(found, items, since):
            return [text for text in found if (_created(text) or since) >= since]
        place = _place(body["next_page_uri"])
        token = place.get("page_token")
        if token is None or token in tokens:
            return Unknown("Twilio's list has a next page that cannot be asked for")
        tokens.add(token)


def _is_past(found: Iterable[Mapping[str, Any]], page: Iterable[Mapping[str, Any]], since: datetime) -> bool:
    """Whether a page lies wholly before a time, in a list that goes from the newest to the oldest, as this one does but
    is nowhere promised to."""
    times = [_created(text) for text in found]
    known = [time for time in times if time is not None]
    in_order = len(known) == len(times) and known == sorted(known, reverse=True) and len(set(known)) > 1
    return in_order and all((_created(text) or since) < since for text in page)


def _place(next_page: Any) -> Mapping[str, str]:
    told = parse_qs(urlsplit(str(next_page)).query)
    wanted = {"PageToken": "page_token", "Page": "page_number"}
    return {name: told[key][0] for key, name in wanted.items() if key in told}


def _words(text: Mapping[str, Any]) -> str:
    body = text.get("body")
    return body if isinstance(body, str) else ""


def _created(text: Mapping[str, Any]) -> datetime | None:
    """`Sun, 01 Mar 2026 12:00:00 +0000`."""
    try:
        created = parsedate_to_datetime(str(text.get("date_created")))
    except ValueError:
        return None
    return created if created.tzinfo else created.replace(tzinfo=UTC)
