"""`leafcast demo`: the whole product with no account, from the sample list to an inbox to look at."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leafcast.cli.calling import command
from leafcast.cli.failing import speaking
from leafcast.cli.options import Json, Quiet, Verbose
from leafcast.cli.printing import Voice
from leafcast.cli.surroundings import instead
from leafcast.edge import eventloop
from leafcast.errors import Interrupted, LeafcastError, UsageError

if TYPE_CHECKING:
    from leafcast.model import Due
    from leafcast.sandbox.server import RunningSandbox
    from leafcast.stories.brake import Brake
    from leafcast.stories.run import Confirm, RunReport
    from leafcast.stories.world import World

Keep = Annotated[
    bool, typer.Option("--keep", help="Leave the sandbox running, to walk through its inbox, until Ctrl-C.")
]
DELIVERY = 10.0
"""Seconds of the sandbox's clock in which all that it accepted arrives; let pass at once rather than waited for."""
FOLDER = Path("leafcast-demo")
INBOX, EXPORT, LEDGER = FOLDER / "inbox.html", FOLDER / "export.csv", FOLDER / "ledger.db"
LEDGER_URL = f"sqlite:///{LEDGER}"
MARK = ".made-by-leafcast-demo"
NAME = "spring-onboarding"
PACE = 150.0
"""Requests per second: the sandbox has no carrier behind it, and nobody should wait for a demonstration."""


def demo(keep: Keep = False, as_json: Json = False, quiet: Quiet = False, verbose: Verbose = False) -> None:
    """Show the whole product on this machine, with no account.

    It writes to 500 sample growers. Everything goes to a stand-in for Leaf, SendGrid and Twilio; nothing leaves this
    machine. What it makes is in the folder leafcast-demo: the inbox as a page to open in a browser, the ledger, and its
    export.
    """
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice), _interrupted_in_words():
        from leafcast.cli.samples import sample_users
        from leafcast.sandbox.server import SandboxSettings, running

        _fresh_folder()
        with running(SandboxSettings(users=sample_users())) as sandbox, instead(sandbox.credentials):
            voice.note(f"A stand-in for Leaf, SendGrid and Twilio is running at {sandbox.url}/ on this machine.")
            report = _send(voice)
            told = _compare(report, sandbox.state())
            _write_inbox(sandbox)
            if keep:
                asyncio.run(_until_ctrl_c(lambda: _show(voice, report, told, sandbox.url)))
            else:
                _show(voice, report, told, None)


def _send(voice: Voice) -> RunReport:
    from leafcast.cli.job import examined, open_job
    from leafcast.cli.services import conduct
    from leafcast.decide.campaign import Pace
    from leafcast.edge.shipped import CAMPAIGNS, shipped
    from leafcast.stories.run import Options, run

    job = open_job(shipped(CAMPAIGNS) / f"{NAME}.yaml", pace=Pace(leaf=PACE, sendgrid=PACE, twilio=PACE))
    survey = examined(voice, job)
    voice.note(f"All {survey.rows:,} rows of {job.source.name} are good.")

    async def sending(world: World, brake: Brake, confirm: Confirm) -> RunReport:
        return await run(world, job.examiner, survey, brake, Options(), confirm)

    def confirm(due: Due) -> None:
        from leafcast.decide.summary import due_sentence

        voice.note(f"Sending {due_sentence(due)}.")

    started = time.monotonic()
    report = eventloop.run(conduct(voice, job, LEDGER_URL, sending, confirm))
    voice.detail(f"Sent in {time.monotonic() - started:.1f} seconds.")
    if report.stopped is not None:
        raise report.stopped
    _write_export(job.campaign.name)
    return report


def _write_export(name: str) -> None:
    from leafcast.edge.exportfile import write_export
    from leafcast.edge.ledger import open_reader

    with open_reader(LEDGER_URL) as reader:
        write_export(EXPORT, reader.rows(name), reader.columns(name))


def _compare(report: RunReport, state: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """What the ledger says beside what the sandbox really received. Raises LeafcastError when the two differ."""
    from leafcast.model import Channel, MessageState

    accepted = {channel: report.counts.by_channel.get((channel, MessageState.ACCEPTED), 0) for channel in Channel}
    told = {
        "links": (report.counts.links["created"], len(state["links"])),
        "emails": (accepted[Channel.EMAIL], len(state["emails"])),
        "texts": (accepted[Channel.SMS], len(state["texts"])),
    }
    if any(ours != theirs for ours, theirs in told.values()):
        raise LeafcastError("The ledger and the sandbox disagree about what was sent")
    return told


def _write_inbox(sandbox: RunningSandbox) -> None:
    """The inbox as a file that outlives the sandbox, for its owner's eyes: it holds links."""
    from leafcast.edge.privatefile import in_place_of

    sandbox.advance(DELIVERY)
    with in_place_of(INBOX, fix="Run the demo in another folder.") as file:
        file.write_text(sandbox.snapshot(), encoding="utf-8")


def _show(voice: Voice, report: RunReport, told: Mapping[str, tuple[int, int]], live: str | None) -> None:
    """Say what happened and what to look at; `live` is the address of a sandbox that stays."""
    from leafcast.decide.summary import document, lines

    numbers = {what: theirs for what, (_, theirs) in told.items()}
    files = {"inbox": str(INBOX), "export": str(EXPORT), "ledger": str(LEDGER)}
    voice.document({**document(NAME, report.counts), "received": numbers, "files": files, "live": live})
    voice.result("\n".join(lines(NAME, report.counts)))
    received = ", ".join(f"{count:,} {what}" for what, count in numbers.items())
    voice.result(f"The sandbox received the same: {received}.")
    voice.result("\n".join(_what_to_look_at(live)))


def _what_to_look_at(live: str | None) -> Iterator[str]:
    yield "\nWhat every grower received; open it in a browser:"
    yield f"  {INBOX.absolute().as_uri()}"
    if live:
        yield "The same live, with links that open:"
        yield f"  {live}/"
    yield "The ledger, as a table and in numbers:"
    yield f"  {EXPORT}"
    yield f"  {command()} status {NAME} --ledger {LEDGER_URL}"
    if live:
        yield "\nPress Ctrl-C to end the sandbox."
    else:
        yield "An inbox whose links open, until Ctrl-C:"
        yield f"  {command()} demo --keep"


def _fresh_folder() -> None:
    """An empty folder for this demonstration. Raises UsageError rather than remove what it did not make itself."""
    if os.path.lexists(FOLDER) and not (FOLDER / MARK).is_file():
        raise UsageError(
            f"There is something named {FOLDER} here already, and not from a demo",
            fix="Run the demo in another folder.",
        )
    try:
        if FOLDER.exists():
            shutil.rmtree(FOLDER)
        FOLDER.mkdir()
        (FOLDER / MARK).touch()
    except OSError as error:
        raise UsageError(
            f"The demo cannot write its folder {FOLDER} here: {error.strerror}",
            fix="Run the demo in another folder.",
        ) from None


@contextmanager
def _interrupted_in_words() -> Iterator[None]:
    """A demo that was interrupted begins anew; it does not continue, as a run would."""
    try:
        yield
    except (KeyboardInterrupt, Interrupted):
        raise Interrupted("The demo was interrupted.", fix=f"To begin it anew: {command()} demo") from None


async def _until_ctrl_c(ready: Callable[[], None]) -> None:
    """Say that all is ready once Ctrl-C and SIGTERM are minded, and wait for one of them."""
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    ready()
    await ended.wait()
