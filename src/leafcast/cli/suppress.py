"""`leafcast suppress add|import|list|remove`: the do-not-contact list of a ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leafcast.cli.failing import speaking
from leafcast.cli.options import Json, LedgerUrl, Quiet, Verbose, ledger_url
from leafcast.cli.printing import Voice
from leafcast.errors import ListError, UsageError
from leafcast.model import Channel, Problem, Suppression

if TYPE_CHECKING:
    from leafcast.edge.ledger import SuppressionKeeper

suppress = typer.Typer(help="The do-not-contact list: nobody on it is written to.", no_args_is_help=True)

Addresses = Annotated[
    list[str], typer.Argument(metavar="ADDRESS...", help="Emails and phone numbers.", show_default=False)
]
Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why; kept with each address.")]
Region = Annotated[
    str | None,
    typer.Option("--region", metavar="US", help="The country of phone numbers without a country code."),
]
BY_HAND = "by hand"


@suppress.command("add")
def add_suppressions(
    addresses: Addresses,
    reason: Reason = None,
    region: Region = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Never write to these addresses again, in any campaign of the ledger; a run that is under way stops as well."""
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice):
        wanted = [Suppression(*one, reason or "asked by a person", BY_HAND) for one in _read(addresses, region)]
        with _keeper(ledger) as keeper:
            added = keeper.add(wanted)
        _tell_added(voice, added, len(wanted))


@suppress.command("import")
def import_suppressions(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A csv or txt file; SendGrid's exports are such.")],
    reason: Reason = None,
    region: Region = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Add the addresses of a file. What cannot be read is named (exit code 3); the rest is added all the same."""
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice, examples=None):
        found, problems = _of_file(file, region, reason or "")
        with _keeper(ledger) as keeper:
            added = keeper.add(found)
        if problems:
            voice.note(_added(added, len(found)))
            raise ListError(problems)
        _tell_added(voice, added, len(found))


@suppress.command("list")
def list_suppressions(
    ledger: LedgerUrl = None, as_json: Json = False, quiet: Quiet = False, verbose: Verbose = False
) -> None:
    """Show who must not be written to, with the reason, where it came from, and since when."""
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice):
        found = _all(ledger)
        voice.document({"suppressions": [_document(one) for one in found]})
        width = max((len(one.address) for one in found), default=0)
        for one in found:
            since = f"{one.since:%Y-%m-%d}" if one.since else ""
            voice.result(f"{one.address:<{width}}  {since}  {one.reason} ({one.source})")
        voice.note(f"{len(found):,} suppressed.")


@suppress.command("remove")
def remove_suppressions(
    addresses: Addresses,
    region: Region = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Take addresses off the list. Messages that were skipped stay skipped in their round."""
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice):
        from leafcast.decide.suppressing import not_listed

        wanted = list(_read(addresses, region))
        with _keeper(ledger) as keeper:
            removed = keeper.remove(wanted)
        missing = [address for one in wanted if one not in removed for address in one[1:]]
        if missing:
            fix = f"{len(removed)} removed. Look at: leafcast suppress list."
            raise UsageError("; ".join(map(not_listed, missing)), fix=fix)
        voice.document({"removed": len(removed)})
        voice.result(f"{len(removed):,} removed.")


# --------------------------------------------------------------------------------------------------------------- small


def _read(addresses: list[str], region: str | None) -> Iterator[tuple[Channel, str]]:
    """The addresses as they are kept. Raises UsageError for the first that is none."""
    from leafcast.decide.addresses import Fault
    from leafcast.decide.suppressing import typed

    for text in addresses:
        judged = typed(text, _region(region))
        if isinstance(judged, Fault):
            raise UsageError(judged.what, fix=f"{judged.fix}. Nothing was changed.")
        yield judged


def _region(region: str | None) -> str | None:
    from leafcast.decide.addresses import known_region

    if region is not None and not known_region(region.upper()):
        raise UsageError(f"{region!r} is not a country that leafcast knows", fix="Write two letters, such as US.")
    return region and region.upper()


def _of_file(file: Path, region: str | None, reason: str) -> tuple[list[Suppression], list[Problem]]:
    from leafcast.decide.suppressing import ImportedFile
    from leafcast.edge.addressfile import read_lines

    source = ImportedFile(file.name, _region(region), reason)
    lines, problems = read_lines(file)
    items = list(source.read(lines))
    found = [item for item in items if isinstance(item, Suppression)]
    return found, problems + [item for item in items if isinstance(item, Problem)]


def addresses_of(file: Path, region: str | None) -> frozenset[tuple[Channel, str]]:
    """The addresses of a file, every line of which must hold one. Raises UsageError, ListError."""
    found, problems = _of_file(file, region, "")
    if problems or not found:
        raise ListError(problems) if problems else UsageError(f"{file} holds no address", fix="Write one a line.")
    return frozenset((one.channel, one.address) for one in found)


def _keeper(ledger: str | None) -> SuppressionKeeper:
    from leafcast.edge.ledger import open_suppressions
    from leafcast.edge.system import SystemClock, new_id, operator

    return open_suppressions(ledger_url(ledger), SystemClock(), new_id, operator())


def _all(ledger: str | None) -> list[Suppression]:
    """Everybody on the list; nobody where there is no ledger yet."""
    from leafcast.edge.ledger import ledger_exists, open_reader

    url = ledger_url(ledger)
    if not ledger_exists(url):
        return []
    with open_reader(url) as reader:
        return list(reader.suppressions())


def _tell_added(voice: Voice, added: int, given: int) -> None:
    voice.document({"added": added, "known": given - added})
    voice.result(_added(added, given))


def _added(added: int, given: int) -> str:
    known = f"; {given - added:,} were there already" if given - added else ""
    return f"{added:,} added{known}."


def _document(one: Suppression) -> dict[str, Any]:
    return {
        "channel": one.channel,
        "address": one.address,
        "reason": one.reason,
        "source": one.source,
        "since": one.since.isoformat().replace("+00:00", "Z") if one.since else None,
    }
