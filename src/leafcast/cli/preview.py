"""`leafcast preview`: the real messages of real rows in one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leafcast.cli.failing import speaking
from leafcast.cli.options import MOST, CampaignFile, Json, Only, Output, Quiet, Verbose
from leafcast.cli.printing import Voice, problem_documents, problem_lines

if TYPE_CHECKING:
    from leafcast.stories.preview import Picture

Rows = Annotated[
    int | None, typer.Option("--rows", metavar="N", min=1, max=MOST, help="The first N growers, and no telling sample.")
]
Reminder = Annotated[bool, typer.Option("--reminder", help="Show the re-invitations.")]


def preview(
    campaign: CampaignFile,
    only: Only = None,
    rows: Rows = None,
    reminder: Reminder = False,
    output: Output = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write an HTML gallery of the real messages of real rows, both channels, as they would be sent.

    Without --only and --rows it takes a telling sample: each kind of link, language and brand, the longest name, a
    missing one. The file opens offline.
    """
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice, examples=None):
        from leafcast.cli.job import open_job
        from leafcast.edge.galleryfile import gallery, write_gallery
        from leafcast.model import Cause
        from leafcast.stories.preview import preview as look

        job = open_job(campaign)
        pictures = look(job.examiner, only or (), rows, Cause.EXPIRED if reminder else "")
        for line in problem_lines(job.notes):
            voice.note(line)
        target = output or Path.cwd() / f"{job.campaign.name}-preview.html"
        write_gallery(target, gallery(job.campaign.name, pictures, again=reminder))
        voice.document({"campaign": job.campaign.name, "file": str(target), "growers": list(map(_document, pictures))})
        count = "1 grower" if len(pictures) == 1 else f"{len(pictures)} growers"
        voice.result(f"{count} in {target}: open it in a browser.")


def _document(picture: Picture) -> dict[str, Any]:
    return {
        "externalId": picture.external_id,
        "row": picture.row,
        "why": list(picture.why),
        "subject": picture.email.subject if picture.email else None,
        "text": picture.sms.body if picture.sms else None,
        "segments": picture.segments.segments if picture.segments else None,
        "warnings": problem_documents(picture.warnings),
    }
