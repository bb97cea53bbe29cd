"""What a person at a terminal sees and is asked: a real pseudo-terminal, nothing played."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
from contextlib import suppress

import pytest

from .conftest import PATIENCE, Running, by_email, by_text


class Terminal:
    """A command whose standard input, output and error are one terminal."""

    def __init__(self, desk, *words, **env):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            desk.words(*words),
            cwd=desk.folder,
            env=desk.environment(TERM="xterm-256color", COLUMNS="120", **env),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self.said = ""

    def until(self, words: str) -> str:
        """Read on until these words have come."""
        while words not in self.said:
            more = self._read()
            assert more, f"it ended without saying {words!r}:\n{self.said}"
        return self.said

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def interrupt(self, number: signal.Signals) -> None:
        """As a person does: once more when nothing happens. Python learns of a signal that comes in the instant between
        the printing of a question and the waiting for its answer only by the next one."""
        waiting = select.poll()
        waiting.register(self.master, select.POLLIN)
        for _ in range(12):
            self.process.send_signal(number)
            while waiting.poll(5_000):
                if not self._read() or "Interrupted" in self.said:
                    return

    def ended(self) -> int:
        while self._read():
            pass
        os.close(self.master)
        return self.process.wait(PATIENCE)

    def _read(self) -> bool:
        waiting = select.poll()
        waiting.register(self.master, select.POLLIN)
        if not waiting.poll(PATIENCE * 1000):
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"nothing more was said:\n{self.said}")
        with suppress(OSError):  # what a terminal answers when nobody is left at the other end
            more = os.read(self.master, 65_536).decode(errors="replace")
            self.said += more
            return bool(more)
        return False


def test_a_no_sends_nothing_and_a_yes_goes(desk):
    """The numbers stand above the question; after a no, or an end of the input, the same command asks again."""
    campaign = desk.campaign([by_email(1), by_email(2), by_text(3)])

    for answer in ("n\n", "\x04"):
        asked = Terminal(desk, "run", campaign)
        said = asked.until("[y/N]")
        assert "2 emails and 1 text to 3 growers, making 3 magic links" in said
        asked.type(answer)
        assert asked.ended() == 130
        assert "Traceback" not in asked.said
        assert "broke" not in asked.said
    assert desk.requests()[""] == 0

    asked = Terminal(desk, "run", campaign)
    asked.until("[y/N]")
    asked.type("y\n")
    assert asked.ended() == 0
    assert "3 accepted" in asked.said
    assert sum(desk.received().values()) == 3


@pytest.mark.parametrize("how", ["key", "sigterm"])
def test_the_question_can_be_interrupted(desk, how):
    """Ctrl-C and SIGTERM at the question end the run at once, with 130 and nothing sent."""
    asked = Terminal(desk, "run", desk.campaign([by_email(1)]))
    asked.until("[y/N]")
    asked.interrupt(signal.SIGINT if how == "key" else signal.SIGTERM)

    assert asked.ended() == 130
    assert "Interrupted" in asked.said
    assert desk.requests()[""] == 0


def test_progress_shows_count_rate_and_time_left(desk):
    """A live line while sending, gone at the end; the question is not written over by it."""
    desk.sandbox.faults({"kind": "slow", "service": "sendgrid", "seconds": 0.3})
    rows = [by_email(n) for n in range(16)]
    campaign = desk.campaign(rows, pace={"leaf": "unlimited", "sendgrid": 8, "twilio": 1})

    shown = Terminal(desk, "run", campaign)
    before = shown.until("[y/N]")
    shown.type("y\n")

    assert "sending" not in before
    assert shown.ended() == 0
    live = shown.said[len(before) :]
    assert "sending" in live
    assert "/16" in live
    assert "/s" in live
    assert "left" in live
    assert "SendGrid" in live
    assert "16 accepted" in live.rsplit("\x1b", 1)[-1]


def test_plain_lines_in_a_pipe(desk):
    """No control signs and no bar where nobody watches; the last line says how many of how many."""
    done = desk("run", desk.campaign([by_email(n) for n in range(6)]), "--yes")

    assert "\x1b" not in done.err + done.out
    assert "6 of 6 messages" in done.err


def test_a_closed_terminal_ends_a_run_in_order(desk):
    """The window is closed in mid-run: what is under way is finished, nothing is in doubt, and the run can go on."""
    desk.sandbox.faults({"kind": "slow", "service": "sendgrid", "seconds": 0.5})
    campaign = desk.campaign([by_email(n) for n in range(6)])
    shown = Terminal(desk, "run", campaign, "--yes")
    Running(shown.process, 0.0, desk.sandbox).until_requests(2, "sendgrid")
    os.kill(shown.process.pid, signal.SIGHUP)
    os.close(shown.master)

    assert shown.process.wait(PATIENCE) == 130
    states = desk.states()
    assert states["in_doubt"] == 0
    assert states["accepted"] + states["planned"] == 6
    desk.sandbox.faults()
    desk("run", campaign, "--yes")
    assert desk.received() == {f"g{n}@farm.example": 1 for n in range(6)}
