"""What each answer of each service means."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from leafcast.decide.replies import Answer, Fault, NotSent, Unanswered
from leafcast.decide.verdicts import OPTED_OUT, judge
from leafcast.decide.verdicts import leaf as leaf_table
from leafcast.decide.verdicts import sendgrid as sendgrid_table
from leafcast.decide.verdicts import twilio as twilio_table
from leafcast.decide.verdicts import webhook as webhook_table
from leafcast.decide.verdicts.common import DOUBT, MOVED, PAUSE, UNKNOWN, WHY, Ruling
from leafcast.model import Service, Verdict

LEAF, SENDGRID, TWILIO = Service.LEAF, Service.SENDGRID, Service.TWILIO


def answer(status: int, body: Any = b"", **options: Any) -> Answer:
    return Answer(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode(), **options)


@pytest.mark.parametrize("service", Service)
@pytest.mark.parametrize("fault", Fault)
def test_silence_means_the_same_everywhere(service: Service, fault: Fault) -> None:
    """Not sent is "later", unanswered is a doubt, for every service and every fault."""
    later, doubt = judge(service, NotSent(fault)), judge(service, Unanswered(fault))
    assert (later.verdict, later.code) == (Verdict.PAUSE, "not-sent")
    assert (doubt.verdict, doubt.code) == (Verdict.IN_DOUBT, "no-answer")
    assert WHY[fault] in later.reason


@pytest.mark.parametrize("service", Service)
def test_every_status_has_a_verdict(service: Service) -> None:
    """No status is without a meaning; 429 is later, 5xx is a doubt, and only a service's own success is accepted."""
    for status in range(200, 600):
        _check(service, status, judge(service, answer(status)).verdict)


def _check(service: Service, status: int, verdict: Verdict) -> None:
    every = range(200, 300)
    accepted = {LEAF: every, SENDGRID: (202,), TWILIO: (201,), Service.WEBHOOK: every}[service]
    if status in accepted:
        assert verdict is Verdict.ACCEPTED
    elif status < 300 or status == 408 or status >= 500:
        assert verdict is Verdict.IN_DOUBT
    elif status == 429:
        assert verdict is Verdict.PAUSE
    elif status < 400 or status in (401, 403, 405):
        assert verdict is Verdict.STOP
    else:
        assert verdict in {Verdict.FAILED, Verdict.STOP, *([Verdict.REFUSED] if service is Service.WEBHOOK else [])}


@pytest.mark.parametrize(
    ("service", "status", "verdict"),
    [
        (LEAF, 400, Verdict.FAILED),
        (LEAF, 404, Verdict.FAILED),
        (LEAF, 409, Verdict.FAILED),
        (LEAF, 422, Verdict.FAILED),
        (LEAF, 418, Verdict.FAILED),
        (SENDGRID, 404, Verdict.STOP),
        (SENDGRID, 413, Verdict.FAILED),
        (SENDGRID, 418, Verdict.FAILED),
        (TWILIO, 400, Verdict.FAILED),
        (TWILIO, 404, Verdict.STOP),
    ],
)
def test_refusals_by_status(service: Service, status: int, verdict: Verdict) -> None:
    """A refusal that is about the row fails the row; one that is about everything stops the run."""
    assert judge(service, answer(status)).verdict is verdict


@pytest.mark.parametrize("code", twilio_table.CODES)
def test_every_code_of_the_table_is_used(code: int) -> None:
    """Each of Twilio's codes leads to its own verdict and sentence, whatever 4xx carries it."""
    for status in (400, 401, 403, 404, 429):
        outcome = judge(TWILIO, answer(status, {"code": code, "status": status, "message": "x"}))
        ruling = twilio_table.CODES[code]
        assert (outcome.verdict, outcome.reason, outcome.code) == (ruling.verdict, ruling.sentence, str(code))


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (20003, Verdict.STOP),
        (20429, Verdict.PAUSE),
        (21211, Verdict.REFUSED),
        (21408, Verdict.FAILED),
        (21606, Verdict.FAILED),
        (21608, Verdict.STOP),
        (21610, Verdict.REFUSED),
        (21611, Verdict.PAUSE),
        (21612, Verdict.REFUSED),
        (21614, Verdict.REFUSED),
        (21617, Verdict.FAILED),
        (21619, Verdict.IN_DOUBT),
        (21704, Verdict.STOP),
        (63038, Verdict.STOP),
        (29999, Verdict.FAILED),
    ],
)
def test_twilio_codes(code: int, verdict: Verdict) -> None:
    """What Twilio's commonest codes mean; one that nobody knows fails the row."""
    assert judge(TWILIO, answer(400, {"code": code})).verdict is verdict


def test_an_opt_out_is_marked() -> None:
    """Whoever answered STOP is refused for good, under a code that the suppression list can go by."""
    outcome = judge(TWILIO, answer(400, {"code": 21610}))
    assert (outcome.verdict, outcome.code) == (Verdict.REFUSED, OPTED_OUT)


@pytest.mark.parametrize("code", [20429, 21211, 21610])
def test_a_code_does_not_outweigh_a_5xx(code: int) -> None:
    """After a 5xx nobody knows, whatever the body says."""
    assert judge(TWILIO, answer(500, {"code": code})).verdict is Verdict.IN_DOUBT


def test_twilio_takes_201_without_a_readable_body() -> None:
    """201 is an acceptance even where the body is cut off; only the sid is then missing."""
    assert judge(TWILIO, answer(201, {"sid": "SM1"})).provider_id == "SM1"
    for broken in (answer(201, b'{"sid": "S', body_complete=False), answer(201, b"<html>"), answer(201, [1])):
        outcome = judge(TWILIO, broken)
        assert (outcome.verdict, outcome.provider_id) == (Verdict.ACCEPTED, None)


def test_sendgrid_takes_202_whatever_the_body() -> None:
    """The status line is enough, and the message id is in a header."""
    outcome = judge(SENDGRID, Answer(202, {"x-message-id": "Xj5"}, b"", body_complete=False))
    assert (outcome.verdict, outcome.provider_id) == (Verdict.ACCEPTED, "Xj5")


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [
        ([{"field": "personalizations.0.to.0.email", "message": "x"}], Verdict.REFUSED),
        ([{"field": "personalizations[0].to[0].email", "message": "x"}], Verdict.REFUSED),
        ([{"field": "personalizations.0.to", "message": "x"}], Verdict.REFUSED),
        ([{"field": "personalizations.0.tomorrow", "message": "x"}], Verdict.STOP),
        ([{"field": "from.email", "message": "x"}], Verdict.STOP),
        ([{"field": None, "message": "x"}], Verdict.STOP),
        ([{"field": "personalizations.0.to.0.email"}, {"field": "from"}], Verdict.STOP),
        ([], Verdict.FAILED),
        ("odd", Verdict.FAILED),
        ([None], Verdict.FAILED),
    ],
)
def test_sendgrid_says_whose_fault_a_400_is(errors: Any, verdict: Verdict) -> None:
    """Only a complaint about the recipient refuses the recipient; any other would meet everybody."""
    assert judge(SENDGRID, answer(400, {"errors": errors})).verdict is verdict


def test_used_up_credits_are_told_apart_from_a_bad_key() -> None:
    """Both are 401, and the user must do different things."""
    used_up = judge(SENDGRID, answer(401, {"errors": [{"message": "Maximum credits exceeded", "field": None}]}))
    bad_key = judge(SENDGRID, answer(401, {"errors": [{"message": "The provided authorization grant is invalid"}]}))
    assert (used_up.verdict, bad_key.verdict) == (Verdict.STOP, Verdict.STOP)
    assert used_up.code == "credits-exceeded"
    assert "SENDGRID_API_KEY" in bad_key.reason


@pytest.mark.parametrize(
    "problem",
    [
        {"errorKey": "appNotRegistered"},
        {"message": "The provider application is not registered"},
        {"title": "Provider application info not found"},
        {"detail": "no provider app"},
    ],
)
@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_missing_provider_application_stops_the_run(problem: dict[str, str], status: int) -> None:
    """It would be missing for every row."""
    outcome = judge(LEAF, answer(status, problem))
    assert (outcome.verdict, outcome.code) == (Verdict.STOP, "provider-application")


@pytest.mark.parametrize(
    "message", ["not applicable", "provider not supported", "externalId must not be null", "mapping"]
)
def test_other_refusals_of_leaf_are_the_rows_own(message: str) -> None:
    """A word that only resembles an application stops nothing."""
    assert judge(LEAF, answer(400, {"message": message})).verdict is Verdict.FAILED


def test_leafs_error_key_is_kept_but_nothing_else() -> None:
    """The key helps to find the cause; a message may hold a grower's data and goes nowhere."""
    outcome = judge(LEAF, answer(400, {"errorKey": "error.validation", "message": "ann@farm.example is wrong"}))
    assert outcome.code == "http-400 error.validation"
    assert judge(LEAF, answer(400, {"errorKey": "ann@farm.example"})).code == "http-400"
    assert "ann@" not in repr(outcome)


def test_leaf_needs_the_whole_body() -> None:
    """A link whose answer was cut off may exist, but nobody has it."""
    assert judge(LEAF, answer(201, b'{"id"', body_complete=False)).verdict is Verdict.IN_DOUBT


def test_a_wait_that_was_asked_for_is_handed_on() -> None:
    """The pause of a 429 carries the service's own wish."""
    for service in Service:
        assert judge(service, answer(429, retry_after=12.0)).retry_after == 12.0


RULINGS: list[Ruling] = [
    DOUBT, MOVED, PAUSE, UNKNOWN,
    leaf_table.PROVIDER_APP, leaf_table.UNUSABLE, *leaf_table.STATUSES.values(),
    sendgrid_table.CREDITS, sendgrid_table.RECIPIENT, sendgrid_table.CONFIGURATION, *sendgrid_table.STATUSES.values(),
    *twilio_table.STATUSES.values(), *twilio_table.CODES.values(), *webhook_table.STATUSES.values(),
]  # fmt: skip


@pytest.mark.parametrize("ruling", RULINGS, ids=lambda ruling: ruling.sentence[:40])
def test_every_refusal_has_a_sentence(ruling: Ruling) -> None:
    """Whatever is not accepted says why, in one sentence that others can continue and that holds no address."""
    if ruling.verdict is not Verdict.ACCEPTED:
        assert len(ruling.sentence) > 20
        assert not ruling.sentence.endswith(".")
        assert not re.search(r"@|https?://[a-z]|\+\d", ruling.sentence)
