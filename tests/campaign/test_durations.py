"""Spans of time as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafcast.decide.durations import parse_duration, write_duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("900", 900), ("15m", 900), ("12h", 43_200), ("30d", 2_592_000), ("0", 0), ("90s", 90)]
)
def test_the_forms_that_people_write(text: str, seconds: int) -> None:
    """Seconds, or a number with one letter."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "1.5h", "1h30m", "30 d", "30D", "-1", "+1", "１５m", "1w", "1e3", "0x10"])
def test_everything_else_is_no_duration(text: str) -> None:
    """Nothing is guessed."""
    assert parse_duration(text) is None


@given(st.integers(0, 10**9))
def test_what_is_written_is_read_back(seconds: int) -> None:
    """Writing and reading a span is no change."""
    assert parse_duration(write_duration(seconds)) == seconds


@given(st.text(max_size=12))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Any text is a number of seconds or None, never an exception."""
    found = parse_duration(text)
    assert found is None or found >= 0
