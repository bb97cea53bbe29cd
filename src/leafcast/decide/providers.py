"""The farm-data providers by the names that Leaf uses, and by the names that growers know.

Leaf documents the first eight for magic links and integrates the others too (docs.withleaf.io, Magic Link and
provider pages, read November 2026). Names are case-sensitive at Leaf. `CNHIFieldOps` follows the older `CNHI`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType

from leafcast.decide.languages import written_list
from leafcast.decide.suggest import did_you_mean, squash

GROWERS_NAME: Mapping[str, str] = MappingProxyType(
    {
        "JohnDeere": "John Deere Operations Center",
        "ClimateFieldView": "Climate FieldView",
        "CNHI": "CNH AFS Connect",
        "CNHIFieldOps": "CNH FieldOps",
        "AgLeader": "Ag Leader AgFiniti",
        "Trimble": "Trimble Ag Software",
        "RavenSlingshot": "Raven Slingshot",
        "Stara": "Stara",
        "Raven": "Raven",
        "Panorama": "Precision Planting Panorama",
        "Claas": "CLAAS connect",
        "Sentera": "Sentera FieldAgent",
        "Agvance": "Agvance",
        "Lindsay": "Lindsay FieldNET",
        "Valley": "Valley",
        "Agrimatics": "Agrimatics",
        "All": "",
        "Other": "",
    }
)
"""Leaf's name to the grower's. `All` and `Other` appear in Leaf's examples and name no provider to a person."""


def provider_problem(name: str, extra: Iterable[str] = ()) -> str | None:
    """None for a name that Leaf knows or the campaign adds (`link.extraProviders`); otherwise what to write instead."""
    known = [*GROWERS_NAME, *extra]
    if name in known:
        return None
    # A person writes the name on the machine's screen: "John Deere Operations Center" means JohnDeere.
    for leaf_name, words in GROWERS_NAME.items():
        if words and squash(name) == squash(words):
            return f"Did you mean {leaf_name}?"
    return did_you_mean(name, known) + " A name newer than this list goes into link.extraProviders."


@lru_cache(maxsize=1024)
def in_words(names: tuple[str, ...], language: str = "en", last: str = "") -> str:
    """The providers as growers know them: `John Deere Operations Center, Climate FieldView, and CNH FieldOps`; '' when
    the names single out none. With `last='or'` they are a choice."""
    words = list(dict.fromkeys(GROWERS_NAME.get(name, name) for name in names))
    return "" if "All" in names else written_list([word for word in words if word], language, either=last == "or")
