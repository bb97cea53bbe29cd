"""From an exception to a sentence and an exit code: the only place where a command may end badly."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType, TracebackType

import typer

from leafcast.cli.printing import Voice, error_document, problem_lines
from leafcast.errors import CampaignError, ExitCode, Interrupted, LeafcastError, ListError

BROKE = "leafcast itself broke. That is a bug, and no fault of yours."
EXAMPLES = 3
"""Problems of a kind that are shown where they are not the subject; `check` shows every one."""


@contextmanager
def speaking(voice: Voice, *, examples: int | None = EXAMPLES) -> Iterator[None]:
    """Around the body of a command: whatever goes wrong inside becomes words, a next step and an exit code.

    `examples` is how many problems of each kind are shown, None for all.
    """
    try:
        yield
    except typer.Exit:
        raise
    except KeyboardInterrupt:
        raise typer.Exit(say(voice, Interrupted(), examples)) from None
    except LeafcastError as error:
        raise typer.Exit(say(voice, error, examples)) from None
    except Exception as error:
        broke = LeafcastError()
        broke.__cause__ = error
        raise typer.Exit(say(voice, broke, examples)) from None


def say(voice: Voice, error: LeafcastError, examples: int | None = EXAMPLES) -> ExitCode:
    """An error in words, problem by problem where it carries several, and as JSON where that was asked for; the exit
    code to end with."""
    if error.exit_code is ExitCode.BUG:
        error = _bug(error)
    if isinstance(error, CampaignError | ListError):
        for line in problem_lines(error.problems, examples=None if isinstance(error, CampaignError) else examples):
            voice.error(line)
        if error.fix:
            voice.error(error.fix)
    else:
        voice.error(error.message, error.fix)
    voice.document(error_document(error))
    return error.exit_code


def _bug(error: LeafcastError) -> LeafcastError:
    """The same as a user should read it, with the place of the details."""
    details = f"The details are in {_crash_report(error)}; they hold no names, addresses or links."
    safe = "Nothing is lost: what happened so far is in the ledger, and the same command may be run again."
    return LeafcastError(
        BROKE if error.message == LeafcastError().message else f"{BROKE} {error.message}.",
        fix=" ".join(part for part in (error.fix, details, safe) if part),
    )


def end_by_signals() -> None:
    """Let SIGTERM and a closed terminal end a command as Ctrl-C does, in order and with 130."""
    for number in STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup` wants it ignored
            signal.signal(number, _interrupt)


STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _crash_report(error: BaseException) -> Path:
    """Where it broke, without what was being handled: the text of an exception may quote a grower."""
    report = Path(f"leafcast-crash-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.txt").absolute()
    text = "\n".join(_told(error)) + "\n"
    try:
        descriptor = os.open(report, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
    except OSError:
        sys.stderr.write(text)
        return Path("the lines above")
    return report


def _told(error: BaseException, depth: int = 0) -> Iterator[str]:
    """An exception, what caused it and what it gathers: kinds and places. Only our own words are repeated."""
    broken: BaseException | None = error
    while broken is not None:
        words = f": {broken.message}" if isinstance(broken, LeafcastError) else ""
        yield f"{'  ' * depth}{type(broken).__module__}.{type(broken).__qualname__}{words}"
        yield from (f"{'  ' * depth}{frame}" for frame in _frames(broken.__traceback__))
        if isinstance(broken, BaseExceptionGroup):
            for one in broken.exceptions:
                yield from _told(one, depth + 1)
        broken = broken.__cause__ or broken.__context__


def _frames(trace: TracebackType | None) -> list[str]:
    return [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(trace)]
