"""Wiring: settings into clients, clients and ledger into the world of a run. Nothing is decided here."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from leafcast.cli.failing import STOPPING
from leafcast.cli.printing import Voice, problem_lines
from leafcast.cli.progress import Meter, SilentProgress, watching
from leafcast.cli.surroundings import environment
from leafcast.decide.campaign import Campaign
from leafcast.decide.ledger.tallying import counts_of
from leafcast.decide.rendering import Renderer
from leafcast.edge import settings
from leafcast.edge.http import Door, Retrier, open_network
from leafcast.edge.leaf import LeafClient
from leafcast.edge.ledger import copy_ledger, open_ledger, open_reader
from leafcast.edge.system import SystemClock, new_id
from leafcast.errors import Interrupted, LedgerUnusable, UsageError
from leafcast.model import Channel, Counts, Due, Service, Severity
from leafcast.ports import Clock, LinkMaker
from leafcast.stories.brake import Brake
from leafcast.stories.run import Confirm, RunReport
from leafcast.stories.world import Courier, World

if TYPE_CHECKING:
    from leafcast.cli.job import Job
    from leafcast.edge.sendgrid import SendGridClient
    from leafcast.edge.twilio import TwilioClient
    from leafcast.edge.webhook import WebhookClient

T = TypeVar("T")
R = TypeVar("R", bound=RunReport)
Story = Callable[[World, Brake, Confirm], Awaitable[R]]


@dataclass(frozen=True, slots=True)
class Access:
    """Credentials and addresses of the services that a campaign uses."""

    leaf: settings.LeafAccess
    sendgrid: settings.SendGridAccess | None
    twilio: settings.TwilioAccess | None
    webhook: settings.WebhookAccess | None


@dataclass(frozen=True, slots=True)
class Clients:
    """The services, ready to be asked."""

    leaf: LeafClient
    email: SendGridClient | None
    sms: TwilioClient | None
    webhook: WebhookClient | None
    retrier: Retrier
    doors: Mapping[Service, Door]


def read_settings(campaign: Campaign) -> Access:
    """The environment, and `.env` of the current folder below it. Raises UsageError naming all that is missing."""
    env = environment()
    faults: list[UsageError] = []

    def part(read: Callable[[Mapping[str, str]], T]) -> T | None:
        try:
            return read(env)
        except UsageError as fault:
            faults.append(fault)
            return None

    leaf = part(settings.leaf_access)
    sendgrid = part(settings.sendgrid_access) if Channel.EMAIL in campaign.channels else None
    twilio = part(settings.twilio_access) if Channel.SMS in campaign.channels else None
    webhook = part(settings.webhook_access) if Channel.WEBHOOK in campaign.channels else None
    if faults or leaf is None:
        raise UsageError("\n".join(f"{fault.message}. {fault.fix}" for fault in faults))
    return Access(leaf, sendgrid, twilio, webhook)


def rate_of(campaign: Campaign, service: Service) -> float | None:
    """Requests per second to a service: its pace, and for texts no more than the sender carries segments."""
    pace = campaign.pace.of(service)
    segments = campaign.sms.segments_per_second if service is Service.TWILIO and campaign.sms else None
    return min((rate for rate in (pace, segments) if rate is not None), default=None)


@asynccontextmanager
async def clients(campaign: Campaign, access: Access, clock: Clock) -> AsyncIterator[Clients]:
    """Open the network, with one door for each service at the campaign's pace."""
    async with open_network() as network:
        retrier = Retrier(clock)
        doors: dict[Service, Door] = {}

        def door(service: Service, url: str) -> Door:
            doors[service] = Door(service, url, network, rate=rate_of(campaign, service), clock=clock)
            return doors[service]

        email: SendGridClient | None = None
        sms: TwilioClient | None = None
        if access.sendgrid is not None:
            from leafcast.edge.sendgrid import SendGridClient

            email = SendGridClient(door(Service.SENDGRID, access.sendgrid.url), access.sendgrid, retrier)
        if access.twilio is not None:
            from leafcast.edge.twilio import TwilioClient

            sms = TwilioClient(
                door(Service.TWILIO, access.twilio.url),
                access.twilio,
                retrier,
                segments_per_second=campaign.sms.segments_per_second if campaign.sms else None,
            )
        webhook: WebhookClient | None = None
        if access.webhook is not None and campaign.webhook is not None:
            from leafcast.edge.webhook import WebhookClient, origin_and_path

            origin, path = origin_and_path(campaign.webhook.url)
            webhook = WebhookClient(door(Service.WEBHOOK, origin), path, access.webhook.secret, clock)
        leaf = LeafClient(door(Service.LEAF, access.leaf.url), access.leaf, clock, retrier)
        yield Clients(leaf, email, sms, webhook, retrier, doors)


def couriers(renderer: Renderer, made: Clients, clock: Clock) -> dict[Channel, Courier[Any]]:
    """Who writes and who carries, for each channel in use."""
    found: dict[Channel, Courier[Any]] = {}
    if made.email is not None:
        found[Channel.EMAIL] = Courier(Service.SENDGRID, made.email, renderer.email)
    if made.sms is not None:
        found[Channel.SMS] = Courier(
            Service.TWILIO,
            made.sms,
            lambda *what: renderer.sms(*what, now=clock.now()),
            lambda *what: renderer.stamped(*what, now=clock.now()),
        )
    if made.webhook is not None:
        found[Channel.WEBHOOK] = Courier(Service.WEBHOOK, made.webhook, renderer.webhook)
    return found


async def conduct(voice: Voice, job: Job, ledger_url: str, story: Story[R], confirm: Confirm) -> R:
    """Let a story happen for real: hold the ledger, open the services, and from the person's yes on let Ctrl-C and
    SIGTERM end it in order."""
    clock = SystemClock()
    access = read_settings(job.campaign)
    with ExitStack() as minding, open_ledger(ledger_url, clock, new_id) as ledger:
        async with clients(job.campaign, access, clock) as made:
            brake, meter = Brake(), Meter(clock, made.doors)

            def confirmed(due: Due) -> None:
                confirm(due)
                meter.expect(due.messages)
                minding.enter_context(minding_signals(voice, brake))

            with watching(voice, clock, meter) as progress:
                world = World(
                    ledger=ledger,
                    reader=ledger,
                    leaf=made.leaf,
                    couriers=couriers(job.examiner.renderer, made, clock),
                    patience=made.retrier,
                    clock=clock,
                    new_id=new_id,
                    progress=progress,
                )
                try:
                    return await story(world, brake, confirmed)
                except asyncio.CancelledError:  # the second signal
                    raise KeyboardInterrupt from None


class _Enough(Exception):
    """The rehearsal has come to the question that a person would be asked."""


class _Nobody:
    """In the place of every service while rehearsing: nothing may get as far as this."""

    async def ready(self) -> Any:
        """Never asked."""
        raise AssertionError("a rehearsal asked a service")

    create = send = ready


async def rehearse(ledger_url: str, story: Story[RunReport]) -> Due:
    """What the story would do, found out on a copy of the ledger that is thrown away afterwards."""
    clock = SystemClock()
    asked: list[Due] = []

    def confirm(due: Due) -> None:
        asked.append(due)
        raise _Enough

    with tempfile.TemporaryDirectory(prefix="leafcast-") as folder:
        copy = f"sqlite:///{folder}/rehearsal.db"
        copy_ledger(ledger_url, copy)
        with open_ledger(copy, clock, new_id) as ledger:
            nobody: Any = _Nobody()
            leaf: LinkMaker = nobody
            world = World(ledger, ledger, leaf, {}, Retrier(clock), clock, new_id, SilentProgress())
            with suppress(_Enough):
                await story(world, Brake(), confirm)
    return asked[0] if asked else Due(0, {}, 0)


def counts_now(ledger_url: str, campaign: str) -> Counts:
    """Where a campaign stands in a ledger; all zero for one that nothing was written down of yet."""
    with suppress(LedgerUnusable), open_reader(ledger_url) as reader:
        return reader.counts(campaign)
    return counts_of([], created=0, failed=0, growers=0, excluded=0, held_until=None)


async def probe(voice: Voice, campaign: Campaign) -> None:
    """Ask each service one harmless question. Raises UsageError when an answer says that a run would not get far."""
    clock = SystemClock()
    async with clients(campaign, read_settings(campaign), clock) as made:
        questions = [made.leaf.probe()]
        if made.email is not None and campaign.email is not None:
            questions.append(made.email.probe(campaign.email.sender))
        if made.sms is not None and campaign.sms is not None:
            questions.append(made.sms.probe(campaign.sms.sender, campaign.sms.messaging_service))
        found = [problem for answers in await asyncio.gather(*questions) for problem in answers]
    for line in problem_lines(found, examples=None):
        voice.error(line)
    if any(problem.severity is Severity.ERROR for problem in found):
        raise UsageError("A run would not get far with these services", fix="Mend the above, and check again.")
    voice.note("Leaf, SendGrid and Twilio answer, as far as this campaign needs them.")


@contextmanager
def minding_signals(voice: Voice, brake: Brake) -> Iterator[None]:
    """The first signal ends a run in order: what is under way is finished, nothing new begins. The next one ends it at
    once, by cancelling the task that this is called in: an exception out of a signal handler would come up in whichever
    of the tasks happens to run."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    before = {number: signal.getsignal(number) or signal.SIG_DFL for number in STOPPING}
    minded = [number for number, handler in before.items() if handler is not signal.SIG_IGN]

    def release() -> None:
        for number in minded:
            loop.remove_signal_handler(number)
            signal.signal(number, before[number])

    def end() -> None:
        release()
        if task is not None:
            task.cancel()

    def stop(number: signal.Signals) -> None:
        for each in minded:
            loop.add_signal_handler(each, end)
        voice.note("Stopping: what is under way is finished, nothing new begins. Once more stops at once.")
        by = "Ctrl-C" if number is signal.SIGINT else number.name
        brake.pull(Interrupted(f"Interrupted by {by}."))

    for number in minded:
        loop.add_signal_handler(number, partial(stop, number))
    try:
        yield
    finally:
        release()
