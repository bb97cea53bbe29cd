"""The command line: names the commands and nothing else. What they need is imported when they run."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

import leafcast
from leafcast.cli.check import check
from leafcast.cli.demo import demo
from leafcast.cli.failing import end_by_signals
from leafcast.cli.init import init
from leafcast.cli.links import links
from leafcast.cli.plan import plan
from leafcast.cli.preview import preview
from leafcast.cli.printing import Voice, error_document
from leafcast.cli.recall import recall
from leafcast.cli.reinvite import reinvite
from leafcast.cli.resolve import resolve
from leafcast.cli.retry import retry
from leafcast.cli.run import run
from leafcast.cli.sandbox import sandbox
from leafcast.cli.status import export, status
from leafcast.cli.suppress import suppress
from leafcast.cli.sync import sync
from leafcast.errors import UsageError

app = typer.Typer(
    name="leafcast",
    help="Send every grower the right Leaf magic link, once, by email and text, and keep the ledger that proves it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"leafcast {leafcast.__version__}")
        raise typer.Exit


@app.callback()
def _leafcast(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


for _command in (
    demo,
    init,
    check,
    plan,
    preview,
    run,
    retry,
    reinvite,
    recall,
    sync,
    resolve,
    status,
    export,
    sandbox,
):
    app.command()(_command)
app.add_typer(links, name="links")
app.add_typer(suppress, name="suppress")


def main() -> None:
    """The console script."""
    end_by_signals()
    try:
        app()
    except SystemExit as end:
        # A command line that typer does not understand: its words are on standard error already.
        words = getattr(end.__context__, "format_message", None)
        if words is not None and "--json" in sys.argv:
            Voice(as_json=True).document(error_document(UsageError(words())))
        raise
