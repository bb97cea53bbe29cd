"""A whole run in memory: a real campaign, real templates, the twins of the ledger and the services, virtual time."""

from __future__ import annotations

import asyncio
import itertools
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from leafcast.decide.campaign import Campaign, load
from leafcast.decide.growers import Judge
from leafcast.decide.linking import Linker
from leafcast.decide.rendering import Renderer
from leafcast.edge.campaignfile import read_templates
from leafcast.edge.http.retrier import Retrier
from leafcast.edge.memory import MemoryLedger, ScriptedLeaf, ScriptedSender, VirtualClock
from leafcast.edge.shipped import TEMPLATES, shipped
from leafcast.model import Channel, Due, EmailMessage, Outcome, Row, Service, SmsMessage, WebhookMessage
from leafcast.stories.allowing import Allowed, allowing
from leafcast.stories.brake import Brake
from leafcast.stories.prepare import Examiner
from leafcast.stories.run import Options, RunReport, retry, run
from leafcast.stories.world import Courier, World

COLUMNS = ("externalId", "name", "email", "phone", "leafUserId", "linkType", "provider", "allowedProviders", "timezone")

CAMPAIGN = """
campaign: spring
list: {file: growers.csv, region: US}
brand: {companyName: Prairie Co-op, supportEmail: help@prairie.example, postalAddress: "1 Main St, Ames IA"}
link:
  expiresIn: 30d
  rules:
    - {when: grower.provider, type: authentication, provider: "{{ grower.provider }}"}
    - {type: provider, allowedProviders: [JohnDeere, ClimateFieldView]}
channels: [email, sms]
email: {from: "Prairie <connect@prairie.example>", subject: "Connect your data"}
sms: {from: "+15155550100"}
pace: {leaf: unlimited, sendgrid: unlimited, twilio: unlimited}
"""


class Rows:
    """A list in memory."""

    def __init__(self, rows: Sequence[Mapping[str, str]]) -> None:
        self.cells = [{column: row.get(column, "") for column in COLUMNS} | dict(row) for row in rows]

    def rows(self) -> Iterator[Row]:
        for number, cells in enumerate(self.cells, start=2):
            yield Row(number, number, cells)


class Silence:
    """Progress that nobody watches."""

    def planned(self, messages: int) -> None: ...

    def settled(self, channel: Channel, outcome: Outcome) -> None: ...

    def notice(self, text: str) -> None: ...


@dataclass
class Stage:
    """Everything a run touches, and what it did afterwards."""

    campaign: Campaign
    rows: Rows
    clock: VirtualClock = field(default_factory=VirtualClock)

    def __post_init__(self) -> None:
        numbers = itertools.count(1)
        self.new_id = lambda: f"id-{next(numbers)}"
        self.ledger = MemoryLedger(self.clock, self.new_id)
        self.leaf = ScriptedLeaf(self.clock)
        self.email: ScriptedSender[EmailMessage] = ScriptedSender()
        self.sms: ScriptedSender[SmsMessage] = ScriptedSender()
        self.app: ScriptedSender[WebhookMessage] = ScriptedSender()
        self.confirmed: list[Due] = []
        self.brake = Brake()

    @property
    def examiner(self) -> Examiner:
        linker = Linker(self.campaign, COLUMNS)
        renderer = Renderer(self.campaign, read_templates(shipped(TEMPLATES)), COLUMNS)
        return Examiner(
            self.campaign,
            self.rows,
            Judge("US", addressed=bool(self.campaign.channels)),
            linker,
            renderer,
            self.clock.now(),
        )

    def world(self) -> World:
        renderer = self.examiner.renderer
        couriers: dict[Channel, Courier[Any]] = {
            Channel.EMAIL: Courier(Service.SENDGRID, self.email, renderer.email),
            Channel.SMS: Courier(
                Service.TWILIO,
                self.sms,
                lambda *what: renderer.sms(*what, now=self.clock.now()),
                lambda *what: renderer.stamped(*what, now=self.clock.now()),
            ),
            Channel.WEBHOOK: Courier(Service.WEBHOOK, self.app, renderer.webhook),
        }
        return World(
            self.ledger, self.ledger, self.leaf, couriers, Retrier(self.clock), self.clock, self.new_id, Silence()
        )

    def run(
        self, confirm: Callable[[Due], None] | None = None, allowed: Allowed | None = None, **options: Any
    ) -> RunReport:
        async def go() -> RunReport:
            self.brake = Brake()
            examiner = self.examiner
            return await run(
                self.world() if allowed is None else allowing(self.world(), allowed),
                examiner,
                examiner.survey(),
                self.brake,
                Options(**options),
                confirm or self.confirmed.append,
            )

        return asyncio.run(go())

    def retry(self, channel: Channel | None = None, **options: Any) -> RunReport:
        async def go() -> RunReport:
            self.brake = Brake()
            options_ = Options(**options)
            return await retry(self.world(), self.examiner, self.brake, options_, self.confirmed.append, channel)

        return asyncio.run(go())

    def states(self) -> dict[tuple[str, Channel], str]:
        """What the ledger holds: (grower, channel) to state."""
        return {(row.external_id, row.channel): str(row.message_status) for row in self.ledger.rows("spring")}


def grower(number: int, **cells: str) -> dict[str, str]:
    return {"externalId": f"G-{number}", "name": f"Grower {number}", "email": f"g{number}@farm.example"} | cells


def phone_only(number: int, **cells: str) -> dict[str, str]:
    return grower(number, email="", phone=f"+1515555{number:04d}", **cells)


@pytest.fixture
def stage() -> Callable[..., Stage]:
    """Builds a stage: rows, and changes to the campaign's text as (old, new)."""

    def build(rows: Sequence[Mapping[str, str]], *changes: tuple[str, str]) -> Stage:
        text = textwrap.dedent(CAMPAIGN)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        return Stage(load(text, "spring.yaml"), Rows(rows))

    return build
