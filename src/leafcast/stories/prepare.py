"""All that can fail for free, for every row, before anything that costs: for `check`, and for `run` at its start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from leafcast.decide.campaign import Campaign
from leafcast.decide.growers import Judge
from leafcast.decide.linking import Linker
from leafcast.decide.planning import plan_invitation
from leafcast.decide.rendering import Renderer
from leafcast.decide.seen import Seen
from leafcast.decide.suppressing import SuppressedAddresses
from leafcast.model import (
    Channel,
    Grower,
    LinkRequest,
    LinkType,
    PlannedInvitation,
    Problem,
    Rejected,
    Row,
    Severity,
    SkipReason,
)
from leafcast.ports import ListSource, Shelf

WATCH_EVERY = 500
"""Rows between two words to whoever waits."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A row that passed everything: its grower, the link that will be asked for, and what was decided for it."""

    grower: Grower
    request: LinkRequest
    decision: PlannedInvitation
    duplicate_of: tuple[Channel, ...] = ()
    """The channels whose address an earlier row has."""
    warnings: tuple[Problem, ...] = ()


@dataclass(slots=True)
class Survey:
    """What a list holds."""

    good: Shelf = field(default_factory=list[tuple[Grower, tuple[Channel, ...]]])
    """The growers of the good rows, put away so that they are planned as they were examined."""
    rows: int = 0
    growers: int = 0
    listed: set[str] = field(default_factory=set)
    """The externalIds of the good rows."""
    rejected: list[Rejected] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    links: Counter[LinkType] = field(default_factory=Counter)
    messages: Counter[Channel] = field(default_factory=Counter)
    skipped: Counter[SkipReason] = field(default_factory=Counter)

    def take(self, item: Sound | Rejected) -> None:
        """Count one row in."""
        self.rows += 1
        if isinstance(item, Rejected):
            self.rejected.append(item)
            return
        self.growers += 1
        self.good.append((item.grower, item.duplicate_of))
        self.listed.add(item.grower.external_id)
        self.warnings.extend(item.warnings)
        going = [message for message in item.decision.messages if message.skip is None]
        self.messages.update(message.channel for message in going)
        self.skipped.update(message.skip for message in item.decision.messages if message.skip)
        if going or not item.decision.messages:
            self.links[item.request.type] += 1

    @property
    def problems(self) -> list[Problem]:
        """Every error, in the order of the rows."""
        return [problem for rejected in self.rejected for problem in rejected.problems]


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
        seen = Seen(self.campaign.list.shared_address, file=self.judge.file, heading_of=self.judge.heading_of)
        for row in self.source.rows():
            yield row if isinstance(row, Rejected) else self._examine(row, seen)

    def survey(self, watch: Callable[[int], None] = lambda _rows: None, shelf: Shelf | None = None) -> Survey:
        """Count the whole list; `watch` is told the number of rows so far, now and then. The good growers are put on
        the shelf, an empty one; into memory without it."""
        survey = Survey() if shelf is None else Survey(shelf)
        for item in self.examine():
            survey.take(item)
            if survey.rows % WATCH_EVERY == 0:
                watch(survey.rows)
        return survey

    def decisions(self, survey: Survey) -> Iterator[PlannedInvitation]:
        """What to write into the ledger: one decision for each good row, just as it was surveyed, by the suppressions
        as they are now."""
        return (self._decided(grower, duplicate_of) for grower, duplicate_of in survey.good)

    def _examine(self, row: Row, seen: Seen) -> Sound | Rejected:
        judged, warnings = self.judge.judged(row)
        if isinstance(judged, Rejected):
            return replace(judged, problems=judged.problems + self._placed(row, seen.add_refused(row)))
        standing = seen.add(judged)
        request = self.linker.decide(judged)
        if not isinstance(request, LinkRequest):
            return Rejected(row, self._placed(row, standing.problems + request))
        found = self.renderer.check(judged, request, now=self.now)
        errors = tuple(problem for problem in found if problem.severity is Severity.ERROR)
        if standing.problems or errors:
            return Rejected(row, self._placed(row, standing.problems + errors))
        duplicate_of = tuple(standing.duplicate_of)
        decision = self._decided(judged, duplicate_of)
        return Sound(judged, request, decision, duplicate_of, warnings + self._placed(row, found))

    def _decided(self, grower: Grower, duplicate_of: tuple[Channel, ...]) -> PlannedInvitation:
        suppressed = self.suppressed.channels_of(grower)
        return plan_invitation(self.campaign, grower, duplicates=duplicate_of, suppressed=suppressed)

    def _placed(self, row: Row, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
        """The same problems with the whole place of the row: whoever judged a grower no longer knew the file."""
        return tuple(
            replace(problem, where=replace(problem.where, file=self.judge.file, line=row.line)) for problem in problems
        )
