"""`leafcast check`: everything that can be known before anything is sent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leafcast.cli.failing import speaking
from leafcast.cli.options import CampaignFile, Json, Output, Quiet, Verbose
from leafcast.cli.printing import Voice, problem_documents

if TYPE_CHECKING:
    from leafcast.cli.job import Job
    from leafcast.edge.listfile import ListFile
    from leafcast.stories.prepare import Survey

Online = Annotated[
    bool, typer.Option("--online", help="Also ask each service one harmless question: are keys, sender, account right?")
]


def check(
    campaign: CampaignFile,
    online: Online = False,
    output: Output = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Check campaign, templates and every row; nothing is sent.

    Every problem is named with its place and what to do. Rows with problems are also written to a file of your own
    columns with the reasons behind, to be mended and used.
    """
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice, examples=None):
        from leafcast.cli.job import examined, open_job

        job = open_job(campaign)
        voice.note(_understood(job.source))
        survey = examined(voice, job, output, keep=False)
        if online:
            from leafcast.cli.services import probe

            asyncio.run(probe(voice, job.campaign))
        voice.document(_document(job, survey))
        voice.result(_sentence(survey))


def _sentence(survey: Survey) -> str:
    from leafcast.decide.summary import CHANNEL_WORDS
    from leafcast.model import Channel

    messages = ", ".join(
        f"{count:,} {CHANNEL_WORDS[channel][count != 1]}" for channel in Channel if (count := survey.messages[channel])
    )
    links = ", ".join(f"{count:,} {link_type}" for link_type, count in survey.links.items())
    skipped = "".join(f"; {count:,} skipped ({reason})" for reason, count in survey.skipped.items())
    good = "The only row is good" if survey.rows == 1 else f"All {survey.rows:,} rows are good"
    return f"{good}: {messages or 'no messages'}{skipped}; links: {links or 'none'}."


def _understood(source: ListFile) -> str:
    """How the list was read: what a person should see before anything is sent."""
    columns = ", ".join(
        word if word == heading else f'{word} = "{heading}"' for word, heading in source.columns_read.items()
    )
    return f"{source.name}: {source.style}. Columns: {columns}."


def _document(job: Job, survey: Survey) -> dict[str, Any]:
    return {
        "campaign": job.campaign.name,
        "columns": dict(job.source.columns_read),
        "ok": True,
        "rows": survey.rows,
        "growers": survey.growers,
        "messages": dict(survey.messages),
        "links": dict(survey.links),
        "skipped": dict(survey.skipped),
        "warnings": problem_documents(survey.warnings),
        "problems": [],
    }
