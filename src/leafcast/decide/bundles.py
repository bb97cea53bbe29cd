"""Rows examined a bundle at a time: all that can be known of each without the rows before it. Pure.

What comes of a bundle are plain values, packed, so that another process may do the work: `edge/crew` does that for long
lists. Whether an id or an address was there before is asked afterwards, in the order of the list (`stories/prepare`).
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from leafcast.decide.campaign import Campaign
from leafcast.decide.consent import withheld_consent
from leafcast.decide.growers import Judge
from leafcast.decide.linking import Linker
from leafcast.decide.planning import plan_invitation
from leafcast.decide.rendering import Renderer
from leafcast.decide.suppressed import SuppressedAddresses
from leafcast.model import Channel, Grower, LinkRequest, LinkType, Problem, Rejected, Row, Severity, SkipReason

Person = tuple[str, str | None, str | None, int]
"""externalId, email and phone of a grower, and the number of its case within the bundle."""
LEFT_OUT = 0x80
_BIT = {channel: 1 << number for number, channel in enumerate(Channel)}


class Remarks(NamedTuple):
    """What is to be said of a row: problems that keep it back, or warnings that do not."""

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


NOTHING = Remarks((), ())


class Case(NamedTuple):
    """Growers for whom the same is decided: the one met first stands for them."""

    link: LinkType
    example: Grower
    suppressed: tuple[Channel, ...]


class Bundle(NamedTuple):
    """What was found out about some rows."""

    people: Sequence[Person | None]
    """One entry a row; None for a row that is no grower."""
    growers: bytes
    """The people, packed, for the shelf; empty where nobody wants them."""
    cases: Sequence[tuple[tuple[object, ...], Case]]
    """Each with what tells it from the others, in every bundle alike."""
    remarks: Mapping[int, Remarks]
    """By the place of the row in the bundle."""


class Pack(NamedTuple):
    """Growers as a shelf keeps them: packed, with a mark for each. The packing is of this Python only, and no pack
    outlives the process that made it."""

    growers: bytes
    marks: bytes

    def unpacked(self) -> Iterator[tuple[Grower, tuple[Channel, ...]]]:
        """Those that are not left out, each with the channels whose address an earlier row has."""
        # Our own bytes come back from our own memory, or from a file that has no name.
        for grower, mark in zip(marshal.loads(self.growers), self.marks, strict=True):  # noqa: S302
            if mark != LEFT_OUT:
                yield _unpacked(grower), _channels(mark) if mark else ()


def packed(growers: Iterable[Grower]) -> bytes:
    """Growers for a pack."""
    return marshal.dumps(
        [(one.row, one.external_id, one.name, one.email, one.phone, dict(one.cells)) for one in growers]
    )


def mark_of(duplicate_of: Iterable[Channel]) -> int:
    """The mark of a good grower."""
    return sum(_BIT[channel] for channel in duplicate_of)


@dataclass(frozen=True, slots=True)
class RowExaminer:
    """Judges the rows of one list, each by itself."""

    campaign: Campaign
    judge: Judge
    linker: Linker
    renderer: Renderer
    now: datetime
    suppressed: SuppressedAddresses = field(default_factory=SuppressedAddresses)

    def bundle(self, rows: Iterable[Row], *, pack: bool) -> Bundle:
        """Examine these rows; `pack` the growers where somebody is going to plan them."""
        people: list[Person | None] = []
        cases: dict[tuple[object, ...], tuple[int, Case]] = {}
        remarks: dict[int, Remarks] = {}
        # Step by step for all rows: what a processor did a moment ago it does again in half the time.
        judged = [self.judge.judged(row) for row in rows]
        decided = [self.linker.decide(one) if isinstance(one, Grower) else () for one, _ in judged]
        for place, ((one, warnings), request) in enumerate(zip(judged, decided, strict=True)):
            if isinstance(one, Rejected):
                remarks[place] = Remarks(one.problems, ())
                people.append(None)
                continue
            number = 0
            if isinstance(request, LinkRequest):
                found = self.renderer.check(one, request, now=self.now)
                if found or warnings:
                    remarks[place] = _remarks(found, warnings)
                number = self._case(one, request.type, cases)
            else:
                remarks[place] = Remarks(request, ())
            people.append((one.external_id, one.email, one.phone, number))
        growers = packed(one for one, _ in judged if isinstance(one, Grower)) if pack else b""
        return Bundle(people, growers, [(key, case) for key, (_, case) in cases.items()], remarks)

    def _case(self, grower: Grower, link: LinkType, cases: dict[tuple[object, ...], tuple[int, Case]]) -> int:
        """The number of the grower's case."""
        suppressed = self.suppressed.channels_of(grower)
        consents = withheld_consent(grower, Channel.EMAIL), withheld_consent(grower, Channel.SMS)
        key = (link, not grower.email, not grower.phone, consents, suppressed)
        known = cases.get(key)
        if known is None:
            known = cases[key] = len(cases), Case(link, grower, suppressed)
        return known[0]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a row examiner is made of: plain values, which can be told to another process."""

    campaign: Campaign
    sources: Mapping[str, str]
    columns: Sequence[str]
    judge: Judge
    now: datetime

    def made(self) -> RowExaminer:
        """The examiner. Raises CampaignError."""
        linker, renderer = Linker(self.campaign, self.columns), Renderer(self.campaign, self.sources, self.columns)
        return RowExaminer(self.campaign, self.judge, linker, renderer, self.now)


class Tally(NamedTuple):
    """What is planned for a grower, as it is counted."""

    link: LinkType | None
    messages: tuple[Channel, ...]
    skipped: tuple[SkipReason, ...]


def tally_of(campaign: Campaign, case: Case, duplicate_of: Sequence[Channel]) -> Tally:
    """What is planned for growers of this case."""
    decision = plan_invitation(campaign, case.example, duplicates=duplicate_of, suppressed=case.suppressed)
    going = tuple(message.channel for message in decision.messages if message.skip is None)
    skipped = tuple(message.skip for message in decision.messages if message.skip)
    return Tally(case.link if going or not decision.messages else None, going, skipped)


def _remarks(found: tuple[Problem, ...], warnings: tuple[Problem, ...]) -> Remarks:
    errors = tuple(problem for problem in found if problem.severity is Severity.ERROR)
    return Remarks(errors, () if errors else warnings + found)


def _unpacked(packed: tuple[int, str, str, str | None, str | None, dict[str, str]]) -> Grower:
    row, external_id, name, email, phone, cells = packed
    return Grower(row, external_id, name, email, phone, MappingProxyType(cells))


def _channels(mark: int) -> tuple[Channel, ...]:
    return tuple(channel for channel, bit in _BIT.items() if mark & bit)
