"""`deliver: first` over three channels: a refusal goes on to the next one, in order, once, and loses nobody."""

from __future__ import annotations

import pytest

from leafcast.model import Channel, MessageSettled, NextChannel, Outcome, Verdict

from .conftest import grower, phone_only

EMAIL, SMS, APP = Channel.EMAIL, Channel.SMS, Channel.WEBHOOK
PHONE = "+15155550101"
THREE = (
    ("channels: [email, sms]", "channels: [email, sms, webhook]"),
    ("pace: {", 'webhook: {url: "https://app.example/links"}\npace: {webhook: unlimited, '),
)
NO = Outcome(Verdict.REFUSED, "400", "no")


def three(stage, *rows):
    """A stage with three channels on which every grower's email is refused."""
    play = stage(rows, *THREE)
    play.email.script = {row["email"]: [NO] for row in rows if row["email"]}
    return play


def outcomes(play, external_id="G-1"):
    return {channel: state for (who, channel), state in play.states().items() if who == external_id}


def test_two_refusals_lead_to_the_third_channel(stage):
    """Each channel is asked once, in the order of preference, and each state stays in the ledger."""
    play = three(stage, grower(1, phone=PHONE))
    play.sms.script = {PHONE: [NO]}
    play.run()
    play.run()
    assert outcomes(play) == {EMAIL: "refused", SMS: "refused", APP: "accepted"}
    assert (len(play.email.sent), len(play.sms.sent), len(play.app.sent)) == (1, 1, 1)
    assert len(play.leaf.requests) == 1


def test_a_channel_that_cannot_be_used_is_passed_over(stage):
    """No phone number, or no consent to texts: the application gets the link at once."""
    play = three(stage, grower(1, smsConsent="yes"), grower(2, phone=PHONE, smsConsent="no"))
    play.run()
    for one in ("G-1", "G-2"):
        assert outcomes(play, one) == {EMAIL: "refused", APP: "accepted"}
    assert play.sms.sent == []


def test_the_first_that_takes_it_ends_it(stage):
    """Nobody hears twice of one link."""
    play = three(stage, grower(1, phone=PHONE))
    play.run()
    play.run()
    assert outcomes(play) == {EMAIL: "refused", SMS: "accepted"}
    assert play.app.sent == []


def test_anything_but_a_refusal_ends_it_as_well(stage):
    """A text in doubt may have arrived, a failed one is `retry`'s: the third channel is for a no alone."""
    play = three(stage, grower(1, phone=PHONE), phone_only(2))
    play.sms.script = {PHONE: [Outcome(Verdict.IN_DOUBT, "timeout", "no answer")]}
    play.sms.script["+15155550002"] = [Outcome(Verdict.FAILED, "413", "too large"), NO]
    play.run()
    assert outcomes(play) == {EMAIL: "refused", SMS: "in_doubt"}
    assert outcomes(play, "G-2") == {SMS: "failed"}
    play.retry()
    assert outcomes(play, "G-2") == {SMS: "refused", APP: "accepted"}


def test_many_refusals_on_two_channels_lose_nobody(stage):
    """However the lanes stand to each other, everybody ends on the first channel that takes them, once."""
    rows = [grower(number, phone=f"+1515555{number:04d}") for number in range(60)]
    play = stage(rows, *THREE)
    play.email.script = {row["email"]: [NO] for row in rows[::3]}
    play.sms.script = {row["phone"]: [NO] for row in rows[::9]}
    play.run()
    assert [len(box.taken) for box in (play.email, play.sms, play.app)] == [40, 13, 7]
    assert sum(state == "accepted" for state in play.states().values()) == 60


def test_a_refusal_and_what_follows_it_are_one_stroke(stage):
    """A crash between the two would leave a grower with a refusal and nothing after it."""
    play = three(stage, grower(1, phone=PHONE))
    strokes, record = [], play.ledger.record

    def seen(*changes):
        strokes.append(changes)
        return record(*changes)

    play.ledger.record = seen
    play.run()
    (stroke,) = [one for one in strokes if any(isinstance(change, NextChannel) for change in one)]
    assert isinstance(stroke[0], MessageSettled)
    assert stroke[0].outcome is NO


@pytest.mark.parametrize("late", ["phone", "smsConsent"])
def test_who_was_refused_everywhere_goes_on_when_the_list_gives_another_way(stage, late):
    """A number, or a consent, that comes after the refusal is new data: the grower is not forgotten."""
    row = grower(1, phone=PHONE, smsConsent="yes") | {late: "" if late == "phone" else "no"}
    play = stage([row])
    play.email.script = {row["email"]: [NO]}
    play.run()
    assert outcomes(play) == {EMAIL: "refused"}
    play.rows.cells[0][late] = PHONE if late == "phone" else "yes"
    play.run()
    play.run()
    assert outcomes(play) == {EMAIL: "refused", SMS: "accepted"}
    assert len(play.sms.sent) == 1


def test_a_corrected_address_gets_what_the_wrong_one_refused(stage):
    """The typo is mended in the list, and the next run writes there, once."""
    play = stage([grower(1, email="g1@famr.example")])
    play.email.script = {"g1@famr.example": [NO]}
    play.run()
    play.run()
    assert outcomes(play) == {EMAIL: "refused"}
    play.rows.cells[0]["email"] = "g1@farm.example"
    report = play.run()
    play.run()
    assert (report.changes.moved, report.exit_code) == (("G-1",), 0)
    assert [message.to for message in play.email.sent] == ["g1@famr.example", "g1@farm.example"]
    assert outcomes(play) == {EMAIL: "accepted"}
