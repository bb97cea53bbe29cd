"""The gallery of `preview`: one HTML file that asks for nothing from anywhere."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from leafcast.decide.colours import text_on
from leafcast.edge.privatefile import in_place_of

# Each email stands in a frame of its own, which is made as high as what is in it.
SCRIPT = Markup(
    "addEventListener('load',()=>{for(const f of document.querySelectorAll('iframe')){"
    "const d=f.contentDocument;if(d&&d.body)f.style.height=d.documentElement.scrollHeight+4+'px'}})"
)


BOX = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='240' height='48'%3E%3Crect width='100%25' "
    "height='100%25' rx='6' fill='%23c9d2cc'/%3E%3C/svg%3E"
)
_PICTURE = re.compile(r"(<img\b[^>]*?)\ssrc\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]+)", re.IGNORECASE)


def gallery(campaign: str, pictures: Sequence[object], *, again: bool = False) -> str:
    """The page. Its policy forbids every request: the emails' pictures are not loaded, and no script but ours runs."""
    environment = Environment(
        loader=PackageLoader("leafcast.edge", "assets"), autoescape=True, undefined=StrictUndefined
    )
    page = environment.get_template("gallery.html.j2")
    script_hash = b64encode(sha256(SCRIPT.encode()).digest()).decode()
    return page.render(
        campaign=campaign,
        pictures=pictures,
        again=again,
        script=SCRIPT,
        script_hash=script_hash,
        text_on=text_on,
        framed=framed,
    )


def framed(html: str) -> str:
    """An email with a grey box in the place of each picture: a browser is not even tempted to fetch one."""
    return _PICTURE.sub(lambda match: f'{match[1]} src="{BOX}"', html)


def write_gallery(path: Path, page: str) -> None:
    """Write it, readable by its owner only: it holds names and addresses. Raises UsageError where that cannot be."""
    with in_place_of(path) as file:
        file.write_text(page, encoding="utf-8")
