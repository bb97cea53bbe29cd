"""Templates from several folders, the nearest winning: a team's own words beat those that come with leafcast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

ROOT_PARTS = ("html", "txt", "sms", "subject")


def stacked(shelves: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """One mapping of names to templates out of several; file by file the nearest, which is the last, wins. The first
    are those that come with leafcast.

    A team that wrote its own `invite.sms.j2` wants its own words sent, and not leafcast's `es/invite.sms.j2`, which
    translates other ones. So a team's file in no language folder also hides leafcast's translations of that name,
    unless something builds on them.
    """
    shipped, *theirs = shelves
    team = {name: text for shelf in theirs for name, text in shelf.items()}
    own = {name for name, text in team.items() if "/" not in name and shipped.get(name, text) != text}
    return {name: text for name, text in shipped.items() if not _outdated(name, own, shipped)} | team


def _outdated(name: str, own: set[str], found: Mapping[str, str]) -> bool:
    folder, _, file = name.rpartition("/")
    if not folder or file not in own or file.split(".")[-2] not in ROOT_PARTS:
        return False
    return not any(f"'{name}'" in text or f'"{name}"' in text for text in found.values())
