"""What must hold for any bytes at all: growers or exact problems, and nothing between the two."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from leafcast.decide.campaignlinks import ListSettings, SharedAddress
from leafcast.decide.growers import Judge, Seen
from leafcast.edge.listfile import Kind, ListFile, Record
from leafcast.edge.listfile.delimited import open_text
from leafcast.errors import ListError, UsageError
from leafcast.model import Grower, Problem, Rejected

_QUOTED = re.compile(r'"[^"]*"|\(.*?\)|\d+|\'[^\']*\'|0x[0-9A-F]+|U\+[0-9A-F]+')
SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)


@dataclass
class Found:
    """What came of one file."""

    rows: int = 0
    growers: int = 0
    signature: frozenset[str] = frozenset()
    """The sentences that were said, without what they quote: two files with one signature went the same ways."""
    wrong: str = ""


def judged(file: Path) -> Found:
    """Read and judge a list. Anything that is raised but the two errors that users get is a bug, and goes up."""
    found, said = Found(), set[str]()
    try:
        source = ListFile(file, ListSettings(file=file.name))
        found.wrong = accounted(source, list(source.all_records()))
        for problems, grower in _examined(source):
            found.rows += 1
            found.growers += grower
            said |= {_pattern(problem) for problem in problems}
            if not grower and not problems:
                found.wrong = "a row is neither a grower nor has it a problem"
        if source.passed.rows != found.rows:
            found.wrong = f"{source.passed.rows} rows are counted and {found.rows} came"
    except (ListError, UsageError) as error:
        problems = error.problems if isinstance(error, ListError) else ()
        said |= {_pattern(problem) for problem in problems} or {error.message[:40]}
        if not all(problem.what and problem.fix for problem in problems):
            found.wrong = "a problem without words"
    found.signature = frozenset(said)
    return found


def _examined(source: ListFile) -> Iterator[tuple[tuple[Problem, ...], bool]]:
    judge = Judge("US", source.name, source.heading_of, source.country)
    seen = Seen(SharedAddress.STOP, file=source.name, heading_of=source.heading_of)
    for row in source.rows():
        result, warnings = (row, ()) if isinstance(row, Rejected) else judge.judged(row)
        if isinstance(result, Grower):
            problems = seen.add(result).problems
            _one_form(result)
            yield (*problems, *warnings), not problems
        else:
            yield (*result.problems, *warnings), False


def _one_form(grower: Grower) -> None:
    """A grower's own cells are in the one form that everything downstream relies on."""
    assert grower.external_id.strip() == grower.external_id != ""
    assert grower.email is None or (grower.email.isascii() and grower.email.count("@") == 1)
    assert grower.phone is None or re.fullmatch(r"\+[1-9]\d{6,14}", grower.phone, re.ASCII), grower.phone
    assert grower.email or grower.phone
    assert not re.search(r"[\0-\x1f\x7f\u202e]", grower.name)


def accounted(source: ListFile, records: Sequence[Record]) -> str:
    """Every letter of a text file stands in some record, in its place; rows and lines only go up."""
    if any(one.row + 1 != other.row or one.line >= other.line for one, other in pairwise(records)):
        return "rows or lines do not go up"
    if source.style.kind is not Kind.DELIMITED:
        return ""
    with open_text(source.path, source.style.encoding) as text:
        whole = text.read()
    if top := SEPARATOR_LINE.match(whole):
        whole = whole[top.end() :]
    between = str.maketrans("", "", '"\r\n' + source.style.delimiter)
    read = "".join("".join(record.cells) for record in records).translate(between)
    return "" if read == whole.translate(between) else "not every letter of the file is in some row"


def _pattern(problem: Problem) -> str:
    return f"{problem.kind}: {_QUOTED.sub('…', problem.what)[:80]}"
