"""`leafcast plan`: what a run would do, row by row and in sum. Changes nothing."""

from __future__ import annotations

import asyncio
import tempfile
from typing import TYPE_CHECKING

from leafcast.cli.failing import speaking
from leafcast.cli.options import CampaignFile, Json, LedgerUrl, Quiet, SkipInvalid, Verbose, ledger_url
from leafcast.cli.printing import Voice

if TYPE_CHECKING:
    from leafcast.cli.job import Job
    from leafcast.stories.foresee import Foresight


def plan(
    campaign: CampaignFile,
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

        job = open_job(campaign)
        examined(voice, job, skip_invalid=skip_invalid)
        _tell(voice, job, foreseen(job, ledger_url(ledger)))


def foreseen(job: Job, ledger: str) -> Foresight:
    """The plan, made on a copy of the ledger, which is read without being held. Raises LedgerUnusable."""
    from leafcast.edge.ledger import copy_ledger, open_ledger
    from leafcast.edge.system import SystemClock, new_id
    from leafcast.stories.foresee import foresee

    clock = SystemClock()
    with tempfile.TemporaryDirectory(prefix="leafcast-") as folder:
        copy = f"sqlite:///{folder}/plan.db"
        copy_ledger(ledger, copy)
        with open_ledger(copy, clock, new_id) as scratch:
            return asyncio.run(foresee(scratch, scratch, job.examiner, clock.now()))


def _tell(voice: Voice, job: Job, plan: Foresight) -> None:
    from leafcast.decide.foresight import line_document, line_text, plan_document, sum_text
    from leafcast.decide.listchanges import change_document, change_sentences
    from leafcast.stories.run import RECALLED

    sums = plan_document(job.campaign, plan.lines)
    rows = [line_document(line) for line in plan.lines]
    voice.document({"campaign": job.campaign.name, **sums, "list": change_document(plan.changes), "rows": rows})
    if plan.recalled:
        voice.result(RECALLED)
        return
    for line in plan.lines:
        voice.result(line_text(line))
    for sentence in change_sentences(
        plan.changes, first=plan.changes.added == len({one.external_id for one in plan.lines})
    ):
        voice.note(sentence)
    voice.result("\n".join(sum_text(job.campaign, plan.lines)))
