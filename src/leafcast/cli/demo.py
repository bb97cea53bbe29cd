"""`leafcast demo`: the whole product with no account, from the sample list to an inbox to look at."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leafcast.cli.failing import speaking
from leafcast.cli.options import Json, Quiet, Verbose
from leafcast.cli.printing import Voice
from leafcast.errors import LeafcastError, UsageError

if TYPE_CHECKING:
    from leafcast.model import Due
    from leafcast.sandbox.server import RunningSandbox
    from leafcast.stories.brake import Brake
    from leafcast.stories.invite import World
    from leafcast.stories.run import Confirm, RunReport

Keep = Annotated[
    bool, typer.Option("--keep", help="Leave the sandbox running, to walk through its inbox, until Ctrl-C.")
]
FOLDER = Path("leafcast-demo")
MARK = ".made-by-leafcast-demo"
CAMPAIGN = "spring-onboarding.yaml"
PACE = 150.0
"""Requests per second: the sandbox has no carrier behind it, and nobody should wait for a demonstration."""


def demo(keep: Keep = False, as_json: Json = False, quiet: Quiet = False, verbose: Verbose = False) -> None:
    """Show the whole product on this machine, with no account: 500 sample growers, and an inbox to look at.

    Everything goes to a stand-in for Leaf, SendGrid and Twilio; nothing leaves this machine. What it makes is in the
    folder leafcast-demo.
    """
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice):
        from leafcast.cli.samples import sample_users
        from leafcast.sandbox.server import SandboxSettings, running

        _fresh_folder()
        with running(SandboxSettings(users=sample_users())) as sandbox, _environment(sandbox.credentials):
            voice.note(f"A stand-in for Leaf, SendGrid and Twilio is running at {sandbox.url}/ on this machine.")
            report = _send(voice)
            told = _compare(report, sandbox.state())
            _show(voice, report, told, sandbox, keep=keep)
            if keep:
                _wait_for_ctrl_c()


def _send(voice: Voice) -> RunReport:
    from leafcast.cli.job import examined, open_job
    from leafcast.cli.services import conduct
    from leafcast.decide.campaign import Pace
    from leafcast.edge.shipped import CAMPAIGNS, shipped
    from leafcast.stories.run import Options, run

    job = open_job(shipped(CAMPAIGNS) / CAMPAIGN, pace=Pace(leaf=PACE, sendgrid=PACE, twilio=PACE))
    survey = examined(voice, job)
    voice.note(f"All {survey.rows:,} rows of {job.source.name} are good.")

    async def sending(world: World, brake: Brake, confirm: Confirm) -> RunReport:
        return await run(world, job.examiner, survey, brake, Options(), confirm)

    def confirm(due: Due) -> None:
        from leafcast.decide.summary import due_sentence

        voice.note(f"Sending {due_sentence(due)}.")

    started = time.monotonic()
    report = asyncio.run(conduct(voice, job, f"sqlite:///{FOLDER}/ledger.db", sending, confirm))
    voice.detail(f"Sent in {time.monotonic() - started:.1f} seconds.")
    if report.stopped is not None:
        raise report.stopped
    _write_export(job.campaign.name)
    return report


def _write_export(name: str) -> None:
    from leafcast.edge.exportfile import write_export
    from leafcast.edge.ledger import open_reader

    with open_reader(f"sqlite:///{FOLDER}/ledger.db") as reader:
        write_export(FOLDER / "export.csv", reader.rows(name), reader.columns(name))


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


def _show(
    voice: Voice, report: RunReport, told: Mapping[str, tuple[int, int]], sandbox: RunningSandbox, *, keep: bool
) -> None:
    from leafcast.decide.summary import document, lines

    name = "spring-onboarding"
    voice.document({**document(name, report.counts), "received": {what: theirs for what, (_, theirs) in told.items()}})
    voice.result("\n".join(lines(name, report.counts)))
    received = ", ".join(f"{theirs:,} {what}" for what, (_, theirs) in told.items())
    voice.result(f"The sandbox received the same: {received}.")
    ledger = f"--ledger sqlite:///{FOLDER}/ledger.db"
    seen = [
        "Look at",
        f"  the ledger as a table     {FOLDER}/export.csv",
        f"  the ledger in numbers     leafcast status {name} {ledger}",
    ]
    if keep:
        seen.insert(1, f"  the inbox                 {sandbox.url}/")
        seen.append("Press Ctrl-C to end the sandbox.")
    else:
        seen.append("  the inbox, while it runs  leafcast demo --keep")
    voice.result("\n".join(seen))


def _fresh_folder() -> None:
    """An empty folder for this demonstration. Raises UsageError rather than remove what it did not make itself."""
    if FOLDER.exists() and not (FOLDER / MARK).is_file():
        raise UsageError(
            f"There is a folder {FOLDER} here already, and not from a demo", fix="Run the demo in another folder."
        )
    try:
        if FOLDER.exists():
            shutil.rmtree(FOLDER)
        FOLDER.mkdir()
        (FOLDER / MARK).touch()
    except OSError as error:
        raise UsageError(
            f"{FOLDER} cannot be written: {error.strerror}", fix="Run the demo in another folder."
        ) from None


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """The sandbox's credentials in the environment for a while, and nobody's real ones."""
    before = {name: os.environ.get(name) for name in (*values, "LEAF_TOKEN", "TWILIO_API_KEY", "TWILIO_API_SECRET")}
    for name in before:
        os.environ.pop(name, None)
    os.environ.update({**dict.fromkeys(before, ""), **values})
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _wait_for_ctrl_c() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    signal.pause()
