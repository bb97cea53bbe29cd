"""`leafcast plan`: what a run would do, row by row and in sum. Changes nothing."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leafcast.cli.calling import command
from leafcast.cli.failing import speaking
from leafcast.cli.options import CampaignFile, Json, LedgerUrl, Quiet, SkipInvalid, Verbose, behind, ledger_url
from leafcast.cli.printing import Voice

if TYPE_CHECKING:
    from leafcast.cli.job import Job
    from leafcast.stories.foresee import Foresight
    from leafcast.stories.prepare import Survey


Save = Annotated[
    Path | None, typer.Option("--save", metavar="FILE", help="Also write the plan to a file, for run --plan.")
]


def plan(
    campaign: CampaignFile,
    save: Save = None,
    skip_invalid: SkipInvalid = False,
    ledger: LedgerUrl = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Say what a run would do with each row, and in sum: links, skips and why, holds, text segments, time.

    Nothing is sent, and nothing is changed.
    """
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice):
        from leafcast.cli.job import examined, open_job

        job, where = open_job(campaign), ledger_url(ledger)
        made_from = _made_from(job, where) if save else {}
        found = foreseen(job, where, examined(voice, job, skip_invalid=skip_invalid))
        if save:
            from leafcast.edge.planfile import write_plan

            write_plan(save, _document(job, found), made_from, skip_invalid=skip_invalid)
        _tell(voice, job, found)
        if save:
            again = behind(campaign, where, "--plan", str(save))
            voice.note(f"Saved as {save}. To do exactly that: {command()} run {again}")


def planned(file: Path, job: Job, ledger: str) -> bool:
    """See that a saved plan still holds; whether it leaves invalid rows out. Raises UsageError, saying what changed."""
    from leafcast.edge.planfile import check_unchanged, read_plan

    made_from, skip_invalid = read_plan(file)
    check_unchanged(made_from, _made_from(job, ledger))
    return skip_invalid


def _made_from(job: Job, ledger: str) -> Mapping[str, str]:
    from leafcast.edge.fingerprint import fingerprints

    return fingerprints(job.loaded, ledger)


def foreseen(job: Job, ledger: str, survey: Survey) -> Foresight:
    """The plan, made on a copy of the ledger, which is read without being held. Raises LedgerUnusable."""
    from leafcast.edge.ledger import copy_ledger, open_ledger
    from leafcast.edge.system import SystemClock, new_id
    from leafcast.stories.foresee import foresee

    clock = SystemClock()
    with tempfile.TemporaryDirectory(prefix="leafcast-") as folder:
        copy = f"sqlite:///{folder}/plan.db"
        copy_ledger(ledger, copy)
        with open_ledger(copy, clock, new_id) as scratch:
            return asyncio.run(foresee(scratch, scratch, job.examiner, survey, clock.now()))


def _document(job: Job, plan: Foresight) -> dict[str, Any]:
    from leafcast.decide.foresight import line_document, plan_document
    from leafcast.decide.listchanges import change_document

    return {
        "campaign": job.campaign.name,
        **plan_document(job.campaign, plan.lines),
        "list": change_document(plan.changes),
        "rows": [line_document(line) for line in plan.lines],
    }


def _tell(voice: Voice, job: Job, plan: Foresight) -> None:
    from leafcast.decide.foresight import line_text, sum_text
    from leafcast.decide.listchanges import change_sentences
    from leafcast.stories.run import RECALLED

    voice.document(_document(job, plan))
    if plan.recalled:
        voice.result(RECALLED)
        return
    voice.table([line_text(line) for line in plan.lines])
    for sentence in change_sentences(
        plan.changes, first=plan.changes.added == len({one.external_id for one in plan.lines})
    ):
        voice.note(sentence)
    voice.result("\n".join(sum_text(job.campaign, plan.lines)))
