"""`leafcast retry`: what ended failed is attempted again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from leafcast.cli.failing import speaking
from leafcast.cli.options import CampaignFile, DryRun, Json, LedgerUrl, Limit, Only, Quiet, Verbose, Yes, ledger_url
from leafcast.cli.printing import Voice
from leafcast.cli.sending import ready, send
from leafcast.model import Channel

if TYPE_CHECKING:
    from leafcast.stories.brake import Brake
    from leafcast.stories.run import Confirm, RunReport
    from leafcast.stories.world import World

OnlyChannel = Annotated[Channel | None, typer.Option("--channel", help="Only the messages of this channel.")]


def retry(
    campaign: CampaignFile,
    channel: OnlyChannel = None,
    ledger: LedgerUrl = None,
    yes: Yes = False,
    limit: Limit = None,
    only: Only = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Attempt again the messages and links that ended failed.

    Never what was refused, is in doubt or was accepted; what is planned is for `run`. The list counts as it is now: who
    left it is not written to, and a new address is the one that is tried.
    """
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice):
        from leafcast.cli.reinvite import known_growers
        from leafcast.stories.run import Options
        from leafcast.stories.run import retry as story

        where = ledger_url(ledger)
        job = ready(voice, campaign, where, yes=yes, dry_run=dry_run)
        options = Options(limit, known_growers(only or [], where, job.campaign.name))

        async def sending(world: World, brake: Brake, confirm: Confirm) -> RunReport:
            world.reader.counts(job.campaign.name)  # it must know the campaign: what never ran cannot have failed
            return await story(world, job.examiner, brake, options, confirm, channel)

        send(voice, job, where, sending, limit, yes=yes, dry_run=dry_run)
