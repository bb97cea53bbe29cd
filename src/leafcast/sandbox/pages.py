"""The sandbox's own pages: templates beside this file, everything escaped, nothing fetched from elsewhere."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_FOLDER = Path(__file__).parent / "assets"
ASSETS = {"style.css": b"text/css; charset=utf-8", "inbox.js": b"text/javascript; charset=utf-8"}
"""The files that pages load, with their media types."""


def rendered_page(name: str, **values: Any) -> str:
    """A page or a part of one."""
    return _environment().get_template(name).render(**values)


@cache
def asset(name: str) -> bytes:
    """The bytes of one of ASSETS."""
    return (_FOLDER / name).read_bytes()


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
