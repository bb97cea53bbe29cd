"""What must hold for any bytes at all: growers or exact problems, and nothing between the two."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat

from leafcast.decide.campaignlinks import ListSettings
from leafcast.decide.growers import Judge, Seen
from leafcast.decide.reporting import restored
from leafcast.edge.exportfile import write_problems
from leafcast.edge.listfile import Kind, ListFile, Record
from leafcast.errors import ListError, UsageError
from leafcast.model import Grower, Problem, ProblemKind, Rejected, Row

_QUOTED = re.compile(r'"[^"]*"|\(.*?\)|\d+|\'[^\']*\'|0x[0-9A-F]+|U\+[0-9A-F]+')
SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
_OF_THE_CELLS = frozenset(
    {ProblemKind.EXTERNAL_ID, ProblemKind.NAME, ProblemKind.EMAIL, ProblemKind.PHONE, ProblemKind.NO_ADDRESS}
)
"""Problems that a row has by itself, by what stands in its cells."""
UNSEEN = frozenset({"Cc", "Cs", "Zl", "Zp"})


@dataclass(frozen=True)
class Trial:
    """How a list is looked at."""

    settings: ListSettings = field(default_factory=lambda: ListSettings(file="list.csv"))
    region: str | None = "US"
    mend_in: Path | None = None
    """Where its problems file is written and read back; None where that is not tried."""


@dataclass
class Found:
    """What came of one file."""

    rows: int = 0
    growers: int = 0
    signature: frozenset[str] = frozenset()
    """The sentences that were said, without what they quote: two files with one signature went the same ways."""
    wrong: str = ""


def judged(file: Path, trial: Trial = Trial()) -> Found:
    """Read and judge a list. Anything that is raised but the two errors that users get is a bug, and goes up."""
    found, said = Found(), set[str]()
    try:
        source = ListFile(file, trial.settings)
        found.wrong = accounted(source, list(source.all_records()))
        said |= {_pattern(note) for note in source.notes}
        rejected = []
        for row, result, warnings in _examined(source, trial):
            problems = (*result.problems, *warnings) if isinstance(result, Rejected) else warnings
            found.rows += 1
            found.growers += isinstance(result, Grower)
            found.wrong = (
                found.wrong
                or _spoken(problems, source, row)
                or _of_a_row(result, row, None if source.country else trial.region)
            )
            said |= {_pattern(problem) for problem in problems}
            if isinstance(result, Rejected):
                rejected.append(result)
        found.wrong = found.wrong or _added_up(source, found, len(rejected))
        if trial.mend_in and rejected and not found.wrong:
            found.wrong = _mended(source, rejected, trial, trial.mend_in)
    except (ListError, UsageError) as error:
        problems = error.problems if isinstance(error, ListError) else ()
        said |= {_pattern(problem) for problem in problems} or {error.message[:40]}
        found.wrong = found.wrong or _spoken(problems, None, None)
    found.signature = frozenset(said)
    return found


def _examined(source: ListFile, trial: Trial) -> Iterator[tuple[Row, Grower | Rejected, tuple[Problem, ...]]]:
    judge = Judge(trial.region, source.name, source.heading_of, source.country)
    seen = Seen(trial.settings.shared_address, file=source.name, heading_of=source.heading_of)
    for read in source.rows():
        if isinstance(read, Rejected):
            yield read.row, read, ()
            continue
        result, warnings = judge.judged(read)
        if isinstance(result, Grower):
            if problems := seen.add(result).problems:
                result = Rejected(read, problems)
        elif more := seen.add_refused(read):
            result = Rejected(read, (*result.problems, *more))
        yield read, result, warnings


# ----------------------------------------------------------------------------------------------------- rows and letters


def accounted(source: ListFile, records: Sequence[Record]) -> str:
    """Every letter of a text file stands in some record, in its place; rows and lines only go up."""
    if any(one.row + 1 != other.row or one.line >= other.line for one, other in pairwise(records)):
        return "rows or lines do not go up"
    if source.style.kind is not Kind.DELIMITED:
        return ""
    whole = source.path.read_bytes().decode(source.style.encoding, "surrogateescape")
    if top := SEPARATOR_LINE.match(whole):
        whole = whole[top.end() :]
    if '"' not in whole:
        return _line_by_line(whole, source.style.delimiter, records, first=2 if top else 1)
    between = str.maketrans("", "", '"\r\n' + source.style.delimiter)
    read = "".join("".join(record.cells) for record in records).translate(between)
    return "" if read == whole.translate(between) else "not every letter of the file is in some row"


def _line_by_line(whole: str, delimiter: str, records: Sequence[Record], *, first: int) -> str:
    """Without quotes, a line is a record and a separator the end of a cell."""
    lines = re.split(r"\r\n|\r|\n", whole)
    lines = lines if lines[-1] else lines[:-1]
    expected = [(number, line.split(delimiter) if line else []) for number, line in enumerate(lines, first)]
    read = [(record.line, list(record.cells)) for record in records]
    wrong = next((pair for pair in zip(expected, read, strict=False) if pair[0] != pair[1]), None)
    if wrong or len(expected) != len(read):
        return f"{len(lines)} lines, {len(read)} records; the file has, and was read as: {wrong}"
    return ""


def _added_up(source: ListFile, found: Found, rejected: int) -> str:
    passed, below = source.passed, sum(1 for _ in source.records())
    if not passed.rows == found.rows == found.growers + rejected:
        return f"{passed.rows} rows are counted; {found.growers} growers and {rejected} excluded came"
    if passed.rows + passed.blank + passed.repeated != below:
        return f"{below} records, and {passed} is said of them"
    return ""


# ------------------------------------------------------------------------------------------------------------ sentences


def _spoken(problems: Sequence[Problem], source: ListFile | None, row: Row | None) -> str:
    """Each problem has words, on one line and without what could write over a terminal, and the row's own number."""
    for problem in problems:
        if not problem.what.strip() or (problem.severity == "error" and not problem.fix.strip()):
            return f"a problem without words: {problem!r}"
        if _writes_over(f"{problem.what}{problem.fix}{problem.where}"):
            return f"a problem with letters that are no writing: {problem!r}"
        if source and (problem.where.file != source.name or (row and problem.where.row != row.number)):
            return f"a problem of another row than {row.number if row else None}: {problem!r}"
    return ""


def _writes_over(text: str) -> bool:
    return not text.isprintable() and any(unicodedata.category(letter) in UNSEEN for letter in text)


def _pattern(problem: Problem) -> str:
    return f"{problem.kind}: {_QUOTED.sub('…', problem.what)[:80]}"


# ---------------------------------------------------------------------------------------------------------- one row


def _of_a_row(result: Grower | Rejected, row: Row, region: str | None) -> str:
    """A grower's own cells are in the one form that everything downstream relies on, and are what the row says."""
    if isinstance(result, Rejected):
        return "" if result.problems else "a row is neither a grower nor has it a problem"
    phone, email = result.phone, result.email
    if result.row != row.number or not (email or phone):
        return f"no grower of row {row.number}: {result}"
    if not result.external_id or result.external_id.strip() != result.external_id:
        return f"no externalId: {result}"
    if _writes_over(result.name + result.external_id):
        return f"a name that disguises something: {result}"
    if phone and not (re.fullmatch(r"\+[1-9]\d{6,14}", phone, re.ASCII) and _in_use(phone)):
        return f"no number in use: {phone}"
    if phone and region and (read := _read_by_the_library(row.cells["phone"], region)) not in ("", phone):
        return f"{row.cells['phone']!r} became {phone}, and libphonenumber reads {read}"
    if email and not (email.isascii() and _valid(email)):
        return f"no valid email: {email}"
    return ""


@lru_cache(maxsize=4_096)
def _in_use(e164: str) -> bool:
    return phonenumbers.is_valid_number(phonenumbers.parse(e164))


@lru_cache(maxsize=4_096)
def _read_by_the_library(text: str, region: str) -> str:
    """libphonenumber's own reading of a cell that has digits and punctuation only; '' of any other."""
    if not re.fullmatch(r"\+?[\d ()\-]+", text, re.ASCII):
        return ""
    try:
        return phonenumbers.format_number(phonenumbers.parse(text, region), PhoneNumberFormat.E164)
    except NumberParseException:
        return "nothing"


@lru_cache(maxsize=4_096)
def _valid(email: str) -> bool:
    try:
        validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True


# ------------------------------------------------------------------------------------------------------- the way back


def _mended(source: ListFile, rejected: Sequence[Rejected], trial: Trial, folder: Path) -> str:
    """The problems file is read by the same campaign: the same rows, and what was wrong with cells is wrong still."""
    target = folder / "list-problems.csv"
    if write_problems(target, source, rejected) != len(rejected):
        return "the problems file has another number of rows than were refused"
    again = ListFile(target, trial.settings)
    width = len(source.headings) - 2 * (source.headings[-2:] == ("problem", "how to fix"))
    numbers = {one.row.number for one in rejected}
    before = [_cells(record, width, again) for record in source.records() if record.row in numbers]
    after = [_cells(record, width, again) for record in again.records()]
    if before != after:
        return f"the problems file says {after!r}, and the list {before!r}"
    return _same_verdicts(rejected, list(_examined(again, trial)))


def _cells(record: Record, width: int, again: ListFile) -> list[str]:
    """The user's own cells, as the problems file can write them."""
    lossy = "surrogateescape" if again.style.encoding.startswith("utf-8") else "replace"
    cells = [*map(restored, record.cells), *[""] * width][:width]
    # A cell of several lines may be written on one, where it would be taken for several rows.
    cells = [re.sub(r"[\r\n]+", " ", cell) for cell in cells]
    return [cell.encode(again.style.encoding, lossy).decode(again.style.encoding, lossy) for cell in cells]


def _same_verdicts(
    rejected: Sequence[Rejected], again: Sequence[tuple[Row, Grower | Rejected, tuple[Problem, ...]]]
) -> str:
    for one, (_, other, _) in zip(rejected, again, strict=True):
        if any(re.search(r"[\r\n]", cell) for cell in one.row.cells.values()):
            continue  # on one line now perhaps, which the words about such a cell quote
        said = {problem.what for problem in one.problems if problem.kind in _OF_THE_CELLS}
        if len(said) == len(one.problems) and not (
            isinstance(other, Rejected) and said <= {problem.what for problem in other.problems}
        ):
            return f"read again from the problems file, a row is another: {one!r} is {other!r}"
    return ""
