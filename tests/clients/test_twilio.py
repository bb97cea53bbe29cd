"""The Twilio client against a service on loopback."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from typing import Any

import pytest

from leafcast.edge.twilio import TwilioClient
from leafcast.model import Outcome, Severity, Verdict


def send(lab: Any, answer: Any, user: str = "AC1", **changes: Any) -> tuple[Outcome, Any]:
    async def use(client: TwilioClient) -> Outcome:
        return await client.send(lab.sms(**changes), await client.ready())

    return lab.twilio(answer, use, user=user)  # type: ignore[no-any-return]


def test_the_whole_request(lab: Any) -> None:
    """The form that Twilio wants, with links left alone and the time limit of the link."""
    outcome, service = send(lab, lambda _: (201, {"sid": "SM1", "status": "queued", "num_segments": "1"}))
    (asked,) = service.asked
    assert (asked.method, asked.target) == ("POST", "/prefix/2010-04-01/Accounts/AC1/Messages.json")
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.headers["user-agent"].startswith("leafcast/")
    assert asked.form == {
        "To": ["+15155550199"],
        "From": ["+15155550100"],
        "Body": ["Hi https://magic-link.withleaf.io/m-1 ü"],
        "ValidityPeriod": ["3600"],
        "ShortenUrls": ["false"],
    }
    assert (outcome.verdict, outcome.provider_id) == (Verdict.ACCEPTED, "SM1")


def test_smart_encoding_is_asked_for_only_on_wish(lab: Any) -> None:
    """SmartEncoded stands in the form when the campaign says so."""
    _, service = send(lab, lambda _: (201, {}), smart_encoded=True)
    assert [value.lower() for value in service.asked[0].form["SmartEncoded"]] == ["true"]


def test_a_messaging_service_takes_the_place_of_the_sender(lab: Any) -> None:
    """Exactly one of the two is sent."""
    _, service = send(lab, lambda _: (201, {}), messaging_service="MG1", sender=None)
    assert service.asked[0].form["MessagingServiceSid"] == ["MG1"]
    assert "From" not in service.asked[0].form


@pytest.mark.parametrize("user", ["AC1", "SK1"])
def test_account_and_key_credentials(lab: Any, user: str) -> None:
    """With an API key the account stays in the path."""
    _, service = send(lab, lambda _: (201, {}), user=user)
    scheme, _, value = service.asked[0].headers["authorization"].partition(" ")
    assert (scheme, b64decode(value)) == ("Basic", f"{user}:secret".encode())
    assert "/Accounts/AC1/" in service.asked[0].path


@pytest.mark.parametrize(
    ("answer", "verdict", "code"),
    [
        ((201, b'{"sid": "SM', {"Content-Length": "500"}), Verdict.ACCEPTED, ""),
        ((201, b"<html>"), Verdict.ACCEPTED, ""),
        ((201, b""), Verdict.ACCEPTED, ""),
        ((200, {"sid": "SM1"}), Verdict.IN_DOUBT, "http-200"),
        ((400, {"code": 21610, "message": "x", "status": 400}), Verdict.REFUSED, "21610"),
        ((400, {"type": "x", "title": "x", "status": 400, "code": 21211, "detail": "x"}), Verdict.REFUSED, "21211"),
        ((400, b"<html>"), Verdict.FAILED, "http-400"),
        ((401, {"code": 20003, "status": 401}), Verdict.STOP, "20003"),
        ((429, {"code": 20429, "status": 429}, {"Retry-After": "9"}), Verdict.PAUSE, "20429"),
        ((500, {"code": 20500, "status": 500}), Verdict.IN_DOUBT, "http-500"),
        ((503, b"<html>"), Verdict.IN_DOUBT, "http-503"),
        ((307, {}, {"Location": "/elsewhere"}), Verdict.STOP, "http-307"),
        ((-1, {}), Verdict.IN_DOUBT, "no-answer"),
    ],
)
def test_every_answer_is_one_request(lab: Any, answer: Any, verdict: Verdict, code: str) -> None:
    """Whatever comes back, or nothing, the text left exactly once, and the SDK's own errors stay inside."""
    outcome, service = send(lab, lambda _: answer)
    assert (outcome.verdict, outcome.code) == (verdict, code)
    assert len(service.asked) == 1
    if code == "20429":
        assert outcome.retry_after == 9


def test_texts_side_by_side_get_their_own_answers(lab: Any) -> None:
    """Answers of requests under way together are not mixed up."""

    async def use(client: TwilioClient) -> list[tuple[str, str | None]]:
        async def one(number: int) -> tuple[str, str | None]:
            to = f"+1515555{number:04d}"
            return to, (await client.send(lab.sms(to=to), await client.ready())).provider_id

        return await asyncio.gather(*(one(number) for number in range(40)))

    pairs, _ = lab.twilio(lambda asked: (201, {"sid": asked.form["To"][0]}), use)
    assert all(to == sid for to, sid in pairs)


def probe(lab: Any, account: tuple[int, Any], numbers: tuple[int, Any] = (404, {}), sender: str | None = None) -> Any:
    async def use(client: TwilioClient) -> Any:
        return await client.probe(sender)

    found, service = lab.twilio(lambda asked: numbers if "Incoming" in asked.path else account, use)
    assert {asked.method for asked in service.asked} == {"GET"}
    return found, service


def test_a_probe_of_a_good_account(lab: Any) -> None:
    """An active account that owns its sender has no problem."""
    numbers = (200, {"incoming_phone_numbers": [{"sid": "PN1"}], "next_page_uri": None})
    found, service = probe(lab, (200, {"status": "active", "type": "Full"}), numbers, "+15155550100")
    assert found == ()
    assert service.asked[1].query["PhoneNumber"] == ["+15155550100"]


def test_a_probe_finds_what_is_wrong(lab: Any) -> None:
    """Bad keys, a closed account, a trial and a foreign sender are each said."""
    assert "TWILIO_ACCOUNT_SID" in probe(lab, (401, {"code": 20003}))[0][0].fix
    assert "not active" in probe(lab, (200, {"status": "suspended"}))[0][0].what
    (trial,) = probe(lab, (200, {"status": "active", "type": "Trial"}))[0]
    assert trial.severity is Severity.WARNING
    nothing = (200, {"incoming_phone_numbers": [], "next_page_uri": None})
    (foreign,) = probe(lab, (200, {"status": "active", "type": "Full"}), nothing, "+15155550100")[0]
    assert "sender" in foreign.what
    assert probe(lab, (200, {"status": "active"}), nothing, "COOP")[0] == ()


@pytest.mark.parametrize(("listing", "usable"), [((200, {"messages": []}), True), ((401, {"code": 20003}), False)])
def test_a_key_that_may_only_text_is_asked_what_it_may_answer(lab: Any, listing: tuple[int, Any], usable: bool) -> None:
    """A Standard key cannot look at its account; it is good if it can look at messages."""

    async def use(client: TwilioClient) -> Any:
        return await client.probe()

    answers = lambda asked: listing if "Messages" in asked.path else (401, {"code": 20003})  # noqa: E731
    found, _ = lab.twilio(answers, use, user="SK1")
    assert (found == ()) is usable
