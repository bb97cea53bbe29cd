"""`leafcast init`: a working campaign, templates and a sample list to start from."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import Annotated

import typer

from leafcast.cli.calling import command
from leafcast.cli.failing import speaking
from leafcast.cli.options import Json, Quiet, Verbose
from leafcast.cli.printing import Voice

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A folder to make; one that exists must be empty.")]
PARTS = ("campaigns", "templates", "sample_data")


def init(directory: Folder, as_json: Json = False, quiet: Quiet = False, verbose: Verbose = False) -> None:
    """Write a working campaign, templates and a sample list into DIR.

    They are made to be changed into your own, and can be checked and run as they are.
    """
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice):
        from leafcast.edge.shipped import shipped
        from leafcast.errors import UsageError

        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise UsageError(f"{directory} is there already and not an empty folder", fix="Name another folder.")
        try:
            for part in PARTS:
                shutil.copytree(shipped(part), directory / part, ignore=shutil.ignore_patterns("*.md", "__pycache__"))
        except OSError as error:
            raise UsageError(
                f"{directory} cannot be written: {error.strerror}", fix="Name a folder that you may write to."
            ) from None
        campaign = directory / "campaigns" / "spring-onboarding.yaml"
        voice.document({"folder": str(directory), "campaign": str(campaign)})
        voice.result(f"{directory} is ready. {campaign} works as it is; make it yours: your list, name and words.")
        voice.note(f"Next: {command()} check {shlex.quote(str(campaign))}")
