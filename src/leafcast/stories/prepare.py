"""All that can fail for free, for every row, before anything that costs: for `check`, and for `run` at its start."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from leafcast.decide.bundles import Bundle, RowExaminer
from leafcast.decide.campaign import Campaign
from leafcast.decide.growers import Judge
from leafcast.decide.linking import Linker
from leafcast.decide.planning import plan_invitation
from leafcast.decide.rendering import Renderer
from leafcast.decide.seen import Seen
from leafcast.decide.suppressed import SuppressedAddresses
from leafcast.model import Channel, Grower, LinkRequest, PlannedInvitation, Problem, Rejected, Row, Severity
from leafcast.ports import Crew, ListSource, Stretch
from leafcast.stories.survey import Merger, Survey

__all__ = ["Examiner", "Sound", "Survey"]

BUNDLE = 500
"""Rows that are examined in one go, and between two words to whoever waits."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A row that passed everything: its grower, the link that will be asked for, and what was decided for it."""

    grower: Grower
    request: LinkRequest
    decision: PlannedInvitation
    duplicate_of: tuple[Channel, ...] = ()
    """The channels whose address an earlier row has."""
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Examiner:
    """Holds a campaign against a list; each pass over the list starts afresh."""

    campaign: Campaign
    source: ListSource
    judge: Judge
    linker: Linker
    renderer: Renderer
    now: datetime
    """The moment that placeholder links are dated from."""
    suppressed: SuppressedAddresses = field(default_factory=SuppressedAddresses)
    """Who must not be written to."""

    def examine(self) -> Iterator[Sound | Rejected]:
        """Every row of the list, judged with all that can be known without a network."""
        seen = self._seen()
        for row in self.source.rows():
            yield row if isinstance(row, Rejected) else self._examine(row, seen)

    def survey(
        self,
        watch: Callable[[int], None] = lambda _rows: None,
        survey: Survey | None = None,
        crew: Crew | None = None,
    ) -> Survey:
        """Count the whole list into the survey, an empty one; `watch` is told the number of rows so far, now and then.
        The crew helps with a long list. What comes of it is what `examine` finds, row by row."""
        survey = Survey() if survey is None else survey
        examiner = RowExaminer(self.campaign, self.judge, self.linker, self.renderer, self.now, self.suppressed)
        pack = survey.good is not None

        def alone(rows: Sequence[Row]) -> Bundle:
            return examiner.bundle(rows, pack=pack)

        stretches = _stretches(self.source.rows())
        bundles = _by_itself(stretches, alone) if crew is None else crew.examine(stretches, alone, pack=pack)
        merger = Merger(self.campaign, survey, self._seen(), self.placed)
        with closing(bundles):
            for stretch, bundle in bundles:
                merger.merge(stretch, bundle)
                watch(survey.rows)
        return survey

    def decisions(self, survey: Survey) -> Iterator[PlannedInvitation]:
        """What to write into the ledger: one decision for each good row, just as it was surveyed, by the suppressions
        as they are now."""
        packs = survey.good or ()
        return (self._decided(grower, duplicates) for pack in packs for grower, duplicates in pack.unpacked())

    def _examine(self, row: Row, seen: Seen) -> Sound | Rejected:
        judged, warnings = self.judge.judged(row)
        if isinstance(judged, Rejected):
            return replace(judged, problems=judged.problems + self.placed(row, seen.add_refused(row)))
        standing = seen.add(judged)
        request = self.linker.decide(judged)
        if not isinstance(request, LinkRequest):
            return Rejected(row, self.placed(row, standing.problems + request))
        found = self.renderer.check(judged, request, now=self.now)
        errors = tuple(problem for problem in found if problem.severity is Severity.ERROR)
        if standing.problems or errors:
            return Rejected(row, self.placed(row, standing.problems + errors))
        duplicate_of = tuple(standing.duplicate_of)
        decision = self._decided(judged, duplicate_of)
        return Sound(judged, request, decision, duplicate_of, warnings + self.placed(row, found))

    def _seen(self) -> Seen:
        return Seen(self.campaign.list.shared_address, file=self.judge.file, heading_of=self.judge.heading_of)

    def _decided(self, grower: Grower, duplicate_of: tuple[Channel, ...]) -> PlannedInvitation:
        suppressed = self.suppressed.channels_of(grower)
        return plan_invitation(self.campaign, grower, duplicates=duplicate_of, suppressed=suppressed)

    def placed(self, row: Row, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
        """The same problems with the whole place of the row: whoever judged a grower no longer knew the file."""
        return tuple(
            replace(problem, where=replace(problem.where, file=self.judge.file, line=row.line)) for problem in problems
        )


def _stretches(rows: Iterator[Row | Rejected]) -> Iterator[Stretch]:
    while stretch := list(islice(rows, BUNDLE)):
        yield stretch


def _by_itself(
    stretches: Iterable[Stretch], alone: Callable[[Sequence[Row]], Bundle]
) -> Generator[tuple[Stretch, Bundle], None, None]:
    """One stretch after the other."""
    for stretch in stretches:
        yield stretch, alone([row for row in stretch if isinstance(row, Row)])
