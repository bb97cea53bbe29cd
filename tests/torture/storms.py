"""L8: services that say "later" for long, in virtual time, with every form of `Retry-After`.

Real stories, clients, doors and retries over a network that is simulated: each service takes so many requests a
second, and has outages (429, 503, no connection) at drawn times. A person starts the command again ten minutes
after it stopped. Counted are the requests that were sent against those that were needed, and how many an outage
swallowed.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
import random
import shutil
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from tests.torture import disk, lost, oracle, stage
from tests.torture.common import Tally, Task, rng, spread
from tests.torture.virtual import Jumpy, LoopWriter

from leafcast.decide.campaign import Pace
from leafcast.decide.replies import Answer, Fault, NotSent
from leafcast.edge.ledger import open_ledger
from leafcast.edge.listfile import ListFile
from leafcast.errors import LeafcastError
from leafcast.sandbox.settings import SandboxSettings
from leafcast.stories.brake import Brake
from leafcast.stories.run import Options
from leafcast.stories.run import run as run_story

GROWERS = 120
LATENCY = 0.05
TOOTH = 10.0
"""Seconds that a saw goes down for, and is up for."""
MOST_RUNS = 40
AGAIN = 600.0
WASTE_MARK, AMPLIFICATION_MARK = 10, 1.05
RUNAWAY = 400
"""More requests than this into one outage is no missed mark but a run that nothing stops."""
FORMS = ("missing", "zero", "negative", "seconds", "long", "date", "past date", "year", "garbage", "reset", "fraction")
KINDS = ("429", "429", "saw", "503", "503 processed", "connect", "limit")


@dataclass(slots=True)
class Outage:
    """A span in which one service takes nothing."""

    service: str
    start: float
    end: float
    kind: str
    form: str
    wasted: Counter[int] = field(default_factory=Counter)
    """Requests that it swallowed, by the number of the tooth. A service that goes down for ten seconds and is up for
    ten has an outage each time; it takes requests between, and whoever asked it only once a break would be blamed for
    thirty outages as if they were one. What all of them cost together shows in the amplification."""


@dataclass(slots=True)
class Weather:
    """The simulated network; fulfils `Network`."""

    clock: Any
    journal: Path
    outages: list[Outage]
    limits: dict[str, float]
    chance: random.Random
    sent: Counter[str] = field(default_factory=Counter)
    good: Counter[str] = field(default_factory=Counter)
    limited: Counter[str] = field(default_factory=Counter)
    most: int = 0
    _under_way: int = 0
    _recent: dict[str, list[float]] = field(default_factory=dict)

    async def send(self, method: str, url: str, headers: Any, body: bytes | None, *_more: Any) -> Any:
        """Answer one request."""
        service = url.split("/")[3]
        self.sent[service] += 1
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        await self.clock.sleep(LATENCY * self.chance.uniform(0.6, 1.4))
        self._under_way -= 1
        now = self.clock.monotonic()
        outage = next((o for o in self.outages if o.service == service and o.start <= now < o.end), None)
        if outage is not None and self._strikes(outage, now):
            outage.wasted[int((now - outage.start) / TOOTH) if outage.kind == "saw" else 0] += 1
            return self._refused(outage, now, service, body)
        recent = [at for at in self._recent.get(service, []) if now - at < 1.0]
        if len(recent) >= self.limits.get(service, 1e9):
            self.limited[service] += 1
            return self._answer(429, self._headers("missing", now + 1, now))
        self._recent[service] = [*recent, now]
        self.good[service] += 1
        return self._taken(service, body)

    def _strikes(self, outage: Outage, now: float) -> bool:
        return outage.kind != "saw" or int((now - outage.start) / TOOTH) % 2 == 0

    def _refused(self, outage: Outage, now: float, service: str, body: bytes | None) -> Any:
        match outage.kind:
            case "connect":
                return NotSent(Fault.REFUSED)
            case "503":
                return self._answer(503, self._headers(outage.form, outage.end, now))
            case "503 processed":
                self._taken(service, body)
                return self._answer(503, {})
            case _:
                return self._answer(429, self._headers(outage.form, outage.end, now))

    def _headers(self, form: str, end: float, now: float) -> dict[str, str]:  # noqa: C901 - told in order
        wall = self.clock.now()
        left = max(1, int(end - now))
        match form:
            case "zero":
                return {"Retry-After": "0"}
            case "negative":
                return {"Retry-After": "-5"}
            case "seconds":
                return {"Retry-After": str(min(left, 30))}
            case "long":
                return {"Retry-After": str(left)}
            case "date":
                return {"Retry-After": format_datetime(wall + timedelta(seconds=left), usegmt=True)}
            case "past date":
                return {"Retry-After": format_datetime(wall - timedelta(hours=1), usegmt=True)}
            case "year":
                return {"Retry-After": "31536000"}
            case "garbage":
                return {"Retry-After": "soon"}
            case "reset":
                return {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(wall.timestamp()) + min(left, 60))}
            case "fraction":
                return {"Retry-After": "2.5"}
            case _:
                return {}

    def _answer(self, status: int, headers: dict[str, str], body: Any = None) -> Answer:
        return Answer(
            status, {name.lower(): value for name, value in headers.items()}, json.dumps(body or {}).encode(), True
        )

    def _taken(self, service: str, body: bytes | None) -> Answer:
        if service == "leaf":
            asked = json.loads(body or b"{}")
            link = f"lnk{self.chance.getrandbits(48):012x}"
            self._write(kind="link.created", id=link, externalId=asked["externalId"])
            expires = self.clock.now() + timedelta(seconds=asked["expiresIn"])
            answer = {
                "id": link, "leafUserId": f"user-{asked['externalId']}", "link": f"http://127.0.0.1:9/magic/{link}",
                "expiresAt": expires.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "expiresIn": asked["expiresIn"],
            }  # fmt: skip
            return self._answer(201, {"content-type": "application/json"}, answer)
        if service == "sendgrid":
            mail = json.loads(body or b"{}")
            text = " ".join(part["value"] for part in mail["content"])
            links = sorted(set(stage.LINK_ID.findall(text)))
            self._write(kind="email", to=mail["personalizations"][0]["to"][0]["email"], links=links)
            return self._answer(202, {"x-message-id": f"x{self.chance.getrandbits(64):x}"})
        form = parse_qs((body or b"").decode())
        links = sorted(set(stage.LINK_ID.findall(form["Body"][0])))
        self._write(kind="text", to=form["To"][0], links=links)
        return self._answer(
            201, {"content-type": "application/json"}, {"sid": f"SM{self.chance.getrandbits(128):032x}"}
        )

    def _write(self, **line: Any) -> None:
        with self.journal.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _growers(path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["externalId", "name", "email", "phone"])
        for number in range(1, GROWERS + 1):
            texts = number % 3 == 0
            email, phone = ("", f"+1515555{2000 + number}") if texts else (f"zq{number}@farm.example", "")
            writer.writerow([f"G-{number}", f"Zachariah Q{number}", email, phone])


def part(task: Task, first: int, last: int, deadline: float) -> Tally:
    """Some storms."""
    disk.register(keeping=False)
    stage.warm()
    tally = Tally()
    with stage.scratch("storms") as room:
        case = stage.open_case(stage.Shape("storms", "bb"), room / "case")
        for number in range(first, last):
            if time.monotonic() >= deadline:
                break
            _storm(task, number, case, room, tally)
            if task.first_failure and tally.violations:
                break
    return tally


def _storm(task: Task, number: int, case: stage.Case, room: Path, tally: Tally) -> None:  # noqa: C901 - told in order
    chance = rng(task.seed, number, "storms")
    folder = room / f"w{number}"
    folder.mkdir()
    _growers(folder / "growers.csv")
    kind, form = KINDS[number % len(KINDS)], FORMS[number // len(KINDS) % len(FORMS)]
    service = chance.choice(("leaf", "sendgrid", "twilio"))
    start = chance.uniform(0, 6)
    outages = []
    limits: dict[str, float] = {}
    if kind == "limit":
        limits[service] = chance.choice((3.0, 6.0))
    else:
        length = chance.choice((5.0, 60.0, 600.0))
        outages.append(Outage(service, start, start + length, kind, form))
    pace = Pace(leaf=20.0, sendgrid=20.0, twilio=10.0)
    clock = Jumpy()
    LoopWriter.chance = random.Random(chance.getrandbits(64))
    weather = Weather(clock, folder / "journal.jsonl", outages, limits, chance)
    said: list[str] = []
    code = -1
    runs = 0
    while runs < MOST_RUNS:
        runs += 1
        code = asyncio.run(_run(case, folder, pace, weather, clock, chance, said))
        if code in (0, 4):
            break
        clock.advance(AGAIN)
    found = oracle.judge(folder, exit_code=code)
    wrong = [*found.wrong]
    if code not in (0, 4):
        wrong.append(f"I5 not done after {MOST_RUNS} runs, last exit {code}: {' '.join(said)[-300:]}")
    sent, good = sum(weather.sent.values()), sum(weather.good.values())
    wasted = max([most for outage in outages for most in outage.wasted.values()], default=0)
    amplification = sent / max(good, 1)
    tally.schedules += 1
    tally.doubts += found.doubts
    tally.figures["runs"] += runs
    tally.figures["requests sent"] += sent
    tally.figures["requests needed"] += good
    label = f"{kind} {form}" if kind in ("429", "saw", "503") else kind
    tally.peak(f"wasted in an outage, {kind}", wasted)
    tally.peak("amplification", round(amplification, 3))
    tally.peak(f"amplification, {kind}", round(amplification, 3))
    if wasted > WASTE_MARK:
        tally.figures[f"outages over {WASTE_MARK} wasted requests"] += 1
        tally.figures[f"over the mark, {label}"] += 1
    if amplification > AMPLIFICATION_MARK:
        tally.figures[f"storms over {AMPLIFICATION_MARK}"] += 1
    if wasted > RUNAWAY:
        wrong.append(f"{wasted} requests went into one outage ({label})")
    if found.doubts > BUDGET * runs + weather.most:
        wrong.append(f"{found.doubts} doubts, though more than {BUDGET} in a run should stop it ({label})")
    failed = found.states["failed"]
    tally.figures["messages given up as failed"] += failed
    if wrong:
        tally.wrong(task.layer, task.seed, number, [*dict.fromkeys(wrong)][:3])
    elif not os.environ.get("LEAFCAST_TORTURE_KEEP"):
        shutil.rmtree(folder)


BUDGET = 6


async def _run(
    case: stage.Case, folder: Path, pace: Pace, weather: Weather, clock: Any, chance: random.Random, said: list[str]
) -> int:
    ids = random.Random(chance.getrandbits(64))
    env = {**SandboxSettings().environment("http://127.0.0.1:9"), "LEAF_TOKEN": "sandbox-leaf-token"}
    source = ListFile(folder / "growers.csv", case.job.campaign.list)
    examiner = replace(case.job.examiner, source=source)
    bench = lost.Bench(folder, case, "", folder, lost.io.StringIO(), env)

    def new_id() -> str:
        return f"{ids.getrandbits(128):032x}"

    try:
        with open_ledger(f"sqlite:///{folder}/ledger.db", clock, new_id, LoopWriter) as ledger:
            world = lost._world(bench, env, weather, ledger, clock, chance, pace)
            report = await run_story(world, examiner, examiner.survey(), Brake(), Options(), lambda _due: None)
            if report.stopped is not None:
                said.append(f"{report.stopped.message} {report.stopped.fix}")
            return int(report.exit_code)
    except LeafcastError as error:
        said.append(f"{error.message} {error.fix}")
        return int(error.exit_code)


def run(task: Task) -> Tally:
    """The layer."""
    # The notes say which marks were missed; they are no violations of a promise, and published all the same.
    tally = spread(part, task, 20)
    if needed := tally.figures["requests needed"]:
        tally.notes.append(f"{tally.figures['requests sent'] / needed:.3f} requests sent for each that was needed")
    for name in list(tally.figures):
        if name.startswith("over the mark"):
            tally.notes.append(f"{name}: {tally.figures.pop(name)}")
    return tally
