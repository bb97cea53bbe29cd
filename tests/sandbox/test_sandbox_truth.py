"""The sandbox tells the truth about what it accepted: journal, state, requests, clock, start and stop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from leafcast.sandbox.desk import Desk, busiest_second
from leafcast.sandbox.exchange import Answer, Call
from leafcast.sandbox.faults import Rule
from leafcast.sandbox.journal import Journal
from leafcast.sandbox.operation import Operation
from leafcast.sandbox.server import SandboxSettings, running
from leafcast.sandbox.wire import arrived, stamping


def lines(journal: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]


def test_the_journal_holds_each_accepted_thing(sandbox_with: Any, tmp_path: Path) -> None:
    """Links made and deleted, emails and texts are in the journal in order; what was refused is not."""
    journal = tmp_path / "truth.jsonl"
    client = sandbox_with(journal=journal)
    link = client.link().json()
    client.link(expiresIn=1)
    content = [{"type": "text/plain", "value": f"Go to {link['link']}"}]
    client.mail(client.a_mail(content=content))
    client.mail(client.a_mail(subject=""))
    client.text(Body=f"Go to {link['link']}")
    client.text(To="+15005550004")
    client.leaf("DELETE", f"/services/widgets/api/magic-link/provider/{link['id']}")
    written = lines(journal)
    assert [line["kind"] for line in written] == ["link.created", "email", "text", "link.deleted"]
    assert written[0]["externalId"] == "G-1"
    assert written[1]["links"] == written[2]["links"] == [link["id"]]
    assert (written[1]["to"], written[1]["customArgs"]) == ("ana@farm.example", {"mid": "m-1"})
    assert written[2]["to"] == "+15155550199"
    assert journal.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("rule", [{"kind": "hang", "processed": True}, {"kind": "cut", "at": 0, "end": "hang"}])
def test_the_journal_is_written_before_the_answer(sandbox_with: Any, tmp_path: Path, rule: dict[str, Any]) -> None:
    """With the answer held back before its first byte, the accepted text already stands in the journal."""
    journal = tmp_path / "truth.jsonl"
    client = sandbox_with(journal=journal)
    client.sandbox.faults(rule | {"service": "twilio"})
    with pytest.raises(Exception, match="timed out"):
        client.twilio(
            "POST",
            "/Messages.json",
            data={"To": "+15155550199", "From": "+15155550100", "Body": "Hello"},
            timeout=2,
        )
    assert [line["kind"] for line in lines(journal)] == ["text"]


@pytest.mark.parametrize("rule", [None, Rule(kind="status", processed=True), Rule(kind="broken", how="html")])
def test_the_fsync_comes_before_the_first_byte(tmp_path: Path, rule: Rule | None) -> None:
    """What is accepted is fsynced, and only then does the answer begin, whether a fault strikes or not."""
    order: list[str] = []
    journal = Journal(tmp_path / "truth.jsonl", save=lambda _file: order.append("fsync"))
    desk = Desk(SandboxSettings(), "http://sandbox", journal)
    desk.faults.set([rule] if rule else [])

    def accept(_call: Call) -> Answer:
        journal.write("thing")
        return Answer(200)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        order.append(message["type"])

    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": [], "client": ("x", 1)}
    asyncio.run(Operation(desk, "leaf", "thing", accept)(scope, receive, send))
    journal.close()
    assert order == ["fsync", "http.response.start", "http.response.body"]


def test_answers_wait_for_one_fsync_together(sandbox_with: Any, tmp_path: Path) -> None:
    """Many at once are all in the journal, each line whole."""
    journal = tmp_path / "truth.jsonl"
    client = sandbox_with(journal=journal)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: client.link(externalId=f"G-{number}").json()["id"], range(80)))
    assert {line["id"] for line in lines(journal)} == set(made)


def test_what_a_fault_kept_from_processing_is_not_in_the_journal(sandbox_with: Any, tmp_path: Path) -> None:
    """A 503 before processing leaves no line."""
    journal = tmp_path / "truth.jsonl"
    client = sandbox_with(journal=journal)
    client.sandbox.faults({"kind": "status", "status": 503})
    client.mail()
    assert lines(journal) == []


def test_a_journal_goes_on_after_a_restart(tmp_path: Path, http: Any) -> None:
    """A second sandbox appends to the journal of the first."""
    journal = tmp_path / "truth.jsonl"
    for _ in range(2):
        with running(SandboxSettings(journal=journal)) as sandbox:
            body = {"externalId": "G-1", "expiresIn": 900}
            http.post(
                f"{sandbox.leaf_url}/services/widgets/api/magic-link/provider",
                json=body,
                headers={"Authorization": f"Bearer {sandbox.settings.leaf_token}"},
            )
    assert len({line["id"] for line in lines(journal)}) == 2


def test_every_request_is_counted_in_its_order(client: Any) -> None:
    """Requests are known with service, operation, status, fault and arrival, refused ones too; control's are not."""
    client.sandbox.faults({"kind": "status", "status": 503, "service": "sendgrid"})
    client.link()
    client.mail()
    client.text(To="nobody")
    client.leaf("GET", "/nothing")
    told = client.sandbox.control("requests")
    assert [(seen["service"], seen["operation"], seen["status"]) for seen in told["requests"]] == [
        ("leaf", "links.create", 201),
        ("sendgrid", "send", 503),
        ("twilio", "send", 400),
        ("leaf", "unknown", 404),
    ]
    assert told["requests"][1]["fault"] == "status"
    instants = [seen["at"] for seen in told["requests"]]
    assert instants == sorted(instants)
    assert told["busiestSecond"] == 4
    assert client.sandbox.control("requests?service=leaf")["busiestSecond"] == 2
    assert client.sandbox.control("state?only=counts")["counts"]["requests"]["leaf.links.create"] == 1


@pytest.mark.parametrize(
    ("instants", "most"),
    [([], 0), ([1.0], 1), ([0.0, 0.5, 0.999, 1.0], 3), ([0.0, 1.0, 2.0], 1), ([0, 0.9, 1.8, 1.85], 3)],
)
def test_the_busiest_second(instants: list[float], most: int) -> None:
    """The sliding second is open at its end: two requests exactly one second apart are not in the same one."""
    assert busiest_second(instants) == most


def test_reset_forgets_and_the_clock_starts_anew(client: Any) -> None:
    """After a reset nothing is known, and time is as it is outside."""
    client.link()
    client.sandbox.faults({"kind": "reset"})
    client.sandbox.advance(10 * 365 * 86_400)
    client.sandbox.reset()
    state = client.sandbox.state()
    assert (state["links"], state["counts"]["requests"]) == ([], {})
    assert client.link().status_code == 201
    assert state["now"] < "2035"


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("clock", {"advance": -1}),
        ("clock", {}),
        ("connect", {"externalId": "nobody", "provider": "JohnDeere"}),
        ("click", {"link": "nothing"}),
        ("suppress", {"list": "nothing", "email": "a@b.example"}),
    ],
)
def test_control_says_what_makes_no_sense(client: Any, what: str, body: dict[str, Any]) -> None:
    """A wrong question to control is refused with a sentence."""
    with pytest.raises(ValueError, match="error"):
        client.sandbox.control(what, body)


def test_a_clock_can_run_fast(sandbox_with: Any) -> None:
    """With speed 1000 a text is delivered within an instant of real time."""
    client = sandbox_with(speed=1_000_000.0)
    sid = client.text().json()["sid"]
    assert client.twilio("GET", f"/Messages/{sid}.json").json()["status"] == "delivered"


def test_the_environment_points_at_the_sandbox(client: Any) -> None:
    """The environment holds the three addresses and fake credentials, as a mapping and as lines for a shell."""
    environment = client.sandbox.credentials
    assert environment["LEAF_API_URL"] == client.sandbox.leaf_url
    assert environment["SENDGRID_API_URL"] == client.sandbox.sendgrid_url
    assert environment["TWILIO_API_URL"] == client.sandbox.twilio_url
    assert {"LEAF_USERNAME", "LEAF_PASSWORD", "SENDGRID_API_KEY", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"} <= set(
        environment
    )
    assert f"export LEAF_API_URL='{client.sandbox.leaf_url}'" in client.sandbox.environment_lines


def test_secrets_are_not_in_the_repr() -> None:
    """The settings can be printed without a password."""
    assert "sandbox-password" not in repr(SandboxSettings())
    assert "not-a-real-one" not in repr(SandboxSettings())


@pytest.mark.parametrize("caught", [signal.SIGINT, signal.SIGTERM])
def test_serve_stops_cleanly_on_a_signal(caught: signal.Signals) -> None:
    """The command's sandbox ends with 0 and without a word on either signal, even while a request hangs."""
    program = "from leafcast.sandbox.server import serve; serve(port=0, ready=lambda s: print(s.url, flush=True))"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        host, port = started.stdout.readline().strip().removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as idle:
            idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
            os.kill(started.pid, caught)
            assert started.wait(60) == 0
        assert started.stderr.read() == ""


def test_a_request_counts_from_when_its_bytes_came() -> None:
    """The kernel tells, where it is Linux: a stand-in that was busy meanwhile counts nothing late."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stamping(listener)
        with socket.create_connection(listener.getsockname()) as client:
            served, _ = listener.accept()
            with served:
                before = time.monotonic()
                client.sendall(b"x")
                served.recv(1, socket.MSG_PEEK)
                came, after = arrived(served), time.monotonic()
                assert served.recv(9) == b"x"
                assert arrived(served) >= after  # nothing waits
    assert before - 0.1 <= came <= after
