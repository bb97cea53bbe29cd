"""Looking for what was sent without an answer: what is asked, and what each answer proves."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote

import pytest

from leafcast.decide.deliveries import SENDGRID, TWILIO, sendgrid_delivery, twilio_delivery
from leafcast.model import Absent, Delivery, Found, Sought, Unknown

OURS = "0f" * 16
LINK_ID = "3f6c1f2e-0000-4000-8000-00000000000a"
BASE = "https://magic-link.withleaf.io/"


def sought(lab: Any, to: str, **changes: Any) -> Sought:
    left = lab.now.replace(microsecond=0) - timedelta(minutes=10)
    return Sought(
        **{"message_id": OURS, "to": to, "link_id": LINK_ID, "link": BASE + LINK_ID, "left_at": left} | changes
    )


# ------------------------------------------------------------------------------------------------------------- SendGrid


def logged(number: int, at: datetime, status: str = "delivered") -> dict[str, Any]:
    stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"sg_message_id": f"req{number}.recvd-1", "status": status, "sg_message_id_created_at": stamp}


def find_email(lab: Any, answer: Any, wanted: Sought) -> tuple[Any, Any]:
    return lab.sendgrid(answer, lambda client: client.find(wanted))


def test_an_email_is_found_by_the_id_that_it_carries(lab):
    """The logs are asked for the address since an hour before it left; the hit is the one with our id."""
    wanted = sought(lab, "gro.wer+1@farm.example")

    def answer(asked):
        if asked.method == "POST":
            return 200, {"messages": [logged(n, wanted.left_at, "bounced") for n in (1, 2)]}
        carried = {"leafcast_message_id": OURS if "req2" in asked.path else "ff" * 16}
        return 200, {"custom_args": carried}

    look, service = find_email(lab, answer, wanted)
    assert look == Found("req2", Delivery.BOUNCED)
    question = service.asked[0].json
    since = wanted.left_at - timedelta(hours=1)
    stamp = since.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert question == {
        "query": f'to_email="gro.wer+1@farm.example" AND sg_message_id_created_at >= TIMESTAMP "{stamp}"',
        "limit": 1000,
    }
    assert [unquote(one.path) for one in service.asked[1:]] == [
        "/prefix/v3/logs/req1.recvd-1",
        "/prefix/v3/logs/req2.recvd-1",
    ]


def test_other_mail_to_the_address_is_no_presence(lab):
    """Mail without our id, or with another one, is somebody else's."""
    wanted = sought(lab, "g@farm.example")

    def answer(asked):
        if asked.method == "POST":
            return 200, {"messages": [logged(1, wanted.left_at), logged(2, wanted.left_at)]}
        return 200, {"custom_args": {"leafcast_message_id": "x"} if "req1" in asked.path else None}

    assert find_email(lab, answer, wanted)[0] == Absent()


def test_capitals_are_looked_for_in_both_ways(lab):
    """The logs tell capitals apart, so absence needs both the address as sent and in small letters."""
    _, service = find_email(lab, lambda asked: (200, {"messages": []}), sought(lab, "Ann@farm.example"))
    addresses = [one.json["query"].split('"')[1] for one in service.asked]
    assert addresses == ["Ann@farm.example", "ann@farm.example"]


@pytest.mark.parametrize("address", ['a"b@farm.example', "a'b@farm.example", "a\\b@farm.example", "a\nb@farm.example"])
def test_an_address_that_could_break_the_question_is_not_asked_for(lab, address):
    """A quotation mark in an address must not become part of the query, nor an absence."""
    look, service = find_email(lab, lambda asked: (200, {"messages": []}), sought(lab, address))
    assert isinstance(look, Unknown)
    assert service.asked == []


def test_a_full_answer_narrows_the_time(lab):
    """A thousand hits may not be all: the time is cut until each part fits, and what is in any part is found."""
    wanted = sought(lab, "g@farm.example")
    everything = [logged(n, wanted.left_at + timedelta(seconds=n)) for n in range(-1500, 1500)]

    def answer(asked):
        if asked.method == "GET":
            return 200, {"custom_args": {"leafcast_message_id": OURS if "req-1400." in asked.path else "x"}}
        stamps = asked.json["query"].split('TIMESTAMP "')[1:]
        since, until = stamps[0][:20], stamps[1][:20] if len(stamps) > 1 else "9"
        hits = [one for one in everything if since <= one["sg_message_id_created_at"] < until]
        return 200, {"messages": hits[-1000:]}

    look, service = find_email(lab, answer, wanted)
    assert look == Found("req-1400", Delivery.DELIVERED)
    assert len([one for one in service.asked if one.method == "POST"]) < 20


def test_too_many_emails_in_one_second_prove_nothing(lab):
    """Where narrowing cannot help, absence is not claimed."""
    wanted = sought(lab, "g@farm.example")

    def answer(asked):
        return 200, {"messages": [logged(n, wanted.left_at) for n in range(1000)]}

    assert isinstance(find_email(lab, answer, wanted)[0], Unknown)


TROUBLE: list[tuple[int, Any, bool]] = [
    (401, {"errors": []}, True),
    (403, {"errors": []}, True),
    (429, {"errors": []}, True),
    (503, b"<html>", True),
    (400, {"errors": []}, False),
    (302, b"", False),
    (200, b"<html>", False),
    (200, {"messages": None}, False),
    (200, [], False),
]


@pytest.mark.parametrize(("status", "body", "everyone"), TROUBLE, ids=str)
def test_trouble_at_sendgrid_is_never_an_absence(lab, status, body, everyone):
    """Whatever keeps an answer away leaves the doubt; what would meet everybody says so."""
    look, _ = find_email(lab, lambda asked: (status, body), sought(lab, "g@farm.example"))
    assert isinstance(look, Unknown)
    assert look.everyone is everyone
    assert "farm" not in look.why


@pytest.mark.parametrize("detail", [(404, {}), (500, {}), (200, b"{"), (200, {"custom_args": "x"}), (-1, b"")])
def test_a_hit_that_cannot_be_opened_is_no_absence(lab, detail):
    """It may be the one."""
    wanted = sought(lab, "g@farm.example")

    def answer(asked):
        return (200, {"messages": [logged(1, wanted.left_at)]}) if asked.method == "POST" else detail

    assert isinstance(find_email(lab, answer, wanted)[0], Unknown)


@pytest.mark.parametrize(
    "hit", [{}, {"sg_message_id": "x"}, {"sg_message_id": 1}, None, {"sg_message_id_created_at": "x"}]
)
def test_a_hit_that_cannot_be_read_is_no_absence(lab, hit):
    """It may be the one."""
    look, _ = find_email(lab, lambda asked: (200, {"messages": [hit]}), sought(lab, "g@farm.example"))
    assert isinstance(look, Unknown)


# --------------------------------------------------------------------------------------------------------------- Twilio


def text(sid: str, body: str | None, at: datetime, status: str = "delivered") -> dict[str, Any]:
    return {"sid": sid, "body": body, "status": status, "date_created": format_datetime(at)}


def paged(messages: list[dict[str, Any]], size: int) -> Any:
    """A service that answers this list page by page."""

    def answer(asked):
        start = int(asked.query.get("PageToken", ["PA0"])[0][2:])
        more = start + size < len(messages)
        following = f"/2010-04-01/Accounts/AC1/Messages.json?To=x&PageSize={size}&Page=1&PageToken=PA{start + size}"
        return 200, {"messages": messages[start : start + size], "next_page_uri": following if more else None}

    return answer


def find_text(lab: Any, answer: Any, **changes: Any) -> tuple[Any, Any]:
    wanted = sought(lab, "+15155550199", **changes)
    return lab.twilio(answer, lambda client: client.find(wanted))


def test_a_text_is_found_by_its_link(lab):
    """The list is asked for by recipient only, never by the date of sending, and read until the link shows."""
    at = sought(lab, "x").left_at
    messages = [text(f"SM{n}", f"Hi {BASE}other-{n}", at) for n in range(5)]
    messages.append(text("SM-ours", f"Hi {BASE}{LINK_ID} bye", at, "undelivered"))
    look, service = find_text(lab, paged(messages, 2))
    assert look == Found("SM-ours", Delivery.UNDELIVERED)
    assert len(service.asked) == 3
    assert all(set(one.query) <= {"To", "PageSize", "Page", "PageToken"} for one in service.asked)
    assert {one.query["To"][0] for one in service.asked} == {"+15155550199"}
    assert [one.query.get("PageToken") for one in service.asked] == [None, ["PA2"], ["PA4"]]


def test_texts_with_other_links_are_other_texts(lab):
    """Two growers with one number: only the own link is presence, and one that merely begins alike is none."""
    at = sought(lab, "x").left_at
    messages = [text("SM1", f"{BASE}{LINK_ID}0", at), text("SM2", f"{BASE}elsewhere", at)]
    assert find_text(lab, paged(messages, 50))[0] == Absent()


def test_reading_ends_an_hour_before_it_left(lab):
    """Older pages are not asked for, where the list goes from new to old."""
    at = sought(lab, "x").left_at
    messages = [text(f"SM{n}", "old words", at - timedelta(minutes=50 + n)) for n in range(100)]
    messages = [text("SM", f"{BASE}other", at), *messages[15:]]
    look, service = find_text(lab, paged(messages, 10))
    assert (look, len(service.asked)) == (Absent(), 2)


def test_a_list_in_another_order_is_read_to_its_end(lab):
    """An early end is only taken where the order shows that nothing newer can follow."""
    at = sought(lab, "x").left_at
    messages = [text(f"SM{n}", "old", at - timedelta(days=30 - n)) for n in range(20)]
    messages.append(text("SM-ours", BASE + LINK_ID, at))
    assert find_text(lab, paged(messages, 5))[0] == Found("SM-ours", Delivery.DELIVERED)


@pytest.mark.parametrize("body", ["", None, "words without a link", "https://short.example/abc"])
def test_a_text_without_its_words_is_no_absence(lab, body):
    """Withheld or rewritten words at that time may be ours; the same a day before are not."""
    at = sought(lab, "x").left_at
    assert isinstance(find_text(lab, paged([text("SM1", body, at)], 50))[0], Unknown)
    assert find_text(lab, paged([text("SM1", body, at - timedelta(days=1))], 50))[0] == Absent()


def test_without_a_known_link_nothing_is_asked(lab):
    """It could not be told from any other text."""
    look, service = find_text(lab, paged([], 50), link_id="", link="")
    assert isinstance(look, Unknown)
    assert service.asked == []


TWILIO_TROUBLE: list[tuple[int, Any, bool]] = [
    (401, {"code": 20003}, True),
    (404, {"code": 20404}, True),
    (429, {"code": 20429}, True),
    (500, b"", True),
    (400, {"code": 20001}, False),
    (200, b"{", False),
    (200, {"messages": [1]}, False),
    (200, {"messages": [], "next_page_uri": "/somewhere"}, False),
]


@pytest.mark.parametrize(("status", "body", "everyone"), TWILIO_TROUBLE, ids=str)
def test_trouble_at_twilio_is_never_an_absence(lab, status, body, everyone):
    """Whatever keeps a whole list away leaves the doubt; what would meet everybody says so."""
    look, _ = find_text(lab, lambda asked: (status, body))
    assert isinstance(look, Unknown)
    assert look.everyone is everyone
    assert "5550199" not in look.why


def test_a_list_without_end_is_left(lab):
    """A next page that leads nowhere new must not keep a sync for ever."""
    at = sought(lab, "x").left_at
    page = {"messages": [text("SM", f"{BASE}x", at)], "next_page_uri": "/M.json?PageToken=PA1"}
    look, service = find_text(lab, lambda asked: (200, page))
    assert isinstance(look, Unknown)
    assert len(service.asked) == 2


def test_a_service_that_is_not_there_is_out_of_reach(lab):
    """Silence is told as such, for everybody."""
    look, service = find_text(lab, lambda asked: (lab.CUT, b""))
    assert isinstance(look, Unknown)
    assert look.everyone
    assert len(service.asked) == 5


# ---------------------------------------------------------------------------------------------------------------- words


def test_unknown_words_about_delivery_are_unknown():
    """A status that came after this was written changes nothing."""
    assert {sendgrid_delivery("novel"), twilio_delivery(None), sendgrid_delivery(3)} == {Delivery.UNKNOWN}
    assert {sendgrid_delivery(word) for word in SENDGRID} | {twilio_delivery(word) for word in TWILIO} == {
        *(Delivery.QUEUED, Delivery.DELIVERED, Delivery.DROPPED, Delivery.BOUNCED, Delivery.UNDELIVERED)
    }
