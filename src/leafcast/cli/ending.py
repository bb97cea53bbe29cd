"""What a command that sent says at its end: where the campaign stands, why it stopped, what to type next."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from leafcast.cli.calling import command
from leafcast.cli.failing import say
from leafcast.cli.options import behind
from leafcast.cli.printing import Voice, error_document
from leafcast.errors import ExitCode

if TYPE_CHECKING:
    from leafcast.cli.job import Job
    from leafcast.model import Due
    from leafcast.stories.run import RunReport


def tell_rehearsal(voice: Voice, job: Job, ledger: str, due: Due) -> None:
    """What a run without `--dry-run` would send."""
    from leafcast.cli.services import counts_now
    from leafcast.decide.summary import document, due_sentence

    planned = {channel.value: count for channel, count in due.messages.items()}
    planned |= {"links": due.links, "growers": due.growers, "held": due.held}
    name = job.campaign.name
    voice.document({**document(name, counts_now(ledger, name)), "dryRun": True, "due": planned})
    voice.result(f"Would send {due_sentence(due)}. Nothing was sent.")


def tell(
    voice: Voice, job: Job, ledger: str, report: RunReport, more: Mapping[str, Any] | None = None, *, quiet: str = ""
) -> None:
    """Where the campaign stands, why it stopped if it did, and what to type next. Ends the command with its code.
    `more` joins the JSON; `quiet` is the one line of a command that had nothing to do."""
    from leafcast.decide.listchanges import change_document
    from leafcast.decide.summary import document, lines

    name, stopped = job.campaign.name, report.stopped
    if not report.due.messages and not report.due.links and not quiet:
        voice.note("Nothing was left to send.")
    if report.new_doubts:
        lost = "1 message" if report.new_doubts == 1 else f"{report.new_doubts:,} messages"
        voice.note(f"An earlier run was cut off in the middle of {lost}: in doubt now.")
    told = {**document(name, report.counts), "list": change_document(report.changes), **(more or {})}
    voice.document({**told, **(error_document(stopped) if stopped else {})})
    voice.result(quiet or "\n".join(lines(name, report.counts)))
    if stopped is not None:
        say(voice, stopped)
        voice.error(f"What was accepted stays so. To continue: {_again()}")
    elif report.again_at is not None:
        voice.note(
            f"Some are held; the first may go at {report.again_at:%Y-%m-%dT%H:%M:%SZ}. Come back then: {_again()}"
        )
    if report.exit_code in (ExitCode.INCOMPLETE, ExitCode.STOPPED):
        for hint in _hints(job.loaded.path, ledger, report):
            voice.note(hint)
    if report.exit_code is not ExitCode.DONE:
        raise typer.Exit(report.exit_code)


def _hints(campaign: Path, ledger: str, report: RunReport) -> list[str]:
    from leafcast.model import MessageState

    messages = report.counts.messages
    again = behind(campaign, ledger)
    hints = [f"Who and why: {command()} export {again}"]
    if messages[MessageState.FAILED]:
        hints.append(f"Failed ones again: {command()} retry {again}")
    if messages[MessageState.IN_DOUBT]:
        hints.append(f"In doubt, because no answer came; what became of them: {command()} sync {again}")
    return hints


def _again() -> str:
    """The command as it was typed, to be typed again."""
    return f"{command()} {shlex.join(sys.argv[1:])}"
