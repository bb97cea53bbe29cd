"""`leafcast sandbox`: the local stand-in for Leaf, SendGrid and Twilio."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leafcast.cli.failing import speaking
from leafcast.cli.options import Json, Quiet, Verbose
from leafcast.cli.printing import Voice

Port = Annotated[int, typer.Option("--port", min=0, max=65_535, help="Where to listen; 0 takes any free port.")]
Journal = Annotated[
    Path | None,
    typer.Option("--journal", metavar="FILE", help="Write down what was really accepted, durably, before each answer."),
]
SLOWEST, FASTEST = 0.01, 1_000_000.0
Speed = Annotated[float, typer.Option("--speed", help="How many times faster than the world its clock runs.")]


def sandbox(
    port: Port = 8765,
    journal: Journal = None,
    speed: Speed = 1.0,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Run a stand-in for Leaf, SendGrid and Twilio on this machine.

    It has an inbox page, runs until Ctrl-C and prints the environment that points leafcast at it. Nothing leaves this
    machine.
    """
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice):
        from leafcast.cli.samples import sample_users
        from leafcast.errors import UsageError
        from leafcast.sandbox.server import RunningSandbox, SandboxSettings, serve

        def ready(running: RunningSandbox) -> None:
            voice.document({"url": running.url, "environment": dict(running.credentials)})
            voice.result(f"{running.environment_lines}")
            voice.note(f"The sandbox is ready; its inbox is at {running.url}/  Press Ctrl-C to end it.")

        if not SLOWEST <= speed <= FASTEST:
            raise UsageError(
                f"--speed {speed:g} is no speed for a clock", fix=f"Give a number from {SLOWEST:g} to {FASTEST:,.0f}."
            )
        try:
            serve(SandboxSettings(journal=journal, speed=speed, users=sample_users()), port=port, ready=ready)
        except OSError as error:
            raise UsageError(
                f"The sandbox cannot listen on port {port}: {error.strerror}", fix="Choose another with --port N."
            ) from None
