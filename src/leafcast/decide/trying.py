"""Messages that a person sends to themselves: which rows tell most, and how such a message is marked.

The link in them opens nothing. A real one would let whoever reads the test into a grower's account, and would be one
more that nobody keeps account of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from markupsafe import Markup, escape

from leafcast.decide.telling import Shown, Telling
from leafcast.model import EmailMessage, Grower, LinkRequest, SmsMessage

TELLING = 5
"""Rows that are sent when none is named."""
NO_UNSUBSCRIBE = "https://unsubscribe.invalid/"
"""In the place of the grower's own address for unsubscribing, which works."""

VALID = 3_600
"""Seconds that Twilio may keep a test: whoever waits for it has given up by then."""

_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_MARK = Markup(
    '<div style="background:#b00020;color:#ffffff;font:14px/1.4 sans-serif;padding:8px 16px;text-align:center">{}</div>'
)


def telling(rows: Iterable[tuple[Grower, LinkRequest]], most: int = TELLING) -> list[Shown]:
    """Rows that differ from each other, as a preview shows them; where those are more than somebody wants to get, the
    ones that show most at once. In list order; the iterable is read once."""
    telling = Telling()
    for grower, request in rows:
        telling.take(grower, request)
    chosen = sorted(telling.chosen(), key=lambda shown: -len(shown.why))[:most]
    return sorted(chosen, key=lambda shown: shown.grower.row)


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
