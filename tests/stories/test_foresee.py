"""A plan says what the run after it does, row by row."""

from __future__ import annotations

import asyncio

from leafcast.decide.foresight import line_text, plan_document, sum_text
from leafcast.model import Channel, LinkStep, Outcome, Step, Suppress, Suppression, Verdict
from leafcast.stories.foresee import foresee

from .conftest import Rows, grower, phone_only


def plan(stage):
    return asyncio.run(foresee(stage.ledger, stage.ledger, stage.examiner, stage.examiner.survey(), stage.clock.now()))


def steps(found):
    return {(line.external_id, line.channel): (line.step.value, line.why) for line in found.lines}


def test_what_would_be_sent_is_what_a_run_sends(stage):
    """Each message with its link; then the run does exactly that, and a plan after it has nothing left."""
    one = stage([grower(1), phone_only(2), grower(3, provider="JohnDeere")])
    found = plan(one)
    assert {line.step for line in found.lines} == {Step.SEND}
    assert [(line.link, line.link_type) for line in found.lines] == [
        (LinkStep.CREATE, "provider"),
        (LinkStep.CREATE, "provider"),
        (LinkStep.CREATE, "authentication"),
    ]
    assert one.email.sent == []
    report = one.run()
    assert sum(report.due.messages.values()) == len(found.lines)
    assert set(steps(plan(one)).values()) == {("nothing", "accepted")}


def test_every_skip_has_its_reason(stage):
    """Suppressed, without consent; who vanished from the list is left alone."""
    one = stage([grower(1), grower(2, emailConsent="no"), grower(3)])
    one.run(only=frozenset({"G-9"}))
    one.ledger.record(Suppress((Suppression(Channel.EMAIL, "g1@farm.example", "asked", "by hand"),)))
    one.rows = Rows([grower(1), grower(2, emailConsent="no")])
    found = plan(one)
    assert steps(found) == {
        ("G-1", Channel.EMAIL): ("skip", "suppressed"),
        ("G-2", Channel.EMAIL): ("skip", "no consent"),
        ("G-3", Channel.EMAIL): ("nothing", "not in the list any more"),
    }
    assert found.changes.vanished == ("G-3",)


def test_a_link_that_is_there_is_used_again(stage):
    """A text that failed after its link was made needs no other link."""
    one = stage([phone_only(1), phone_only(2)])
    one.sms.script["+15155550001"] = [Outcome(Verdict.STOP, "x", "stop")] * 9
    one.run()
    found = plan(one)
    assert [line.link for line in found.lines] == [LinkStep.REUSE, LinkStep.CREATE]
    told = plan_document(one.campaign, found.lines)
    assert told["links"] == {"create": 1, "reuse": 1}


def test_quiet_hours_are_told_with_their_end(stage):
    """Held is not sent now; the table says until when."""
    zone = 'channels: [email, sms]\nquietHours: {from: "00:00", to: "23:59", timezone: UTC}'
    one = stage([phone_only(1), grower(2)], ("channels: [email, sms]", zone))
    found = plan(one)
    first, second = found.lines
    assert (first.step, second.step) == (Step.HOLD, Step.SEND)
    assert first.until.minute == 59
    assert "hold until" in line_text(first)
    assert any(line.startswith("Held: 1 text") for line in sum_text(one.campaign, found.lines))


def test_the_letter_that_costs_a_second_segment_is_named(stage):
    """A name outside the plain alphabet makes a text dearer: the row and the letter are told."""
    one = stage([phone_only(1), phone_only(2, name="Łukasz")])
    cheap, dear = plan(one).lines
    assert (cheap.costly, dear.costly) == ("", "Ł")
    assert dear.segments > cheap.segments
    assert f"{dear.segments} text segments, because of 'Ł'" in line_text(dear)


def test_time_is_that_of_the_slowest_service(stage):
    """Leaf, SendGrid and Twilio work side by side."""
    pace = ("{leaf: unlimited, sendgrid: unlimited, twilio: unlimited}", "{leaf: 5, sendgrid: 50, twilio: 1}")
    one = stage([phone_only(number) for number in range(1, 31)], pace)
    found = plan(one)
    assert plan_document(one.campaign, found.lines)["seconds"] == 30
    assert sum_text(one.campaign, found.lines)[-1] == "Time at the campaign's pace: 30 s."
