"""A lasting copy of the inbox: one HTML file that needs no sandbox, no server and no network.

Its list and its threads come from the templates of the live inbox. Every line of a thread or a mail is kept once,
however many growers share it, and a small script puts a thread together when its grower is chosen. Mail is shown in
frames in which no script runs, and a policy in the file lets it fetch nothing.
"""

from __future__ import annotations

import base64
import hashlib

from markupsafe import Markup

from leafcast.sandbox.desk import Desk
from leafcast.sandbox.pages import asset, rendered_page
from leafcast.sandbox.state import Thread
from leafcast.sandbox.views import counts, mail_page, row_view, thread_page, when


def snapshot(desk: Desk) -> str:
    """The inbox as it is now, as a page to save. It holds names, addresses and links: keep it private."""
    threads = list(desk.state.newest_threads(""))
    lines = Lines()
    script = asset("snapshot.js").decode()
    rows = [row_view(thread, str(place), f"#grower-{place}", _findable(thread)) for place, thread in enumerate(threads)]
    return rendered_page(
        "snapshot.html",
        policy=_policy(script),
        style=Markup(asset("style.css").decode()),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        rows=Markup(rendered_page("rows.html", rows=rows, chosen="", start=0, words="", more="")),  # noqa: S704 - ours
        data={
            "threads": [lines.numbers(thread_page(desk, thread, lasting=True)) for thread in threads],
            "mails": {email.id: lines.numbers(mail_page(email)) for thread in threads for email in thread.emails},
            "lines": lines.known,
        },
        counts=counts(desk),
        taken=when(desk.clock.now()),
        words="",
        chosen=False,
        thread="",
    )


class Lines:
    """Texts as the numbers of their lines, so that what many of them share is kept once."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def numbers(self, text: str) -> list[int]:
        """The numbers of a text's lines; joined by a newline, these lines are the text."""
        return [self._places.setdefault(line, len(self._places)) for line in str(text).split("\n")]

    @property
    def known(self) -> list[str]:
        """Every line, by its number."""
        return list(self._places)


def _policy(script: str) -> str:
    """What the file may do: run this one script, and fetch nothing. The frames of its mails inherit it."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _findable(thread: Thread) -> str:
    return "\n".join(dict.fromkeys(part.lower() for part in thread.identity()))
