"""Cells of a row -> Grower, or Rejected with every problem of that row. Pure.

One row at a time here; what concerns several rows (the same externalId or address twice) is in `seen`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from types import MappingProxyType
from zoneinfo import available_timezones

from leafcast.decide import addresses, consent, identity
from leafcast.decide.addresses import Fault, Usable
from leafcast.decide.headings import column_key
from leafcast.decide.quiet import find_zone
from leafcast.decide.seen import Seen, Standing
from leafcast.decide.suggest import nearest
from leafcast.decide.texts import quoted, trimmed
from leafcast.model import Grower, LinkType, Problem, ProblemKind, Rejected, Row, Severity, Where

__all__ = ["Judge", "Seen", "Standing", "column_key", "judge"]

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LOCALE = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|\d{3}))?")


def judge(row: Row, region: str | None, *, file: str = "") -> Grower | Rejected:
    """Judge one row. `Judge` does it for a whole list, in the user's own headings, and tells the warnings too."""
    result, _ = Judge(region=region, file=file).judged(row)
    return result


@dataclass(frozen=True, slots=True)
class Judge:
    """What all rows of one list are judged by."""

    region: str | None = None
    """Two letters, for phone numbers without a country code."""
    file: str = ""
    heading_of: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The user's own heading of each of our columns, for the messages."""
    country: str = ""
    """The key of the column that has each row's country, where the list has one: it goes before `region`."""
    addressed: bool = True
    """Whether each row needs an email or a phone: not where an application or nobody at all is written to."""
    texts: bool = True
    """Whether text messages may be sent, so that landlines are worth a word."""

    def judged(self, row: Row) -> tuple[Grower | Rejected, tuple[Problem, ...]]:
        """The row as a grower, or rejected with all of its problems; and its warnings, which keep nothing back. The
        grower's own columns are trimmed and mended (phone as E.164); the user's further columns stay as they are."""
        if self.country and (country := trimmed(row.cells.get(self.country, ""))):
            return self._of_country(row, country)
        return self._of_region(row, self.region)

    def _of_region(self, row: Row, region: str | None) -> tuple[Grower | Rejected, tuple[Problem, ...]]:
        cells = dict(row.cells)
        problems: list[Problem] = []
        warnings: list[Problem] = []
        for word, kind, judgement, empty in _WORDS:
            written = cells.get(word)
            if not written and empty is None:
                continue
            text = trimmed(written) if written else ""
            if not text:
                found = empty
            elif judgement is not None:
                found = judgement(text)
            else:
                found = addresses.phone(text, region, texts=self.texts)
            if isinstance(found, Fault):
                problems.append(self._problem(row, word, kind, found))
                continue
            if word in cells:
                cells[word] = found.value if found else ""
            if found and found.mended:
                warnings.append(self._warning(row, word, kind, found))
        if self.addressed and not cells.get("email") and not cells.get("phone"):
            problems.append(self._problem(row, "email", ProblemKind.NO_ADDRESS, _NO_ADDRESS))
        if problems:
            return Rejected(row, tuple(problems)), tuple(warnings)
        return _grower(row, cells), tuple(warnings)

    def _of_country(self, row: Row, country: str) -> tuple[Grower | Rejected, tuple[Problem, ...]]:
        """A row that says which country it is of."""
        region = addresses.region_of(country)
        result, warnings = self._of_region(row, region or self.region)
        if region or not row.cells.get("phone") or row.cells["phone"].startswith("+"):
            return result, warnings
        read = f"its phone is read as one of {self.region}" if self.region else "its phone has no country code"
        odd = Usable(
            country, f"the country {quoted(country)} is not known: {read}", "Write its two letters, such as US"
        )
        return result, (*warnings, self._warning(row, self.country, ProblemKind.PHONE, odd))

    def _problem(self, row: Row, word: str, kind: ProblemKind, fault: Fault) -> Problem:
        return Problem(kind, fault.what, fault.fix, self._where(row, word))

    def _warning(self, row: Row, word: str, kind: ProblemKind, found: Usable) -> Problem:
        what = found.mended[:1].upper() + found.mended[1:]
        return Problem(kind, what, found.advice, self._where(row, word), Severity.WARNING)

    def _where(self, row: Row, word: str) -> Where:
        return Where(file=self.file, row=row.number, line=row.line, column=self.heading_of.get(word, word))


def _grower(row: Row, cells: dict[str, str]) -> Grower:
    return Grower(
        row=row.number,
        external_id=cells["externalId"],
        name=cells.get("name", ""),
        email=cells.get("email") or None,
        phone=cells.get("phone") or None,
        cells=MappingProxyType(cells),
    )


# ---------------------------------------------------------------------------------------------- one judgement a column


def _leaf_user(text: str) -> Usable | Fault:
    if _UUID.fullmatch(text):
        return Usable(text)
    return Fault(
        f"The leafUserId {quoted(text)} is not the id of a Leaf user",
        "Write an id such as 0f3b1d8e-6c5a-4a2e-9a51-2f5f6f0f9c11, or leave the cell empty",
    )


def _link_type(text: str) -> Usable | Fault:
    if text in _LINK_TYPES:
        return Usable(text)
    guess = nearest(text, _LINK_TYPES)
    fix = f"Did you mean {guess}?" if guess else f"Write one of: {', '.join(_LINK_TYPES)}"
    return Fault(f"The linkType {quoted(text)} is none that Leaf has", fix)


def _timezone(text: str) -> Usable | Fault:
    return _zone_name(text)


@lru_cache(maxsize=1_024)  # the names of all zones are read off the disk, and a list has the same mistake in many rows
def _zone_name(text: str) -> Usable | Fault:
    if find_zone(text):
        return Usable(text)
    guess = nearest(text, _all_zones())
    fix = f"Did you mean {guess}?" if guess else "Write a name such as America/Chicago"
    return Fault(f"The timezone {quoted(text)} is not known", fix)


@cache
def _all_zones() -> frozenset[str]:
    return frozenset(available_timezones())


@lru_cache(maxsize=1_024)
def _language_tag(text: str) -> Usable | Fault:
    found = _LOCALE.fullmatch(text)
    if found is None:
        return Fault(f"The locale {quoted(text)} is not a language", "Write a tag such as en, es or pt-BR")
    language, script, region = found.groups()
    tag = (language.lower(), script and script.title(), region and region.upper())
    return Usable("-".join(part for part in tag if part))


_Judgement = Callable[[str], Usable | Fault]

_NO_ID = Fault("The row has no externalId", "Give the grower an id that stays the same in every list")
_NO_NAME = Usable("", "the row has no name: the greeting does without")
_WORDS: tuple[tuple[str, ProblemKind, _Judgement | None, Usable | Fault | None], ...] = (
    ("externalId", ProblemKind.EXTERNAL_ID, identity.external_id, _NO_ID),
    ("name", ProblemKind.NAME, identity.name, _NO_NAME),
    ("email", ProblemKind.EMAIL, addresses.email, None),
    ("phone", ProblemKind.PHONE, None, None),
    ("leafUserId", ProblemKind.LINK, _leaf_user, None),
    ("linkType", ProblemKind.LINK, _link_type, None),
    ("locale", ProblemKind.MESSAGE, _language_tag, None),
    ("timezone", ProblemKind.MESSAGE, _timezone, None),
    *((column, ProblemKind.CONSENT, consent.consent, None) for column in consent.COLUMNS.values()),
)
"""Each column with its judgement (that of a phone asks for its region) and with what an empty cell comes to."""
_NO_ADDRESS = Fault("The row has neither an email nor a phone", "Add one of them, or take the row out of the list")
_LINK_TYPES = tuple(link_type.value for link_type in LinkType)
