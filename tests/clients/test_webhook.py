"""The team's own application: what leaves, how it is signed, what its answers mean; the receiver of the page too."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from leafcast.decide.campaignmodel import Pace, WebhookSettings
from leafcast.decide.inapp import KEY, SIGNATURE, TIMESTAMP, inapp_message, signature, signed_headers
from leafcast.decide.replies import Answer
from leafcast.decide.verdicts import webhook_verdict
from leafcast.edge.http import Door, open_network
from leafcast.edge.settings import Secret, webhook_access
from leafcast.edge.system import SystemClock
from leafcast.edge.webhook import WebhookClient, origin_and_path
from leafcast.errors import UsageError
from leafcast.model import Grower, Link, LinkType, Outcome, Service, Verdict, WebhookMessage
from leafcast.sandbox.server import RunningSandbox, SandboxSettings, running

NOW = datetime(2026, 4, 1, 15, 0, tzinfo=UTC)
SECRET = "0123456789abcdef0123456789abcdef"
GROWER = Grower(2, "G-1", "Ana", "ana@farm.example", "+15155550111", {"locale": "es"})
LINK = Link("l-1", "https://magic-link.invalid/l-1", "u-1", NOW + timedelta(days=30), LinkType.PROVIDER, ("JohnDeere",))
MESSAGE = inapp_message("spring", GROWER, LINK, "0123456789abcdef", 0)


def post(url: str, *messages: WebhookMessage, secret: str = SECRET, rate: float | None = None) -> list[Outcome]:
    """Send these one after the other, as a run would."""

    async def go() -> list[Outcome]:
        clock = SystemClock()
        async with open_network() as network:
            origin, path = origin_and_path(url)
            door = Door(Service.WEBHOOK, origin, network, rate=rate, clock=clock)
            client = WebhookClient(door, path, Secret(secret), clock)
            return [await client.send(message, await client.ready()) for message in messages]

    return asyncio.run(go())


# ------------------------------------------------------------------------------------------------------- what leaves


def test_the_application_is_told_the_link_and_nothing_about_the_person() -> None:
    """Its own people it knows itself, by the list's id."""
    told = json.loads(MESSAGE.body)
    assert told["externalId"] == "G-1"
    assert told["link"] == {
        "url": LINK.url,
        "expiresAt": "2026-05-01T15:00:00Z",
        "type": "provider",
        "providers": ["JohnDeere"],
        "leafUserId": "u-1",
    }
    assert (told["messageId"], told["campaign"], told["round"], told["locale"]) == (
        MESSAGE.message_id,
        "spring",
        0,
        "es",
    )
    assert b"Ana" not in MESSAGE.body
    assert b"farm.example" not in MESSAGE.body
    assert "l-1" not in repr(MESSAGE)


def test_the_signature_is_what_openssl_says() -> None:
    """printf '1775055600.{}' | openssl dgst -sha256 -hmac key: a value from outside of this program."""
    assert signature(b"key", "1775055600", b"{}") == EXPECTED
    headers = signed_headers(MESSAGE, b"key", NOW)
    assert headers[TIMESTAMP] == "1775055600"
    assert headers[SIGNATURE] == "v1=" + signature(b"key", "1775055600", MESSAGE.body)
    assert headers[KEY] == MESSAGE.message_id


EXPECTED = "f8d13fdf75810716da7d99994798cac1dde4e5d8453d4bbdada86f3911912882"


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.ACCEPTED),
        (202, Verdict.ACCEPTED),
        (204, Verdict.ACCEPTED),
        (302, Verdict.STOP),
        (400, Verdict.FAILED),
        (401, Verdict.STOP),
        (403, Verdict.STOP),
        (404, Verdict.FAILED),
        (405, Verdict.STOP),
        (408, Verdict.IN_DOUBT),
        (409, Verdict.FAILED),
        (410, Verdict.REFUSED),
        (422, Verdict.REFUSED),
        (429, Verdict.PAUSE),
        (500, Verdict.IN_DOUBT),
        (503, Verdict.IN_DOUBT),
    ],
)
def test_each_answer_means_what_the_page_says(status: int, verdict: Verdict) -> None:
    """The table of docs/webhook.md."""
    assert webhook_verdict(Answer(status, {}, b"")).verdict is verdict


# ------------------------------------------------------------------------------------------------------ the settings


@pytest.mark.parametrize(
    "url", ["https://app.prairie.example/leafcast", "https://10.0.0.7:8443/x?tenant=1", "http://127.0.0.1:8000/app"]
)
def test_addresses_that_may_be_used(url: str) -> None:
    """https anywhere, the company's own network too; http on this machine."""
    assert WebhookSettings(url=url).url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://app.prairie.example/x",
        "http://10.0.0.7/x",
        "https://user:secret@app.example/x",
        "ftp://app.example/x",
        "https://app.example/#x",
        "https:///x",
        "https://app.example/a b",
        "app.example",
        "http://localhost.evil.example",
    ],
)
def test_addresses_that_may_not(url: str) -> None:
    """A link is as good as a password: it does not travel in the open."""
    with pytest.raises(ValidationError):
        WebhookSettings(url=url)


def test_a_secret_is_needed_and_must_be_one() -> None:
    """Without a secret anybody could hand links to the application."""
    assert webhook_access({"LEAFCAST_WEBHOOK_SECRET": SECRET}).secret.reveal() == SECRET
    for env in ({}, {"LEAFCAST_WEBHOOK_SECRET": "short"}):
        with pytest.raises(UsageError, match=r"secret"):
            webhook_access(env)


def test_an_address_is_cut_between_host_and_path() -> None:
    """The door holds the host; path and query are the application's."""
    assert origin_and_path("https://app.example:8443/a/b?c=1") == ("https://app.example:8443", "/a/b?c=1")
    assert origin_and_path("https://app.example") == ("https://app.example", "/")


def test_the_application_has_a_pace_of_its_own() -> None:
    """`pace.webhook`, slow enough by itself for anybody."""
    assert Pace().of(Service.WEBHOOK) == 5.0
    assert Pace(webhook=2).of(Service.WEBHOOK) == 2.0


# -------------------------------------------------------------------------------------------------------- receivers


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running(SandboxSettings(webhook_secret=SECRET)) as sandbox:
        yield sandbox


def test_the_sandbox_takes_a_key_once(sandbox: RunningSandbox) -> None:
    """The stand-in verifies what we sign, and the same key again changes nothing."""
    outcomes = post(sandbox.webhook_url, MESSAGE, MESSAGE)
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED, Verdict.ACCEPTED]
    (notice,) = sandbox.state()["inApp"]
    assert (notice["to"], notice["key"], notice["repeats"]) == ("G-1", MESSAGE.message_id, 1)
    assert "In your own application" in sandbox.snapshot()


def test_the_sandbox_refuses_another_secret(sandbox: RunningSandbox) -> None:
    """A wrong secret stops a run: nobody would fare better."""
    sandbox.reset()
    (outcome,) = post(sandbox.webhook_url, MESSAGE, secret=SECRET[::-1])
    assert outcome.verdict is Verdict.STOP
    assert "LEAFCAST_WEBHOOK_SECRET" in outcome.reason
    assert sandbox.state()["inApp"] == []


def page_code() -> dict[str, Any]:
    """The receiver that docs/webhook.md shows."""
    page = (Path(__file__).parents[2] / "docs" / "webhook.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "webhook.md", "exec"), names)  # noqa: S102 - our own page
    return names


@contextmanager
def served(handler: Any) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/leafcast"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_receiver_of_the_page_works() -> None:
    """It takes a link once by its key, and refuses a secret that is not its own."""
    receiver = type("Own", (page_code()["Receiver"],), {"secret": SECRET, "links": {}})
    with served(receiver) as url:
        outcomes = post(url, MESSAGE, MESSAGE)
        (refused,) = post(url, MESSAGE, secret=SECRET[::-1])
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED, Verdict.ACCEPTED]
    assert refused.verdict is Verdict.STOP
    assert receiver.links == {MESSAGE.message_id: json.loads(MESSAGE.body)}


@pytest.mark.parametrize("change", ["body", "timestamp", "signature", "age"])
def test_the_receiver_of_the_page_sees_every_change(change: str) -> None:
    """Whatever is changed on the way, or sent again long after, is not genuine."""
    genuine: Callable[..., bool] = page_code()["genuine"]
    headers = signed_headers(MESSAGE, SECRET.encode(), NOW)
    timestamp, signed, body, now = headers[TIMESTAMP], headers[SIGNATURE], MESSAGE.body, NOW.timestamp()
    assert genuine(SECRET, timestamp, signed, body, now)
    match change:
        case "body":
            body = body.replace(b"G-1", b"G-2")
        case "timestamp":
            timestamp = str(int(timestamp) + 1)
        case "signature":
            signed = signed[:-1] + ("0" if signed[-1] != "0" else "1")
        case _:
            now += 301
    assert not genuine(SECRET, timestamp, signed, body, now)
