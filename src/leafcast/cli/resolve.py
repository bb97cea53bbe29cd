"""`leafcast resolve`: what is in doubt, with its evidence, and a person's word on it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leafcast.cli.failing import speaking
from leafcast.cli.options import CampaignFile, Json, LedgerUrl, Only, Quiet, Verbose, Yes, ledger_url
from leafcast.cli.printing import Voice
from leafcast.errors import ExitCode, Interrupted, UsageError
from leafcast.model import Settlement

if TYPE_CHECKING:
    from leafcast.decide.campaign import Campaign
    from leafcast.model import Counts, Doubt

AssumeSent = Annotated[bool, typer.Option("--assume-sent", help="Count them as sent, without evidence.")]
Resend = Annotated[bool, typer.Option("--resend", help="Let the next run send them again: they may arrive twice.")]


def resolve(
    campaign: CampaignFile,
    assume_sent: AssumeSent = False,
    resend: Resend = False,
    only: Only = None,
    ledger: LedgerUrl = None,
    yes: Yes = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """List what is in doubt with its evidence. With --assume-sent or --resend, settle it by your word.

    The word is written down with your name on this machine and the time.
    """
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice):
        if assume_sent and resend:
            raise UsageError("--assume-sent and --resend exclude each other", fix="Choose one of them.")
        word = Settlement.ASSUMED_SENT if assume_sent else Settlement.RESEND if resend else None
        if word is not None and not yes and not voice.person:
            raise UsageError(
                "This settles doubts by a person's word, and there is nobody at a terminal to ask",
                fix="Add --yes, or leave --assume-sent and --resend out to see the list.",
            )
        wanted = frozenset(only or [])
        if word is None:
            _list(voice, campaign, ledger_url(ledger), wanted)
        else:
            _settle(voice, campaign, ledger_url(ledger), wanted, word, yes=yes)


def _list(voice: Voice, given: Path, ledger: str, only: frozenset[str]) -> None:
    from leafcast.cli.status import campaign_name
    from leafcast.cli.sync import settle_seconds
    from leafcast.edge.ledger import open_reader
    from leafcast.edge.system import SystemClock
    from leafcast.stories.resolve import chosen

    with open_reader(ledger) as reader:
        name = campaign_name(str(given), reader.campaigns())
        _known(only, {row.external_id for row in reader.rows(name)} if only else set())
        doubts, counts = chosen(reader.doubts(name), only), reader.counts(name)
    now, settle, campaign = SystemClock().now(), settle_seconds(), _file(given)
    voice.document(_document(name, counts, doubts, campaign, now, settle))
    voice.result("\n".join(_lines(doubts, campaign, now, settle)) or f"Nothing of {name} is in doubt.")
    _end(counts)


def _settle(voice: Voice, given: Path, ledger_place: str, only: frozenset[str], word: Settlement, *, yes: bool) -> None:
    from leafcast.cli.status import campaign_name
    from leafcast.cli.sync import settle_seconds
    from leafcast.edge.ledger import open_existing
    from leafcast.edge.system import SystemClock, new_id, operator
    from leafcast.stories.resolve import resolve as story

    clock, settle, campaign = SystemClock(), settle_seconds(), _file(given)

    def confirm(doubts: Sequence[Doubt]) -> None:
        for line in _lines(doubts, campaign, clock.now(), settle):
            voice.note(line)
        if not yes:
            _ask(voice, word, len(doubts))

    with open_existing(ledger_place, clock, new_id) as ledger:
        name = campaign_name(str(given), ledger.campaigns())
        _known(only, {row.external_id for row in ledger.rows(name)} if only else set())
        settling = story(
            ledger, ledger, ledger, clock, name, word=word, who=operator(), only=only, settle=settle, confirm=confirm
        )
        done = asyncio.run(settling)
    told = {one: len(done.settled) if word is one else 0 for one in (Settlement.ASSUMED_SENT, Settlement.RESEND)}
    resolved = {"assumedSent": told[Settlement.ASSUMED_SENT], "resend": told[Settlement.RESEND]}
    voice.document(_document(name, done.counts, done.left, campaign, clock.now(), settle) | {"resolved": resolved})
    voice.result("\n".join([_sentence(word, len(done.settled)), *_lines(done.left, campaign, clock.now(), settle)]))
    _end(done.counts)


def _ask(voice: Voice, word: Settlement, count: int) -> None:
    """A yes for what cannot hurt; for what may reach people twice the number itself has to be typed."""
    if word is Settlement.ASSUMED_SENT:
        agreed = voice.ask(f"Count {_messages(count)} as sent, without evidence?")
    else:
        try:
            typed = typer.prompt(f"{_messages(count)} may arrive twice. Type {count} to send again", err=True)
        except typer.Abort:
            raise KeyboardInterrupt from None
        agreed = str(typed).strip() == str(count)
    if not agreed:
        raise Interrupted("Nothing was settled.")


def _known(only: frozenset[str], growers: set[str]) -> None:
    """Raises UsageError for a name that the ledger does not have: a slip of the pen must not look like no doubt."""
    missing = sorted(only - growers)
    if missing:
        raise UsageError(f"The ledger has no grower {', '.join(missing)} in this campaign", fix="Look at the id.")


def _file(given: Path) -> Campaign | None:
    """The campaign, where a file and not only a name was given: it says what becomes of what is not found."""
    from leafcast.edge.campaignfile import read_campaign

    return read_campaign(given).campaign if given.is_file() else None


def _document(
    name: str, counts: Counts, doubts: Sequence[Doubt], campaign: Campaign | None, now: datetime, settle: float
) -> dict[str, Any]:
    from leafcast.decide.summary import document

    return {**document(name, counts), "doubts": [_told(doubt, campaign, now, settle) for doubt in doubts]}


def _told(doubt: Doubt, campaign: Campaign | None, now: datetime, settle: float) -> dict[str, Any]:
    """The evidence, without address and link."""
    return {
        "externalId": doubt.external_id,
        "round": doubt.round,
        "channel": doubt.channel,
        "messageId": doubt.sought.message_id,
        "attempt": doubt.attempt,
        "leftAt": _clock(doubt.sought.left_at),
        "ended": {"at": _clock(doubt.ended_at), "code": doubt.code, "reason": doubt.reason},
        "looked": {
            "at": _clock(doubt.looked_at),
            "showed": doubt.showed,
            "why": doubt.why,
            "firstAbsentAt": _clock(doubt.first_absent_at),
        },
        "settledBy": _next(doubt, campaign, now, settle),
    }


def _lines(doubts: Sequence[Doubt], campaign: Campaign | None, now: datetime, settle: float) -> list[str]:
    lines: list[str] = []
    for doubt in doubts:
        lines += [
            (
                f"{doubt.external_id}, {doubt.channel}, round {doubt.round}: left {_clock(doubt.sought.left_at)}, "
                f"{doubt.reason or doubt.code}"
            ),
            f"  seen since: {_seen(doubt)}",
            f"  settled by: {_next(doubt, campaign, now, settle)}",
        ]
    return lines


def _seen(doubt: Doubt) -> str:
    from leafcast.model import Shown

    if doubt.showed is None:
        return "nobody has looked yet"
    first = f", as at {_clock(doubt.first_absent_at)} already" if doubt.first_absent_at != doubt.looked_at else ""
    showed = f"no trace{first}" if doubt.showed is Shown.ABSENT else doubt.why
    return f"{_clock(doubt.looked_at)}, {showed}"


def _next(doubt: Doubt, campaign: Campaign | None, now: datetime, settle: float) -> str:
    from leafcast.decide.settling import what_settles

    policy = campaign.in_doubt.of(doubt.channel) if campaign is not None else None
    return what_settles(doubt, policy=policy, now=now, settle=settle)


def _sentence(word: Settlement, count: int) -> str:
    if not count:
        return "Nothing was settled: nothing that was asked for is in doubt and old enough."
    what = "counted as sent" if word is Settlement.ASSUMED_SENT else "planned again for the next run"
    return f"{_messages(count)} {what}, by your word."


def _messages(count: int) -> str:
    return f"{count:,} message{'s' if count != 1 else ''}"


def _clock(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment is not None else None


def _end(counts: Counts) -> None:
    from leafcast.model import MessageState

    if counts.messages[MessageState.IN_DOUBT]:
        raise typer.Exit(ExitCode.INCOMPLETE)
