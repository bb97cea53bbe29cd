"""Faults happen where they are asked for, down to the byte, and the truth is known all the same."""

from __future__ import annotations

import json
import socket
from typing import Any

import httpx
import pytest

SEND = "/sendgrid/v3/mail/send"
WHOLE_HEAD = b"\r\n\r\n"


def a_request(client: Any, service: str) -> bytes:
    """A request that the service would accept, as bytes."""
    settings = client.sandbox.settings
    if service == "leaf":
        path = "/leaf/services/widgets/api/magic-link/file-upload"
        return client.raw_request("POST", path, {"externalId": "G-1"}, Authorization=f"Bearer {settings.leaf_token}")
    if service == "sendgrid":
        return client.raw_request("POST", SEND, client.a_mail(), Authorization=f"Bearer {settings.sendgrid_api_key}")
    form = b"To=%2B15155550199&From=%2B15155550100&Body=Hello"
    path = f"/twilio/2010-04-01/Accounts/{settings.twilio_account_sid}/Messages.json"
    auth = client.basic(settings.twilio_account_sid, settings.twilio_auth_token)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {auth}\r\nContent-Length: {len(form)}\r\n"
    return f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\n".encode() + form


def exchange(client: Any, request: bytes, *, wait: float = 5.0) -> tuple[bytes, str]:
    """Send the bytes; what came back until the end, and how it ended: closed, reset or silent."""
    host, port = client.sandbox.url.removeprefix("http://").split(":")
    came = b""
    try:
        with socket.create_connection((host, int(port)), timeout=wait) as connection:
            connection.sendall(request)
            while chunk := connection.recv(65536):
                came += chunk
    except ConnectionResetError:
        return came, "reset"
    except TimeoutError:
        return came, "silent"
    return came, "closed"


def accepted(client: Any, service: str) -> int:
    counts: dict[str, int] = client.sandbox.control("state?only=counts")["counts"]
    return counts[{"leaf": "links", "sendgrid": "emails", "twilio": "texts"}[service]]


SERVICES = ("leaf", "sendgrid", "twilio")


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("processed", [False, True])
def test_reset(client: Any, service: str, processed: bool) -> None:
    """A reset is a real one, without one byte of an answer, before or after the thing was accepted."""
    client.sandbox.faults({"kind": "reset", "service": service, "processed": processed})
    assert exchange(client, a_request(client, service)) == (b"", "reset")
    assert accepted(client, service) == processed


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("processed", [False, True])
def test_hang(client: Any, service: str, processed: bool) -> None:
    """A hanging request gets no byte, before or after the thing was accepted."""
    client.sandbox.faults({"kind": "hang", "service": service, "processed": processed})
    assert exchange(client, a_request(client, service), wait=0.2) == (b"", "silent")
    assert accepted(client, service) == processed


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("at", "complete_line", "complete_head"),
    [("status-line", False, False), ("headers", True, False), ("after-headers", True, True), ("body", True, True)],
)
@pytest.mark.parametrize(("end", "ended"), [("reset", "reset"), ("close", "closed"), ("hang", "silent")])
def test_cut(
    client: Any, service: str, at: str, complete_line: bool, complete_head: bool, end: str, ended: str
) -> None:
    """An answer stops in the status line, in the headers, after them or in the body, and ends as asked; the thing
    was accepted."""
    client.sandbox.faults({"kind": "cut", "service": service, "at": at, "end": end})
    came, how = exchange(client, a_request(client, service), wait=0.2)
    assert how == ended
    assert came.startswith(b"HTTP/1.1 2")
    assert (b"\r\n" in came) == complete_line
    assert (WHOLE_HEAD in came) == complete_head
    assert not came.endswith(WHOLE_HEAD) or at in ("after-headers", "body")
    assert accepted(client, service) == 1


def test_a_cut_body_is_half_of_it(client: Any) -> None:
    """Content-Length tells the truth about what was going to come."""
    client.sandbox.faults({"kind": "cut", "at": "body", "end": "close"})
    came, _ = exchange(client, a_request(client, "twilio"))
    head, body = came.split(WHOLE_HEAD)
    promised = int(next(line for line in head.split(b"\r\n") if line.startswith(b"content-length")).split(b":")[1])
    assert 0 < len(body) < promised


@pytest.mark.parametrize("position", [0, 1, 5, 9, 12, 30, 80])
def test_cut_at_a_byte(client: Any, position: int) -> None:
    """A number cuts after exactly that many bytes."""
    client.sandbox.faults({"kind": "cut", "at": position, "end": "reset"})
    came, how = exchange(client, a_request(client, "leaf"))
    assert (len(came), how) == (position, "reset")
    assert accepted(client, "leaf") == 1


@pytest.mark.parametrize("service", ["leaf", "twilio"])
@pytest.mark.parametrize("how", ["html", "empty", "wrong-json", "cut-json"])
def test_broken_answers(client: Any, service: str, how: str) -> None:
    """A broken answer has the right status and a body that is of no use; the thing was accepted."""
    client.sandbox.faults({"kind": "broken", "service": service, "how": how})
    answer = client.link("file-upload") if service == "leaf" else client.text()
    assert answer.status_code == 201
    if how == "wrong-json":
        assert answer.json() == {"unexpected": ["shape"]}
    else:
        with pytest.raises(json.JSONDecodeError):
            answer.json()
    assert accepted(client, service) == 1


@pytest.mark.parametrize("service", SERVICES)
def test_a_content_length_that_lies(client: Any, service: str) -> None:
    """The body ends before the length that was promised."""
    client.sandbox.faults({"kind": "broken", "how": "content-length"})
    with pytest.raises(httpx.RemoteProtocolError):
        {"leaf": client.link, "sendgrid": client.mail, "twilio": client.text}[service]()
    assert accepted(client, service) == 1


def test_a_status_with_headers_and_body(client: Any) -> None:
    """Any status can be answered, with headers such as Retry-After and any body, and nothing is accepted."""
    client.sandbox.faults(
        {"kind": "status", "service": "sendgrid", "status": 429, "headers": {"Retry-After": "3"}, "count": 1},
        {"kind": "status", "service": "sendgrid", "status": 503, "body": "<html>", "count": 1},
    )
    first, second, third = client.mail(), client.mail(), client.mail()
    assert (first.status_code, first.headers["Retry-After"]) == (429, "3")
    assert first.json()["errors"][0]["message"] == "too many requests"
    assert (second.status_code, second.text, third.status_code) == (503, "<html>", 202)
    assert accepted(client, "sendgrid") == 1


@pytest.mark.parametrize(("status", "code"), [(429, 20429), (500, 20500), (503, 20503), (401, 20003), (400, 20001)])
def test_statuses_in_twilios_words(client: Any, status: int, code: int) -> None:
    """A status without a body speaks as the service itself would."""
    client.sandbox.faults({"kind": "status", "service": "twilio", "status": status})
    assert client.text().json()["code"] == code


def test_a_status_after_processing(client: Any) -> None:
    """A 500 can hide a thing that was accepted."""
    client.sandbox.faults({"kind": "status", "status": 500, "processed": True, "service": "twilio"})
    assert client.text().status_code == 500
    assert accepted(client, "twilio") == 1


def test_slow(client: Any) -> None:
    """A slow answer comes late and is good; another fault behind it still strikes."""
    client.sandbox.faults({"kind": "slow", "seconds": 0.15, "count": 1}, {"kind": "status", "status": 503, "nth": 1})
    with pytest.raises(httpx.ReadTimeout):
        client.http.post(f"{client.sandbox.leaf_url}/x", timeout=0.05)
    client.sandbox.faults({"kind": "slow", "seconds": 0.1})
    answer = client.link()
    assert (answer.status_code, answer.elapsed.total_seconds() >= 0.1) == (201, True)


def test_rate(client: Any) -> None:
    """What exceeds the rate is a 429 and not processed."""
    client.sandbox.faults({"kind": "rate", "service": "twilio", "perSecond": 3})
    statuses = [client.text().status_code for _ in range(6)]
    assert statuses == [201] * 3 + [429] * 3
    assert accepted(client, "twilio") == 3


def test_crowd(client: Any) -> None:
    """What exceeds so many requests under way is a 429 and not processed; alone, the same goes through."""
    crowd = {"kind": "crowd", "service": "twilio", "atOnce": 1}
    client.sandbox.faults(crowd, {"kind": "hang", "service": "twilio", "contains": "+15155550199"})
    assert client.text(To="+15155550123").status_code == 201
    host, port = client.sandbox.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(a_request(client, "twilio"))
        while len(client.sandbox.control("requests?service=twilio")["requests"]) < 2:
            pass
        refused = client.text(To="+15155550124")
    assert (refused.status_code, refused.json()["code"]) == (429, 20429)
    assert accepted(client, "twilio") == 1


def test_connect(client: Any) -> None:
    """A connection can be reset when it is opened, before anything is said."""
    client.sandbox.faults({"kind": "connect", "count": 1})
    assert exchange(client, a_request(client, "leaf")) == (b"", "reset")
    came, _ = exchange(client, a_request(client, "leaf"), wait=0.2)
    assert came.startswith(b"HTTP/1.1 201")
    assert accepted(client, "leaf") == 1


@pytest.mark.parametrize(
    ("rule", "struck"),
    [
        ({"nth": 2}, [2]),
        ({"nth": [1, 4]}, [1, 4]),
        ({"count": 3}, [1, 2, 3]),
        ({"contains": "G-3"}, [3]),
        ({"operation": "links.create"}, [1, 2, 3, 4, 5]),
        ({"operation": "links.delete"}, []),
        ({"service": "twilio"}, []),
        ({"probability": 0}, []),
        ({"probability": 1, "nth": 5}, [5]),
    ],
)
def test_which_requests_are_struck(client: Any, rule: dict[str, Any], struck: list[int]) -> None:
    """A rule strikes the requests that its service, operation, text, number and count name."""
    client.sandbox.faults({"kind": "status", "status": 503} | rule)
    statuses = [client.link(externalId=f"G-{number}").status_code for number in range(1, 6)]
    assert [number for number, status in enumerate(statuses, start=1) if status == 503] == struck


def test_contains_reads_forms(client: Any) -> None:
    """A number is found in a form although its plus sign is encoded there."""
    client.sandbox.faults({"kind": "status", "status": 503, "contains": "+15155550199"})
    assert (client.text().status_code, client.text(To="+15155550198").status_code) == (503, 201)


def test_probability_is_the_same_for_the_same_seed(client: Any) -> None:
    """Chance is repeatable."""

    def run(seed: int) -> list[int]:
        client.sandbox.faults({"kind": "status", "status": 503, "probability": 0.5, "seed": seed})
        return [client.link().status_code for _ in range(30)]

    assert run(1) == run(1) != run(2)
    assert {201, 503} == set(run(1))


@pytest.mark.parametrize(
    "rule", [{}, {"kind": "nonsense"}, {"kind": "reset", "colour": "red"}, {"kind": "connect", "service": "leaf"}]
)
def test_rules_that_make_no_sense(client: Any, rule: dict[str, Any]) -> None:
    """A misspelt rule is refused with its reason instead of never striking."""
    with pytest.raises(ValueError, match="error"):
        client.sandbox.faults(rule)


def test_a_broken_connection_leaves_the_others_alone(client: Any) -> None:
    """After each fault the sandbox serves on."""
    for kind in ("reset", "cut", "hang"):
        client.sandbox.faults({"kind": kind, "count": 1})
        exchange(client, a_request(client, "leaf"), wait=0.1)
        assert client.link().status_code == 201
