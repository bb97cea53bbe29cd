"""The headings of a list -> which column is what. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from leafcast.decide.reporting import EXPORT_COLUMNS, OF_THE_LIST
from leafcast.decide.suggest import nearest, squash
from leafcast.decide.texts import quoted, trimmed
from leafcast.model import Problem, ProblemKind, Severity, Where

CONTRACT_COLUMNS = (
    "externalId", "name", "email", "phone", "leafUserId", "linkType", "provider", "allowedProviders", "locale",
    "brand", "timezone",
)  # fmt: skip
"""The columns that leafcast itself understands. Every other column is the user's own and free."""

PROBLEM_COLUMNS = ("problem", "how to fix")
"""What a problems file has behind the user's own columns."""

_IN_EXPORT_ALREADY = frozenset(EXPORT_COLUMNS) & frozenset(CONTRACT_COLUMNS)
# An export has one line a message; these are its ledger columns, which say nothing about the grower.
_LEDGER_COLUMNS = frozenset(EXPORT_COLUMNS) - frozenset(CONTRACT_COLUMNS)
_MARKS_OF_AN_EXPORT = frozenset({"externalId", "round", "magicLinkId", "channel", "messageStatus", "messageId"})

# What people call these columns; used for suggestions only, never to decide.
_COMMON_WORDS = {
    "externalId": ("id", "growerid", "customerid", "accountid", "number", "externalid"),
    "name": ("name", "grower", "growername", "fullname", "contact"),
    "email": ("email", "mail", "emailaddress"),
    "phone": ("phone", "mobile", "cell", "cellphone", "telephone", "tel", "phonenumber"),
}


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
    keys, problems = _keys(headings, columns, where)
    if is_export:
        keys = [_key_in_export(key, heading) for key, heading in zip(keys, headings, strict=True)]
    if tuple(headings[-2:]) == PROBLEM_COLUMNS:
        keys[-2:] = [None, None]
    problems += _missing([*keys, *columns], headings, where) + _twice(keys, headings, where)
    if problems:
        return _looks_like_data(headings, where) or tuple(problems)
    heading_of = MappingProxyType({key: heading for key, heading in zip(keys, headings, strict=True) if key})
    return Headings(tuple(headings), tuple(keys), heading_of, is_export, _notes(keys, headings, where))


def understood(written: Sequence[str], columns: Mapping[str, str]) -> int:
    """How many of leafcast's own columns a heading row has; tells the right separator from the wrong ones."""
    keys, _ = _keys(list(written), columns, Where())
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


def _keys(headings: list[str], columns: Mapping[str, str], where: Where) -> tuple[list[str | None], list[Problem]]:
    keys: list[str | None] = [heading or None for heading in headings]
    problems: list[Problem] = []
    taken: set[int] = set()
    for word in CONTRACT_COLUMNS:
        mapped = columns.get(word)
        found = _exactly(mapped, headings) or _find(mapped, headings, taken) if mapped else []
        found = found or _find(word, headings, taken)
        if mapped and not found:
            problems.append(_no_such_heading(word, mapped, headings, where))
        if len(found) > 1:
            problems.append(_ambiguous(word, [headings[index] for index in found], where))
        for index in found:
            keys[index] = word
        taken.update(found)
    for index, key in enumerate(keys):
        if key in CONTRACT_COLUMNS and index not in taken:  # the campaign says that another column is this one
            keys[index] = key + OF_THE_LIST
    return keys, problems


def _exactly(wanted: str, headings: list[str]) -> list[int]:
    return [index for index, heading in enumerate(headings) if heading == wanted]


def _find(wanted: str, headings: list[str], taken: set[int]) -> list[int]:
    """Where a heading stands, whatever its case, blanks, hyphens and underscores."""
    return [
        index
        for index, heading in enumerate(headings)
        if index not in taken and (heading == wanted or squash(heading) == squash(wanted) != "")
    ]


def _key_in_export(key: str | None, heading: str) -> str | None:
    if key in _LEDGER_COLUMNS:
        return None
    return heading.removesuffix(OF_THE_LIST) if heading.endswith(OF_THE_LIST) else key


def _missing(keys: Sequence[str | None], headings: list[str], where: Where) -> list[Problem]:
    problems = [_no_column(word, headings, where) for word in ("externalId", "name") if word not in keys]
    if "email" not in keys and "phone" not in keys:
        word = "email" if _guess("email", headings) else "phone"
        problems.append(_no_column(word, headings, where, "neither a column email nor a column phone"))
    return problems


def _no_column(word: str, headings: list[str], where: Where, what: str = "") -> Problem:
    guess = _guess(word, headings)
    return Problem(
        ProblemKind.HEADING,
        f"The list has {what or f'no column {word}'} (its headings: {', '.join(headings) or 'none'})",
        f"Name it in the campaign file, under list: `columns: {{{word}: {guess or 'your heading'}}}`",
        where,
    )


def _guess(word: str, headings: list[str]) -> str | None:
    for heading in headings:
        if squash(heading) in _COMMON_WORDS.get(word, ()):
            return heading
    return nearest(word, headings)


def _no_such_heading(word: str, mapped: str, headings: list[str], where: Where) -> Problem:
    guess = nearest(mapped, headings)
    hint = f"Did you mean {quoted(guess)}?" if guess else f"The headings are: {', '.join(headings)}"
    return Problem(
        ProblemKind.HEADING,
        f"The campaign file says that {word} is the column {quoted(mapped)}, and the list has no such heading",
        f"{hint} Correct list.columns in the campaign file or the heading in the list",
        where,
    )


def _ambiguous(word: str, headings: list[str], where: Where) -> Problem:
    what = f"{len(headings)} columns could be {word}: {', '.join(headings)}"
    choose = f", or name the right one in the campaign file: `columns: {{{word}: {headings[0]}}}`"
    fix = f"Rename all but one{choose if len(set(headings)) > 1 else ''}"
    return Problem(ProblemKind.HEADING, what, fix, where)


def _twice(keys: list[str | None], headings: list[str], where: Where) -> list[Problem]:
    problems = []
    for heading in dict.fromkeys(headings):
        places = [str(index + 1) for index, other in enumerate(headings) if other == heading and keys[index] == heading]
        if heading and heading not in CONTRACT_COLUMNS and len(places) > 1:
            what = f"The heading {quoted(heading)} stands over {len(places)} columns ({', '.join(places)})"
            problems.append(Problem(ProblemKind.HEADING, what, "Give each column its own heading", where))
    return problems


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
