"""The stand-in of Twilio is as strict as what Twilio documents."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from leafcast.sandbox.segments import count, encoding
from leafcast.sandbox.settings import SERVICE_SID


def test_an_accepted_text(client: Any) -> None:
    """A good text is a 201 with the message, its number of segments a string, its dates RFC 2822."""
    answer = client.text(Body="Hello {you}")
    shown = answer.json()
    assert answer.status_code == 201
    assert shown["sid"].startswith("SM")
    assert len(shown["sid"]) == 34
    assert (shown["status"], shown["num_segments"], shown["error_code"], shown["date_sent"]) == (
        "queued",
        "1",
        None,
        None,
    )
    assert (shown["to"], shown["from"], shown["body"]) == ("+15155550199", "+15155550100", "Hello {you}")
    assert parsedate_to_datetime(shown["date_created"]).tzinfo is not None
    assert client.twilio("GET", f"/Messages/{shown['sid']}.json").json()["sid"] == shown["sid"]


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"To": ...}, 400, 21604),
        ({"From": ...}, 400, 21603),
        ({"Body": ...}, 400, 21602),
        ({"Body": "   "}, 400, 21602),
        ({"Body": "x" * 1601}, 400, 21617),
        ({"To": "5155550199"}, 400, 21211),
        ({"To": "+1515 555 0199"}, 400, 21211),
        ({"To": "+15155550100"}, 400, 21211),
        ({"From": "not a number!"}, 400, 21212),
        ({"From": "+15155559999"}, 400, 21606),
        ({"From": "Prairie"}, 400, 21606),
        ({"From": ..., "MessagingServiceSid": "MG123"}, 400, 21705),
        ({"From": ..., "MessagingServiceSid": "MG" + "0" * 32}, 404, 21701),
        ({"ValidityPeriod": "0"}, 400, 20001),
        ({"ValidityPeriod": "36001"}, 400, 20001),
        ({"ValidityPeriod": "soon"}, 400, 20001),
        ({"StatusCallback": "not a url"}, 400, 21609),
        ({"StatusCallback": "https://my_host.example/x"}, 400, 21609),
        ({"ScheduleType": "fixed"}, 400, 35118),
        ({"To": "+15005550001"}, 400, 21211),
        ({"To": "+15005550002"}, 400, 21612),
        ({"To": "+15005550003"}, 400, 21408),
        ({"To": "+15005550004"}, 400, 21610),
        ({"To": "+15005550009"}, 400, 21614),
        ({"To": "+989121234567"}, 400, 21408),
    ],
)
def test_what_twilio_refuses(client: Any, fields: dict[str, Any], status: int, code: int) -> None:
    """Each broken rule has its code, in Twilio's form, and nothing is accepted."""
    answer = client.text(**fields)
    error = answer.json()
    assert (answer.status_code, error["code"], error["status"]) == (status, code, status)
    assert error["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
    assert client.sandbox.state()["texts"] == []


@pytest.mark.parametrize(
    "fields",
    [
        {"Body": "x" * 1600},
        {"ValidityPeriod": "1"},
        {"ValidityPeriod": "36000"},
        {"StatusCallback": "https://hooks.example/t?m=1"},
        {"From": "+15155550100", "MessagingServiceSid": SERVICE_SID},
    ],
)
def test_what_twilio_takes(client: Any, fields: dict[str, Any]) -> None:
    """The edges of the rules are inside."""
    assert client.text(**fields).status_code == 201


def test_only_forms_are_taken(client: Any) -> None:
    """JSON is a 415."""
    assert client.twilio("POST", "/Messages.json", json={"To": "+15155550199"}).status_code == 415


def test_who_may_ask(client: Any) -> None:
    """The account's token and an API key open the account; anything else is 20003, another account 20404."""
    settings = client.sandbox.settings
    account = settings.twilio_account_sid
    for auth in ((account, settings.twilio_auth_token), (settings.twilio_api_key, settings.twilio_api_secret)):
        assert client.twilio("GET", ".json", auth=auth).json()["status"] == "active"
    for wrong in ((account, "wrong"), ("AC0", settings.twilio_auth_token), (settings.twilio_api_key, "wrong")):
        answer = client.twilio("POST", "/Messages.json", auth=wrong, data={})
        assert (answer.status_code, answer.json()["code"]) == (401, 20003)
    other = f"{client.sandbox.twilio_url}/2010-04-01/Accounts/AC{'0' * 32}/Messages.json"
    answer = client.http.post(other, auth=(account, settings.twilio_auth_token), data={})
    assert (answer.status_code, answer.json()["code"]) == (404, 20404)
    assert client.http.get(other).status_code == 401


@pytest.mark.parametrize(
    ("number", "course"),
    [
        ("+15155550199", ["queued", "sent", "delivered"]),
        ("+15005550101", ["queued", "sent", "undelivered"]),
        ("+15005550110", ["queued", "queued", "failed"]),
        ("+15005550120", ["queued", "sent", "sent"]),
    ],
)
def test_a_text_moves_on_by_itself(client: Any, number: str, course: list[str]) -> None:
    """queued becomes sent and then delivered, or what the number stands for, as the sandbox's time goes by."""
    path = f"/Messages/{client.text(To=number).json()['sid']}.json"
    seen = [client.twilio("GET", path).json()["status"]]
    for seconds in (1.2 if number != "+15005550110" else 0.5, 5):
        client.sandbox.advance(seconds)
        seen.append(client.twilio("GET", path).json()["status"])
    assert seen == (course if number != "+15005550110" else ["queued", "queued", "failed"])


def test_an_undelivered_text_says_why(client: Any) -> None:
    """The error code is there once the text has failed, and not before."""
    path = f"/Messages/{client.text(To='+15005550105').json()['sid']}.json"
    assert client.twilio("GET", path).json()["error_code"] is None
    client.sandbox.advance(10)
    assert client.twilio("GET", path).json()["error_code"] == 30007


def test_a_messaging_service_chooses_later(client: Any) -> None:
    """Through a messaging service a text is first accepted, without a sender and with 0 segments."""
    first = client.text(From=..., MessagingServiceSid=SERVICE_SID).json()
    assert (first["status"], first["from"], first["num_segments"]) == ("accepted", None, "0")
    client.sandbox.advance(10)
    later = client.twilio("GET", f"/Messages/{first['sid']}.json").json()
    assert (later["status"], later["from"], later["num_segments"]) == ("delivered", "+15155550100", "1")


@pytest.mark.parametrize(("sender", "code"), [("*", 21610), ("+15155550100", 21610), ("+15155550101", None)])
def test_a_stop_is_obeyed(client: Any, sender: str, code: int | None) -> None:
    """Who replied STOP to a sender cannot be written to from it."""
    client.sandbox.control("stop", {"phone": "+15155550199", "sender": sender})
    assert client.text().json().get("code") == code


def test_messages_are_listed_and_paged(client: Any) -> None:
    """The list is newest first, filtered by To and From, and goes on under next_page_uri until it is null."""
    sids = [client.text(To="+15155550198", Body=str(number)).json()["sid"] for number in range(5)]
    client.text(To="+15155550197", From="+15155550101")
    page = client.twilio("GET", "/Messages.json", params={"To": "+15155550198", "PageSize": "2"}).json()
    found = [message["sid"] for message in page["messages"]]
    while page["next_page_uri"]:
        page = client.http.get(
            client.sandbox.twilio_url + page["next_page_uri"],
            auth=(client.sandbox.settings.twilio_account_sid, client.sandbox.settings.twilio_auth_token),
        ).json()
        found += [message["sid"] for message in page["messages"]]
    assert found == sids[::-1]
    by_sender = client.twilio("GET", "/Messages.json", params={"From": "+15155550101"}).json()["messages"]
    assert [message["to"] for message in by_sender] == ["+15155550197"]
    assert len(client.twilio("GET", "/Messages.json").json()["messages"]) == 6
    assert client.twilio("GET", "/Messages.json", params={"PageSize": "1001"}).status_code == 400
    assert client.twilio("GET", "/Messages.json", params={"DateSent": "yesterday"}).status_code == 400


def test_date_sent_does_not_find_what_is_queued(client: Any) -> None:
    """DateSent is about the time of sending, which a queued text does not have."""
    client.text()
    params = {"DateSent>": "2020-01-01"}
    assert client.twilio("GET", "/Messages.json", params=params).json()["messages"] == []
    client.sandbox.advance(10)
    assert len(client.twilio("GET", "/Messages.json", params=params).json()["messages"]) == 1
    assert client.twilio("GET", "/Messages.json", params={"DateSent<": "2020-01-01"}).json()["messages"] == []
    assert client.twilio("GET", "/Messages.json", params={"DateSent": "2020-01-01"}).json()["messages"] == []


def test_the_list_can_lag(sandbox_with: Any) -> None:
    """With a lag an accepted text is missing from the list at first, and is there by its sid all the same."""
    client = sandbox_with(list_lag=600)
    sid = client.text().json()["sid"]
    assert client.twilio("GET", "/Messages.json").json()["messages"] == []
    assert client.twilio("GET", f"/Messages/{sid}.json").status_code == 200
    client.sandbox.advance(601)
    assert len(client.twilio("GET", "/Messages.json").json()["messages"]) == 1


def test_a_queued_text_can_be_cancelled(client: Any) -> None:
    """Status=canceled stops what has not been sent, and comes too late for what has."""
    first, second = client.text().json()["sid"], client.text().json()["sid"]
    cancelled = client.twilio("POST", f"/Messages/{first}.json", data={"Status": "canceled"})
    assert cancelled.json()["status"] == "canceled"
    client.sandbox.advance(10)
    assert client.twilio("GET", f"/Messages/{first}.json").json()["status"] == "canceled"
    assert client.twilio("POST", f"/Messages/{second}.json", data={"Status": "canceled"}).status_code == 400


def test_the_account_answers_a_check(client: Any) -> None:
    """Numbers and messaging services can be asked for."""
    found = client.twilio("GET", "/IncomingPhoneNumbers.json", params={"PhoneNumber": "+15155550100"}).json()
    assert [number["phone_number"] for number in found["incoming_phone_numbers"]] == ["+15155550100"]
    missing = client.twilio("GET", "/IncomingPhoneNumbers.json", params={"PhoneNumber": "+15155559999"}).json()
    assert missing["incoming_phone_numbers"] == []
    settings = client.sandbox.settings
    auth = (settings.twilio_account_sid, settings.twilio_auth_token)
    assert client.http.get(f"{client.sandbox.twilio_url}/v1/Services/{SERVICE_SID}", auth=auth).status_code == 200
    assert client.http.get(f"{client.sandbox.twilio_url}/v1/Services/MG0", auth=auth).status_code == 404
    assert client.twilio("GET", "/Messages/SM0.json").json()["code"] == 20404
    assert client.twilio("GET", "/Nothing.json").status_code == 404


@pytest.mark.parametrize(
    ("body", "alphabet", "segments"),
    [
        ("", "GSM-7", 1),
        ("a" * 160, "GSM-7", 1),
        ("a" * 161, "GSM-7", 2),
        ("a" * 306, "GSM-7", 2),
        ("a" * 307, "GSM-7", 3),
        ("€" * 80, "GSM-7", 1),
        ("€" * 81, "GSM-7", 2),
        ("a" * 152 + "€" + "a" * 10, "GSM-7", 2),
        ("€" * 153, "GSM-7", 3),
        ("ñÑüÜ@£", "GSM-7", 1),
        ("ç", "UCS-2", 1),
        ("’" + "a" * 69, "UCS-2", 1),
        ("’" + "a" * 70, "UCS-2", 2),
        ("🌱" * 35, "UCS-2", 1),
        ("🌱" * 36, "UCS-2", 2),
        ("🌱" * 67, "UCS-2", 3),
    ],
)
def test_segments(body: str, alphabet: str, segments: int) -> None:
    """160 or 153 places in GSM-7, 70 or 67 in UCS-2; what takes two places is never split."""
    assert (encoding(body), count(body)) == (alphabet, segments)
