"""L7: real connections that end at every kind of byte position, with the services in another process.

The real clients talk through a cutting proxy to the sandbox, which runs in a process of its own and keeps its
fsynced journal. A case is one request, the first to fifth of one service within a small campaign, whose connection
is cut at one of twelve positions, by a reset or an orderly end. Five cases share a campaign and its ledger (more
doubts would stop the run, as they should); eight campaigns run side by side. Each campaign is run until it is done;
then the oracle judges.
"""

from __future__ import annotations

import asyncio
import csv
import io
import logging
import os
import random
import re
import shutil
import signal
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from tests.torture import oracle, stage
from tests.torture.common import Tally, Task, rng, spread

from leafcast.edge import settings
from leafcast.edge.http import Door, Retrier, Timeouts, open_network
from leafcast.edge.leaf import LeafClient
from leafcast.edge.ledger import open_ledger
from leafcast.edge.listfile import ListFile
from leafcast.edge.sendgrid import SendGridClient
from leafcast.edge.system import new_id
from leafcast.edge.twilio import TwilioClient
from leafcast.errors import LeafcastError
from leafcast.model import Channel, Service
from leafcast.sandbox.server import serve
from leafcast.sandbox.settings import SandboxSettings
from leafcast.stories.brake import Brake
from leafcast.stories.run import Options
from leafcast.stories.run import run as run_story
from leafcast.stories.world import Courier, World

TOKEN = "sandbox-leaf-token"
PER_CAMPAIGN, BESIDE, MOST_RUNS = 5, 8, 8
TIMES = Timeouts(connect=1.0, read=0.4, total=0.8, idle=4.0)
RETRIED_ON = {"sendgrid": "email", "twilio": "sms"}


class Cut(StrEnum):
    """Where the connection of a request ends."""

    BEFORE_ACCEPT = "before accept"
    AFTER_ACCEPT = "after accept"
    REQUEST_HEAD = "in the request's head"
    REQUEST_BODY = "in the request's body"
    NOT_PROCESSED = "read, not processed"
    PROCESSED = "processed, before the status"
    STATUS_LINE = "in the status line"
    HEADERS = "in the headers"
    AFTER_HEADERS = "after the headers"
    BODY = "in the body"
    BAD_LENGTH = "body shorter than its Content-Length"
    NEVER = "never ended"


@dataclass(slots=True)
class Strike:
    """One case: what happens to the nth request of a service."""

    service: str
    nth: int
    cut: Cut
    reset: bool


@dataclass(slots=True)
class Proxy:
    """The way from one campaign to the sandbox."""

    upstream: tuple[str, int]
    strikes: list[Strike]
    seen: Counter[str] = field(default_factory=Counter)
    struck: Counter[Cut] = field(default_factory=Counter)
    port: int = 0
    passed: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._met, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        for writer in list(self._open):
            writer.transport.abort()

    def _next(self, service: str) -> Strike | None:
        return next((s for s in self.strikes if s.service == service and s.nth == self.seen[service] + 1), None)

    def _at_connect(self, cut: Cut) -> Strike | None:
        return next((s for s in self.strikes if s.cut is cut and self.seen[s.service] + 1 == s.nth), None)

    def _done(self, strike: Strike) -> None:
        self.struck[strike.cut] += 1
        self.strikes.remove(strike)

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._open.add(writer)
        upstream: asyncio.StreamWriter | None = None
        try:
            if (strike := self._at_connect(Cut.AFTER_ACCEPT)) is not None:
                self._done(strike)
                _end(writer, strike.reset)
                return
            source, upstream = await asyncio.open_connection(*self.upstream)
            while await self._pass_one(reader, writer, source, upstream):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            self._open.discard(writer)
            if upstream is not None:
                upstream.close()
            writer.close()

    async def _pass_one(self, reader: Any, writer: Any, source: Any, upstream: Any) -> bool:
        """One request; false when the connection has ended."""
        line = await reader.readuntil(b"\r\n")
        service = line.split(b" ")[1].split(b"/")[1].decode()
        strike = self._next(service)
        if strike is not None and strike.cut in (Cut.BEFORE_ACCEPT, Cut.AFTER_ACCEPT):
            # Came over a connection that was open already: whether it was taken cannot be known then, so let it pass.
            self.strikes.remove(strike)
            self.passed += 1
            strike = None
        self.seen[service] += 1
        cut = strike.cut if strike is not None else None
        if strike is not None:
            self._done(strike)
        if strike is not None and cut is Cut.REQUEST_HEAD:
            return _end(writer, strike.reset)
        head = line + await reader.readuntil(b"\r\n\r\n")
        length = _length(head)
        if strike is not None and cut is Cut.REQUEST_BODY:
            await reader.readexactly(length // 2)
            return _end(writer, strike.reset)
        body = await reader.readexactly(length)
        if strike is not None and cut is Cut.NOT_PROCESSED:
            return _end(writer, strike.reset)
        upstream.write(head + body)
        answer_head = await source.readuntil(b"\r\n\r\n")
        answer = answer_head + await source.readexactly(_length(answer_head))
        if strike is not None:
            return await self._spoil(strike, answer, len(answer_head), reader, writer)
        writer.write(answer)
        await writer.drain()
        if self._at_connect(Cut.BEFORE_ACCEPT) or self._at_connect(Cut.AFTER_ACCEPT):
            await self._make_them_connect()
            return False
        return True

    async def _spoil(self, strike: Strike, answer: bytes, head: int, reader: Any, writer: Any) -> bool:
        line = answer.index(b"\r\n")
        match strike.cut:
            case Cut.PROCESSED:
                shown = b""
            case Cut.STATUS_LINE:
                shown = answer[: min(line, 10)]
            case Cut.HEADERS:
                shown = answer[: (line + 2 + head) // 2]
            case Cut.AFTER_HEADERS:
                shown = answer[:head]
            case Cut.BODY:
                shown = answer[: head + (len(answer) - head) // 2]
            case Cut.BAD_LENGTH:
                longer = b"content-length: %d" % (len(answer) - head + 64)
                shown = re.sub(rb"(?i)content-length: \d+", longer, answer, count=1)
            case _:
                await reader.read()  # never ended: until the client gives up
                return _end(writer, reset=True)
        writer.write(shown)
        await writer.drain()
        await asyncio.sleep(0.001)  # what was written must arrive before a reset throws it away
        return _end(writer, strike.reset and strike.cut is not Cut.BAD_LENGTH)

    async def _make_them_connect(self) -> None:
        """End every connection in order, and take none for a moment where that is the case."""
        for writer in list(self._open):
            writer.close()
        strike = self._at_connect(Cut.BEFORE_ACCEPT)
        if strike is not None and self._server is not None:
            self._done(strike)
            self._server.close()
            asyncio.get_running_loop().call_later(0.004, lambda: asyncio.ensure_future(self.start()))

    async def refuse_first(self) -> None:
        """Before anything was asked: the very first connection may be the case."""
        if (strike := self._at_connect(Cut.BEFORE_ACCEPT)) is not None and self._server is not None:
            self._done(strike)
            self._server.close()
            asyncio.get_running_loop().call_later(0.004, lambda: asyncio.ensure_future(self.start()))


def _end(writer: asyncio.StreamWriter, reset: bool) -> bool:
    """End a connection; false, as what is over."""
    if reset:
        raw = writer.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    else:
        writer.close()
    return False


def _length(head: bytes) -> int:
    found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return int(found[1]) if found else 0


# -------------------------------------------------------------------------------------------------------- one campaign


@dataclass(slots=True)
class Bench:
    """What the campaigns of one process share."""

    room: Path
    case: stage.Case
    url: str
    journal: Path
    log: io.StringIO
    env: dict[str, str]


def strikes_of(task: Task, batch: int) -> list[Strike]:
    """The five cases of a campaign: they go through cuts, services and positions in turn; ends are drawn."""
    chance = rng(task.seed, batch, "lost")
    found = []
    cuts, services = list(Cut), ("leaf", "sendgrid", "twilio")
    for place in range(PER_CAMPAIGN):
        case = batch * PER_CAMPAIGN + place
        cut = cuts[case % len(cuts)]
        service = services[case // len(cuts) % len(services)]
        found.append(Strike(service, place + 1, cut, chance.random() < 0.5))
    return found


def _growers(batch: int, strikes: list[Strike], path: Path) -> None:
    """Growers in the order in which they are served: the nth request of a service must come about."""
    kinds = ["twilio" if s.service == "twilio" else "sendgrid" for s in strikes]
    both = [kind for kind in ("sendgrid", "twilio") for s in strikes if s.service == kind]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["externalId", "name", "email", "phone"])
        wanted = kinds + [kind for kind in dict.fromkeys(both) for _ in range(PER_CAMPAIGN)]
        for number, kind in enumerate(wanted, 1):
            email = f"b{batch}q{number}@farm.example" if kind == "sendgrid" else ""
            phone = f"+1515555{2000 + number}" if kind == "twilio" else ""
            writer.writerow([f"B{batch}-{number}", f"Zachariah Q{number}", email, phone])


async def _campaign(task: Task, bench: Bench, batch: int, tally: Tally) -> None:
    folder = bench.room / f"b{batch}"
    folder.mkdir()
    strikes = strikes_of(task, batch)
    _growers(batch, strikes, folder / "growers.csv")
    host, _, port = bench.url.removeprefix("http://").partition(":")
    proxy = Proxy((host, int(port)), list(strikes))
    await proxy.start()
    await proxy.refuse_first()
    said: list[str] = []
    code = -1
    try:
        for number in range(MOST_RUNS):
            code = await _run(task, bench, folder, proxy, batch, number, said)
            if code in (0, 4):
                break
    finally:
        await proxy.stop()
    _cut_journal(bench.journal, folder / "journal.jsonl", f"B{batch}-")
    found = oracle.judge(folder, exit_code=code, expect_all=True)
    wrong = found.wrong
    if code not in (0, 4):
        wrong.append(f"I5 not done after {MOST_RUNS} runs, last exit {code}: {' '.join(said)[-300:]}")
    truth, growers = oracle.read_truth(folder / "journal.jsonl"), oracle.read_list(folder / "growers.csv")
    wrong += oracle.leaks([bench.log.getvalue(), *said], truth, growers, _credentials(bench.env))
    bench.log.truncate(0)
    bench.log.seek(0)
    tally.schedules += sum(proxy.struck.values())
    tally.figures["campaigns"] += 1
    tally.figures["not reached"] += len(proxy.strikes) + proxy.passed
    tally.doubts += found.doubts
    for cut, count in proxy.struck.items():
        tally.figures[f"cut {cut}"] += count
    if wrong:
        cases = ", ".join(f"{s.service} {s.nth} {s.cut}{' RST' if s.reset else ''}" for s in strikes)
        tally.wrong(task.layer, task.seed, batch * PER_CAMPAIGN, [f"{'; '.join(dict.fromkeys(wrong))} ({cases})"])
    elif not os.environ.get("LEAFCAST_TORTURE_KEEP"):
        shutil.rmtree(folder)


def _credentials(env: dict[str, str]) -> list[str]:
    return [value for name, value in env.items() if name.endswith(("TOKEN", "KEY", "PASSWORD", "SECRET"))]


async def _run(task: Task, bench: Bench, folder: Path, proxy: Proxy, batch: int, number: int, said: list[str]) -> int:
    chance = rng(task.seed, batch, "lost", number)
    clock = stage.HastyClock(ahead=number * 1000.0)
    env = {name: value.replace(bench.url, f"http://127.0.0.1:{proxy.port}") for name, value in bench.env.items()}
    source = ListFile(folder / "growers.csv", bench.case.job.campaign.list)
    examiner = replace(bench.case.job.examiner, source=source)
    try:
        async with AsyncExitStack() as stack:
            ledger = stack.enter_context(open_ledger(f"sqlite:///{folder}/ledger.db", clock, new_id))
            network = await stack.enter_async_context(open_network(TIMES))
            world = _world(bench, env, network, ledger, clock, chance)
            report = await run_story(world, examiner, examiner.survey(), Brake(), Options(), lambda _due: None)
            if report.stopped is not None:
                said.append(f"{report.stopped.message} {report.stopped.fix}")
            return int(report.exit_code)
    except LeafcastError as error:
        said.append(f"{error.message} {error.fix}")
        return int(error.exit_code)


def _world(
    bench: Bench, env: dict[str, str], network: Any, ledger: Any, clock: Any, chance: random.Random, pace: Any = None
) -> World:
    retrier = Retrier(clock, chance=chance.random)
    leaf, mail, text = settings.leaf_access(env), settings.sendgrid_access(env), settings.twilio_access(env)

    def door(service: Service, url: str) -> Door:
        return Door(service, url, network, rate=pace and pace.of(service), clock=clock)

    renderer = bench.case.job.examiner.renderer
    email = SendGridClient(door(Service.SENDGRID, mail.url), mail, retrier)
    sms = TwilioClient(door(Service.TWILIO, text.url), text, retrier)
    return World(
        ledger=ledger,
        reader=ledger,
        leaf=LeafClient(door(Service.LEAF, leaf.url), leaf, clock, retrier),
        couriers={
            Channel.EMAIL: Courier(Service.SENDGRID, email, renderer.email),
            Channel.SMS: Courier(Service.TWILIO, sms, lambda *what: renderer.sms(*what, now=clock.now())),
        },
        patience=retrier,
        clock=clock,
        new_id=new_id,
        progress=stage.Silence(),
    )


def _cut_journal(source: Path, target: Path, prefix: str) -> None:
    """The lines of one campaign out of the journal of all, which others are still adding to."""
    ids: set[str] = set()
    with target.open("w", encoding="utf-8") as file:
        for line in source.read_text(encoding="utf-8").split("\n")[:-1]:
            if '"link.created"' in line:
                if f'"externalId":"{prefix}' in line:
                    ids.add(oracle.json.loads(line)["id"])
                    file.write(line + "\n")
            elif ids and any(link in ids for link in oracle.json.loads(line).get("links", ())):
                file.write(line + "\n")


# --------------------------------------------------------------------------------------------------------------- parts


@contextmanager
def sandbox(journal: Path, token: str = TOKEN) -> Iterator[tuple[str, dict[str, str]]]:
    """A sandbox in a process of its own; gives its address and the environment for it."""
    made = SandboxSettings(journal=journal)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _serve(made, writing)
    os.close(writing)
    try:
        with os.fdopen(reading) as told:
            url = told.readline().strip()
        yield url, {**made.environment(url), "LEAF_TOKEN": token}
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _serve(made: SandboxSettings, pipe: int) -> None:
    try:
        serve(made, port=0, ready=lambda server: (os.write(pipe, f"{server.url}\n".encode()), None)[1])
    finally:
        os._exit(0)


def part(task: Task, first: int, last: int, deadline: float) -> Tally:
    """The campaigns whose first case is in the range."""
    tally = Tally()
    batches = range(first // PER_CAMPAIGN, max(first // PER_CAMPAIGN + 1, last // PER_CAMPAIGN))
    # Forked first, while this process has one thread only. A journal for each part keeps the cutting short.
    with stage.scratch("lost") as room, sandbox(room / "sandbox.jsonl") as (url, env), _logged() as log:
        case = stage.open_case(stage.Shape("lost", "bb"), room / "case")
        bench = Bench(room, case, url, room / "sandbox.jsonl", log, env)
        asyncio.run(_all(task, bench, batches, tally, lambda: time.monotonic() >= deadline))
    return tally


async def _all(task: Task, bench: Bench, batches: range, tally: Tally, over: Callable[[], bool]) -> None:
    left = iter(batches)

    async def worker() -> None:
        for batch in left:
            if over() or (task.first_failure and tally.violations):
                return
            await _campaign(task, bench, batch, tally)

    await asyncio.gather(*(worker() for _ in range(BESIDE)))


@contextmanager
def _logged() -> Iterator[io.StringIO]:
    """Everything that anybody logs, as text."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield text
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def run(task: Task) -> Tally:
    """The layer."""
    return spread(part, task, 600)
