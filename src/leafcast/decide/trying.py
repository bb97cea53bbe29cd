"""Messages that a person sends to themselves: which rows tell most, and how such a message is marked.

The link in them opens nothing. A real one would let whoever reads the test into a grower's account, and would be one
more that nobody keeps account of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from markupsafe import Markup, escape

from leafcast.model import EmailMessage, Grower, LinkRequest, SmsMessage

TELLING = 5
"""Rows that are sent when none is named."""
NO_UNSUBSCRIBE = "https://unsubscribe.invalid/"
"""In the place of the grower's own address for unsubscribing, which works."""

VALID = 3_600
"""Seconds that Twilio may keep a test: whoever waits for it has given up by then."""

T = TypeVar("T")
_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_MARK = Markup(
    '<div style="background:#b00020;color:#ffffff;font:14px/1.4 sans-serif;padding:8px 16px;text-align:center">{}</div>'
)


def telling(rows: Iterable[tuple[T, Grower, LinkRequest]], most: int = TELLING) -> list[T]:
    """Rows that differ from each other: one of each link type, language and brand, the longest name, a missing one. In
    list order; the iterable is read once."""
    kinds: dict[tuple[object, ...], tuple[int, T]] = {}
    longest: tuple[int, int, T] | None = None
    nameless: tuple[int, T] | None = None
    for place, (item, grower, request) in enumerate(rows):
        kind = (request.type, len(request.providers) > 1, grower.cell("locale"), grower.cell("brand"))
        kinds.setdefault(kind, (place, item))
        if longest is None or len(grower.name) > longest[0]:
            longest = (len(grower.name), place, item)
        if nameless is None and not grower.name:
            nameless = (place, item)
    chosen = dict(found for found in (nameless, longest and longest[1:]) if found is not None)
    for place, item in kinds.values():
        if len(chosen) < most:
            chosen.setdefault(place, item)
    return [chosen[place] for place in sorted(chosen)]


def marked_email(message: EmailMessage, to: str, words: str) -> EmailMessage:
    """The email as the grower would get it, marked with these words and addressed to somebody else."""
    html, text = message.html, message.text
    if message.unsubscribe:
        html = html.replace(str(escape(message.unsubscribe)), NO_UNSUBSCRIBE)
        text = text.replace(message.unsubscribe, NO_UNSUBSCRIBE)
    body = _BODY.search(html)
    end = body.end() if body else 0
    return replace(
        message,
        to=to,
        to_name="",
        subject=f"[TEST] {message.subject}",
        html=f"{html[:end]}{_MARK.format(words)}{html[end:]}",
        text=f"[TEST] {words}\n\n{text}",
        unsubscribe="",
    )


def marked_text(message: SmsMessage, to: str) -> SmsMessage:
    """The text as the grower would get it, marked and addressed to somebody else. The mark is short: a longer one would
    change how many segments the text takes. The grower's night is not the reader's, so the text may travel for a while.
    """
    return replace(message, to=to, body=f"[TEST] {message.body}", validity=VALID)
