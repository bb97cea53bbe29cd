"""Text segments as the networks count them."""

from __future__ import annotations

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
