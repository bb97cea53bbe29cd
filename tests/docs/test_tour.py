"""The README's tour, walked as it stands, against a real sandbox."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import stat
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from leafcast.cli.samples import sample_users
from leafcast.sandbox.server import USUAL_PORT, RunningSandbox, SandboxSettings, running

TOUR = "A tour of ten minutes"
FAST = "pace:\n  leaf: unlimited\n  sendgrid: unlimited\n  twilio: unlimited\n"
"""A person has time to watch; a test does not."""
ENOUGH_TO_INTERRUPT = 20
"""Links made by the time that Ctrl-C is pressed."""
LOOK_EVERY = 0.05
UNATTENDED = {"run": ["--yes"], "retry": ["--yes"]}
"""A person answers `y`; here nobody is at the terminal."""
BLOCKS = re.compile(r"^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", re.MULTILINE | re.DOTALL)
LEFT_OUT = (". .venv", "leafcast sandbox")
"""What the test does in its own way."""


@dataclass
class Walker:
    """Somebody in a terminal, who pastes one block after the other."""

    folder: Path
    env: dict[str, str]
    sandbox: RunningSandbox
    status: int = 0

    def paste(self, block: str) -> str:
        """Do what a block says, and give all that was shown."""
        return "".join(self._line(line) for line in block.splitlines() if not line.startswith(LEFT_OUT))

    def _line(self, line: str) -> str:
        line = line.replace(f"http://127.0.0.1:{USUAL_PORT}", self.sandbox.url)
        words = shlex.split(line, comments=True)
        match words:
            case ["export", setting]:
                name, _, value = setting.partition("=")
                self.env[name] = value
            case ["cd", folder]:
                self.folder /= folder
                _make_fast(self.folder / "campaigns" / "spring-onboarding.yaml")
            case ["curl", "-d", data, url]:
                what = url.removeprefix(f"{self.sandbox.url}/control/")
                return str(self.sandbox.control(what, json.loads(data)))
            case [setting, "leafcast", *_] if "=" in setting:
                name, _, value = setting.partition("=")
                return self._run(words[1:], {name: value})
            case ["echo", "$?"]:
                return f"{self.status}\n"
            case ["leafcast", command, *rest]:
                return self._run([*words, *unattended(command, rest)], interrupt="Ctrl-C" in line)
            case _:
                return self._run(["sh", "-c", line])
        return ""

    def _run(self, words: list[str], more: Mapping[str, str] | None = None, *, interrupt: bool = False) -> str:
        with subprocess.Popen(
            words,
            cwd=self.folder,
            env={**self.env, **(more or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            if interrupt:
                self._wait_until_under_way(process)
                process.send_signal(signal.SIGINT)
            shown, _ = process.communicate(timeout=60)
        self.status = process.returncode
        return shown

    def _wait_until_under_way(self, process: subprocess.Popen[str]) -> None:
        enough = self.counts()["links"] + ENOUGH_TO_INTERRUPT
        while self.counts()["links"] < enough:
            with suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_EVERY)
            assert process.returncode is None, "it ended before it could be interrupted"

    def counts(self) -> dict[str, int]:
        return self.sandbox.control("state?only=counts")["counts"]


def unattended(command: str, rest: list[str]) -> list[str]:
    return [] if "--dry-run" in rest else UNATTENDED.get(command, [])


def _make_fast(campaign: Path) -> None:
    text = re.sub(r"^pace:\n(?:  .*\n?)+", FAST, campaign.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert FAST in text
    campaign.write_text(text, encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Step:
    """A block of the tour, and what came of pasting it."""

    block: str
    shown: str
    status: int
    promised: tuple[str, ...]
    """The lines that the README shows after it."""


@dataclass(frozen=True, slots=True)
class Walk:
    """A whole tour."""

    steps: list[Step]
    folder: Path
    received: dict[str, int]

    def step(self, beginning: str) -> Step:
        return next(step for step in self.steps if step.block.startswith(beginning))


@pytest.fixture(scope="module")
def walk(readme, tmp_path_factory):
    """The tour, walked once from its first block to its last."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("LEAF", "SENDGRID_", "TWILIO_"))}
    env |= {"COLUMNS": "200", "NO_COLOR": "1", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    steps = []
    with running(SandboxSettings(users=sample_users())) as sandbox:
        walker = Walker(tmp_path_factory.mktemp("tour"), env, sandbox)
        for block, promised in BLOCKS.findall(readme.section(TOUR)):
            shown = walker.paste(block)
            steps.append(Step(block, shown, walker.status, tuple(promised.splitlines())))
        return Walk(steps, walker.folder, walker.counts())


def test_every_line_that_the_tour_shows_is_shown(walk):
    """Pasted line by line, the tour shows what the README says that it shows."""
    assert sum(len(step.promised) for step in walk.steps) > 8
    for step in walk.steps:
        for line in step.promised:
            assert line in step.shown, f"{line!r} is not in what {step.block!r} shows:\n{step.shown}"


def test_every_step_ends_as_the_tour_says(walk):
    """3 for the list with mistakes, 130 after Ctrl-C, 4 when some failed, and 0 for everything else."""
    special = {"sed ": 3, "leafcast run campaigns/spring-onboarding.yaml   #": 130, "curl ": 4}
    for step in walk.steps:
        expected = next((code for beginning, code in special.items() if step.block.startswith(beginning)), 0)
        assert step.status == expected, f"{step.block}\n{step.shown}"
    assert walk.step("sed ").shown.endswith("\n3\n")


def test_the_tour_writes_to_nobody_twice(walk):
    """Interrupted, failed, retried, run again and in doubt: each grower has one link and one message."""
    assert (walk.received["links"], walk.received["emails"], walk.received["texts"]) == (500 + 1, 438 + 1, 62)


def test_what_the_tour_leaves_is_readable_by_its_owner_alone(walk):
    """The ledger and what stands beside it, the problems file and the export are there, and nobody else's to read."""
    names = (
        "leafcast.db",
        "leafcast.db.lock",
        "leafcast.db.epoch",
        "growers-with-mistakes-problems.csv",
        "season.xlsx",
    )
    assert {name: oct(stat.S_IMODE((walk.folder / name).stat().st_mode)) for name in names} == dict.fromkeys(
        names, "0o600"
    )
