"""What templates and rules see: `grower`, `brand`, `link`, each a set of names with a value and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from operator import attrgetter

from leafcast.decide.colours import LEAF_GREEN, WHITE, edge_on, readable_on, text_on
from leafcast.decide.headings import CONTRACT_COLUMNS, column_key
from leafcast.decide.languages import WESTERNMOST
from leafcast.model import Grower, Link

BRAND_WORDS = (
    "companyName",
    "companyLogo",
    "headerImage",
    "backgroundColor",
    "showLeafUserName",
    "disconnectEnabled",
    "supportEmail",
    "supportPhone",
    "postalAddress",
    "website",
)
COLOUR_WORDS = ("accentColor", "accentText", "accentOnWhite", "accentOnDark", "accentEdge", "accentEdgeOnDark")
LINK_WORDS = ("url", "expiresAt", "type", "providers")
DARK = "#1d2420"
"""The panel of the shipped email in dark mode."""


_OWN_WORDS: Mapping[str, Callable[[Grower], str | None]] = {
    "externalId": attrgetter("external_id"),
    "name": attrgetter("name"),
    "email": attrgetter("email"),
    "phone": attrgetter("phone"),
}


class NoName(TypeError):
    """`{{ grower }}` where `{{ grower.name }}` was meant."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Names with values. The template environment hands out `values` and never an attribute of this object."""

    label: str
    values: Mapping[str, object]

    def __str__(self) -> str:
        """A view has no text of its own: `{{ grower }}` is a mistake, and must not put a Python repr into a mail."""
        raise NoName(f"{self.label} has no text of its own, only {self.label}.<name>")


class Instant(datetime):
    """A date-time in UTC that prints as ISO 8601 and knows in which zone to count its day."""

    zone: tzinfo = UTC

    def __str__(self) -> str:
        return self.strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(moment: datetime, zone: tzinfo | None) -> Instant:
    """A moment for templates; `zone` is where the grower lives, None where nothing says so."""
    utc = moment.astimezone(UTC)
    made = Instant(utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second, tzinfo=UTC)
    made.zone = zone or WESTERNMOST
    return made


class _GrowerWords(Mapping[str, object]):
    """The words of one row, looked up when they are asked for: few templates want more than two."""

    __slots__ = ("_grower",)

    def __init__(self, grower: Grower) -> None:
        self._grower = grower

    def __getitem__(self, word: str) -> object:
        own = _OWN_WORDS.get(word)
        if own is not None:
            return own(self._grower) or ""
        cells = self._grower.cells
        if word in cells:
            return cells[word]
        heading = _aliases(tuple(cells)).get(word)
        if heading is not None:
            return cells[heading]
        if word in CONTRACT_COLUMNS:
            return ""
        raise KeyError(word)

    def __iter__(self) -> Iterator[str]:
        return iter(grower_words(self._grower.cells))

    def __len__(self) -> int:
        return len(grower_words(self._grower.cells))


def grower_view(grower: Grower) -> View:
    """One row: leafcast's own words first, then every column by its heading and by its identifier form."""
    return View("grower", _GrowerWords(grower))


def grower_words(columns: Iterable[str]) -> frozenset[str]:
    """Every name that may follow `grower.` for a list with these headings."""
    headings = tuple(columns)
    return frozenset([*CONTRACT_COLUMNS, *headings, *_aliases(headings)])


def brand_view(values: Mapping[str, object], sender_name: str) -> View:
    """The brand under Leaf's own setting names, '' where nothing is set, and colours that can be read. Without a
    `companyName` the sender's name of the emails speaks."""
    known: dict[str, object] = {word: values.get(word) or "" for word in BRAND_WORDS}
    known["companyName"] = known["companyName"] or sender_name
    known["showLeafUserName"] = bool(values.get("showLeafUserName"))
    known["disconnectEnabled"] = bool(values.get("disconnectEnabled"))
    accent = str(known["backgroundColor"] or LEAF_GREEN)
    known["accentColor"] = accent
    known["accentText"] = text_on(accent)
    known["accentOnWhite"] = readable_on(WHITE, accent)
    known["accentOnDark"] = readable_on(DARK, accent)
    known["accentEdge"] = edge_on(WHITE, accent)
    known["accentEdgeOnDark"] = edge_on(DARK, accent)
    return View("brand", known)


def link_view(link: Link, zone: tzinfo | None) -> View:
    """The link: `url`, `expiresAt`, `type`, `providers` (Leaf's names)."""
    values = {
        "url": link.url,
        "expiresAt": instant(link.expires_at, zone),
        "type": str(link.type),
        "providers": link.providers,
    }
    return View("link", values)


@lru_cache(maxsize=64)
def _aliases(headings: tuple[str, ...]) -> Mapping[str, str]:
    """Identifier form to heading (`farm_size` to `Farm size`); the first of two that fall together wins."""
    aliases: dict[str, str] = {}
    for heading in headings:
        key = column_key(heading)
        if key:
            aliases.setdefault(key, heading)
    return aliases
