"""What every command that sends does around its story: look whether it may begin, ask, let it happen, tell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from leafcast.cli.ending import tell, tell_rehearsal
from leafcast.cli.printing import Voice
from leafcast.edge import eventloop
from leafcast.errors import Interrupted, UsageError

if TYPE_CHECKING:
    from leafcast.cli.job import Job
    from leafcast.cli.services import Story
    from leafcast.edge.campaignfile import LoadedCampaign
    from leafcast.model import Due
    from leafcast.stories.run import RunReport


def ready(
    voice: Voice,
    campaign: Path,
    ledger: str,
    *,
    yes: bool,
    dry_run: bool,
    proven: Callable[[LoadedCampaign], bool] | None = None,
) -> Job:
    """The campaign, once it is sure that nothing around it stands in the way: somebody to ask, the credentials, and
    no other run; `proven` is for `open_job`. Raises UsageError, CampaignError, CampaignHeld."""
    from leafcast.cli.job import open_job
    from leafcast.cli.services import read_settings
    from leafcast.edge.ledger import check_free

    if not (yes or dry_run or voice.person):
        raise UsageError(
            "This sends messages, and there is nobody at a terminal to ask",
            fix="Add --yes to go ahead, or --dry-run to see what would be done.",
        )
    job = open_job(campaign, proven=proven)
    if not dry_run:
        read_settings(job.campaign)
        check_free(ledger)
    return job


def send(
    voice: Voice, job: Job, ledger: str, story: Story[RunReport], limit: int | None, *, yes: bool, dry_run: bool
) -> None:
    """Let a story send, once somebody said yes to what is due, and say how it ended; or only say what it would send.
    Raises Interrupted for a no."""
    from leafcast.cli.services import conduct, rehearse
    from leafcast.decide.summary import due_sentence

    if dry_run:
        tell_rehearsal(voice, job, ledger, asyncio.run(rehearse(ledger, story)))
        return

    def confirm(due: Due) -> None:
        voice.note(f"About to send {due_sentence(due)}.")
        if not yes and not voice.ask("Go ahead?"):
            raise Interrupted("Nothing was sent.", fix="Run the same command again when you are ready.")

    report = eventloop.run(conduct(voice, job, ledger, story, confirm))
    tell(voice, job, ledger, report)
    if limit is not None and report.due.growers >= limit:
        voice.note(f"--limit {limit} held it to these. The same command without --limit goes on with the others.")
