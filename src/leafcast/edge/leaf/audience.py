"""The list of growers that Leaf's users make, in the place of a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from leafcast.decide.audience import OWN, Wish, further_columns, rows
from leafcast.decide.headings import CONTRACT_COLUMNS
from leafcast.edge.listfile import ListFile
from leafcast.edge.listfile.records import Kind, Record, Style, unusable
from leafcast.errors import ListError, RunStopped
from leafcast.model import LeafUser, Outcome, Problem, Rejected, Row

NAME = Path("leaf-audience")
"""What stands in the place of a file's name in problems and in the name of their file."""
PAGE = 100
TRIES = 3
"""How often a page is asked for that cannot be read."""


class Pages(Protocol):
    """Leaf, as far as it lists its users."""

    async def user_page(self, page: int) -> tuple[LeafUser, ...] | Outcome:
        """A hundred users, fewer on the last page."""


async def everybody(leaf: Pages) -> tuple[LeafUser, ...]:
    """Every user of the account, each once. Raises RunStopped where Leaf does not show them all: an audience with holes
    would look like people who need no invitation."""
    found: dict[str, LeafUser] = {}
    page = 0
    while True:
        answer = await _page(leaf, page)
        known = len(found)
        found |= {user.id: user for user in answer}
        if len(answer) < PAGE or len(found) == known:
            return tuple(found.values())
        page += 1


async def _page(leaf: Pages, page: int) -> tuple[LeafUser, ...]:
    answer: tuple[LeafUser, ...] | Outcome = ()
    for _ in range(TRIES):
        answer = await leaf.user_page(page)
        if not isinstance(answer, Outcome):
            return answer
        if answer.code != "unusable-answer":
            break
    assert isinstance(answer, Outcome)  # noqa: S101 - for the type checker only
    raise RunStopped(
        f"Leaf did not show its users, of whom this campaign's list is made: {answer.reason}",
        fix="Nothing was sent. Mend this, and run the same command again.",
    )


@dataclass(frozen=True, slots=True)
class _Wishes:
    columns: Mapping[str, str]
    sheet: None = None
    encoding: None = None


@dataclass(frozen=True, slots=True)
class _Style(Style):
    told: str = ""

    def __str__(self) -> str:
        return self.told


@dataclass(frozen=True, slots=True)
class _Lines:
    """Lines in memory, as a source of records."""

    lines: Sequence[Sequence[str]]
    notes: tuple[Problem, ...] = field(default=())

    def records(self) -> Iterator[Record]:
        """The headings, then a record for each user."""
        for number, cells in enumerate(self.lines, start=1):
            yield Record(number, number, cells)


def audience(users: Sequence[LeafUser], wish: Wish, joined: ListFile | None) -> ListFile:
    """The list. `joined` is the team's own, for what Leaf does not know. Raises ListError for an audience of nobody,
    and for a joined list with rows that have no cells for their headings."""
    theirs = list(joined.rows()) if joined is not None else []
    if damaged := [problem for row in theirs if isinstance(row, Rejected) for problem in row.problems]:
        raise ListError(damaged)
    by_id = {row.cells["externalId"].strip(): row.cells for row in theirs if isinstance(row, Row)}
    further = further_columns(joined.heading_of) if joined is not None else ()
    lines = list(rows(users, wish, by_id, further))
    if not lines:
        what = f"Of Leaf's {len(users):,} users none fits ({wish})"
        raise unusable(NAME, what, "Look at connected, notConnected and credentials under list: in the campaign file")
    told = f"{len(lines):,} of Leaf's {len(users):,} users fit ({wish})"
    if joined is not None:
        known = sum(line[0] in by_id for line in lines)
        told += f", {known:,} of them in {joined.name}"
    columns = {word: word for word in (*OWN, *further) if word in CONTRACT_COLUMNS}
    source = _Lines([(*OWN, *further), *lines], joined.notes if joined is not None else ())
    return ListFile(NAME, _Wishes(columns), (source, _Style(Kind.DELIMITED, told=told)))
