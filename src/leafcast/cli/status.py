"""`leafcast status` and `leafcast export`: what the ledger holds, for people and for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from leafcast.cli.failing import speaking
from leafcast.cli.options import CampaignFile, Json, LedgerUrl, Output, Quiet, Verbose, ledger_url
from leafcast.cli.printing import Voice

SomeCampaign = Annotated[
    str | None,
    typer.Argument(metavar="[CAMPAIGN]", help="A campaign file, or a campaign's name.", show_default=False),
]


def status(
    campaign: SomeCampaign = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Show where a campaign stands; without CAMPAIGN, every one."""
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice):
        from leafcast.decide.summary import document, lines
        from leafcast.edge.ledger import open_reader

        with open_reader(ledger_url(ledger)) as reader:
            known = reader.campaigns()
            wanted = [campaign_name(campaign, known)] if campaign else list(known)
            documents = []
            for name in wanted:
                counts = reader.counts(name)
                documents.append(document(name, counts))
                voice.result("\n".join(lines(name, counts)))
            voice.document(documents[0] if campaign else {"campaigns": documents})


def export(
    campaign: CampaignFile,
    output: Output = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write the ledger as a file, one line a message.

    It is csv, xlsx, jsonl or parquet, by the ending of `-o FILE`, and can be read back as a list. Without `-o` it is
    <campaign>-export.csv in the current folder.
    """
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice):
        from leafcast.edge.exportfile import write_export
        from leafcast.edge.ledger import open_reader

        with open_reader(ledger_url(ledger)) as reader:
            name = campaign_name(str(campaign), reader.campaigns())
            target = output or Path(f"{name}-export.csv")
            count = write_export(target, reader.rows(name), reader.columns(name))
        voice.document({"campaign": name, "file": str(target), "messages": count})
        voice.result(f"{count:,} messages of {name} are in {target}.")


def campaign_name(given: str, known: Any) -> str:
    """The name that a person means by a campaign file or a name. Raises UsageError when the ledger has no such one."""
    from leafcast.decide.suggest import nearest
    from leafcast.edge.campaignfile import read_campaign
    from leafcast.errors import UsageError

    name = given if given in known and not Path(given).is_file() else ""
    if not name and (Path(given).is_file() or Path(given).suffix in {".yaml", ".yml"}):
        name = read_campaign(Path(given)).campaign.name
    if name in known:
        return name
    near = nearest(name or given, list(known))
    raise UsageError(
        f"The ledger holds no campaign {name or given!r}",
        fix=f"Did you mean {near}?" if near else f"It holds: {', '.join(known) or 'none yet'}.",
    )
