"""The headings of a list -> which column is what. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from leafcast.decide.columnnames import CALLED_OTHERWISE, could_be, is_country, other_half_of_a_name
from leafcast.decide.reporting import EXPORT_COLUMNS, OF_THE_LIST
from leafcast.decide.suggest import nearest, squash
from leafcast.decide.texts import quoted, shown, trimmed
from leafcast.model import Problem, ProblemKind, Severity, Where

CONTRACT_COLUMNS = (
    "externalId", "name", "email", "phone", "leafUserId", "linkType", "provider", "allowedProviders", "locale",
    "brand", "timezone", "emailConsent", "smsConsent",
)  # fmt: skip
"""The columns that leafcast itself understands. Every other column is the user's own and free."""

PROBLEM_COLUMNS = ("problem", "how to fix")
"""What a problems file has behind the user's own columns."""

_IN_EXPORT_ALREADY = frozenset(EXPORT_COLUMNS) & frozenset(CONTRACT_COLUMNS)
# An export has one line a message; these are its ledger columns, which say nothing about the grower.
_LEDGER_COLUMNS = frozenset(EXPORT_COLUMNS) - frozenset(CONTRACT_COLUMNS)
_MARKS_OF_AN_EXPORT = frozenset({"externalId", "round", "magicLinkId", "channel", "messageStatus", "messageId"})


@dataclass(frozen=True, slots=True)
class Headings:
    """A list's heading row, understood. `keys` has one entry a column: the word under which its cells are known
    (leafcast's own word, or the user's heading), None for a column that is left out."""

    written: tuple[str, ...]
    keys: tuple[str | None, ...]
    heading_of: Mapping[str, str]
    """The user's heading of each key, for messages."""
    is_export: bool
    notes: tuple[Problem, ...]
    """Warnings; a run may go on."""

    @property
    def read_as(self) -> Mapping[str, str]:
        """leafcast's own words, each with the user's heading of the column that is read as it."""
        return {word: self.heading_of[word] for word in CONTRACT_COLUMNS if word in self.heading_of}

    @property
    def country(self) -> str:
        """The key of the column that has each grower's country; '' where there is none."""
        return next((key for key in self.keys if key and key not in CONTRACT_COLUMNS and is_country(key)), "")

    @property
    def further(self) -> tuple[str, ...]:
        """The keys that an export repeats behind its own columns, in the list's order."""
        return tuple(key for key in self.keys if key is not None and key not in _IN_EXPORT_ALREADY)


def understand(
    written: Sequence[str], columns: Mapping[str, str], *, file: str = "", row: int = 1
) -> Headings | tuple[Problem, ...]:
    """Understand a heading row, or say everything that is wrong with it. `columns` is `list.columns` of the campaign:
    leafcast's word to the user's heading."""
    where = Where(file=file, row=row)
    headings = _without_empty_end(written)
    is_export = set(headings) >= _MARKS_OF_AN_EXPORT
    keys, problems, notes = _keys(headings, columns, where, is_export=is_export)
    if is_export:
        keys = [_key_in_export(key, heading) for key, heading in zip(keys, headings, strict=True)]
    if tuple(headings[-2:]) == PROBLEM_COLUMNS:
        keys[-2:] = [None, None]
    problems += _missing([*keys, *columns], headings, where) + _twice(keys, headings, where)
    if problems:
        return _looks_like_data(headings, where) or tuple(problems)
    heading_of = MappingProxyType({key: heading for key, heading in zip(keys, headings, strict=True) if key})
    return Headings(tuple(headings), tuple(keys), heading_of, is_export, (*notes, *_notes(keys, headings, where)))


def understood(written: Sequence[str], columns: Mapping[str, str]) -> int:
    """How many of leafcast's own columns a heading row has; tells the right separator from the wrong ones."""
    keys, *_ = _keys([trimmed(heading) for heading in written], columns, Where())
    return len({key for key in keys if key in CONTRACT_COLUMNS})


def column_key(heading: str) -> str:
    """The identifier under which a template or a rule reaches a column: `Upload` is `upload`, `Grower type` is
    `grower_type`, `2026 acres` is `_2026_acres`. '' for a heading without a letter or digit."""
    words = "".join(letter if letter.isalnum() else " " for letter in heading.casefold()).split()
    key = "_".join(words)
    return f"_{key}" if key[:1].isdigit() else key


# ------------------------------------------------------------------------------------------------------------ inside


def _without_empty_end(written: Sequence[str]) -> list[str]:
    headings = [trimmed(heading) for heading in written]
    while headings and not headings[-1]:
        headings.pop()
    return headings


def _keys(
    headings: list[str], columns: Mapping[str, str], where: Where, *, is_export: bool = False
) -> tuple[list[str | None], list[Problem], list[Problem]]:
    """The key of each column, problems, and warnings. What the campaign names goes first, then leafcast's own words,
    then what else people call these columns."""
    keys: list[str | None] = [heading or None for heading in headings]
    told: list[Problem] = []
    alike = _alike(headings)
    mapped = {word: _exactly(heading, headings) or _find(heading, alike) for word, heading in columns.items()}
    taken = {index for indexes in mapped.values() for index in indexes}
    for word in CONTRACT_COLUMNS:
        indexes = mapped.get(word) or _find(word, alike, taken)
        if word in columns and not mapped[word] and not (is_export and indexes):
            told.append(_no_such_heading(word, columns[word], headings, indexes, where))
        elif word not in columns and not is_export:
            indexes = _called_otherwise(word, headings, indexes, taken, told, where)
        if len(indexes) > 1:
            told.append(_ambiguous(word, [headings[index] for index in indexes], where))
        for index in indexes:
            keys[index] = word
        taken.update(indexes)
    for index, key in enumerate(keys):
        if key in CONTRACT_COLUMNS and index not in taken:  # the campaign says that another column is this one
            keys[index] = key + OF_THE_LIST
    errors = [problem for problem in told if problem.severity is Severity.ERROR]
    return keys, errors, [problem for problem in told if problem.severity is Severity.WARNING]


def _called_otherwise(
    word: str, headings: list[str], found: list[int], taken: set[int], told: list[Problem], where: Where
) -> list[int]:
    """The columns of a word, those among them that people only call something like it."""
    if word not in CALLED_OTHERWISE:
        return found
    ours = taken.union(found)
    others = [i for i, heading in enumerate(headings) if i not in ours and could_be(word, heading)]
    if word == "name" and (half := other_half_of_a_name(headings, [*found, *others])):
        told.append(_half_a_name(half, where))
        return [headings.index(half[0])]
    if found and others and headings[found[0]] == word:
        told.append(_could_be_too(word, [headings[i] for i in others], where))
        return found
    return [*found, *others]


def _exactly(wanted: str, headings: list[str]) -> list[int]:
    return [index for index, heading in enumerate(headings) if heading == wanted]


def _alike(headings: list[str]) -> dict[str, list[int]]:
    """Where headings stand that are the same but for their case, blanks, hyphens and underscores."""
    found: dict[str, list[int]] = {}
    for index, heading in enumerate(headings):
        found.setdefault(squash(heading) or heading, []).append(index)
    return found


def _find(wanted: str, alike: Mapping[str, list[int]], taken: Collection[int] = ()) -> list[int]:
    """Where a heading stands, whatever its case, blanks, hyphens and underscores."""
    return [index for index in alike.get(squash(wanted) or wanted, ()) if index not in taken]


def _key_in_export(key: str | None, heading: str) -> str | None:
    if key in _LEDGER_COLUMNS:
        return None
    return heading.removesuffix(OF_THE_LIST) if heading.endswith(OF_THE_LIST) else key


def _missing(keys: Sequence[str | None], headings: list[str], where: Where) -> list[Problem]:
    problems = [_no_column(word, headings, where) for word in ("externalId", "name") if word not in keys]
    if "email" not in keys and "phone" not in keys:
        word = "email" if nearest("email", headings) else "phone"
        problems.append(_no_column(word, headings, where, "neither a column email nor a column phone"))
    return problems


def _no_column(word: str, headings: list[str], where: Where, what: str = "") -> Problem:
    guess = nearest(word, headings)
    return Problem(
        ProblemKind.HEADING,
        f"The list has {what or f'no column {word}'} (its headings: {_listed(headings) or 'none'})",
        f"Name it in the campaign file, under list: `columns: {{{word}: {shown(guess or 'your heading')}}}`",
        where,
    )


def _listed(headings: Sequence[str]) -> str:
    return ", ".join(map(shown, headings))


def _no_such_heading(word: str, mapped: str, headings: list[str], instead: list[int], where: Where) -> Problem:
    what = f"The campaign file says that {word} is the column {quoted(mapped)}, and the list has no such heading"
    if instead:
        what += f": its column {quoted(headings[instead[0]])} is used"
        return Problem(ProblemKind.HEADING, what, "Look whether that is right", where, Severity.WARNING)
    guess = nearest(mapped, headings)
    hint = f"Did you mean {quoted(guess)}?" if guess else f"The headings are: {_listed(headings)}."
    return Problem(
        ProblemKind.HEADING, what, f"{hint} Correct list.columns in the campaign file or the heading in the list", where
    )


def _could_be_too(word: str, others: list[str], where: Where) -> Problem:
    what = f"The column {quoted(word)} is used, and {', '.join(map(quoted, others))} could be {word} as well"
    fix = f"If it is, write in the campaign file, under list: `columns: {{{word}: {shown(others[0])}}}`"
    return Problem(ProblemKind.HEADING, what, fix, where, Severity.WARNING)


def _half_a_name(halves: tuple[str, str], where: Where) -> Problem:
    what = f"The list has the name in two columns, {quoted(halves[0])} and {quoted(halves[1])}"
    fix = (
        "Put both into one column `name`, or name the one that greets in the campaign file, under list: "
        f"`columns: {{name: {shown(halves[0])}}}`"
    )
    return Problem(ProblemKind.HEADING, what, fix, where)


def _ambiguous(word: str, headings: list[str], where: Where) -> Problem:
    what = f"{len(headings)} columns could be {word}: {_listed(headings)}"
    choose = f", or name the right one in the campaign file: `columns: {{{word}: {shown(headings[0])}}}`"
    fix = f"Rename all but one{choose if len(set(headings)) > 1 else ''}"
    return Problem(ProblemKind.HEADING, what, fix, where)


def _twice(keys: list[str | None], headings: list[str], where: Where) -> list[Problem]:
    """Headings that stand over several of the user's own columns, or that nobody could tell apart."""
    alike: dict[str, list[int]] = {}
    for index, (key, heading) in enumerate(zip(keys, headings, strict=True)):
        if heading and key == heading and heading not in CONTRACT_COLUMNS:
            alike.setdefault(_without_looks(heading), []).append(index)
    problems = []
    for places in alike.values():
        spelt = list(dict.fromkeys(headings[index] for index in places))
        if len(places) > 1:
            what = f"The heading {' or '.join(map(quoted, spelt))} stands over {len(places)} columns"
            what += f" ({', '.join(str(index + 1) for index in places)})"
            problems.append(Problem(ProblemKind.HEADING, what, "Give each column its own heading", where))
    return problems


def _without_looks(heading: str) -> str:
    """The heading without what nobody tells columns apart by: case, blanks, hyphens and underscores."""
    return "".join(unicodedata.normalize("NFKC", heading).casefold().replace("-", " ").replace("_", " ").split())


def _looks_like_data(headings: list[str], where: Where) -> tuple[Problem, ...]:
    if not any("@" in heading for heading in headings):
        return ()
    what = "The first row looks like a grower, not like headings: it has an email address in it"
    fix = "Put a heading row above it, for example: externalId,name,email,phone"
    return (Problem(ProblemKind.HEADING, what, fix, where),)


def _notes(keys: list[str | None], headings: list[str], where: Where) -> tuple[Problem, ...]:
    notes = [_note(f"Column {i + 1} has no heading and is left out", where) for i, h in enumerate(headings) if not h]
    reached: dict[str, str] = {}
    for key in keys:
        other = reached.setdefault(column_key(key), key) if key else key
        if key and other and other != key:
            what = f"Templates reach both {quoted(other)} and {quoted(key)} as grower.{column_key(key)}"
            notes.append(_note(what, where))
    return tuple(notes)


def _note(what: str, where: Where) -> Problem:
    fix = "Give the column a heading of its own where templates or the export should have it"
    return Problem(ProblemKind.HEADING, what, fix, where, Severity.WARNING)
