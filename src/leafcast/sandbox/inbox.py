"""The inbox page: what every grower received, as their mail program and their phone would show it.

The pages work without JavaScript; with it, the list fills as one scrolls, the filter acts while one types and new
messages appear by themselves.
"""

from __future__ import annotations

from itertools import islice
from urllib.parse import urlencode

from markupsafe import Markup

from leafcast.sandbox.desk import Desk
from leafcast.sandbox.exchange import Answer, Call, html_answer
from leafcast.sandbox.pages import ASSETS, asset, rendered_page
from leafcast.sandbox.state import Thread
from leafcast.sandbox.views import RowView, counts, mail_page, row_view, thread_page

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
            thread=thread_page(self._desk, shown) if shown else "",
            counts=counts(self._desk),
            environment=self._desk.settings.environment(self._desk.url),
        )
        return html_answer(page, headers=_PAGE_HEADERS)

    def rows(self, call: Call) -> Answer:
        """`GET /inbox/rows`: a part of the list (`q`, `from`), with the counts in a header for the top of the page."""
        start = call.query.get("from", "0")
        if not start.isdecimal():
            return html_answer("", 400)
        part = self._rows(call.query.get("q", ""), int(start), call.query.get("grower", ""))
        figures = ",".join(str(count) for count in counts(self._desk).values()).encode()
        return html_answer(part, headers=(*_PAGE_HEADERS, (b"x-counts", figures)))

    def thread(self, call: Call) -> Answer:
        """`GET /inbox/thread`: all messages of one grower."""
        thread = self._desk.state.threads.get(call.query.get("grower", ""))
        return html_answer(thread_page(self._desk, thread), headers=_PAGE_HEADERS) if thread else html_answer("", 404)

    def email(self, call: Call) -> Answer:
        """`GET /inbox/email/{id}`: the HTML of one email alone, for a frame in which no script runs."""
        email = self._desk.state.emails.get(call.params["id"])
        return html_answer(mail_page(email), headers=_MAIL_HEADERS) if email else html_answer("", 404)

    def file(self, call: Call) -> Answer:
        """`GET /inbox/{file}`: style and script."""
        name = call.params["file"]
        if name not in ASSETS:
            return html_answer("", 404)
        return Answer(200, asset(name), ((b"content-type", ASSETS[name]), (b"cache-control", b"no-cache")))

    def _rows(self, words: str, start: int, chosen: str) -> str:
        threads = list(islice(self._desk.state.newest_threads(words), start, start + ROWS + 1))
        return rendered_page(
            "rows.html",
            rows=[_row(thread, words) for thread in threads[:ROWS]],
            chosen=chosen,
            start=start,
            words=words,
            more=f"?{urlencode({'q': words, 'from': start + ROWS})}" if len(threads) > ROWS else "",
        )


def _row(thread: Thread, words: str) -> RowView:
    query = {"q": words, "grower": thread.key} if words else {"grower": thread.key}
    return row_view(thread, thread.key, f"/?{urlencode(query)}")
