"""Growers put away between examining and planning."""

from __future__ import annotations

import pytest

from leafcast.decide.bundles import LEFT_OUT, Pack, mark_of, packed
from leafcast.edge.growerfile import GrowerFile
from leafcast.model import Channel, Grower

GROWERS = [
    (Grower(2, "G-1", "José \u2028 O'Brien \ud800", "jose@farm.example", None, {"Notes": 'a "b",\nc', "E": ""}), ()),
    (Grower(7, "G-2", "", None, "+15155550111", {}), (Channel.EMAIL, Channel.SMS)),
]


@pytest.mark.parametrize("shelf", [list, GrowerFile])
def test_what_is_put_away_comes_back_as_it_was_and_in_order(shelf) -> None:
    """Every cell, letter for letter, as often as it is asked for; those that are left out do not come."""
    kept = shelf()
    for grower, duplicate_of in GROWERS:
        kept.append(Pack(packed([grower, grower]), bytes([mark_of(duplicate_of), LEFT_OUT])))
    for _ in range(2):
        assert [one for pack in kept for one in pack.unpacked()] == GROWERS
