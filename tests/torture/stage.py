"""The product on a stage: small campaigns, its real stories and its real ledger, and services that write down what they
really took. One run of it in this process, or in one that may be killed."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.torture.cases import SHAPES, Case, Shape, open_case, scratch, warm, write_shape
from tests.torture.services import (
    ARRIVES,
    LAG,
    LINK_ID,
    FakeKeeper,
    FakeLeaf,
    FakeSender,
    HastyClock,
    Noted,
    Services,
    Silence,
    Switch,
)

from leafcast.edge.http import Retrier
from leafcast.edge.ledger import open_ledger
from leafcast.edge.ledger.writer import Writer, WriterMaker
from leafcast.errors import ExitCode, Interrupted, LeafcastError
from leafcast.model import Channel, Service
from leafcast.stories.brake import Brake
from leafcast.stories.lanes import EMAILS, OTHERS
from leafcast.stories.run import Options, retry, run
from leafcast.stories.world import Courier, World

__all__ = [
    "ARRIVES",
    "LAG",
    "LINK_ID",
    "SETTLE",
    "SHAPES",
    "WORKERS",
    "Case",
    "HastyClock",
    "Options",
    "Play",
    "Services",
    "Shape",
    "Silence",
    "Switch",
    "in_child",
    "kill_me",
    "open_case",
    "scratch",
    "warm",
    "world_of",
    "write_shape",
]

WORKERS = EMAILS + OTHERS
"""What a kill can leave in doubt: the messages of both channels that may be under way."""
SETTLE = 120.0


# -------------------------------------------------------------------------------------------------------------- one run


@dataclass(slots=True)
class Play:
    """One run of a case in this process."""

    case: Case
    folder: Path
    chance: random.Random
    number: int
    switch: Switch
    calm: bool = False
    command: str = "run"
    options: Options = field(default_factory=Options)
    clock: Any = None
    brake: Brake | None = None
    ledger_name: str = "ledger.db"
    make_writer: WriterMaker = Writer
    loop: asyncio.AbstractEventLoop | None = None
    services: Services | None = None
    late: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    task: asyncio.Task[Any] | None = None

    def __call__(self) -> int:
        """Run it; gives the exit code."""
        try:
            return asyncio.run(self._go())
        except LeafcastError as error:
            (self.folder / "said.txt").open("a").write(f"{error.message} {error.fix}\n")
            return int(error.exit_code)

    async def _go(self) -> int:
        clock = self.clock or HastyClock(ahead=self.number * 1000.0)
        ids = random.Random(self.chance.getrandbits(64))
        new_id: Callable[[], str] = lambda: f"{ids.getrandbits(128):032x}"  # noqa: E731
        services = Services(self.folder / "journal.jsonl", self.chance, clock, self.switch, self.number, self.calm)
        services.late = self.late
        self.services, self.task = services, asyncio.current_task()
        self.brake, self.loop = Brake(), asyncio.get_running_loop()
        try:
            place = f"sqlite:///{self.folder}/{self.ledger_name}"
            with open_ledger(place, clock, new_id, self.make_writer) as ledger:
                self.switch("opened")
                report = await self._story(world_of(self.case, ledger, services, clock, new_id))
            self.switch("closed")
        finally:
            services.close()
        return int(report.exit_code)

    async def _story(self, world: World) -> Any:
        case, brake = self.case, self.brake
        assert brake is not None
        if self.command.startswith(("sync", "recall")):
            from leafcast.stories.doubts import Evidence
            from leafcast.stories.recall import Extent, recall
            from leafcast.stories.sync import sync

            assert self.services is not None
            searchers = {channel: courier.sender for channel, courier in world.couriers.items()}
            evidence = Evidence(
                ledger=world.ledger, doubts=world.ledger, reader=world.reader, searchers=searchers,  # type: ignore[arg-type]
                leaf=FakeKeeper(self.services), clock=world.clock, progress=world.progress, settle=SETTLE,
            )  # fmt: skip
            if self.command == "recall":
                extent, name = Extent(only=self.options.only), case.job.campaign.name
                return await recall(evidence, world.ledger, name, brake, extent, "torture", _yes)  # type: ignore[arg-type]
            return await sync(evidence, case.job.campaign, brake, revoke_orphans=self.command == "sync revoke")
        if self.command == "retry":
            return await retry(world, case.job.examiner, brake, self.options, _yes, None)
        return await run(world, case.job.examiner, case.survey, brake, self.options, _yes)

    def stop(self) -> None:
        """Pull the brake, as a signal would."""
        if self.brake is not None:
            self.brake.pull(Interrupted("Interrupted by SIGTERM."))


def _yes(_due: Any) -> None:
    return None


def world_of(case: Case, ledger: Any, services: Services, clock: Any, new_id: Callable[[], str]) -> World:
    """The world of a run: real ledger, real words, services of the stage."""
    renderer = case.job.examiner.renderer
    couriers: dict[Channel, Courier[Any]] = {
        Channel.EMAIL: Courier(Service.SENDGRID, FakeSender(services, "email"), renderer.email),
        Channel.SMS: Courier(
            Service.TWILIO, FakeSender(services, "sms"), lambda *what: renderer.sms(*what, now=clock.now())
        ),
    }
    used = {channel: courier for channel, courier in couriers.items() if channel in case.job.campaign.channels}
    return World(
        ledger=Noted(ledger, services.event),  # type: ignore[arg-type]
        reader=ledger,
        leaf=FakeLeaf(services),
        couriers=used,
        patience=Retrier(clock, chance=services.chance.random),
        clock=clock,
        new_id=new_id,
        progress=Silence(),
    )


# ------------------------------------------------------------------------------------------------------- a process each


def in_child(play: Callable[[], int], said: Path) -> int:
    """Run something in a forked child with all its words in a file; gives its exit code, -9 for a kill."""
    child = os.fork()
    if child == 0:
        code = int(ExitCode.BUG)
        try:
            words = os.open(said, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            os.dup2(words, 1)
            os.dup2(words, 2)
            logging.basicConfig(level=logging.DEBUG, force=True)
            code = play()
        except BaseException:
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(code & 0xFF)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def kill_me(place: Path) -> Callable[[str], None]:
    """What a switch does to end this process as `kill -9` does; the event is noted first."""

    def act(event: str) -> None:
        place.write_text(event, encoding="utf-8")
        os.kill(os.getpid(), signal.SIGKILL)

    return act
