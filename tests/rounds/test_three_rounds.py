"""Three rounds against the sandbox, its clock and ours moved together: who is written to, and who is not.

`LEAFCAST_ROUNDS=500` makes it a season's list.
"""

from __future__ import annotations

import asyncio
import csv
import os
import random
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from leafcast.cli.job import Job, open_job
from leafcast.cli.progress import SilentProgress
from leafcast.cli.services import Access, clients, couriers
from leafcast.decide.rounddecisions import Decision
from leafcast.edge import settings
from leafcast.edge.ledger import open_ledger
from leafcast.edge.system import SystemClock, new_id
from leafcast.errors import ExitCode
from leafcast.sandbox.server import RunningSandbox, SandboxSettings, running
from leafcast.stories.brake import Brake
from leafcast.stories.following import Watch
from leafcast.stories.reinvite import Stand, reinvite
from leafcast.stories.run import Options, run
from leafcast.stories.world import World

GROWERS = int(os.environ.get("LEAFCAST_ROUNDS", "30"))
DAY = 86_400
MAX_ROUNDS, MIN_DAYS = 2, 7
CAMPAIGN = {
    "campaign": "season",
    "list": {"file": "growers.csv"},
    "brand": {"companyName": "Prairie Co-op", "postalAddress": "1 Main St, Ames IA"},
    "link": {"expiresIn": "30d", "rules": [{"type": "provider", "allowedProviders": ["JohnDeere", "CNHIFieldOps"]}]},
    "channels": ["email"],
    "email": {"from": "Prairie <connect@prairie.example>", "subject": "Connect your data"},
    "pace": {"leaf": "unlimited", "sendgrid": "unlimited"},
    "reinvite": {"when": ["expired", "used up"], "maxRounds": MAX_ROUNDS, "minDays": MIN_DAYS},
}


class MovedClock(SystemClock):
    """The machine's clock, moved forward with the sandbox's."""

    moved = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.moved)


class Enough(Exception):
    """A rehearsal has shown what it would do."""


@dataclass
class Season:
    """A campaign, the sandbox, and what happened so far."""

    folder: Path
    sandbox: RunningSandbox
    clock: MovedClock = field(default_factory=MovedClock)
    connected: set[str] = field(default_factory=set)
    emails: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        (self.folder / "season.yaml").write_text(yaml.safe_dump(CAMPAIGN, sort_keys=False))
        with (self.folder / "growers.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["externalId", "name", "email"])
            writer.writerows([one, f"Grower {one}", address(one)] for one in growers())

    def wait(self, days: float) -> None:
        self.clock.moved += days * DAY
        self.sandbox.advance(days * DAY)

    def connect(self, external_id: str) -> None:
        self.sandbox.control("connect", {"externalId": external_id, "provider": "JohnDeere"})
        self.connected.add(external_id)

    def run(self) -> ExitCode:
        async def go(world: World, job: Any, _leaf: Any) -> ExitCode:
            done = await run(world, job, job.survey(), Brake(), Options(), lambda _due: None)
            return done.exit_code

        return self._with(go)

    def decided(self, slot: str) -> list[Decision]:
        """What `reinvite --dry-run` shows."""
        shown: list[Decision] = []

        def stop(_due: object) -> None:
            raise Enough

        async def go(world: World, job: Any, leaf: Any) -> None:
            stand = Stand(world.ledger, Watch(world.ledger, world.ledger, leaf, self.clock), leaf)
            with suppress(Enough):
                await reinvite(world, stand, job, Brake(), Options(), slot, shown.extend, stop)

        self._with(go)
        return shown

    def reinvite(self, slot: str) -> list[str]:
        """One round, with every promise held against it; who got a message."""
        rehearsed = {one.external_id: (one.due, one.words, one.link) for one in self.decided(slot)}
        before = dict(self.received())
        shown = self.again(slot)
        assert {one.external_id: (one.due, one.words, one.link) for one in shown} == rehearsed
        assert set(rehearsed) == set(growers())
        after = self.received()
        written = sorted(one for one in growers() if len(after[address(one)]) > len(before.get(address(one), ())))
        assert written == sorted(one for one, (due, _, _) in rehearsed.items() if due)
        assert not self.connected & set(written)
        self.judge(after)
        return written

    def again(self, slot: str) -> list[Decision]:
        """One round, and what was decided in it."""
        shown: list[Decision] = []

        async def go(world: World, job: Any, leaf: Any) -> ExitCode:
            stand = Stand(world.ledger, Watch(world.ledger, world.ledger, leaf, self.clock), leaf)
            done = await reinvite(world, stand, job, Brake(), Options(), slot, shown.extend, lambda _due: None)
            return done.exit_code

        assert self._with(go) is ExitCode.DONE
        return shown

    def received(self) -> dict[str, list[float]]:
        """When the sandbox took each message, by address."""
        found: dict[str, list[float]] = defaultdict(list)
        for message in self.sandbox.state()["emails"]:
            found[message["to"]].append(message["at"])
        return found

    def judge(self, received: dict[str, list[float]]) -> None:
        """Nobody too often or too soon, and one live link each."""
        for times in received.values():
            assert len(times) <= 1 + MAX_ROUNDS
            assert all(later - sooner >= MIN_DAYS * DAY for sooner, later in pairwise(times))
        now, live = self.clock.now().timestamp(), defaultdict(int)
        for link in self.sandbox.state()["links"]:
            live[link["externalId"]] += not link["deleted"] and link["expiresAt"] > now
        assert max(live.values()) <= 1

    def job(self) -> Job:
        return open_job(self.folder / "season.yaml")

    def _with(self, story: Any) -> Any:
        job = self.job()

        async def go() -> Any:
            env = {**self.sandbox.credentials}
            access = Access(settings.leaf_access(env), settings.sendgrid_access(env), None, None)
            examiner = replace(job.examiner, now=self.clock.now())
            url = f"sqlite:///{self.folder}/leafcast.db"
            with open_ledger(url, self.clock, new_id) as ledger:
                async with clients(job.campaign, access, self.clock) as made:
                    carriers = couriers(examiner.renderer, made, self.clock)
                    world = World(
                        ledger, ledger, made.leaf, carriers, made.retrier, self.clock, new_id, SilentProgress()
                    )
                    return await story(world, examiner, made.leaf)

        return asyncio.run(go())


def growers() -> list[str]:
    return [f"G-{number:04d}" for number in range(1, GROWERS + 1)]


def address(external_id: str) -> str:
    return f"{external_id.lower()}@farm.example"


@pytest.fixture
def season(tmp_path: Path) -> Iterator[Season]:
    with running(SandboxSettings()) as sandbox:
        yield Season(tmp_path, sandbox)


def test_three_rounds(season):
    """Nobody connected is written to, nobody more than maxRounds or sooner than minDays, one live link each, and every
    decision was told by a rehearsal before."""
    chance = random.Random(2026)
    assert season.run() is ExitCode.DONE

    season.wait(10)
    busy = chance.sample(growers(), GROWERS // 10)
    for one in busy:
        season.sandbox.control("click", {"externalId": one, "times": 1_000})
    for one in chance.sample(growers(), GROWERS // 3):
        season.connect(one)
    first = season.reinvite("2026-03-10")
    assert set(first) == set(busy) - season.connected
    assert season.reinvite("2026-03-10") == []
    season.wait(2)
    assert season.reinvite("2026-03-12") == []

    season.wait(19)
    second = season.reinvite("2026-03-31")
    assert set(second) == set(growers()) - season.connected - set(first)
    for one in chance.sample(second, len(second) // 3):
        season.connect(one)

    season.wait(31)
    third = season.reinvite("2026-05-01")
    assert set(third) == set(growers()) - season.connected
    season.wait(31)
    last = season.reinvite("2026-06-01")
    assert set(last) == set()
    assert {one.why_not for one in season.decided("2026-06-02")} == {"connected", "maxRounds"}
