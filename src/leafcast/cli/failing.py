"""From an exception to a sentence and an exit code: the only place where a command may end badly."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import typer

from leafcast.cli.printing import Voice, problem_lines
from leafcast.errors import CampaignError, ExitCode, Interrupted, LeafcastError, ListError


@contextmanager
def speaking(voice: Voice) -> Iterator[None]:
    """Around the body of a command: whatever goes wrong inside becomes words, a next step and an exit code."""
    try:
        yield
    except typer.Exit:
        raise
    except KeyboardInterrupt:
        voice.error(str(Interrupted()))
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except BrokenPipeError:
        # Whoever read our output (a pager, `head`) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(ExitCode.DONE) from None
    except LeafcastError as error:
        say(voice, error)
        raise typer.Exit(error.exit_code) from None
    except Exception as error:
        voice.error(
            "leafcast itself broke. That is a bug, and no fault of yours.",
            f"The details are in {_crash_report(error)}; they hold no names, addresses or links. "
            "Nothing is lost: what happened so far is in the ledger, and the same command may be run again.",
        )
        raise typer.Exit(ExitCode.BUG) from None


def say(voice: Voice, error: LeafcastError) -> None:
    """An error in words, problem by problem where it carries several."""
    if isinstance(error, CampaignError | ListError):
        for line in problem_lines(error.problems, examples=None if isinstance(error, CampaignError) else 3):
            voice.error(line)
    else:
        voice.error(error.message, error.fix)


def _crash_report(error: BaseException) -> Path:
    """Where it broke, without what was being handled: the text of an exception may quote a grower."""
    report = Path(f"leafcast-crash-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.txt").absolute()
    lines: list[str] = []
    broken: BaseException | None = error
    while broken is not None:
        lines.append(f"{type(broken).__module__}.{type(broken).__qualname__}")
        lines += _frames(broken.__traceback__)
        broken = broken.__cause__ or broken.__context__
    try:
        descriptor = os.open(report, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        sys.stderr.write("\n".join(lines) + "\n")
        return Path("the lines above")
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(lines) + "\n")
    return report


def _frames(trace: TracebackType | None) -> list[str]:
    return [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(trace)]
