"""`leafcast run --test-to`: chosen rows, as growers would get them, to an address of your own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import typer

from leafcast.cli.failing import say
from leafcast.cli.job import Job
from leafcast.cli.printing import Voice, error_document
from leafcast.cli.services import Clients, clients, counts_now, couriers, minding_signals, read_settings
from leafcast.decide import addresses
from leafcast.decide.rendering import placeholder_link
from leafcast.decide.summary import document as counts_document
from leafcast.decide.summary import due_sentence
from leafcast.decide.telling import Shown
from leafcast.decide.trying import marked_email, marked_text, telling
from leafcast.edge.system import SystemClock, new_id
from leafcast.errors import ExitCode, Interrupted, UsageError
from leafcast.model import Channel, Due, EmailMessage, SmsMessage, Verdict
from leafcast.stories.brake import Brake
from leafcast.stories.prepare import Sound
from leafcast.stories.trying import Try, TryReport, try_out


def send_tests(
    voice: Voice, job: Job, ledger: str, given: Sequence[str], only: Sequence[str], *, yes: bool, dry_run: bool
) -> None:
    """Send the rows to these addresses, once somebody said yes. Raises UsageError for an address or a row that is none,
    Interrupted for a no."""
    targets = _targets(job, given)
    rows = _rows(job, only)
    letters = [(row, channel, to) for row in rows for channel, to in targets if row.grower.address(channel)]
    if not letters:
        raise UsageError(
            "None of these rows has an address for these channels, so growers would not get such a message either",
            fix="Name other rows with --only, or test another channel.",
        )
    messages = {channel: sum(one is channel for _, one, _ in letters) for channel, _ in targets}
    sentence = due_sentence(Due(len(rows), {channel: count for channel, count in messages.items() if count}, 0))
    shown = ", ".join(row.grower.external_id for row in rows)
    if dry_run:
        voice.document(
            {**_standing(job, ledger), "dryRun": True, "test": {"rows": [r.grower.external_id for r in rows]}}
        )
        voice.result(f"Would send you, as a test: {sentence} ({shown}). Nothing was sent.")
        return
    voice.note(
        f"About to send you, as a test: {sentence} ({shown}). Their links open nothing; the ledger stays as it is."
    )
    if not yes and not voice.ask("Go ahead?"):
        raise Interrupted("Nothing was sent.", fix="Run the same command again when you are ready.")
    _tell(voice, job, ledger, asyncio.run(_sent(voice, job, letters)))


# -------------------------------------------------------------------------------------------------------- what and whom


def _targets(job: Job, given: Sequence[str]) -> list[tuple[Channel, str]]:
    """Each address with the channel that it belongs to."""
    found: list[tuple[Channel, str]] = []
    for text in dict.fromkeys(one.strip() for one in given):
        channel = Channel.EMAIL if "@" in text else Channel.SMS
        judged = addresses.email(text) if channel is Channel.EMAIL else addresses.phone(text, job.campaign.list.region)
        if isinstance(judged, addresses.Fault):
            raise UsageError(f"--test-to: {judged.what}", fix=f"{judged.fix}.")
        if channel not in job.campaign.channels:
            raise UsageError(
                f"The campaign does not use the channel {channel}, so there is nothing to test on it",
                fix=f"Add {channel} to channels, or name another address.",
            )
        found.append((channel, judged.value))
    return found


def _rows(job: Job, only: Sequence[str]) -> list[Shown]:
    """The rows that are named, else a telling few of the good ones."""
    sound = (item for item in job.examiner.examine() if isinstance(item, Sound))
    if not only:
        rows = telling((item.grower, item.request) for item in sound)
        if not rows:
            raise UsageError("The list has no good row to test with", fix="Run check, and mend what it names.")
        return rows
    wanted = set(only)
    named = {
        item.grower.external_id: Shown(item.grower, item.request) for item in sound if item.grower.external_id in wanted
    }
    missing = sorted(set(only) - named.keys())
    if missing:
        raise UsageError(
            f"The list has no good row with externalId {', '.join(missing)}", fix="Look at the id, and run check."
        )
    return list(named.values())


# ------------------------------------------------------------------------------------------------------------ sending


async def _sent(voice: Voice, job: Job, letters: Sequence[tuple[Shown, Channel, str]]) -> TryReport:
    clock, brake = SystemClock(), Brake()
    async with clients(job.campaign, read_settings(job.campaign), clock) as made:
        tries = [_try(job, made, row, channel, to) for row, channel, to in letters]
        with minding_signals(voice, brake):
            return await try_out(tries, brake)


def _try(job: Job, made: Clients, row: Shown, channel: Channel, to: str) -> Try:
    clock, grower = SystemClock(), row.grower
    courier = couriers(job.examiner.renderer, made, clock)[channel]
    link = placeholder_link(row.request, clock.now())
    message: Any = courier.write(grower, link, new_id(), 0, "")
    if isinstance(message, EmailMessage):
        words = f"Test of {job.campaign.name}, row {grower.row} ({grower.external_id}): the link in it opens nothing."
        message = marked_email(message, to, words)
    elif isinstance(message, SmsMessage):
        message = marked_text(message, to)
    return Try(
        grower.external_id, channel, courier.service, courier.ready, lambda turn: courier.sender.send(message, turn)
    )


# -------------------------------------------------------------------------------------------------------------- after


def _standing(job: Job, ledger: str) -> dict[str, Any]:
    return counts_document(job.campaign.name, counts_now(ledger, job.campaign.name))


def _tell(voice: Voice, job: Job, ledger: str, report: TryReport) -> None:
    told = [
        {"externalId": one.external_id, "channel": one.channel, "verdict": outcome.verdict, "reason": outcome.reason}
        for one, outcome in report.ended
    ]
    stopped = error_document(report.stopped) if report.stopped else {}
    voice.document({**_standing(job, ledger), "test": {"messages": told}, **stopped})
    taken = sum(outcome.verdict is Verdict.ACCEPTED for _, outcome in report.ended)
    lines = [f"{taken:,} of {len(report.ended):,} test messages were accepted. The ledger is as it was."]
    for one, outcome in report.ended:
        if outcome.verdict is not Verdict.ACCEPTED:
            lines.append(f"  {one.external_id}, {one.channel}: {outcome.verdict.replace('_', ' ')}, {outcome.reason}")
    voice.result("\n".join(lines))
    if report.stopped is not None:
        say(voice, report.stopped)
    if report.exit_code is not ExitCode.DONE:
        raise typer.Exit(report.exit_code)
