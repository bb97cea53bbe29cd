"""Who must not be written to is not: when planned, at the last moment, and after having said so."""

from __future__ import annotations

import asyncio

import pytest

from leafcast.decide.consent import consent
from leafcast.errors import LeafcastError
from leafcast.model import Channel, EmailMessage, Outcome, Suppress, Suppression, Verdict
from leafcast.stories.allowing import AllowingSender

from .conftest import grower, phone_only

PHONE = "+15155550101"


def suppress(stage, address, channel=Channel.EMAIL):
    stage.ledger.begin("spring", "sync")
    stage.ledger.record(Suppress((Suppression(channel, address, "asked", "by hand"),)))


def reasons(stage):
    return {(row.external_id, row.channel): row.error for row in stage.ledger.rows("spring")}


def test_a_suppressed_grower_gets_nothing_and_one_line(stage):
    """No link, no message, one export line with the reason; the others get theirs."""
    one = stage([grower(1), grower(2)])
    suppress(one, "G1@Farm.Example")
    report = one.run()
    assert one.states() == {("G-1", Channel.EMAIL): "skipped", ("G-2", Channel.EMAIL): "accepted"}
    assert reasons(one)["G-1", Channel.EMAIL] == "suppressed"
    assert [request.external_id for request in one.leaf.requests] == ["G-2"]
    assert report.exit_code == 0


def test_the_next_channel_is_free_still(stage):
    """`deliver: first` means the first channel that the grower can receive, and that is the text then."""
    one = stage([grower(1, phone=PHONE)])
    suppress(one, "g1@farm.example")
    one.run()
    assert one.states() == {("G-1", Channel.SMS): "accepted"}


def test_what_was_planned_is_stopped_by_a_later_suppression(stage):
    """A run that was cut short continues without those who said no meanwhile."""
    one = stage([grower(1), grower(2)])
    one.run(limit=1)
    suppress(one, "g2@farm.example")
    one.run()
    assert one.states() == {("G-1", Channel.EMAIL): "accepted", ("G-2", Channel.EMAIL): "skipped"}
    assert len(one.leaf.requests) == 1


def test_a_suppression_that_comes_while_running_still_holds(stage):
    """Between the plan and the send lies time: the ledger refuses the intent, and the message ends skipped."""
    one = stage([grower(number) for number in range(1, 5)])

    def late(due):
        one.ledger.record(Suppress((Suppression(Channel.EMAIL, "g3@farm.example", "asked", "by hand"),)))

    report = one.run(confirm=late)
    assert one.states()["G-3", Channel.EMAIL] == "skipped"
    assert sorted(message.to for message in one.email.taken) == [f"g{number}@farm.example" for number in (1, 2, 4)]
    assert report.exit_code == 0


def test_no_text_goes_to_a_suppressed_number_after_a_refused_email(stage):
    """Going on to the next channel passes the same gate."""
    one = stage([grower(1, phone=PHONE)])
    one.email.script["g1@farm.example"] = [Outcome(Verdict.REFUSED, "400", "no")]
    suppress(one, PHONE, Channel.SMS)
    one.run()
    assert one.states() == {("G-1", Channel.EMAIL): "refused", ("G-1", Channel.SMS): "skipped"}
    assert one.sms.sent == []


def test_a_shared_number_gets_no_second_text_after_a_refused_email(stage):
    """`sharedAddress: first` holds when a refusal leads to the number as well: it is the earlier grower's."""
    first = ("region: US}", "region: US, sharedAddress: first}")
    one = stage([phone_only(1), grower(2, phone="+15155550001")], first)
    one.email.script["g2@farm.example"] = [Outcome(Verdict.REFUSED, "400", "no")]
    one.run()
    assert [message.to for message in one.sms.sent] == ["+15155550001"]
    assert one.states()["G-2", Channel.SMS] == "skipped"
    assert reasons(one)["G-2", Channel.SMS] == "duplicate"


def test_a_shared_number_may_be_written_to_for_each_where_that_is_wanted(stage):
    """`sharedAddress: send-each` says so, and then a refusal leads there too."""
    each = ("region: US}", "region: US, sharedAddress: send-each}")
    one = stage([phone_only(1), grower(2, phone="+15155550001")], each)
    one.email.script["g2@farm.example"] = [Outcome(Verdict.REFUSED, "400", "no")]
    one.run()
    assert [message.to for message in one.sms.sent] == ["+15155550001"] * 2


def test_a_retry_makes_no_link_for_who_said_no_meanwhile(stage):
    """What failed before is reopened, and whoever was suppressed since is skipped before anything is asked for."""
    one = stage([grower(1), grower(2)])
    one.leaf.script = {f"G-{number}": [Outcome(Verdict.FAILED, "400", "not accepted")] for number in (1, 2)}
    one.run()
    suppress(one, "g1@farm.example")
    asked = len(one.leaf.requests)
    report = one.retry()
    assert one.states() == {("G-1", Channel.EMAIL): "skipped", ("G-2", Channel.EMAIL): "accepted"}
    assert [request.external_id for request in one.leaf.requests[asked:]] == ["G-2"]
    assert (report.due.growers, report.exit_code) == (1, 0)


def test_stop_is_learned_for_every_campaign(stage):
    """Who answered STOP joins the list by itself."""
    one = stage([grower(1, email="", phone=PHONE)])
    one.sms.script[PHONE] = [Outcome(Verdict.REFUSED, "21610", "stop")]
    one.run()
    (found,) = one.ledger.suppressions()
    assert (found.channel, found.address, found.source) == (Channel.SMS, PHONE, "twilio")


@pytest.mark.parametrize(
    ("email", "sms", "expected"),
    [
        ("yes", "no", {Channel.EMAIL: "accepted"}),
        ("no", "yes", {Channel.SMS: "accepted"}),
        ("", "Sí", {Channel.SMS: "accepted"}),
        ("no", "", {Channel.EMAIL: "skipped"}),
    ],
)
def test_consent_columns_are_honoured(stage, email, sms, expected):
    """A list that asks for consent gets messages only where it was given; an empty cell gives none."""
    one = stage([grower(1, phone=PHONE, emailConsent=email, smsConsent=sms)])
    one.run()
    assert one.states() == {("G-1", channel): state for channel, state in expected.items()}
    if expected == {Channel.EMAIL: "skipped"}:
        assert reasons(one) == {("G-1", Channel.EMAIL): "no consent"}
        assert one.leaf.requests == []


def test_a_refusal_does_not_lead_to_a_channel_without_consent(stage):
    """The next channel after a refusal needs its consent as well."""
    one = stage([grower(1, phone=PHONE, smsConsent="no")])
    one.email.script["g1@farm.example"] = [Outcome(Verdict.REFUSED, "400", "no")]
    one.run()
    assert one.states() == {("G-1", Channel.EMAIL): "refused"}


def test_a_retry_honours_a_consent_that_was_taken_back(stage):
    """The text failed, the list says no by now: it is skipped, and the others are tried again."""
    one = stage([grower(number, email="", phone=f"+1515555010{number}", smsConsent="yes") for number in (1, 2)])
    failed = Outcome(Verdict.FAILED, "413", "too large")
    one.sms.script = {f"+1515555010{number}": [failed] for number in (1, 2)}
    one.run()
    one.rows.cells[0]["smsConsent"] = "no"
    one.retry()
    assert one.states() == {("G-1", Channel.SMS): "skipped", ("G-2", Channel.SMS): "accepted"}
    assert reasons(one)["G-1", Channel.SMS] == "no consent"
    assert len(one.leaf.requests) == 2


@pytest.mark.parametrize(("sms", "expected"), [("no", {}), ("yes", {("G-1", Channel.SMS): "accepted"})])
def test_what_waits_to_be_tried_again_is_stopped_by_a_consent_that_was_taken_back(stage, sms, expected):
    """And the grower is written to where they still agree, for nobody got anything yet."""
    one = stage([grower(1, phone=PHONE, emailConsent="yes", smsConsent=sms)])
    one.email.script["g1@farm.example"] = [Outcome(Verdict.STOP, "401", "the key is not accepted")]
    one.run()
    assert one.states() == {("G-1", Channel.EMAIL): "planned"}
    one.rows.cells[0]["emailConsent"] = "no"
    one.run()
    assert one.states() == {("G-1", Channel.EMAIL): "skipped"} | expected
    assert one.email.taken == []


@pytest.mark.parametrize(("before", "now", "expected"), [("yes", "no", {}), ("no", "yes", {Channel.SMS: "accepted"})])
def test_a_refusal_leads_to_a_text_by_the_consent_as_it_is_then(stage, before, now, expected):
    """The email had to wait, the list changed, the email was refused: the newest list says whether a text may go."""
    one = stage([grower(1, phone=PHONE, smsConsent=before)])
    stop, refused = Outcome(Verdict.STOP, "401", "the key is not accepted"), Outcome(Verdict.REFUSED, "400", "no")
    one.email.script["g1@farm.example"] = [stop, refused]
    one.run()
    one.rows.cells[0]["smsConsent"] = now
    one.run()
    assert one.states() == {("G-1", Channel.EMAIL): "refused"} | {("G-1", key): it for key, it in expected.items()}
    assert len(one.sms.taken) == len(expected)


def test_unclear_consent_is_a_problem_of_the_row(stage):
    """Nobody is written to on a guess: the row says what to mend."""
    one = stage([grower(1, emailConsent="maybe")])
    (problem,) = one.examiner.survey().problems
    assert problem.what == '"maybe" does not say clearly whether there is consent'
    assert (problem.where.row, problem.where.column, problem.fix) == (2, "emailConsent", "Write yes or no")


@pytest.mark.parametrize("word", ["YES", "y", "1", "Opt-in", "oui", "sí", "Não", "OPTED OUT", "0", "false", "n"])
def test_clear_words_of_consent(word):
    """In four languages, and as spreadsheets write them."""
    expected = "no" if word in {"Não", "OPTED OUT", "0", "false", "n"} else "yes"
    assert consent(word).value == expected


ALLOWED = frozenset({(Channel.EMAIL, "g2@farm.example"), (Channel.SMS, "+15155550003")})


def test_a_trial_writes_to_nobody_else(stage):
    """Only the allowed addresses are counted, linked and written to; the others stay planned for a later run."""
    one = stage([grower(1), grower(2), grower(3, phone="+15155550003"), phone_only(5)])
    report = one.run(allowed=ALLOWED)
    assert (report.due.growers, dict(report.due.messages), report.due.links) == (1, {Channel.EMAIL: 1}, 1)
    assert [message.to for message in one.email.sent] == ["g2@farm.example"]
    assert [request.external_id for request in one.leaf.requests] == ["G-2"]
    assert sorted(one.states().values()) == ["accepted", "planned", "planned", "planned"]
    one.run()
    assert set(one.states().values()) == {"accepted"}


def test_a_trial_with_many_others_comes_to_its_end(stage):
    """However long the list is between two of them."""
    one = stage([grower(number) for number in range(1, 200)])
    one.run(allowed=frozenset({(Channel.EMAIL, f"g{number}@farm.example") for number in (1, 150, 199)}))
    assert [message.to for message in one.email.sent] == [f"g{number}@farm.example" for number in (1, 150, 199)]


def test_going_on_after_a_refusal_stays_within_a_trial(stage):
    """The next channel is planned and left for a later run unless its address is allowed, too."""
    one = stage([grower(2, phone=PHONE)])
    one.email.script["g2@farm.example"] = [Outcome(Verdict.REFUSED, "400", "no")]
    one.run(allowed=ALLOWED)
    assert one.states() == {("G-2", Channel.EMAIL): "refused", ("G-2", Channel.SMS): "planned"}
    assert one.sms.sent == []


def test_the_last_gate_of_a_trial_stands_before_the_service(stage):
    """Should anything get so far, the service is not asked."""
    one = stage([grower(1)])
    gate = AllowingSender(Channel.EMAIL, one.email, ALLOWED)

    async def slip():
        await gate.send(replace_to("x@farm.example"), await gate.ready())

    with pytest.raises(LeafcastError):
        asyncio.run(slip())
    assert one.email.sent == []


def replace_to(to):
    return EmailMessage("m", to, "n", "a@b.example", "A", None, "s", "<p>", "t")
