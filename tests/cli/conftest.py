"""The command line as its users have it: a process of its own, a clean environment, an empty folder, a sandbox."""

from __future__ import annotations

import csv
import io
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from leafcast.edge.exportfile import write_export
from leafcast.edge.ledger import open_reader
from leafcast.sandbox.server import RunningSandbox, SandboxSettings, running

PATIENCE = 60.0
CAMPAIGN: Mapping[str, Any] = {
    "campaign": "spring",
    "list": {"file": "growers.csv", "region": "US"},
    "brand": {
        "companyName": "Prairie Co-op",
        "supportEmail": "help@prairie.example",
        "postalAddress": "1 Main St, Ames IA",
    },
    "link": {
        "expiresIn": "30d",
        "rules": [
            {"when": "grower.provider", "type": "authentication", "provider": "{{ grower.provider }}"},
            {"type": "provider", "allowedProviders": ["JohnDeere", "ClimateFieldView"]},
        ],
    },
    "channels": ["email", "sms"],
    "email": {"from": "Prairie <connect@prairie.example>", "subject": "Connect your data"},
    "sms": {"from": "+15155550100"},
    "pace": {"leaf": "unlimited", "sendgrid": "unlimited", "twilio": "unlimited"},
}
COLUMNS = ("externalId", "name", "email", "phone", "leafUserId", "provider")


def by_email(number: int, **cells: str) -> dict[str, str]:
    return {"externalId": f"G-{number}", "name": f"Grower {number}", "email": f"g{number}@farm.example"} | cells


def by_text(number: int, **cells: str) -> dict[str, str]:
    return {"externalId": f"G-{number}", "name": f"Grower {number}", "phone": f"+1515555{1000 + number}"} | cells


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output."""
        (line,) = self.out.splitlines()
        told: dict[str, Any] = json.loads(line)
        return told


@dataclass
class Running:
    """A command under way."""

    process: subprocess.Popen[str]
    began: float
    sandbox: RunningSandbox

    def until(self, happened: Callable[[], object], *, alive: bool = True) -> None:
        """Wait until something is true, as long as the command runs."""
        deadline = time.monotonic() + PATIENCE
        end = select.poll()
        pidfd = os.pidfd_open(self.process.pid)
        end.register(pidfd)
        try:
            while not happened():
                ended = end.poll(20)
                assert not (alive and ended), f"it ended before: {self.process.communicate()}"
                assert time.monotonic() < deadline, "it never happened"
        finally:
            os.close(pidfd)

    def until_requests(self, count: int, service: str = "") -> None:
        """Wait until the sandbox has seen so many requests of a service."""
        self.until(lambda: requests(self.sandbox)[service] >= count)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """kill -9, and gather what is left."""
        self.process.kill()
        self.process.communicate()

    def ended(self) -> Ended:
        out, err = self.process.communicate(timeout=PATIENCE)
        return Ended(self.process.returncode, out, err, time.monotonic() - self.began)


def requests(sandbox: RunningSandbox) -> Counter[str]:
    """How many requests each service saw; under '' all of them."""
    seen: Counter[str] = Counter()
    for request in sandbox.control("requests")["requests"]:
        seen[request["service"]] += 1
        seen[""] += 1
    return seen


@dataclass
class Desk:
    """A folder to work in, and what a person types there."""

    folder: Path
    sandbox: RunningSandbox
    env: dict[str, str] = field(default_factory=dict)
    begun: list[subprocess.Popen[str]] = field(default_factory=list)

    # -------------------------------------------------------------------------------------------------------- files

    def campaign(self, rows: Sequence[Mapping[str, str]] | None = None, **changes: Any) -> str:
        """Write campaign and list; `changes` replace top keys, None takes one away. Gives the campaign's name."""
        text = {key: value for key, value in {**CAMPAIGN, **changes}.items() if value is not None}
        self.write("spring.yaml", yaml.safe_dump(text, sort_keys=False, allow_unicode=True))
        if rows is not None:
            self.list(rows)
        return "spring.yaml"

    def list(self, rows: Sequence[Mapping[str, str]], name: str = "growers.csv") -> Path:
        text = io.StringIO()
        columns = list(dict.fromkeys([*COLUMNS, *(key for row in rows for key in row)]))
        writer = csv.DictWriter(text, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
        return self.write(name, text.getvalue())

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    # ----------------------------------------------------------------------------------------------------- commands

    def __call__(self, *words: str, code: int | None = 0, **env: str) -> Ended:
        """Type a command and wait for its end; `code` is the exit code it must have, None for any."""
        done = self.start(*words, **env).ended()
        assert code is None or done.code == code, f"{words} ended with {done.code}\n{done.out}\n{done.err}"
        assert "Traceback" not in done.err
        return done

    def start(self, *words: str, **env: str) -> Running:
        began = time.monotonic()
        process = subprocess.Popen(
            self.words(*words),
            cwd=self.folder,
            env=self.environment(**env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.begun.append(process)
        return Running(process, began, self.sandbox)

    def close(self) -> None:
        """Leave no process behind, whatever went wrong."""
        for process in self.begun:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def words(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "leafcast", *words]

    def environment(self, **more: str) -> dict[str, str]:
        """Nothing of ours, and the sandbox's credentials; a variable set to '-' is not there at all."""
        clean = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "LANG": "C.UTF-8"}
        clean |= {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
        every = clean | self.sandbox.credentials | self.env | more
        return {name: value for name, value in every.items() if value != "-"}

    # ------------------------------------------------------------------------------------------------------- looking

    def export(self, name: str = "spring") -> list[dict[str, Any]]:
        """The ledger, line by line, as `leafcast export` writes it; here without the second that a process costs."""
        target = self.folder / "looked.jsonl"
        with open_reader(f"sqlite:///{self.folder}/leafcast.db") as reader:
            write_export(target, reader.rows(name), reader.columns(name))
        return [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]

    def states(self) -> Counter[str]:
        return Counter(line["messageStatus"] for line in self.export())

    def received(self) -> Counter[str]:
        """How often the sandbox has taken a message for each address."""
        state = self.sandbox.state()
        return Counter(message["to"] for message in (*state["emails"], *state["texts"]))

    def requests(self) -> Counter[str]:
        return requests(self.sandbox)


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[RunningSandbox]:
    with running(SandboxSettings()) as sandbox:
        yield sandbox


@pytest.fixture
def desk(tmp_path: Path, shared_sandbox: RunningSandbox) -> Iterator[Desk]:
    """An empty folder and an empty sandbox."""
    shared_sandbox.reset()
    desk = Desk(tmp_path, shared_sandbox)
    yield desk
    desk.close()
    shared_sandbox.faults()


@pytest.fixture
def desk_with(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """An empty folder and a sandbox with settings of its own."""
    with ExitStack() as cleanup:

        def build(**settings: Any) -> Desk:
            desk = Desk(tmp_path, cleanup.enter_context(running(SandboxSettings(**settings))))
            cleanup.callback(desk.close)
            return desk

        yield build
