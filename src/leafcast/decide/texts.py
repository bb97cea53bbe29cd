"""Small judgements about one cell's text that every kind of cell shares. Pure."""

from __future__ import annotations

import unicodedata

# What spreadsheets and web pages leave around a value without anybody seeing it.
_UNSEEN_AROUND = " \t\r\n\v\f\u00a0\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\u2007\u202f\u3000\ufeff"
# Letters of some scripts need the joiners; the isolates are balanced by nature and harmless.
_USEFUL_FORMATS = frozenset("\u200c\u200d\u2066\u2067\u2068\u2069")
_NAMES = {"\n": "a line break", "\r": "a line break", "\t": "a tab", "\0": "a NUL character"}
_QUOTED_AT_MOST = 60


def trimmed(text: str) -> str:
    """The text without blanks and invisible characters at its ends."""
    return text.strip(_UNSEEN_AROUND)


def hidden_character(text: str, *, allowed: frozenset[str] = frozenset()) -> str | None:
    """In words, the first character that nobody can see or that disguises text; None where there is none."""
    if text.isprintable():
        return None
    for character in text:
        if character in allowed:
            continue
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
            return _NAMES.get(character) or f"the invisible character U+{ord(character):04X}"
    return None


def hidden_in_name(text: str) -> str | None:
    """As `hidden_character`, but the joiners that some scripts are written with are welcome."""
    return hidden_character(text, allowed=_USEFUL_FORMATS)


def quoted(text: str) -> str:
    """A cell as it stands in a problem: one line, not too long, nothing invisible."""
    return f'"{shown(text)}"'


def shown(text: str) -> str:
    """As `quoted`, without the quotation marks: for headings in a row of them."""
    visible = "".join(_shown(character) for character in text[: _QUOTED_AT_MOST + 1])
    return f"{visible[:_QUOTED_AT_MOST]}…" if len(visible) > _QUOTED_AT_MOST else visible


def _shown(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character, f"\\u{ord(character):04x}")
