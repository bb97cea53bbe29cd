"""Deliveries in memory: what is asked, what is noted, and that trouble, a stop or a second time changes nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from leafcast.decide.deliveries import smtp_code
from leafcast.edge.sendgridlogs import MARGIN, SILENCE, _windows
from leafcast.errors import Interrupted
from leafcast.model import Barred, Channel, Delivery, Unknown
from leafcast.stories.brake import Brake
from leafcast.stories.deliveries import Tracked, Tracking, track

EMAIL, SMS = Channel.EMAIL, Channel.SMS


def grower(number: int, **cells: str) -> dict[str, str]:
    return {"externalId": f"G-{number}", "name": f"Grower {number}", "email": f"g{number}@farm.example"} | cells


def phone_only(number: int) -> dict[str, str]:
    return grower(number, email="", phone=f"+1515555{1000 + number}")


def tracked(play: Any, brake: Brake | None = None) -> Tracked:
    async def go() -> Tracked:
        play.ledger.begin("spring", "sync")
        trackers = {EMAIL: play.email, SMS: play.sms}
        return await track(Tracking(play.ledger, play.ledger, trackers, play.clock), "spring", brake or Brake())

    return asyncio.run(go())


def deliveries(play: Any) -> dict[str, str]:
    return {row.external_id: row.delivery for row in play.ledger.rows("spring")}


def bounce(play: Any, number: int, **fields: Any) -> Barred:
    said = {"delivery": Delivery.BOUNCED, "source": "sendgrid bounces", "at": play.clock.now(), "code": "5.1.1"}
    return Barred(f"G{number}@farm.example", **said | fields)


def test_each_message_is_told_by_its_service(stage):
    """Emails and texts alike; the counts have it, and nothing is sent for it."""
    play = stage([grower(0), grower(1), phone_only(2)])
    play.run()
    play.email.said = {"g1@farm.example": Delivery.DROPPED}
    result = tracked(play)
    assert deliveries(play) == {"G-0": "delivered", "G-1": "dropped", "G-2": "delivered"}
    assert result.moved == {Delivery.DELIVERED: 2, Delivery.DROPPED: 1}
    assert (len(play.email.sent), len(play.sms.sent)) == (2, 1)


def test_what_has_arrived_is_not_asked_for_again(stage):
    """The second time only those still under way are asked for, and the ledger is the same."""
    play = stage([grower(number) for number in range(6)])
    play.run()
    play.email.said = {"g3@farm.example": Delivery.QUEUED}
    tracked(play)
    assert play.email.pages_asked == 3
    assert tracked(play).moved == {}
    assert play.email.pages_asked == 4


def test_a_list_speaks_of_the_last_message_to_an_address(stage):
    """A bounce that comes after delivery, with other capitals; one for somebody else, or from long before, says nothing
    about these messages."""
    play = stage([grower(0), grower(1)])
    play.run()
    play.clock.advance(86_400)
    play.email.lists = {
        "sendgrid bounces": [
            bounce(play, 0),
            bounce(play, 7),
            bounce(play, 1, at=play.clock.now() - timedelta(days=9)),
        ]
    }
    result = tracked(play)
    assert deliveries(play) == {"G-0": "bounced", "G-1": "delivered"}
    assert result.barred == {"sendgrid bounces": 1}


def test_whoever_is_barred_is_suppressed(stage):
    """On that channel, in every campaign, with the service's reason and time; a block speaks of one message only."""
    play = stage([grower(0), grower(1), grower(2), phone_only(3)])
    play.run()
    spam = bounce(play, 1, delivery=Delivery.COMPLAINED, source="sendgrid spam", code="")
    play.email.lists = {
        "sendgrid bounces": [bounce(play, 0)],
        "sendgrid spam": [spam],
        "sendgrid blocks": [bounce(play, 2, source="sendgrid blocks", lasting=False)],
    }
    stop = Barred("+15155551003", Delivery.UNSUBSCRIBED, "twilio stop", play.clock.now())
    play.sms.lists = {"twilio stop": [stop]}
    for _ in range(2):
        tracked(play)
    assert [(one.channel, one.address, one.reason, one.source) for one in play.ledger.suppressions()] == [
        (EMAIL, "g0@farm.example", "bounced", "sendgrid bounces"),
        (EMAIL, "g1@farm.example", "marked as spam", "sendgrid spam"),
        (SMS, "+15155551003", "answered STOP", "twilio stop"),
    ]
    assert deliveries(play)["G-2"] == "bounced"


def test_a_list_is_read_on_from_the_last_time(stage):
    """With an hour's margin, for clocks differ; what comes twice changes nothing."""
    play = stage([grower(0)])
    play.run()
    left = play.clock.now()
    play.email.lists = {"sendgrid spam": []}
    tracked(play)
    second = play.clock.now()
    play.clock.advance(86_400)
    tracked(play)
    assert play.email.since == [left - timedelta(hours=1), second - timedelta(hours=1)]


def test_a_list_that_broke_is_read_again_from_the_same_place(stage):
    """The mark rises only when all was heard; the trouble is told, and the other service is asked all the same."""
    play = stage([grower(0), phone_only(1)])
    play.run()
    play.email.lists = {"sendgrid spam": []}
    play.email.trouble = Unknown("SendGrid takes no more questions for now", everyone=True)
    result = tracked(play)
    assert "SendGrid" in result.trouble.message
    assert deliveries(play) == {"G-0": "unknown", "G-1": "delivered"}
    assert play.ledger.watermark("spring", "sendgrid spam") is None
    play.email.trouble = None
    assert tracked(play).trouble is None
    assert play.ledger.watermark("spring", "sendgrid spam") is not None
    assert deliveries(play)["G-0"] == "delivered"


def test_what_a_key_may_not_see_is_no_trouble(stage):
    """A key that may only send is a good key: sync says what it could not see, and ends well."""
    play = stage([grower(0), phone_only(1)])
    play.run()
    play.email.lists = {"sendgrid spam": [], "sendgrid bounces": []}
    play.email.trouble = Unknown("SendGrid does not let this key read this", everyone=True, forbidden=True)
    result = tracked(play)
    assert (result.trouble, result.blind) == (None, ["SendGrid does not let this key read this"])
    assert deliveries(play)["G-1"] == "delivered"
    assert play.ledger.watermark("spring", "sendgrid spam") is None


def test_nobody_is_asked_where_nothing_was_taken(stage):
    """A service that took nothing has nothing to tell."""
    play = stage([phone_only(0)])
    play.run()
    play.email.lists = {"sendgrid spam": []}
    tracked(play)
    assert (play.email.since, play.email.pages_asked) == ([], 0)


def test_a_stop_keeps_what_was_heard(stage):
    """Ctrl-C ends the asking; the next time the rest is heard, as if nothing had been."""
    play = stage([grower(number) for number in range(6)])
    play.run()
    brake = Brake()

    class Stopping:
        sources = ()

        async def reports(self, wanted: Any) -> Any:
            async for page in play.email.reports(wanted):
                yield page
                brake.pull(Interrupted())

    async def go() -> Tracked:
        play.ledger.begin("spring", "sync")
        return await track(Tracking(play.ledger, play.ledger, {EMAIL: Stopping()}, play.clock), "spring", brake)

    assert asyncio.run(go()).moved.total() == 2
    assert tracked(play).moved.total() == 4
    assert set(deliveries(play).values()) == {"delivered"}


def test_times_are_asked_about_in_spans(stage):
    """A long silence between two emails divides them, so that the mail of other campaigns is not read through."""
    now = stage([]).clock.now()
    times = [now, now + timedelta(hours=1), now + timedelta(days=3)]
    spans = list(_windows(times))
    assert [last for _, last in spans] == [times[1] + MARGIN, times[2] + MARGIN]
    assert list(_windows([])) == []
    assert len(list(_windows([now, now + SILENCE]))) == 1


def test_of_a_servers_words_only_the_code_is_kept():
    """The words may hold the address."""
    assert smtp_code("550 5.1.1 <ana@farm.example> no such user 5.2") == "5.1.1"
    assert smtp_code("421 try again") == "421"
    assert smtp_code("Bounced Address") == ""
