"""The inbox page: what every grower received, as their mail program and their phone would show it.

The pages work without JavaScript; with it, the list fills as one scrolls, the filter acts while one types and new
messages appear by themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from urllib.parse import quote, urlencode

from markupsafe import Markup, escape

from leafcast.sandbox.clock import in_words
from leafcast.sandbox.desk import Desk
from leafcast.sandbox.exchange import Answer, Call, html_answer
from leafcast.sandbox.pages import ASSETS, asset, rendered_page
from leafcast.sandbox.settings import PROVIDERS
from leafcast.sandbox.state import MagicLink, Thread

ROWS = 60
_PAGE_CSP = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; img-src data:; "
    b"form-action 'self'; base-uri 'none'"
)
_MAIL_CSP = (
    b"sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    b"img-src http: https: data:; font-src data:; base-uri 'none'; form-action 'none'"
)
_COMMON = (
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
_PAGE_HEADERS = ((b"content-security-policy", _PAGE_CSP), *_COMMON)
_MAIL_HEADERS = ((b"content-security-policy", _MAIL_CSP), *_COMMON)
_DOCTYPE = re.compile(r"\A(\s*(?:<!doctype[^>]*>)?)", re.IGNORECASE)
"""The beginning of a mail: links are told to open elsewhere behind a doctype, since before it they would undo it."""
_URL = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")


@dataclass(frozen=True, slots=True)
class LinkCard:
    """A magic link beside its messages: where it leads, what it is for and how it stands."""

    url: str
    purpose: str
    standing: str
    tone: str


class Inbox:
    """The pages of the inbox."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def page(self, call: Call) -> Answer:
        """`GET /`: the whole page; `q` filters, `grower` opens a thread."""
        words, key = call.query.get("q", ""), call.query.get("grower", "")
        thread = self._desk.state.threads.get(key)
        first = next(self._desk.state.newest_threads(words), None)
        shown = thread or first
        page = rendered_page(
            "inbox.html",
            words=words,
            chosen=thread is not None,
            rows=Markup(self._rows(words, 0, shown.key if shown else "")),  # noqa: S704 - rendered by our own template
            thread=Markup(self._thread(shown)) if shown else "",  # noqa: S704 - likewise
            counts=self._counts(),
            environment=self._desk.settings.environment(self._desk.url),
        )
        return html_answer(page, headers=_PAGE_HEADERS)

    def rows(self, call: Call) -> Answer:
        """`GET /inbox/rows`: a part of the list (`q`, `from`), with the counts in a header for the top of the page."""
        start = call.query.get("from", "0")
        if not start.isdecimal():
            return html_answer("", 400)
        part = self._rows(call.query.get("q", ""), int(start), call.query.get("grower", ""))
        counts = ",".join(str(count) for count in self._counts().values()).encode()
        return html_answer(part, headers=(*_PAGE_HEADERS, (b"x-counts", counts)))

    def thread(self, call: Call) -> Answer:
        """`GET /inbox/thread`: all messages of one grower."""
        thread = self._desk.state.threads.get(call.query.get("grower", ""))
        return html_answer(self._thread(thread), headers=_PAGE_HEADERS) if thread else html_answer("", 404)

    def email(self, call: Call) -> Answer:
        """`GET /inbox/email/{id}`: the HTML of one email alone, for a frame in which no script runs."""
        email = self._desk.state.emails.get(call.params["id"])
        if email is None:
            return html_answer("", 404)
        html = email.html or f"<pre>{escape(email.text)}</pre>"
        return html_answer(_DOCTYPE.sub(r'\1<base target="_blank">', html, count=1), headers=_MAIL_HEADERS)

    def file(self, call: Call) -> Answer:
        """`GET /inbox/{file}`: style and script."""
        name = call.params["file"]
        if name not in ASSETS:
            return html_answer("", 404)
        return Answer(200, asset(name), ((b"content-type", ASSETS[name]), (b"cache-control", b"no-cache")))

    # ------------------------------------------------------------------------------------------------------- helpers

    def _counts(self) -> dict[str, int]:
        state = self._desk.state
        connected = sum(bool(user.credentials) for user in state.users.values())
        links = sum(not link.deleted for link in state.links.values())
        return {
            "growers": len(state.threads),
            "links": links,
            "emails": len(state.emails),
            "texts": len(state.texts),
            "connected": connected,
        }

    def _rows(self, words: str, start: int, chosen: str) -> str:
        threads = list(islice(self._desk.state.newest_threads(words), start, start + ROWS + 1))
        return rendered_page(
            "rows.html",
            rows=[self._row(thread, words) for thread in threads[:ROWS]],
            chosen=chosen,
            start=start,
            words=words,
            more=f"?{urlencode({'q': words, 'from': start + ROWS})}" if len(threads) > ROWS else "",
        )

    def _row(self, thread: Thread, words: str) -> dict[str, object]:
        preview = thread.emails[-1].subject if thread.emails else thread.texts[-1].body if thread.texts else ""
        return {
            "key": thread.key,
            "href": f"/?{urlencode({'q': words, 'grower': thread.key})}" if words else f"/?grower={quote(thread.key)}",
            "title": thread.title,
            "external_id": (thread.user and thread.user.external_id) or "",
            "preview": preview or "A link, and no message yet",
            "time": datetime.fromtimestamp(thread.last, UTC).strftime("%H:%M"),
            "emails": len(thread.emails),
            "texts": len(thread.texts),
            "connected": bool(thread.user and thread.user.credentials),
        }

    def _thread(self, thread: Thread) -> str:
        now = self._desk.clock.now()
        user = thread.user
        return rendered_page(
            "thread.html",
            thread=thread,
            external_id=(user and user.external_id) or "",
            connected=[PROVIDERS[name] for name in user.credentials] if user else [],
            links=[self._card(link, now) for link in reversed(thread.links)],
            emails=[(email, email.latest(now), _when(email.at)) for email in reversed(thread.emails)],
            texts=[(text, text.latest(now), _when(text.at), _linked(text.body)) for text in thread.texts],
        )

    def _card(self, link: MagicLink, now: float) -> LinkCard:
        names = [PROVIDERS.get(name, name) for name in link.providers or ()]
        purpose = {
            "provider": f"Connect {', '.join(names) or 'any provider'}",
            "authentication": f"Connect {', '.join(names)}",
            "file-upload": "Upload machine files",
        }[link.type]
        if link.deleted:
            standing, tone = "withdrawn", "bad"
        elif link.expires <= now:
            standing, tone = "expired", "bad"
        elif link.usage >= link.max_usage:
            standing, tone = "used up", "bad"
        else:
            standing, tone = f"good for {in_words(link.expires - now)}", "good"
        opened = f"opened {link.usage} of {link.max_usage} times"
        files = f" · {link.uploads} file{'s' if link.uploads != 1 else ''} received" if link.uploads else ""
        return LinkCard(f"{self._desk.url}/magic/{link.id}", purpose, f"{standing} · {opened}{files}", tone)


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%d %b %Y, %H:%M UTC")


def _linked(body: str) -> Markup:
    """A text with its addresses made into links and all else escaped, as a phone does."""
    parts, end = [], 0
    for match in _URL.finditer(body):
        url = escape(match[0])
        parts.append(escape(body[end : match.start()]))
        parts.append(Markup('<a href="{0}" target="_blank" rel="noopener noreferrer">{0}</a>').format(url))
        end = match.end()
    return Markup("").join((*parts, escape(body[end:])))
