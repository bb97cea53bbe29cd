"""Which rows of a list show the most of a campaign: for a look at the messages before they go."""

from __future__ import annotations

from dataclasses import dataclass, field

from leafcast.model import Grower, LinkRequest

MOST = 40
"""So many rows are shown at most; languages and brands of a list can be anything."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One row to look at, and why this one."""

    grower: Grower
    request: LinkRequest
    why: tuple[str, ...] = ()


@dataclass(slots=True)
class Telling:
    """Takes rows one by one and keeps those that differ: the first of each link type, provider choice, language, brand
    and channel, the first without a name, and the longest name."""

    _kept: dict[str, Shown] = field(default_factory=dict)

    def take(self, grower: Grower, request: LinkRequest) -> None:
        """Look at one row."""
        one = Shown(grower, request)
        for reason in self._reasons(grower, request):
            self._kept.setdefault(reason, one)
        longest = self._kept.get("the longest name")
        if grower.name and (longest is None or len(grower.name) > len(longest.grower.name)):
            self._kept["the longest name"] = one

    def chosen(self) -> list[Shown]:
        """The rows in the order of the list, each once with all of its reasons."""
        reasons: dict[int, list[str]] = {}
        shown: dict[int, Shown] = {}
        for reason, one in self._kept.items():
            reasons.setdefault(one.grower.row, []).append(reason)
            shown[one.grower.row] = one
        rows = sorted(shown)[:MOST]
        return [Shown(shown[row].grower, shown[row].request, tuple(reasons[row])) for row in rows]

    def _reasons(self, grower: Grower, request: LinkRequest) -> list[str]:
        found = [f"link type {request.type}"]
        if len(request.providers) == 1:
            found.append(f"provider {request.providers[0]}")
        found.append(f"language {grower.cell('locale') or 'not said'}")
        found.append(f"brand {grower.cell('brand')}" if grower.cell("brand") else "the campaign's own brand")
        if not grower.name:
            found.append("no name")
        if not grower.email:
            found.append("no email address")
        return found
