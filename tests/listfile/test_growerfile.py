"""Growers put away between examining and planning."""

from __future__ import annotations

import pytest

from leafcast.edge.growerfile import GrowerFile
from leafcast.model import Channel, Grower

GROWERS = [
    (Grower(2, "G-1", "José \u2028 O'Brien", "jose@farm.example", None, {"Notes": 'a "b",\nc', "E": ""}), ()),
    (Grower(7, "G-2", "", None, "+15155550111", {}), (Channel.EMAIL, Channel.SMS)),
]


@pytest.mark.parametrize("shelf", [list, GrowerFile])
def test_what_is_put_away_comes_back_as_it_was_and_in_order(shelf) -> None:
    """Every cell, letter for letter, as often as it is asked for."""
    kept = shelf()
    for item in GROWERS:
        kept.append(item)
    assert list(kept) == GROWERS
    assert list(kept) == GROWERS
