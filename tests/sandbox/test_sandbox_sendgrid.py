"""The stand-in of SendGrid is as strict as what SendGrid documents."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

PERSON = {"to": [{"email": "ana@farm.example"}]}
PLAIN = {"type": "text/plain", "value": "x"}
HTML = {"type": "text/html", "value": "x"}


def people(*addresses: str) -> list[dict[str, str]]:
    return [{"email": address} for address in addresses]


def a_mail(**fields: Any) -> dict[str, Any]:
    body = {
        "personalizations": [PERSON],
        "from": {"email": "connect@prairie.example"},
        "subject": "Connect",
        "content": [PLAIN, HTML],
    } | fields
    return {name: value for name, value in body.items() if value is not ...}


def test_an_accepted_mail(client: Any) -> None:
    """A good mail is a 202 with an empty body and an X-Message-Id, and it is in the inbox as it was sent."""
    answer = client.mail(to="ana@farm.example")
    assert (answer.status_code, answer.content) == (202, b"")
    [email] = client.sandbox.state()["emails"]
    assert email["id"].split(".")[0] == answer.headers["X-Message-Id"]
    assert (email["to"], email["toName"], email["from"], email["subject"]) == (
        "ana@farm.example",
        "Ana",
        "connect@prairie.example",
        "Connect",
    )
    assert (email["text"], email["html"], email["customArgs"]) == ("plain", "<p>html</p>", {"mid": "m-1"})


def test_a_repeated_mail_is_a_second_mail(client: Any) -> None:
    """Nothing makes mail/send idempotent."""
    first, second = client.mail(), client.mail()
    assert first.headers["X-Message-Id"] != second.headers["X-Message-Id"]
    assert len(client.sandbox.state()["emails"]) == 2


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"personalizations": ...}, "personalizations"),
        ({"personalizations": []}, "personalizations"),
        ({"personalizations": [{}]}, "personalizations.0.to"),
        ({"personalizations": [{"to": []}]}, "personalizations.0.to"),
        ({"personalizations": [{"to": people("nobody")}]}, "personalizations.0.to.0.email"),
        ({"personalizations": [{"to": people("a@b.example", "A@b.example")}]}, "personalizations.0.to"),
        ({"personalizations": [PERSON, PERSON]}, "personalizations.1.to"),
        ({"personalizations": [PERSON | {"cc": people("ana@farm.example")}]}, "personalizations.0.cc"),
        ({"personalizations": [{"to": people(*(f"g{n}@x.example" for n in range(1001)))}]}, "personalizations"),
        ({"personalizations": [{"to": people(f"g{n}@x.example")} for n in range(1001)]}, "personalizations"),
        ({"personalizations": [{"to": [{"email": "a@b.example", "name": "A, B"}]}]}, "personalizations.0.to.0.name"),
        ({"personalizations": [{"to": [{"email": "a@b.example", "name": "A; B"}]}]}, "personalizations.0.to.0.name"),
        ({"personalizations": [PERSON | {"custom_args": {"mid": 1}}]}, "personalizations.0.custom_args"),
        ({"personalizations": [PERSON | {"custom_args": {"m": "x" * 10_000}}]}, "personalizations.0.custom_args"),
        ({"personalizations": [PERSON | {"headers": {"Reply-To": "x"}}]}, "personalizations.0.headers.Reply-To"),
        ({"personalizations": [PERSON | {"headers": {"X-Own": 1}}]}, "personalizations.0.headers.X-Own"),
        ({"headers": {"received": "x"}}, "headers.received"),
        ({"headers": {"DKIM-Signature": "x"}}, "headers.DKIM-Signature"),
        ({"from": ...}, "from"),
        ({"from": "connect@prairie.example"}, "from"),
        ({"from": {"email": "nobody"}}, "from.email"),
        ({"reply_to": {"email": "nobody"}}, "reply_to.email"),
        ({"reply_to": {"email": "a@b.example"}, "reply_to_list": people("c@d.example")}, "reply_to"),
        ({"reply_to_list": people("c@d.example", "c@d.example")}, "reply_to_list"),
        ({"subject": ...}, "subject"),
        ({"subject": ""}, "subject"),
        ({"content": ...}, "content"),
        ({"content": []}, "content"),
        ({"content": [{"type": "text/plain", "value": ""}]}, "content.0.value"),
        ({"content": [{"value": "x"}]}, "content.0.type"),
        ({"content": [HTML, PLAIN]}, "content"),
        ({"content": [PLAIN, PLAIN]}, "content"),
        ({"categories": ["a"] * 2}, "categories"),
        ({"categories": [str(n) for n in range(11)]}, "categories"),
        ({"categories": ["x" * 256]}, "categories"),
        ({"asm": {}}, "asm.group_id"),
        ({"asm": {"group_id": 1, "groups_to_display": list(range(26))}}, "asm.groups_to_display"),
        ({"ip_pool_name": "x"}, "ip_pool_name"),
        ({"send_at": "tomorrow"}, "send_at"),
        ({"send_at": int(time.time()) + 73 * 3600}, "send_at"),
        ({"attachments": [{"filename": "a.pdf"}]}, "attachments.0"),
        ({"mail_settings": {"sandbox_mode": {"enable": "true"}}}, "mail_settings.sandbox_mode.enable"),
        ({"tracking_settings": {"click_tracking": {"enable": 0}}}, "tracking_settings.click_tracking.enable"),
        ({"tracking_setings": {}}, "tracking_setings"),
    ],
)
def test_what_sendgrid_refuses(client: Any, fields: dict[str, Any], field: str) -> None:
    """Each broken rule is a 400 that names its field, and nothing is accepted."""
    answer = client.mail(a_mail(**fields))
    assert answer.status_code == 400
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert client.sandbox.state()["emails"] == []


@pytest.mark.parametrize(
    "fields",
    [
        {"personalizations": [{"to": people(*(f"g{n}@x.example" for n in range(1000)))}]},
        {"personalizations": [PERSON | {"custom_args": {"m": "x" * 9_991}}]},
        {"subject": ..., "content": ..., "template_id": "d-1"},
        {"content": [HTML]},
        {"headers": {"List-Unsubscribe": "<https://x.example/u>"}},
        {"reply_to": {"email": "a@b.example"}},
    ],
)
def test_what_sendgrid_takes(client: Any, fields: dict[str, Any]) -> None:
    """The edges of the rules are inside."""
    assert client.mail(a_mail(**fields)).status_code == 202


def test_a_mail_that_is_too_large(client: Any) -> None:
    """More than 30 MB is a 413."""
    big = [{"filename": "a", "content": "x" * (31 * 1024 * 1024)}]
    assert client.mail(a_mail(attachments=big)).status_code == 413


def test_bodies_that_are_no_mail(client: Any) -> None:
    """What is not JSON is a 400, another content type a 415."""
    url = f"{client.sandbox.sendgrid_url}/v3/mail/send"
    key = {"Authorization": f"Bearer {client.sandbox.settings.sendgrid_api_key}"}
    assert client.http.post(url, content=b"{", headers=key | {"Content-Type": "application/json"}).status_code == 400
    assert client.http.post(url, content=b"[]", headers=key | {"Content-Type": "application/json"}).status_code == 400
    assert client.http.post(url, data={"a": "b"}, headers=key).status_code == 415


@pytest.mark.parametrize(
    ("sender", "status"),
    [
        ("a@prairie.example", 202),
        ("ops@farm.com", 202),
        ("b@farm.com", 403),
        ("x@mail.org", 202),
        ("x@example.com", 403),
    ],
)
def test_the_sender_must_be_verified(sandbox_with: Any, sender: str, status: int) -> None:
    """Addresses, domains and endings that are verified may send; any other is a 403."""
    client = sandbox_with(verified_senders=("*.example", "ops@farm.com", "mail.org"))
    assert client.mail(a_mail(**{"from": {"email": sender}})).status_code == status


def test_the_key_must_be_right(sandbox_with: Any) -> None:
    """A wrong key, no key, or a key that may not send mail is a 401 in SendGrid's words."""
    client = sandbox_with(sendgrid_scopes=("messages.read",))
    answer = client.http.post(f"{client.sandbox.sendgrid_url}/v3/mail/send", json=a_mail())
    assert answer.status_code == 401
    assert "invalid, expired, or revoked" in answer.json()["errors"][0]["message"]
    assert client.mail(a_mail()).status_code == 401
    assert client.sendgrid("GET", "/v3/scopes").json() == {"scopes": ["messages.read"]}
    assert client.http.get(f"{client.sandbox.sendgrid_url}/v3/scopes").status_code == 401


def test_sandbox_mode_sends_nothing(client: Any) -> None:
    """With sandbox_mode the mail is judged, answered with 200, and not sent."""
    body = a_mail(mail_settings={"sandbox_mode": {"enable": True}})
    assert client.mail(body).status_code == 200
    assert client.sandbox.state()["emails"] == []
    assert client.mail(body | {"subject": ""}).status_code == 400


def search(client: Any, query: str, **more: Any) -> Any:
    return client.sendgrid("POST", "/v3/logs", {"query": query} | more)


def test_logs_find_a_mail_by_address_and_time_and_show_its_custom_args(client: Any) -> None:
    """A mail is found by to_email and creation time, and by its id it shows custom_args and events."""
    client.mail(to="ana@farm.example")
    client.mail(to="bo@farm.example")
    query = 'to_email = "ana@farm.example" AND sg_message_id_created_at >= TIMESTAMP "2020-01-01T00:00:00Z"'
    [found] = search(client, query).json()["messages"]
    assert (found["to_email"], found["status"]) == ("ana@farm.example", "processed")
    shown = client.sendgrid("GET", f"/v3/logs/{found['sg_message_id']}").json()
    assert shown["custom_args"] == {"mid": "m-1"}
    assert [event["event"] for event in shown["events"]] == ["processed"]
    client.sandbox.advance(10)
    shown = client.sendgrid("GET", f"/v3/logs/{found['sg_message_id']}").json()
    assert (shown["status"], [event["event"] for event in shown["events"]]) == ("delivered", ["processed", "delivered"])
    assert client.sendgrid("GET", "/v3/logs/nothing").status_code == 404


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ('to_email = "bo@farm.example"', 1),
        ('to_email = "BO@farm.example"', 0),
        ("to_email = 'bo@farm.example' AND subject = 'Connect'", 1),
        ("subject = 'Other'", 0),
        ("status IN ('processed', 'delivered')", 2),
        ("status IN ('bounced')", 0),
        ('sg_message_id_created_at > TIMESTAMP "2099-01-01T00:00:00Z"', 0),
        ('sg_message_id_created_at < TIMESTAMP "2099-01-01T00:00:00Z"', 2),
        ("", 2),
    ],
)
def test_the_query_language_of_the_logs(client: Any, query: str, count: int) -> None:
    """Equality, lists and times work, joined by AND; values are compared letter by letter."""
    client.mail(to="ana@farm.example")
    client.mail(to="bo@farm.example")
    assert len(search(client, query).json()["messages"]) == count


@pytest.mark.parametrize(
    ("query", "more"),
    [
        ('custom_args = "x"', {}),
        ('to_email LIKE "x"', {}),
        ("to_email = x", {}),
        ('to_email = "a" OR to_email = "b"', {}),
        ('sg_message_id_created_at = TIMESTAMP "2025-01-01T00:00:00Z"', {}),
        ('sg_message_id_created_at > "2025-01-01"', {}),
        ('to_email = "a"', {"limit": 0}),
        ('to_email = "a"', {"limit": 1001}),
    ],
)
def test_what_the_logs_refuse(client: Any, query: str, more: dict[str, Any]) -> None:
    """What the query language does not have, and limits outside of 1 to 1000, are a 400."""
    assert search(client, query, **more).status_code == 400


def test_logs_give_ten_when_no_limit_is_said(client: Any) -> None:
    """The default of limit is 10, and there is no paging."""
    client.mail(a_mail(personalizations=[{"to": people(*(f"g{n}@x.example" for n in range(12)))}]))
    assert len(search(client, "").json()["messages"]) == 10
    assert len(search(client, "", limit=12).json()["messages"]) == 12


def test_logs_can_lag(sandbox_with: Any) -> None:
    """With a lag, an accepted mail is not in the logs before the lag has passed."""
    client = sandbox_with(log_lag=60)
    client.mail(to="ana@farm.example")
    assert search(client, 'to_email = "ana@farm.example"').json()["messages"] == []
    client.sandbox.advance(61)
    assert len(search(client, 'to_email = "ana@farm.example"').json()["messages"]) == 1


@pytest.mark.parametrize(
    ("address", "status", "listed"),
    [
        ("bounce@farm.example", "bounced", "bounces"),
        ("bounce+7@farm.example", "bounced", "bounces"),
        ("block.me@farm.example", "blocked", "blocks"),
        ("invalid@farm.example", "dropped", "invalid_emails"),
        ("spam@farm.example", "delivered", "spam_reports"),
        ("unsubscribe@farm.example", "delivered", "unsubscribes"),
        ("stuck@farm.example", "deferred", None),
        ("bouncer@farm.example", "delivered", None),
    ],
)
def test_what_becomes_of_a_mail(client: Any, address: str, status: str, listed: str | None) -> None:
    """The address decides what becomes of an accepted mail, and on which list the address ends."""
    assert client.mail(to=address).status_code == 202
    client.sandbox.advance(120)
    [found] = search(client, f'to_email = "{address}"').json()["messages"]
    assert found["status"] == status
    for name in ("bounces", "blocks", "invalid_emails", "spam_reports", "unsubscribes"):
        entries = client.sendgrid("GET", f"/v3/suppression/{name}").json()
        assert [entry["email"] for entry in entries] == ([address] if name == listed else [])


@pytest.mark.parametrize("listed", ["bounces", "invalid_emails", "spam_reports", "unsubscribes"])
def test_a_suppressed_address_is_accepted_and_dropped(client: Any, listed: str) -> None:
    """Mail to a suppressed address is a 202 and then dropped."""
    client.sandbox.control("suppress", {"list": listed, "email": "Ana@farm.example"})
    assert client.mail(to="ana@farm.example").status_code == 202
    assert client.sandbox.state()["emails"][0]["status"] == "dropped"


def test_an_address_is_suppressed_from_its_bounce_on(client: Any) -> None:
    """Mail that comes before the first one has bounced is not dropped; mail after it is."""
    client.mail(to="bounce@farm.example")
    client.mail(to="bounce@farm.example")
    client.sandbox.advance(10)
    client.mail(to="bounce@farm.example")
    assert [email["status"] for email in client.sandbox.state()["emails"]] == ["bounce", "bounce", "dropped"]


def test_the_edges_of_a_time_in_the_logs(client: Any) -> None:
    """>= and <= hold at the very second of the mail, > and < do not."""
    client.mail()
    [found] = search(client, "").json()["messages"]
    at = f'TIMESTAMP "{found["sg_message_id_created_at"]}"'
    signs = {
        sign: len(search(client, f"sg_message_id_created_at {sign} {at}").json()["messages"])
        for sign in (">=", "<=", ">", "<")
    }
    assert signs == {">=": 1, "<=": 1, ">": 0, "<": 0}


def test_blocks_do_not_drop_and_groups_drop_their_own(client: Any) -> None:
    """A block is about one mail only; a group holds back mail of that group only."""
    client.sandbox.control("suppress", {"list": "blocks", "email": "ana@farm.example"})
    client.sandbox.control("suppress", {"group": 7, "email": "ana@farm.example"})
    client.mail(a_mail())
    client.mail(a_mail(asm={"group_id": 7}))
    assert [email["status"] for email in client.sandbox.state()["emails"]] == ["processed", "dropped"]
    found = client.sendgrid(
        "POST", "/v3/asm/groups/7/suppressions/search", {"recipient_emails": ["ana@farm.example", "x@y.example"]}
    )
    assert found.json() == ["ana@farm.example"]


def test_suppressions_are_paged_and_filtered_by_time(client: Any) -> None:
    """limit up to 500 and offset page a list, start_time and end_time bound it, an address is looked up alone."""
    for number in range(3):
        client.sandbox.control("suppress", {"list": "bounces", "email": f"g+{number}@farm.example"})
        client.sandbox.advance(100)
    entries = client.sendgrid("GET", "/v3/suppression/bounces").json()
    assert [entry["email"] for entry in entries] == [f"g+{number}@farm.example" for number in (2, 1, 0)]
    assert client.sendgrid("GET", "/v3/suppression/bounces?limit=1&offset=1").json() == entries[1:2]
    later = client.sendgrid("GET", f"/v3/suppression/bounces?start_time={entries[1]['created']}").json()
    assert later == entries[:2]
    assert client.sendgrid("GET", f"/v3/suppression/bounces?end_time={entries[1]['created']}").json() == entries[1:]
    assert client.sendgrid("GET", "/v3/suppression/bounces?limit=501").status_code == 400
    assert client.sendgrid("GET", "/v3/suppression/nonsense").status_code == 404
    assert client.sendgrid("GET", "/v3/suppression/bounces/g%2B1%40farm.example").json() == entries[1:2]
    assert client.sendgrid("GET", "/v3/asm/suppressions/global/g%2B1%40farm.example").json() == {}
    client.sandbox.control("suppress", {"list": "unsubscribes", "email": "g+1@farm.example"})
    answer = client.sendgrid("GET", "/v3/asm/suppressions/global/g%2B1%40farm.example")
    assert answer.json() == {"recipient_email": "g+1@farm.example"}


def test_the_account_answers_a_check(sandbox_with: Any) -> None:
    """Senders, domains and tracking defaults can be asked for."""
    client = sandbox_with(verified_senders=("ops@farm.com", "mail.org"))
    senders = client.sendgrid("GET", "/v3/verified_senders").json()["results"]
    assert [(sender["from_email"], sender["verified"]) for sender in senders] == [("ops@farm.com", True)]
    assert client.sendgrid("GET", "/v3/whitelabel/domains").json()[0]["domain"] == "mail.org"
    assert client.sendgrid("GET", "/v3/tracking_settings/click").json() == {"enabled": True, "enable_text": True}
    assert client.sendgrid("GET", "/v3/nothing").status_code == 404


@pytest.mark.parametrize(
    ("fields", "noted"),
    [
        ({}, ["click_tracking", "open_tracking"]),
        ({"tracking_settings": {"click_tracking": {"enable": False}, "open_tracking": {"enable": False}}}, []),
        (
            {"tracking_settings": {"click_tracking": {"enable": False, "enable_text": True}}},
            ["click_tracking", "open_tracking"],
        ),
        ({"custom_args": {"who": "ana@farm.example"}}, ["click_tracking", "open_tracking", "custom_args"]),
    ],
)
def test_what_a_sender_would_regret_is_noted(client: Any, fields: dict[str, Any], noted: list[str]) -> None:
    """Tracking that would rewrite links, and personal data in custom_args, are accepted and noted."""
    client.mail(a_mail(**fields))
    notes = client.sandbox.state()["emails"][0]["notes"]
    assert [note.split()[0] for note in notes] == noted


def test_fates_are_the_same_for_the_same_seed(sandbox_with: Any) -> None:
    """Which addresses bounce is decided by seed and address alone."""

    def bounced(seed: int) -> list[str]:
        client = sandbox_with(bounce_rate=0.3, seed=seed)
        client.mail(a_mail(personalizations=[{"to": people(*(f"g{n}@x.example" for n in range(100)))}]))
        client.sandbox.advance(60)
        return [email["to"] for email in client.sandbox.state()["emails"] if email["status"] == "bounce"]

    assert bounced(1) == bounced(1) != bounced(2)
    assert 10 < len(bounced(1)) < 50


def test_errors_have_sendgrids_form(client: Any) -> None:
    """An error is a list of message, field and help."""
    [error] = client.mail(a_mail(subject="")).json()["errors"]
    assert json.dumps(sorted(error)) == '["field", "help", "message"]'
