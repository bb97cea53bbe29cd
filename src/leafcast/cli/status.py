"""`leafcast status` and `leafcast export`: what the ledger holds, for people and for other programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leafcast.cli.failing import speaking
from leafcast.cli.options import CampaignFile, Json, LedgerUrl, Output, Quiet, Verbose, ledger_url
from leafcast.cli.printing import Voice

if TYPE_CHECKING:
    from leafcast.edge.ledger.reader import SqliteReader

SomeCampaign = Annotated[
    str | None,
    typer.Argument(metavar="[CAMPAIGN]", help="A campaign file, or a campaign's name.", show_default=False),
]


By = Annotated[
    str | None,
    typer.Option("--by", metavar="COLUMN", help="Also count by the texts of a list column.", show_default=False),
]
Call = Annotated[
    bool,
    typer.Option("--call", help="Also name whom to call: not connected, with a phone number."),
]


def status(
    campaign: SomeCampaign = None,
    by: By = None,
    call: Call = False,
    ledger: LedgerUrl = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Show how far a campaign has come; without CAMPAIGN, every one.

    Growers are counted for each step that they reached, in any round. What only a service can tell is as of the last
    sync.
    """
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice):
        from leafcast.edge.ledger import open_reader

        with open_reader(ledger_url(ledger)) as reader:
            known = reader.campaigns()
            wanted = [campaign_name(campaign, known)] if campaign else list(known)
            documents = [_shown(voice, reader, name, by, call=call) for name in wanted]
            if not wanted:
                voice.result("The ledger holds no campaign yet.")
            voice.document(documents[0] if campaign else {"campaigns": documents})


def _shown(voice: Voice, reader: SqliteReader, name: str, by: str | None, *, call: bool) -> dict[str, Any]:
    """Say where one campaign stands; give the same as a document."""
    from leafcast.decide.funnel import call_document, call_list, funnel, grouped, steps_document
    from leafcast.decide.summary import document, lines
    from leafcast.model import Steps

    counts = reader.counts(name)
    column = _column(by, name, reader.columns(name)) if by is not None else None
    whole = next(iter(reader.steps(name)), Steps())
    head, *rest = lines(name, counts)
    told = {**document(name, counts), "funnel": steps_document(whole)}
    said = [head, *funnel(whole, _bar()), *rest]
    if column is not None:
        groups = reader.steps(name, column)
        said += ["", *grouped(column, groups)]
        told["by"] = {
            "column": column,
            "groups": [{"group": one.group, **steps_document(one)} for one in groups],
        }
    if call:
        people = reader.to_call(name)
        said += [
            "",
            f"  {len(people):,} to call:" if people else "  Nobody to call.",
            *map("    {}".format, call_list(people)),
        ]
        told["call"] = call_document(people)
    voice.result("\n".join(said))
    return told


def _column(given: str, name: str, known: Any) -> str:
    """The list's column that a person means. Raises UsageError when there is none."""
    from leafcast.decide.funnel import column_meant
    from leafcast.errors import UsageError

    column, near = column_meant(given, known)
    if column is None:
        names = ", ".join(known) or "none but leafcast's own"
        raise UsageError(
            f"The list of {name} has no column {given!r}",
            fix=f"Did you mean {near}?" if near else f"Its columns: {names}.",
        )
    return column


def _bar() -> str:
    """What bars are drawn of, where the terminal can show it."""
    encoding = (getattr(sys.stdout, "encoding", "") or "").lower().replace("-", "")
    return "█" if encoding == "utf8" else "#"


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
        lines = "1 line" if count == 1 else f"{count:,} lines"
        voice.result(f"{target} holds {name}: {lines}, one a message.")


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
