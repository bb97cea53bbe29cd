"""What the sandbox's tests share: one running sandbox, emptied for each test, and a client that speaks plain HTTP."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from leafcast.sandbox.server import RunningSandbox, SandboxSettings, running

MONTH = 30 * 86_400


def a_mail(to: str = "ana@farm.example", **fields: Any) -> dict[str, Any]:
    """A mail that SendGrid takes; a field given as ... is left out."""
    body: dict[str, Any] = {
        "personalizations": [{"to": [{"email": to, "name": "Ana"}], "custom_args": {"mid": "m-1"}}],
        "from": {"email": "connect@prairie.example", "name": "Prairie"},
        "subject": "Connect",
        "content": [{"type": "text/plain", "value": "plain"}, {"type": "text/html", "value": "<p>html</p>"}],
    }
    return {name: value for name, value in (body | fields).items() if value is not ...}


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def raw_request(method: str, path: str, body: Any = None, **headers: str) -> bytes:
    """The bytes of a request."""
    payload = b"" if body is None else json.dumps(body).encode()
    fields = {"Host": "sandbox", "Content-Length": str(len(payload)), "Content-Type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + payload


@dataclass(frozen=True)
class Client:
    """Speaks to a sandbox as its own credentials allow."""

    sandbox: RunningSandbox
    http: httpx.Client

    a_mail = staticmethod(a_mail)
    basic = staticmethod(basic)
    raw_request = staticmethod(raw_request)

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.sandbox.settings.leaf_token}"}

    def leaf(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        return self.http.request(method, f"{self.sandbox.leaf_url}{path}", json=body, headers=self.bearer, **more)

    def link(self, kind: str = "provider", **fields: Any) -> httpx.Response:
        body = {"externalId": "G-1", "expiresIn": MONTH}
        body |= {"provider": "JohnDeere"} if kind == "authentication" else {}
        body |= fields
        body = {name: value for name, value in body.items() if value is not ...}
        return self.leaf("POST", f"/services/widgets/api/magic-link/{kind}", body)

    def sendgrid(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.sandbox.settings.sendgrid_api_key}"}
        return self.http.request(method, f"{self.sandbox.sendgrid_url}{path}", json=body, headers=headers, **more)

    def mail(self, body: dict[str, Any] | None = None, **fields: Any) -> httpx.Response:
        return self.sendgrid("POST", "/v3/mail/send", body if body is not None else a_mail(**fields))

    def twilio(self, method: str, path: str, **more: Any) -> httpx.Response:
        settings = self.sandbox.settings
        auth = (settings.twilio_account_sid, settings.twilio_auth_token)
        base = f"{self.sandbox.twilio_url}/2010-04-01/Accounts/{settings.twilio_account_sid}"
        return self.http.request(method, base + path, auth=more.pop("auth", auth), **more)

    def text(self, **fields: Any) -> httpx.Response:
        form = {"To": "+15155550199", "From": "+15155550100", "Body": "Hello"} | fields
        return self.twilio(
            "POST", "/Messages.json", data={name: value for name, value in form.items() if value is not ...}
        )


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def shared() -> Iterator[RunningSandbox]:
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def client(shared: RunningSandbox, http: httpx.Client) -> Client:
    shared.reset()
    return Client(shared, http)


@pytest.fixture
def sandbox_with(http: httpx.Client, request: pytest.FixtureRequest) -> Any:
    """Starts a sandbox of its own with these settings."""

    def start(**settings: Any) -> Client:
        context = running(SandboxSettings(**settings))
        sandbox = context.__enter__()
        request.addfinalizer(lambda: context.__exit__(None, None, None))
        return Client(sandbox, http)

    return start
