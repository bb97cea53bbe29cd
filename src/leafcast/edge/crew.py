"""Helpers for long lists: processes that examine bundles of rows, so that every core has something to do.

A helper is this Python once more, at the other end of two pipes. It is given what the judging needs, then rows, and
gives back bundles; it opens no file and no connection. This process reads the list, hands out, brings together in
order, and examines rows itself whenever the helpers have enough. A helper that cannot be started, dies or answers
nonsense is let go, and its rows are examined here: that costs time and changes nothing. It ends when its pipes are
closed, so also when this process is killed; and Ctrl-C is for this process alone, since a helper is in no terminal.
"""

from __future__ import annotations

import fcntl
import marshal
import os
import pickle
import select
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import IO, cast

from leafcast.decide.bundles import Bundle, Recipe
from leafcast.edge.crewtalk import LENGTH, framed, pickled
from leafcast.model import Row
from leafcast.ports import Stretch

ALONE = 8
"""Stretches examined before anybody is asked for help: a helper takes most of a second to get ready."""
MOST_HELPERS = 3
"""More could not be kept busy by one reader."""
AHEAD = 24
"""Stretches that may wait for one before them."""
PIPE = 1 << 20
"""Bytes that a pipe should hold, so that a helper finds its next rows there. Linux allows as much to everybody."""

PATIENCE = 60.0
"""Seconds without a word or a byte after which a helper that owes one is given up: on a machine that is so busy it only
costs its work."""

Alone = Callable[[Sequence[Row]], Bundle]
Starter = Callable[[], "subprocess.Popen[bytes]"]


class Lost(Exception):
    """A helper is of no use any more."""


def start_helper() -> subprocess.Popen[bytes]:
    """This Python once more, as a helper. Raises OSError."""
    # -P: no module of the folder that the user happens to be in. A session of its own: no signal of the terminal.
    command = [sys.executable, "-P", "-m", "leafcast.edge.crewmember"]
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        start_new_session=True,
    )


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(slots=True)
class _Task:
    """A stretch on its way."""

    stretch: Stretch
    rows: Sequence[Row]
    bundle: Bundle | None = None


@dataclass(frozen=True, slots=True)
class Crew:
    """Fulfils `ports.Crew`: as many helpers as there are further cores."""

    recipe: Recipe
    helpers: int = field(default_factory=lambda: min(cores() - 1, MOST_HELPERS))
    start: Starter = start_helper
    after: int = ALONE
    patience: float = PATIENCE

    def examine(
        self, stretches: Iterator[Stretch], alone: Alone, *, pack: bool
    ) -> Generator[tuple[Stretch, Bundle], None, None]:
        """The stretches in order, each with what came of it."""
        for stretch in islice(stretches, self.after):
            yield stretch, alone(_rows(stretch))
        following = next(stretches, None)
        if following is None:
            return
        stretches = chain([following], stretches)
        helpers = self._hired(pack)
        try:
            yield from _Shift(stretches, alone, helpers, self.patience).results()
        finally:
            for helper in helpers:
                helper.dismiss()

    def _hired(self, pack: bool) -> list[_Helper]:
        helpers: list[_Helper] = []
        brief = pickled((self.recipe, pack))
        for _ in range(self.helpers):
            try:
                helper = _Helper(self.start(), self.patience)
            except OSError:
                break
            helpers.append(helper)
            try:
                helper.brief(brief)
            except Lost:
                helper.dismiss()
        return helpers


class _Shift:
    """One list, examined by this process and its helpers."""

    def __init__(self, stretches: Iterator[Stretch], alone: Alone, helpers: Sequence[_Helper], patience: float) -> None:
        self._stretches = stretches
        self._alone = alone
        self._helpers = helpers
        self._patience = patience
        self._ahead: deque[_Task] = deque()
        self._ended = False

    def results(self) -> Iterator[tuple[Stretch, Bundle]]:
        """All of it, in order."""
        while True:
            self._hand_out()
            self._collect(wait=False)
            while self._ahead and (bundle := self._ahead[0].bundle) is not None:
                yield self._ahead.popleft().stretch, bundle
                self._collect(wait=False)
                self._hand_out()
            if not self._ended and len(self._ahead) < AHEAD:
                if (task := self._next()) is not None:
                    task.bundle = self._alone(task.rows)
            elif self._ahead:
                self._collect(wait=True)
            else:
                return

    def _next(self) -> _Task | None:
        """The next stretch of the list; None at its end."""
        stretch = None if self._ended else next(self._stretches, None)
        if stretch is None:
            self._ended = True
            return None
        task = _Task(stretch, _rows(stretch))
        self._ahead.append(task)
        return task

    def _hand_out(self) -> None:
        for helper in self._helpers:
            while helper.wants and len(self._ahead) < AHEAD and (task := self._next()) is not None:
                try:
                    taken = helper.give(task)
                except Lost:
                    self._let_go(helper)
                    taken = False
                if not taken:
                    task.bundle = task.bundle or self._alone(task.rows)

    def _collect(self, *, wait: bool) -> None:
        """Take what helpers have finished; with `wait`, not before one has."""
        busy = {helper.answers: helper for helper in self._helpers if helper.expected}
        if not busy:
            return
        readable, _, _ = select.select(list(busy), [], [], self._patience if wait else 0)
        if wait and not readable:
            for helper in busy.values():
                self._let_go(helper)
        for answers in readable:
            try:
                busy[answers].take()
            except Lost:
                self._let_go(busy[answers])

    def _let_go(self, helper: _Helper) -> None:
        for task in helper.dismiss():
            task.bundle = self._alone(task.rows)


class _Helper:
    """A process and what it was given."""

    def __init__(self, process: subprocess.Popen[bytes], patience: float) -> None:
        self._process = process
        self._patience = patience
        self._rows, self._answers = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
        os.set_blocking(self._rows.fileno(), False)
        self._given: deque[tuple[_Task, int]] = deque()
        self._ready = self._gone = False
        self._room = min(_widened(self._rows.fileno()), _widened(self._answers.fileno())) // 2
        self._size = 0

    @property
    def answers(self) -> int:
        """Where its answers come."""
        return self._answers.fileno()

    @property
    def expected(self) -> bool:
        """Whether it owes an answer."""
        return not self._gone and (bool(self._given) or not self._ready)

    @property
    def wants(self) -> bool:
        """Whether more rows may be given: what is under way has to fit into the pipe, or both would wait for ever."""
        if self._gone or not self._ready:
            return False
        return not self._given or self._under_way() + self._size <= self._room

    def brief(self, brief: bytes) -> None:
        """Tell what to examine by. Raises Lost."""
        self._send(brief)

    def give(self, task: _Task) -> bool:
        """Give it rows; False where they do not fit. Raises Lost."""
        rows = marshal.dumps([(row.number, row.line, dict(row.cells)) for row in task.rows])
        self._size = len(rows)
        if self._given and self._under_way() + len(rows) > self._room:
            return False
        self._given.append((task, len(rows)))
        self._send(rows)
        return True

    def take(self) -> None:
        """Take its answer, which is on its way. Raises Lost."""
        (length,) = LENGTH.unpack(self._read(LENGTH.size))
        answer = self._read(length)
        if not self._ready:
            self._ready = True
            return
        try:
            values, cases, remarks = pickle.loads(answer)  # noqa: S301 - our own process, at the end of our own pipe
            people, growers = marshal.loads(values)  # noqa: S302
        except (ValueError, EOFError, TypeError, pickle.UnpicklingError) as error:
            raise Lost from error
        task, _ = self._given.popleft()
        task.bundle = Bundle(people, growers, cases, remarks)

    def dismiss(self) -> list[_Task]:
        """Let it go, whatever it does; what it was given and has not answered."""
        left = [task for task, _ in self._given]
        self._given.clear()
        if not self._gone:
            self._gone = True
            self._process.kill()
            self._rows.close()
            self._answers.close()
            self._process.wait()
        return left

    def _under_way(self) -> int:
        return sum(size for _, size in self._given)

    def _send(self, message: bytes) -> None:
        view = memoryview(framed(message))
        try:
            while view:
                written = self._rows.write(view) or 0  # none at all where the pipe is full
                if not written and not select.select([], [self._rows], [], self._patience)[1]:
                    raise Lost
                view = view[written:]
        except OSError as error:
            raise Lost from error

    def _read(self, length: int) -> bytes:
        parts: list[bytes] = []
        try:
            while length:
                heard, _, _ = select.select([self._answers], [], [], self._patience)
                part = self._answers.read(length) if heard else b""
                if not part:
                    raise Lost
                parts.append(part)
                length -= len(part)
        except OSError as error:
            raise Lost from error
        return b"".join(parts)


def _widened(pipe: int) -> int:
    """Make a pipe hold more, where the system lets us; how many bytes it holds."""
    try:
        return int(fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE))
    except (OSError, AttributeError):
        return 0


def _rows(stretch: Stretch) -> list[Row]:
    return [row for row in stretch if isinstance(row, Row)]
