"""The stylesheet of an HTML template, written into its tags: once for a template, never for a message.

Many mail programs drop stylesheets (Outlook's Word engine, Gmail for some accounts), so a rule must stand in the tag
it is for. css-inline does that; it reads HTML, so Jinja is hidden from it and put back. A template that it would
change in any other way is used as it is, and a note says so. `<style data-css-inline="keep">` stays a stylesheet: media
queries cannot be written into a tag.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from css_inline import CSSInliner, InlineError

_JINJA = r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}"
_PART = re.compile(
    rf"(?P<jinja>{_JINJA})|(?P<comment><!--(?:{_JINJA}|.)*?-->)"
    rf"|(?P<raw><(?P<name>title|style|script|textarea)\b(?:{_JINJA}|[^>])*>.*?</(?P=name)>)"
    rf"|(?P<tag></?[a-zA-Z](?:{_JINJA}|\"[^\"]*\"|'[^']*'|[^>\"'])*>)",
    re.DOTALL,
)
_REMARK = re.compile(r"\{#.*?#\}", re.DOTALL)
_ANY_JINJA = re.compile(_JINJA, re.DOTALL)
_SHEET = re.compile(r"<style\s*>(.*?)</style>", re.DOTALL | re.IGNORECASE)
_REFERENCE = re.compile(r"\{%-?\s*(?:extends|include|import|from)\s+[\"']([^\"']+)[\"']")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
DOCTYPE = "<!DOCTYPE html>"
_SHOWN, _HIDDEN = re.compile(r"<!--jinja(\d+)-->"), re.compile(r"zqjinja(\d+)zq")


class NotInlined(Exception):
    """css-inline would change more than styles."""


def sheet_for(name: str, sources: Mapping[str, str]) -> str:
    """Every rule that is meant for this template: its own, and those of all templates that it builds on or that build
    on it."""
    pages = (_REMARK.sub("", sources[other]) for other in sorted(_family(name, sources)))
    return "\n".join(css for page in pages for css in _SHEET.findall(page))


@lru_cache(maxsize=512)
def inlined(text: str, sheet: str) -> str:
    """The template with the rules of `sheet` in its tags, line for line. Raises NotInlined."""
    if not sheet.strip():
        return text
    veil = _Veil()
    text = _REMARK.sub(lambda match: veil.shown(match[0]), text)
    without = _SHEET.sub(lambda match: veil.shown("{#" + "\n" * match[0].count("\n") + "#}"), text)
    try:
        done = _run(_PART.sub(veil.over, without), veil.within(sheet))
    except (InlineError, ValueError) as error:
        raise NotInlined from error
    return veil.lifted(done)


class _Veil:
    """Jinja hidden behind what HTML and CSS readers leave alone, and shown again."""

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def over(self, match: re.Match[str]) -> str:
        """One part of a page: Jinja between tags becomes a comment, Jinja inside of one becomes a word."""
        if match["jinja"]:
            return self.shown(match[0])
        if match["tag"] and _ANY_JINJA.search(_QUOTED.sub("", match[0])):
            raise NotInlined
        return self.within(match[0])

    def within(self, text: str) -> str:
        """Jinja as words."""
        return _ANY_JINJA.sub(lambda match: f"zqjinja{self._kept(match[0])}zq", text)

    def shown(self, piece: str) -> str:
        """A comment in the place of this piece."""
        return f"<!--jinja{self._kept(piece)}-->"

    def lifted(self, text: str) -> str:
        """Everything as it was."""
        for form in (_SHOWN, _HIDDEN):
            text = form.sub(lambda match: self._pieces[int(match[1])], text)
        return text

    def _kept(self, piece: str) -> int:
        self._pieces.append(piece)
        return len(self._pieces) - 1


def _run(hidden: str, rules: str) -> str:
    start = re.search(r"<html\b", hidden, re.IGNORECASE)
    if start is None:
        done = CSSInliner(load_remote_stylesheets=False).inline_fragment(hidden, rules)
    else:
        before, page = hidden[: start.start()], hidden[start.start() :]
        inliner = CSSInliner(extra_css=rules, load_remote_stylesheets=False)
        done = before + _same_lines(page, inliner.inline(DOCTYPE + page).removeprefix(DOCTYPE))
    if "<tbody" not in hidden:
        done = re.sub(r"</?tbody>", "", done)  # an HTML reader adds it, and an `if` around rows would cut it in two
    if _outline(done) != _outline(hidden):
        raise NotInlined
    return done


def _same_lines(before: str, after: str) -> str:
    """Lines that an HTML reader drops between <html> and <head> are put back, so that problems name the right line."""
    old, new = before.find("<head"), after.find("<head")
    lost = before.count("\n", 0, max(old, 0)) - after.count("\n", 0, max(new, 0))
    at = after.find(">", new) + 1
    return after[:at] + "\n" * lost + after[at:] if old >= 0 and lost > 0 else after


def _outline(text: str) -> list[str]:
    """What must not change: the tags, and the Jinja between them, in their order."""
    return [mark.lower() for mark in re.findall(r"</?[a-zA-Z][a-zA-Z0-9]*|<!--jinja\d+-->", text)]


def _family(name: str, sources: Mapping[str, str]) -> set[str]:
    """The template, all that it builds on, and all that build on it."""
    up = {other: set(_REFERENCE.findall(text)) for other, text in sources.items() if other.endswith(".html.j2")}
    down: dict[str, set[str]] = {}
    for other, references in up.items():
        for reference in references:
            down.setdefault(reference, set()).add(other)
    return (_reach(name, up) | _reach(name, down)) & up.keys()


def _reach(name: str, edges: Mapping[str, set[str]]) -> set[str]:
    seen, waiting = {name}, [name]
    while waiting:
        new = edges.get(waiting.pop(), set()) - seen
        seen |= new
        waiting += new
    return seen
