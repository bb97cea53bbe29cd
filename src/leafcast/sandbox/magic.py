"""The page behind a magic link: a stand-in of Leaf's own, on which pressing a button really connects the grower."""

from __future__ import annotations

from leafcast.sandbox.clock import in_words, iso_seconds
from leafcast.sandbox.desk import Desk
from leafcast.sandbox.exchange import Answer, Call, Malformed, html_answer
from leafcast.sandbox.leaf import offered
from leafcast.sandbox.pages import rendered_page
from leafcast.sandbox.settings import PROVIDERS
from leafcast.sandbox.state import MagicLink, connect

LEAF_GREY = "#F5F5F5"
_CSP = (
    b"default-src 'none'; style-src 'self' 'unsafe-inline'; img-src http: https: data:; form-action 'self'; "
    b"base-uri 'none'; frame-ancestors 'self'"
)
_HEADERS = (
    (b"content-security-policy", _CSP),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
)


class Magic:
    """What a grower meets after the click."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def open(self, call: Call) -> Answer:
        """`GET /magic/{id}`: counts as one use. Expired, used-up and deleted links say so."""
        link = self._desk.state.links.get(call.params["id"])
        if link is None or link.deleted:
            return _closed(404, "This link does not exist any more", "It was withdrawn by the company that sent it.")
        now = self._desk.clock.now()
        if link.expires <= now:
            return _closed(410, "This link has expired", f"It was good until {iso_seconds(link.expires)}.")
        if link.usage >= link.max_usage:
            return _closed(410, "This link is used up", f"It could be opened {link.max_usage} times, and has been.")
        if call.method != "HEAD":
            link.usage += 1
            link.accessed = now
        return self._page(link, "")

    def act(self, call: Call) -> Answer:
        """`POST /magic/{id}`: connect or disconnect a provider, or upload; part of the visit, so not counted again."""
        link = self._desk.state.links.get(call.params["id"])
        now = self._desk.clock.now()
        if link is None or link.deleted or link.expires <= now:
            return _closed(410, "This link can no longer be used", "Ask for a new one.")
        if link.type == "file-upload":
            return self._upload(link, call)
        try:
            form = call.form()
        except Malformed:
            form = {}
        provider = form.get("provider", "")
        if provider not in offered(link, self._desk.settings.registered_providers):
            return _closed(400, "This link is not for that provider", "Open the link again.")
        name = PROVIDERS[provider]
        if form.get("action") == "disconnect" and link.settings.get("disconnectEnabled"):
            link.user.credentials.pop(provider, None)
            return self._page(link, f"{name} is disconnected.")
        connect(link.user, provider, now)
        return self._page(link, f"{name} is connected. Thank you!")

    def _upload(self, link: MagicLink, call: Call) -> Answer:
        """A file counts when its name ends in .zip; its content is not looked at."""
        if b'.zip"' not in call.body.lower():
            return self._page(link, "Please choose a .zip file.")
        link.uploads += 1
        return self._page(link, "Your file has arrived. Thank you!")

    def _page(self, link: MagicLink, said: str) -> Answer:
        settings, user = link.settings, link.user
        background = settings.get("backgroundColor", LEAF_GREY)
        names = offered(link, self._desk.settings.registered_providers)
        page = rendered_page(
            "magic.html",
            link=link,
            said=said,
            background=background,
            company=settings.get("companyName", ""),
            logo=settings.get("companyLogo", ""),
            header=settings.get("headerImage", ""),
            user_name=user.name if settings.get("showLeafUserName") else "",
            may_disconnect=bool(settings.get("disconnectEnabled")),
            providers=[(name, PROVIDERS[name], name in user.credentials) for name in names],
            left=in_words(link.expires - self._desk.clock.now()),
        )
        return html_answer(page, headers=_HEADERS)


def _closed(status: int, title: str, reason: str) -> Answer:
    return html_answer(rendered_page("closed.html", title=title, reason=reason), status, _HEADERS)
