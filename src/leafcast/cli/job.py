"""A campaign with its list, opened and ready to be examined: where every command that takes CAMPAIGN begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TypeVar

from leafcast.cli.audience import open_list
from leafcast.cli.printing import Voice, problem_lines
from leafcast.decide.bundles import Recipe
from leafcast.decide.campaign import Campaign, Pace
from leafcast.decide.growers import Judge
from leafcast.decide.linking import Linker
from leafcast.decide.rendering import Renderer
from leafcast.edge.campaignfile import LoadedCampaign, read_campaign
from leafcast.edge.crew import Crew
from leafcast.edge.exportfile import problems_file, write_problems
from leafcast.edge.growerfile import GrowerFile
from leafcast.edge.listfile import ListFile
from leafcast.edge.pilefile import PileFile
from leafcast.edge.system import SystemClock
from leafcast.errors import CampaignError, ListError
from leafcast.model import Channel, Problem
from leafcast.stories.prepare import Examiner, Survey

Made = TypeVar("Made")
SKIP = "plan, run and reinvite take --skip-invalid."
SILENCE = 2.0
"""Seconds after which somebody wonders whether anything happens."""


@dataclass(frozen=True, slots=True)
class Job:
    """Everything about a campaign that can be known offline."""

    loaded: LoadedCampaign
    source: ListFile
    examiner: Examiner

    @property
    def campaign(self) -> Campaign:
        """The campaign itself."""
        return self.loaded.campaign

    @property
    def notes(self) -> tuple[Problem, ...]:
        """Warnings about the campaign file, the templates and the headings."""
        return self.loaded.notes + self.examiner.renderer.notes + self.source.notes

    def survey(self, watch: Callable[[int], None] = lambda _rows: None, *, keep: bool = True) -> Survey:
        """Survey the whole list in little memory, and with help where it is long; `keep` the growers for planning."""
        examiner, columns = self.examiner, tuple(self.source.heading_of)
        recipe = Recipe(self.campaign, self.loaded.sources, columns, examiner.judge, examiner.now)
        survey = Survey(GrowerFile() if keep else None, PileFile(), PileFile())
        return examiner.survey(watch, survey, Crew(recipe))


def open_job(path: Path, pace: Pace | None = None, *, proven: Callable[[LoadedCampaign], bool] | None = None) -> Job:
    """Read the campaign, its templates and the headings of its list; `pace` goes before the campaign's own. Where
    `proven` says that exactly this was found good before, the templates are not judged again. Raises UsageError,
    CampaignError, ListError."""
    loaded = read_campaign(path)
    judged = proven is not None and proven(loaded)
    if pace is not None:
        loaded = replace(loaded, campaign=loaded.campaign.model_copy(update={"pace": pace}))
    source = open_list(loaded)
    columns = tuple(source.heading_of)
    problems: list[Problem] = []
    linker = _collect(problems, lambda: Linker(loaded.campaign, columns))
    renderer = _collect(problems, lambda: Renderer(loaded.campaign, loaded.sources, columns, judged=judged))
    if linker is None or renderer is None:
        raise CampaignError(problems)
    texts = Channel.SMS in loaded.campaign.channels
    addressed = bool(loaded.campaign.channels) and Channel.WEBHOOK not in loaded.campaign.channels
    region, file = loaded.campaign.list.region, source.name
    judge = Judge(region, file, source.heading_of, source.country, texts=texts, addressed=addressed)
    return Job(loaded, source, Examiner(loaded.campaign, source, judge, linker, renderer, SystemClock().now()))


def examined(
    voice: Voice, job: Job, output: Path | None = None, *, skip_invalid: bool = False, keep: bool = True
) -> Survey:
    """Survey the whole list, say what is worth saying, and write the problems file if there are problems. The
    growers are kept for planning, or not.

    Raises ListError unless every row is good or `skip_invalid` lets the good ones go on.
    """
    survey = job.survey(_patience(voice), keep=keep)
    for line in problem_lines(chain(job.notes, survey.warnings)):
        voice.note(line)
    if not survey.rejected:
        return survey
    target = output or problems_file(job.source, Path.cwd())
    write_problems(target, job.source, survey.rejected)
    told = (
        f"{len(survey.rejected):,} of {survey.rows:,} rows cannot be used. You find them in {target}, in your own "
        "columns, with what to mend behind each."
    )
    if not survey.growers:
        raise ListError(survey.problems, fix=told)
    if not skip_invalid:
        raise ListError(survey.problems, fix=f"{told} Mend them in the list, or leave them out: {SKIP}")
    voice.note(told)
    return survey


def _patience(voice: Voice) -> Callable[[int], None]:
    """Says how far a long list is: every time for `-v`, else now and then once somebody has waited for a while."""
    clock = SystemClock()
    spoke = clock.monotonic()

    def watch(rows: int) -> None:
        nonlocal spoke
        now = clock.monotonic()
        if voice.verbose or now - spoke >= SILENCE:
            spoke = now
            (voice.detail if voice.verbose else voice.note)(f"{rows:,} rows checked")

    return watch


def _collect(problems: list[Problem], make: Callable[[], Made]) -> Made | None:
    """Make it, or keep what is wrong, so that one command shows the problems of rules and templates together."""
    try:
        return make()
    except CampaignError as error:
        problems.extend(error.problems)
        return None
