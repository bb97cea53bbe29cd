"""How many parts a text is sent in (GSM 03.38, and Twilio's glossary page on segments, 2026)."""

from __future__ import annotations

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[]~|€\f")


def encoding(body: str) -> str:
    """`GSM-7`, or `UCS-2` as soon as one character is outside of that alphabet."""
    return "GSM-7" if all(char in _BASIC or char in _EXTENDED for char in body) else "UCS-2"


def count(body: str) -> int:
    """The number of segments. Nothing that takes two places is split over two segments."""
    if encoding(body) == "GSM-7":
        return _pack([2 if char in _EXTENDED else 1 for char in body], alone=160, each=153)
    return _pack([2 if ord(char) > 0xFFFF else 1 for char in body], alone=70, each=67)


def _pack(widths: list[int], *, alone: int, each: int) -> int:
    if sum(widths) <= alone:
        return 1
    segments, used = 1, 0
    for width in widths:
        if used + width > each:
            segments, used = segments + 1, 0
        used += width
    return segments
