"""What a list holds, brought together from the bundles that its rows are examined in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import overload

from leafcast.decide.bundles import LEFT_OUT, NOTHING, Bundle, Pack, Tally, mark_of, tally_of
from leafcast.decide.campaign import Campaign
from leafcast.decide.seen import Seen
from leafcast.model import Channel, LinkType, Problem, Rejected, Row, SkipReason
from leafcast.ports import Pile, Shelf, Stretch


@dataclass(slots=True)
class Survey:
    """What a list holds."""

    good: Shelf | None = field(default_factory=list[Pack])
    """The growers of the good rows, put away so that they are planned as they were examined; None where nobody will."""
    rejected: Pile[Rejected] = field(default_factory=list[Rejected])
    warnings: Pile[Problem] = field(default_factory=list[Problem])
    rows: int = 0
    growers: int = 0
    errors: int = 0
    """How many problems the rejected rows have together."""
    links: Counter[LinkType] = field(default_factory=Counter)
    messages: Counter[Channel] = field(default_factory=Counter)
    skipped: Counter[SkipReason] = field(default_factory=Counter)

    def reject(self, rejected: Rejected) -> None:
        """Count a bad row in."""
        self.rows += 1
        self.errors += len(rejected.problems)
        self.rejected.append(rejected)

    def take(self, tally: Tally, growers: int) -> None:
        """Count good rows in of which the same was decided."""
        self.rows += growers
        self.growers += growers
        for channel in tally.messages:
            self.messages[channel] += growers
        for reason in tally.skipped:
            self.skipped[reason] += growers
        if tally.link is not None:
            self.links[tally.link] += growers

    @property
    def problems(self) -> Sequence[Problem]:
        """Every error, in the order of the rows."""
        return _Errors(self)

    def missing(self, wanted: Iterable[str]) -> list[str]:
        """Which of these externalIds no good row has, in order."""
        left = set(wanted)
        if left and self.good is not None:
            left -= {grower.external_id for pack in self.good for grower, _ in pack.unpacked()}
        return sorted(left)


@dataclass(frozen=True, slots=True)
class _Errors(Sequence[Problem]):
    """The errors of a survey, which may be too many to hold all at once."""

    survey: Survey

    def __iter__(self) -> Iterator[Problem]:
        return (problem for rejected in self.survey.rejected for problem in rejected.problems)

    def __len__(self) -> int:
        return self.survey.errors

    @overload
    def __getitem__(self, index: int) -> Problem: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Problem]: ...

    def __getitem__(self, index: int | slice) -> Problem | Sequence[Problem]:
        return list(self)[index]


class Merger:
    """Brings bundles together in the order of the list: only here are rows held against those before them."""

    def __init__(
        self,
        campaign: Campaign,
        survey: Survey,
        seen: Seen,
        placed: Callable[[Row, tuple[Problem, ...]], tuple[Problem, ...]],
    ) -> None:
        self._campaign = campaign
        self._survey = survey
        self._seen = seen
        self._placed = placed
        self._tallies: dict[tuple[object, tuple[Channel, ...]], Tally] = {}

    def merge(self, stretch: Stretch, bundle: Bundle) -> None:
        """Count these rows in, and put their growers on the shelf."""
        marks = bytearray()
        counts: dict[tuple[int, tuple[Channel, ...]], int] = {}
        people = iter(enumerate(bundle.people))
        for row in stretch:
            if isinstance(row, Rejected):
                self._survey.reject(row)
                continue
            place, person = next(people)
            problems, warnings = bundle.remarks.get(place, NOTHING)
            if person is None:
                self._survey.reject(Rejected(row, problems + self._placed(row, self._seen.add_refused(row))))
                continue
            external_id, email, phone, number = person
            standing = self._seen.add_person(row.number, external_id, email, phone)
            if standing.problems or problems:
                self._survey.reject(Rejected(row, self._placed(row, standing.problems + problems)))
                marks.append(LEFT_OUT)
                continue
            case = number, tuple(standing.duplicate_of)
            counts[case] = counts.get(case, 0) + 1
            marks.append(mark_of(case[1]))
            for warning in self._placed(row, warnings):
                self._survey.warnings.append(warning)
        for (number, duplicate_of), growers in counts.items():
            self._survey.take(self._tally(bundle, number, duplicate_of), growers)
        if self._survey.good is not None and marks:
            self._survey.good.append(Pack(bundle.growers, bytes(marks)))

    def _tally(self, bundle: Bundle, number: int, duplicate_of: tuple[Channel, ...]) -> Tally:
        key, case = bundle.cases[number]
        known = self._tallies.get((key, duplicate_of))
        if known is None:
            known = self._tallies[key, duplicate_of] = tally_of(self._campaign, case, duplicate_of)
        return known
