"""The SendGrid client against a service on loopback."""

from __future__ import annotations

from typing import Any

import pytest

from leafcast.edge.sendgrid import SendGridClient, mail_body
from leafcast.model import Outcome, Verdict


def send(lab: Any, answer: Any, **changes: Any) -> tuple[Outcome, Any]:
    async def use(client: SendGridClient) -> Outcome:
        return await client.send(lab.email(**changes), await client.ready())

    return lab.sendgrid(answer, use)  # type: ignore[no-any-return]


def test_the_whole_request(lab: Any) -> None:
    """One recipient, both parts with the text first, every tracking off, and of us only the opaque id."""
    outcome, service = send(lab, lambda _: (202, b"", {"X-Message-Id": "Xj5"}))
    (asked,) = service.asked
    assert (asked.method, asked.target) == ("POST", "/prefix/v3/mail/send")
    assert asked.headers["authorization"] == "Bearer SG.key"
    assert asked.json == {
        "personalizations": [
            {
                "to": [{"email": "gro.wer+1@farm.example", "name": "Grower"}],
                "custom_args": {"leafcast_message_id": "0f"},
            }
        ],
        "from": {"email": "ops@coop.example", "name": "Co-op"},
        "reply_to": {"email": "help@coop.example"},
        "subject": "Connect",
        "content": [{"type": "text/plain", "value": "t"}, {"type": "text/html", "value": "<p>h</p>"}],
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
            "subscription_tracking": {"enable": False},
            "ganalytics": {"enable": False},
        },
    }
    assert (outcome.verdict, outcome.provider_id) == (Verdict.ACCEPTED, "Xj5")


def test_stopping_is_one_click_away(lab: Any) -> None:
    """An address of the team's own goes into both headers of RFC 8058; a group of SendGrid's into asm; else neither."""
    body = mail_body(lab.email(unsubscribe="https://coop.example/stop?g=1"))
    assert body
    assert body["personalizations"][0]["headers"] == {
        "List-Unsubscribe": "<https://coop.example/stop?g=1>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert "asm" not in body
    grouped = mail_body(lab.email(asm_group=12345))
    assert grouped
    assert grouped["asm"] == {"group_id": 12345}
    assert "headers" not in grouped["personalizations"][0]


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("Smith, John; Jr", "Smith John Jr"),
        ("a\r\nBcc: x@y.example", "a Bcc: x@y.example"),
        ("  Jürgen  ", "Jürgen"),
        ("", None),
        (",;", None),
        ("Ann <ann@else.example>", "Ann <ann@else.example>"),
    ],
)
def test_names_are_made_fit(lab: Any, name: str, sent: str | None) -> None:
    """Signs that SendGrid does not allow are taken out, and a name can never become an address."""
    body = mail_body(lab.email(to_name=name))
    assert body is not None
    (to,) = body["personalizations"][0]["to"]
    assert to == {"email": "gro.wer+1@farm.example", **({"name": sent} if sent else {})}


def test_without_reply_to(lab: Any) -> None:
    """No reply-to is simply not there."""
    assert "reply_to" not in (mail_body(lab.email(reply_to=None)) or {"reply_to"})


@pytest.mark.parametrize("to", ["nobody", "", "Ann <ann@farm.example>"])
def test_an_address_that_the_helpers_drop_is_refused(lab: Any, to: str) -> None:
    """The SDK drops or rewrites odd addresses silently; nothing is sent then."""
    outcome, service = send(lab, lambda _: (202, b""), to=to, to_name="")
    assert (outcome.verdict, outcome.code, service.asked) == (Verdict.REFUSED, "bad-recipient", [])


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ((202, b"", {"Content-Length": "50"}), Verdict.ACCEPTED),
        ((200, {}), Verdict.IN_DOUBT),
        ((500, {}), Verdict.IN_DOUBT),
        ((-1, {}), Verdict.IN_DOUBT),
        ((302, {}, {"Location": "/v3/mail/send"}), Verdict.STOP),
        ((429, {}, {"Retry-After": "3"}), Verdict.PAUSE),
    ],
)
def test_every_answer_is_one_request(lab: Any, answer: Any, verdict: Verdict) -> None:
    """Whatever comes back, or nothing, the email left exactly once."""
    outcome, service = send(lab, lambda _: answer)
    assert outcome.verdict is verdict
    assert len(service.asked) == 1


def probe(lab: Any, answers: dict[str, tuple[int, Any]], sender: str = "ops@mail.coop.example") -> list[str]:
    async def use(client: SendGridClient) -> Any:
        return await client.probe(sender)

    found, service = lab.sendgrid(lambda asked: answers.get(asked.path.removeprefix("/prefix"), (403, {})), use)
    assert {asked.method for asked in service.asked} == {"GET"}
    return [str(problem) for problem in found]


SCOPES = {"/v3/scopes": (200, {"scopes": ["mail.send"]})}


def test_a_probe_of_a_narrow_key_finds_nothing(lab: Any) -> None:
    """A key that may only send is the right one to have, so what it may not look at is no problem."""
    assert probe(lab, SCOPES) == []


def test_a_probe_knows_domains_and_senders(lab: Any) -> None:
    """A sender counts as known by its own address or by its domain, and only when that is verified."""
    none = {"/v3/whitelabel/domains": (200, []), "/v3/verified_senders": (200, {"results": []})}
    by_domain = {"/v3/whitelabel/domains": (200, [{"domain": "coop.example", "valid": True}])}
    unproven = {"/v3/whitelabel/domains": (200, [{"domain": "coop.example", "valid": False}])}
    by_address = {
        "/v3/verified_senders": (200, {"results": [{"from_email": "Ops@mail.coop.example", "verified": True}]})
    }
    assert probe(lab, SCOPES | none | by_domain) == []
    assert probe(lab, SCOPES | none | by_address) == []
    assert len(probe(lab, SCOPES | none | unproven)) == 1
    assert "sender" in probe(lab, SCOPES | none)[0]


def test_a_probe_says_what_is_wrong_with_the_key(lab: Any) -> None:
    """A refused key and one that may not send are different problems."""
    assert "SENDGRID_API_KEY" in probe(lab, {"/v3/scopes": (401, {})})[0]
    assert "Mail Send" in probe(lab, {"/v3/scopes": (200, {"scopes": ["stats.read"]})})[0]
