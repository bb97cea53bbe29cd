"""Each client against the sandbox, which shares no code with it: credentials, requests, look-ups and faults."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from leafcast.edge.http import Door, Retrier, Timeouts, open_network
from leafcast.edge.leaf import LeafClient
from leafcast.edge.sendgrid import SendGridClient
from leafcast.edge.settings import leaf_access, sendgrid_access, twilio_access, webhook_access
from leafcast.edge.system import SystemClock
from leafcast.edge.twilio import TwilioClient
from leafcast.edge.webhook import WebhookClient, origin_and_path
from leafcast.model import LinkType, Service, Verdict
from leafcast.sandbox.server import RunningSandbox, running


@pytest.fixture(scope="module")
def world() -> Iterator[RunningSandbox]:
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(world: RunningSandbox) -> RunningSandbox:
    world.reset()
    world.faults()
    return world


class Clients:
    """All of them, as the sandbox's own environment makes them."""

    def __init__(self, sandbox: RunningSandbox, network: Any) -> None:
        clock, env = SystemClock(), sandbox.credentials
        retrier = Retrier(clock, chance=lambda: 0.01)

        def door(service: Service, url: str) -> Door:
            return Door(service, url, network, rate=None, clock=clock)

        leaf, mail, text = leaf_access(env), sendgrid_access(env), twilio_access(env)
        self.leaf = LeafClient(door(Service.LEAF, leaf.url), leaf, clock, retrier)
        self.sendgrid = SendGridClient(door(Service.SENDGRID, mail.url), mail, retrier)
        self.twilio = TwilioClient(door(Service.TWILIO, text.url), text, retrier)
        origin, path = origin_and_path(sandbox.webhook_url)
        self.webhook = WebhookClient(door(Service.WEBHOOK, origin), path, webhook_access(env).secret, clock)


def use(sandbox: RunningSandbox, what: Callable[[Clients], Any], **timeouts: float) -> Any:
    async def main() -> Any:
        async with open_network(Timeouts(**timeouts)) as network:
            return await what(Clients(sandbox, network))

    return asyncio.run(main())


@pytest.mark.parametrize("kind", LinkType)
def test_the_life_of_a_link(sandbox: RunningSandbox, lab: Any, kind: LinkType) -> None:
    """Made for a new user and for that user again, listed, got, deleted and then gone."""

    async def live(clients: Clients) -> Any:
        leaf = clients.leaf
        made = await leaf.create(lab.request(kind), await leaf.ready())
        assert made.link is not None, made
        again = await leaf.create(lab.request(kind, leaf_user_id=made.link.leaf_user_id), await leaf.ready())
        assert again.link is not None, again
        listed = await leaf.links(kind)
        assert {link.id for link in listed} == {made.link.id, again.link.id}
        one = await leaf.link(kind, made.link.id)
        assert one in listed
        assert (await leaf.delete(kind, made.link.id)).verdict is Verdict.ACCEPTED
        assert (await leaf.link(kind, made.link.id)).code == "http-404"
        (user,) = await leaf.users("G-1")
        assert await leaf.user(made.link.leaf_user_id) == user
        return user

    user = use(sandbox, live)
    assert (user.external_id, user.credentials) == ("G-1", {})


def test_an_email_and_a_text_arrive(sandbox: RunningSandbox, lab: Any) -> None:
    """What the services then hold is what was sent, under the ids that they answered."""

    async def live(clients: Clients) -> Any:
        email = await clients.sendgrid.send(lab.email(), await clients.sendgrid.ready())
        text = await clients.twilio.send(lab.sms(), await clients.twilio.ready())
        return email, text

    email, text = use(sandbox, live)
    assert (email.verdict, text.verdict) == (Verdict.ACCEPTED, Verdict.ACCEPTED)
    state = sandbox.state()
    assert len(state["emails"]) == len(state["texts"]) == 1
    assert text.provider_id in repr(state["texts"])
    assert email.provider_id in repr(state["emails"])


def test_the_probes_find_nothing_wrong(sandbox: RunningSandbox) -> None:
    """The sandbox's accounts are in order."""

    async def live(clients: Clients) -> Any:
        return (
            await clients.leaf.probe(),
            await clients.sendgrid.probe("connect@prairie.example"),
            await clients.twilio.probe("+15155550100"),
        )

    assert use(sandbox, live) == ((), (), ())


def test_a_foreign_sender_is_found(sandbox: RunningSandbox) -> None:
    """Senders that the accounts do not have are reported before anything is sent."""

    async def live(clients: Clients) -> Any:
        return await clients.sendgrid.probe("ops@elsewhere.org"), await clients.twilio.probe("+15155559999")

    mail, text = use(sandbox, live)
    assert len(mail) == len(text) == 1


FAULTS = [
    ({"kind": "reset"}, Verdict.IN_DOUBT),
    ({"kind": "reset", "processed": True}, Verdict.IN_DOUBT),
    ({"kind": "hang"}, Verdict.IN_DOUBT),
    ({"kind": "status", "status": 503}, Verdict.IN_DOUBT),
    ({"kind": "status", "status": 429, "headers": {"Retry-After": "0"}}, Verdict.PAUSE),
    ({"kind": "cut", "at": "status-line"}, Verdict.IN_DOUBT),
    ({"kind": "cut", "at": "headers"}, Verdict.IN_DOUBT),
]


@pytest.mark.parametrize(("fault", "verdict"), FAULTS, ids=str)
@pytest.mark.parametrize("service", Service)
def test_faults(sandbox: RunningSandbox, lab: Any, service: Service, fault: dict[str, Any], verdict: Verdict) -> None:
    """Each fault means the same at each service, and a send that met it reached the service once."""
    operation = "create" if service is Service.LEAF else "send"
    sandbox.faults({**fault, "service": service.value})

    async def live(clients: Clients) -> Any:
        match service:
            case Service.LEAF:
                sandbox.faults()
                turn = await clients.leaf.ready()
                sandbox.faults({**fault, "service": service.value})
                return (await clients.leaf.create(lab.request(), turn)).outcome
            case Service.SENDGRID:
                return await clients.sendgrid.send(lab.email(), await clients.sendgrid.ready())
            case Service.TWILIO:
                return await clients.twilio.send(lab.sms(), await clients.twilio.ready())
            case Service.WEBHOOK:
                return await clients.webhook.send(lab.inapp(), await clients.webhook.ready())

    read = 1.0 if fault["kind"] == "hang" else 30.0
    assert use(sandbox, live, read=read).verdict is verdict, operation
    counts = sandbox.state()["counts"]
    assert max(counts["emails"], counts["texts"], counts["links"]) <= 1


@pytest.mark.parametrize("at", ["after-headers", "body"])
def test_a_cut_body_is_an_acceptance_where_the_status_is_enough(sandbox: RunningSandbox, lab: Any, at: str) -> None:
    """SendGrid's 202 and Twilio's 201 stand; a link that nobody has read is a doubt."""

    async def link(clients: Clients) -> Any:
        turn = await clients.leaf.ready()
        sandbox.faults({"kind": "cut", "at": at})
        return (await clients.leaf.create(lab.request(), turn)).outcome.verdict

    async def email(clients: Clients) -> Any:
        return (await clients.sendgrid.send(lab.email(), await clients.sendgrid.ready())).verdict

    async def text(clients: Clients) -> Any:
        return (await clients.twilio.send(lab.sms(), await clients.twilio.ready())).verdict

    # One network each: the end of one connection must not be met by the next request.
    verdicts = [use(sandbox, what) for what in (link, email, text)]
    assert verdicts == [Verdict.IN_DOUBT, Verdict.ACCEPTED, Verdict.ACCEPTED]
