"""How many text segments a message costs.

GSM 03.38: 160 characters in one segment, 153 in each of several; any character outside its alphabet turns the whole
message into UCS-2: 70 and 67. Extension characters count twice and are never split over two segments
(twilio.com/docs/glossary/what-sms-character-limit, read November 2026; 3GPP TS 23.038).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENSION = frozenset("^{}\\[~]|€\f")
_ONE_UNIT_EACH = re.compile(f"[{re.escape(''.join(sorted(_GSM)))}]*")
_TYPOGRAPHIC = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " "})


class Encoding(StrEnum):
    """The alphabet in which a text travels."""

    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text costs: `units` are GSM-7 characters (extensions twice) or UTF-16 code units."""

    encoding: Encoding
    segments: int
    units: int
    tipping: str | None = None
    """The first character that forced UCS-2, None under GSM-7."""


def count_segments(text: str) -> Segments:
    """Count the segments of one text message; an empty one still costs one."""
    if _ONE_UNIT_EACH.fullmatch(text):
        return Segments(Encoding.GSM7, 1 if len(text) <= 160 else -(-len(text) // 153), len(text))
    tipping = next((character for character in text if character not in _GSM and character not in _GSM_EXTENSION), None)
    if tipping is None:
        encoding, single, each = Encoding.GSM7, 160, 153
        sizes = [2 if character in _GSM_EXTENSION else 1 for character in text]
    else:
        encoding, single, each = Encoding.UCS2, 70, 67
        sizes = [2 if ord(character) > 0xFFFF else 1 for character in text]
    units = sum(sizes)
    return Segments(encoding, 1 if units <= single else _packed(sizes, each), units, tipping)


def plain(text: str) -> str:
    """The filter `plain`: accents that would turn a text into UCS-2 are left off (`Sofía` is `Sofia`), and typographic
    quotes and dashes become plain ones. What the alphabet has (é, ñ, ü …) and what has no plain form stays."""
    if text.isascii():
        return text
    return "".join(letter if letter in _GSM else _without_accent(letter) for letter in text.translate(_TYPOGRAPHIC))


def _without_accent(letter: str) -> str:
    base = "".join(part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))
    return base if base and all(part in _GSM for part in base) else letter


def _packed(sizes: Iterable[int], each: int) -> int:
    segments, room = 1, each
    for size in sizes:
        if size > room:
            segments, room = segments + 1, each
        room -= size
    return segments
