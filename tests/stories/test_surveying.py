"""A list is surveyed a bundle at a time; what comes of it is what looking at each row by itself gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from leafcast.cli.job import Job, open_job
from leafcast.decide.planning import plan_invitation
from leafcast.model import Channel, Grower, LinkType, Problem, Rejected, SkipReason, Suppression
from leafcast.stories.prepare import BUNDLE, Sound, Survey

ROOT = Path(__file__).parents[2]
SHARED = ("stop", "first", "send-each")


@pytest.fixture(scope="module", params=SHARED)
def job(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A list with every mistake in it, good rows, and rows that come twice or share an address."""
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "campaigns").mkdir()
    (folder / "sample_data").mkdir()
    (folder / "templates").symlink_to(ROOT / "templates")
    text = (ROOT / "campaigns" / "spring-onboarding.yaml").read_text(encoding="utf-8")
    file = folder / "campaigns" / "c.yaml"
    file.write_text(text.replace("  region: US ", f"  sharedAddress: {request.param}\n  region: US "), encoding="utf-8")
    samples = ROOT / "sample_data"
    headings, *bad = (samples / "growers-with-mistakes.csv").read_text(encoding="utf-8-sig").splitlines(keepends=True)
    _, *good = (samples / "growers.csv").read_text(encoding="utf-8").replace("PAC-", "NEW-").splitlines(keepends=True)
    more = [line.replace("NEW-", "MORE-").replace("@", "@more-") for line in good]
    sharing = [line.replace("NEW-", "TWO-") for line in good[::7]]
    text = "".join([headings, *bad, *good, "too,short\r\n", *more, *sharing, *bad])
    (folder / "sample_data" / "growers.csv").write_text(text, encoding="utf-8", newline="")
    return open_job(file)


Facts = tuple[object, ...]


def row_by_row(job: Job) -> Facts:
    """The same, added up from each row by itself."""
    rejected: list[Rejected] = []
    warnings: list[Problem] = []
    planned: list[tuple[Grower, Sequence[Channel]]] = []
    links, messages, skipped = Counter[LinkType](), Counter[Channel](), Counter[SkipReason]()
    for item in job.examiner.examine():
        if isinstance(item, Rejected):
            rejected.append(item)
            continue
        assert isinstance(item, Sound)
        warnings += item.warnings
        planned.append((item.grower, item.duplicate_of))
        going = [message for message in item.decision.messages if message.skip is None]
        messages.update(message.channel for message in going)
        skipped.update(message.skip for message in item.decision.messages if message.skip)
        links.update([item.request.type] if going or not item.decision.messages else [])
    return rejected, warnings, planned, [*links.items()], [*messages.items()], [*skipped.items()]


def facts_of(survey: Survey) -> Facts:
    """A survey, as it can be compared."""
    assert survey.good is not None
    planned = [one for pack in survey.good for one in pack.unpacked()]
    assert (survey.rows, survey.growers) == (len(planned) + len(survey.rejected), len(planned))
    assert len(survey.problems) == len(list(survey.problems))
    counts = survey.links, survey.messages, survey.skipped
    return list(survey.rejected), list(survey.warnings), planned, *([*count.items()] for count in counts)


def test_a_survey_finds_what_each_row_by_itself_gives(job: Job) -> None:
    """Rule: the same rows are rejected, for the same problems in the same words and order; the same growers are put
    away; and the same is counted."""
    survey = job.examiner.survey()
    assert facts_of(survey) == row_by_row(job)
    assert len(survey.rejected) > 30
    assert survey.growers > BUNDLE


def test_what_was_surveyed_is_planned(job: Job) -> None:
    """Rule: each good grower is planned once, in order, with what earlier rows have of its addresses."""
    survey = job.examiner.survey()
    expected = [
        plan_invitation(job.campaign, item.grower, duplicates=item.duplicate_of)
        for item in job.examiner.examine()
        if isinstance(item, Sound)
    ]
    assert list(job.examiner.decisions(survey)) == expected


def test_suppressed_growers_are_counted_as_they_will_be_planned(job: Job) -> None:
    """Rule: an examiner that knows suppressions counts them, bundle or not."""
    first = next(item.grower for item in job.examiner.examine() if isinstance(item, Sound) and item.grower.email)
    suppressed = type(job.examiner.suppressed)([Suppression(Channel.EMAIL, str(first.email), "asked", "us")])
    knowing = replace(job, examiner=replace(job.examiner, suppressed=suppressed))
    assert facts_of(knowing.examiner.survey()) == row_by_row(knowing)


def test_nothing_is_put_away_where_nobody_plans(job: Job) -> None:
    """Rule: `check` keeps no grower; it counts the same."""
    survey = job.examiner.survey(survey=Survey(None))
    assert (survey.rows, survey.messages) == (job.examiner.survey().rows, job.examiner.survey().messages)
    assert list(job.examiner.decisions(survey)) == []


def test_who_is_not_among_the_good_rows_is_named(job: Job) -> None:
    """Rule: `--only` is held against the good rows: a rejected one is missing as well."""
    survey = job.examiner.survey()
    good = next(item.grower.external_id for item in job.examiner.examine() if isinstance(item, Sound))
    assert survey.missing([good, "no such", "1.2E+10"]) == ["1.2E+10", "no such"]
    assert survey.missing([]) == []
