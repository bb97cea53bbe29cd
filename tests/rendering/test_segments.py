"""Text segments as the networks count them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafcast.decide.segments import Encoding, count_segments, plain


@pytest.mark.parametrize(
    ("text", "encoding", "segments", "tipping"),
    [
        ("", "GSM-7", 1, None),
        ("a" * 160, "GSM-7", 1, None),
        ("a" * 161, "GSM-7", 2, None),
        ("a" * 306, "GSM-7", 2, None),
        ("a" * 307, "GSM-7", 3, None),
        ("€" * 80, "GSM-7", 1, None),
        ("€" * 81, "GSM-7", 2, None),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 3, None),  # the euro is not cut in two: 152, 153 and 1
        ("ñéüà@£", "GSM-7", 1, None),
        ("ó" + "a" * 69, "UCS-2", 1, "ó"),
        ("a" * 70 + "í", "UCS-2", 2, "í"),
        ("’" + "a" * 133, "UCS-2", 2, "’"),
        ("’" + "a" * 134, "UCS-2", 3, "’"),
        ("🌾" * 35, "UCS-2", 1, "🌾"),
        ("🌾" * 36, "UCS-2", 2, "🌾"),
        ("🌾" * 67, "UCS-2", 3, "🌾"),  # 33 of them fit into 67 units, a pair is not cut in two
        ("tab\t", "UCS-2", 1, "\t"),
    ],
)
def test_known_texts(text: str, encoding: str, segments: int, tipping: str | None) -> None:
    """160 and 153, 70 and 67, extensions twice, and the character that made the difference."""
    found = count_segments(text)
    assert (str(found.encoding), found.segments, found.tipping) == (encoding, segments, tipping)


@given(st.text(max_size=400))
def test_a_longer_text_never_costs_less(text: str) -> None:
    """Every text costs at least one segment, and each segment holds no more than its alphabet lets it."""
    found = count_segments(text)
    single, each = (160, 153) if found.encoding is Encoding.GSM7 else (70, 67)
    assert found.segments >= 1
    assert found.units <= (single if found.segments == 1 else found.segments * each)
    assert count_segments(text + "a").segments >= found.segments


@given(st.text(max_size=200))
def test_ucs2_is_named_with_its_first_cause(text: str) -> None:
    """Without the tipping character before it, the text would travel in GSM-7 up to there."""
    found = count_segments(text)
    if found.tipping is not None:
        assert count_segments(text[: text.index(found.tipping)]).encoding is Encoding.GSM7


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Sofía Domínguez", "Sofia Dominguez"),
        ("José Muñoz Über", "José Muñoz Über"),
        ("O’Brien – “Son”", 'O\'Brien - "Son"'),
        ("Łukasz 李", "Łukasz 李"),
        ("Maria", "Maria"),
    ],
)
def test_plain_words_travel_for_half_the_price(text: str, shown: str) -> None:
    """Only what would tip the text loses its accent; what has no plain form stays as it is."""
    assert plain(text) == shown


@given(st.text(max_size=100))
def test_plain_never_costs_more(text: str) -> None:
    """Leaving accents off makes no text dearer, and doing it twice changes nothing."""
    assert plain(plain(text)) == plain(text)
    if count_segments(text).encoding is Encoding.GSM7:
        assert plain(text) == text


# GSM 03.38 (3GPP TS 23.038, 6.2.1) by code point and position, written down from the standard's table and not from the
# product's: position in the alphabet, then the Unicode code point.
NOT_ASCII = {
    0x00: 0x40, 0x01: 0xA3, 0x02: 0x24, 0x03: 0xA5, 0x04: 0xE8, 0x05: 0xE9, 0x06: 0xF9, 0x07: 0xEC, 0x08: 0xF2,
    0x09: 0xC7, 0x0A: 0x0A, 0x0B: 0xD8, 0x0C: 0xF8, 0x0D: 0x0D, 0x0E: 0xC5, 0x0F: 0xE5, 0x10: 0x394, 0x11: 0x5F,
    0x12: 0x3A6, 0x13: 0x393, 0x14: 0x39B, 0x15: 0x3A9, 0x16: 0x3A0, 0x17: 0x3A8, 0x18: 0x3A3, 0x19: 0x398,
    0x1A: 0x39E, 0x1C: 0xC6, 0x1D: 0xE6, 0x1E: 0xDF, 0x1F: 0xC9, 0x24: 0xA4, 0x40: 0xA1, 0x5B: 0xC4, 0x5C: 0xD6,
    0x5D: 0xD1, 0x5E: 0xDC, 0x5F: 0xA7, 0x60: 0xBF, 0x7B: 0xE4, 0x7C: 0xF6, 0x7D: 0xF1, 0x7E: 0xFC, 0x7F: 0xE0,
}  # fmt: skip
ESCAPE = 0x1B
ESCAPED = {0x0A: 0x0C, 0x14: 0x5E, 0x28: 0x7B, 0x29: 0x7D, 0x2F: 0x5C, 0x3C: 0x5B, 0x3D: 0x7E, 0x3E: 0x5D, 0x40: 0x7C,
           0x65: 0x20AC}  # fmt: skip
SEPTETS = {chr(NOT_ASCII.get(at, at)): (at,) for at in range(128) if at != ESCAPE} | {
    chr(point): (ESCAPE, at) for at, point in ESCAPED.items()
}


def independent(text: str) -> int:
    """Segments by really cutting the text up: into septets, or into UTF-16 bytes."""
    if all(letter in SEPTETS for letter in text):
        units, alone, each = [len(SEPTETS[letter]) for letter in text], 160, 153
    else:
        units, alone, each = [len(letter.encode("utf-16-be")) // 2 for letter in text], 70, 67
    if sum(units) <= alone:
        return 1
    parts = [0]
    for unit in units:
        if parts[-1] + unit > each:
            parts.append(0)
        parts[-1] += unit
    return len(parts)


def test_an_independent_reading_of_the_standard_counts_the_same() -> None:
    """Ten thousand random texts, most of them near the limits, from alphabets that mix in every way."""
    chance = random.Random(338)
    plain_letters, rare = sorted(SEPTETS), "áíóúçãõŁ’“–…🌾李\u0301\t\u200d"
    for _ in range(10_000):
        alphabet = chance.choice((plain_letters, "abc €", "{}[]^|~\\€", plain_letters + list(rare), rare))
        text = "".join(chance.choices(alphabet, k=chance.choice((chance.randrange(10), chance.randrange(60, 340)))))
        assert count_segments(text).segments == independent(text), repr(text)


def test_the_alphabet_is_whole() -> None:
    """128 positions without the escape, and ten behind it."""
    assert len(SEPTETS) == 127 + 10
    for letter in SEPTETS:
        assert count_segments(letter * 80).encoding is Encoding.GSM7
        assert count_segments(letter * 81).segments == (2 if len(SEPTETS[letter]) == 2 else 1)


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("This is a plain GSM-7 message.", 1),
        ("Ahoy \U0001f30e, this string is longer than seventy characters, so it needs more than one", 2),
    ],
)
def test_examples_in_the_manner_of_the_public_calculators(text: str, segments: int) -> None:
    """One emoji turns the whole text into UCS-2."""
    assert count_segments(text).segments == segments
