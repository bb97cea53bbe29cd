"""What the inbox shows of a grower, worded and escaped: shared by the live pages and by the lasting copy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup, escape

from leafcast.sandbox.clock import in_words
from leafcast.sandbox.desk import Desk
from leafcast.sandbox.pages import rendered_page
from leafcast.sandbox.settings import PROVIDERS
from leafcast.sandbox.state import Email, MagicLink, Thread

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


@dataclass(frozen=True, slots=True)
class RowView:
    """A grower's line in the list. `href` leads to the thread, `find` is what a filter without a server looks into."""

    key: str
    href: str
    title: str
    external_id: str
    preview: str
    time: str
    emails: int
    texts: int
    notices: int
    connected: bool
    find: str = ""


def counts(desk: Desk) -> dict[str, int]:
    """The figures at the top of the inbox."""
    state = desk.state
    return {
        "growers": len(state.threads),
        "links": sum(not link.deleted for link in state.links.values()),
        "emails": len(state.emails),
        "texts": len(state.texts),
        "in-app": len(state.notices),
        "connected": sum(bool(thread.user and thread.user.credentials) for thread in state.threads.values()),
    }


def row_view(thread: Thread, key: str, href: str, find: str = "") -> RowView:
    """A grower's line."""
    preview = thread.emails[-1].subject if thread.emails else thread.texts[-1].body if thread.texts else ""
    preview = preview or ("A link in your own application" if thread.notices else "")
    return RowView(
        key=key,
        href=href,
        title=thread.title,
        external_id=(thread.user and thread.user.external_id) or "",
        preview=preview or "A link, and no message yet",
        time=datetime.fromtimestamp(thread.last, UTC).strftime("%H:%M"),
        emails=len(thread.emails),
        texts=len(thread.texts),
        notices=len(thread.notices),
        connected=bool(thread.user and thread.user.credentials),
        find=find,
    )


def thread_page(desk: Desk, thread: Thread, *, lasting: bool = False) -> Markup:
    """All messages and links of one grower; `lasting` for a copy that no sandbox stands behind."""
    now = desk.clock.now()
    user = thread.user
    page = rendered_page(
        "thread.html",
        thread=thread,
        lasting=lasting,
        external_id=(user and user.external_id) or "",
        connected=[PROVIDERS[name] for name in user.credentials] if user else [],
        links=[link_card(desk, link, now) for link in reversed(thread.links)],
        emails=[(email, email.latest(now), when(email.at)) for email in reversed(thread.emails)],
        texts=[(text, text.latest(now), when(text.at), _linked(text.body, lasting)) for text in thread.texts],
        notices=[(notice, when(notice.at), _linked(notice.url, lasting)) for notice in thread.notices],
    )
    return Markup(page)  # noqa: S704 - rendered by our own template, which escapes


def link_card(desk: Desk, link: MagicLink, now: float) -> LinkCard:
    """How a link stands at this instant, in words."""
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
    return LinkCard(f"{desk.url}/magic/{link.id}", purpose, f"{standing} · {opened}{files}", tone)


def mail_page(email: Email) -> str:
    """One email as a frame shows it: its own HTML, else its text. Not escaped; for a frame in which no script runs."""
    html = email.html or f"<pre>{escape(email.text)}</pre>"
    return _DOCTYPE.sub(r'\1<base target="_blank">', html, count=1)


def when(at: float) -> str:
    """An instant for a person to read."""
    return datetime.fromtimestamp(at, UTC).strftime("%d %b %Y, %H:%M UTC")


def _linked(body: str, lasting: bool) -> Markup:
    """A text with its addresses marked and all else escaped, as a phone does; they lead nowhere in a lasting copy."""
    mark = "<u>{0}</u>" if lasting else '<a href="{0}" target="_blank" rel="noopener noreferrer">{0}</a>'
    parts, end = [], 0
    for match in _URL.finditer(body):
        parts.append(escape(body[end : match.start()]))
        parts.append(Markup(mark).format(match[0]))  # noqa: S704 - one of two constants; the address is escaped
        end = match.end()
    return Markup("").join((*parts, escape(body[end:])))
