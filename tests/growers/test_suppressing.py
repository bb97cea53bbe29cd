"""Addresses that must not be written to, as people type them and as files have them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from leafcast.decide.suppressed import SuppressedAddresses, after_outcome
from leafcast.decide.suppressing import ImportedFile, reported, typed
from leafcast.model import Channel, Grower, Outcome, Problem, Suppression, Verdict


def read(*lines, **said):
    source = ImportedFile("no.csv", said.get("region"), said.get("reason", ""))
    return list(source.read([(number, line) for number, line in enumerate(lines, start=1)]))


def addresses(found):
    return [(one.channel.value, one.address) for one in found if isinstance(one, Suppression)]


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("Ana@Farm.Example", None, (Channel.EMAIL, "ana@farm.example")),
        (" ana@bücher.example ", None, (Channel.EMAIL, "ana@xn--bcher-kva.example")),
        ("(515) 555-0123", "US", (Channel.SMS, "+15155550123")),
        ("+1 515 555 0123", None, (Channel.SMS, "+15155550123")),
    ],
)
def test_an_address_is_kept_as_the_list_would_have_it(text, region, expected):
    """Otherwise the grower of the list would not be found on it."""
    assert typed(text, region) == expected


@pytest.mark.parametrize("text", ["", "ana", "ana@", "555-0123"])
def test_what_is_no_address_is_said(text):
    """A slip of the pen must not look like a suppression."""
    assert typed(text, None).what


def test_a_bare_list_is_read_line_by_line():
    """One address a line, without headings; remarks and blank lines say nothing."""
    found = read(["# do not contact"], ["ana@farm.example"], [""], ["+15155550123"])
    assert addresses(found) == [("email", "ana@farm.example"), ("sms", "+15155550123")]
    assert {(one.reason, one.source) for one in found} == {("imported from no.csv", "no.csv")}


def test_sendgrids_export_is_read_with_reason_and_time():
    """`status,reason,email,created` with the time in seconds."""
    (one,) = read(["status", "reason", "email", "created"], ["5.1.1", "550 no such user", "X@y.example", "1443651125"])
    when = datetime(2015, 9, 30, 22, 12, 5, tzinfo=UTC)
    assert one == Suppression(Channel.EMAIL, "x@y.example", "550 no such user", "no.csv", when)


def test_a_line_with_both_addresses_suppresses_both():
    """A person is left alone on every channel that the file names."""
    found = read(["Name", "E-mail", "Mobile", "date"], ["Ana", "a@b.example", "5155550123", "2026-01-02"], region="US")
    assert addresses(found) == [("email", "a@b.example"), ("sms", "+15155550123")]
    assert found[0].since == datetime(2026, 1, 2, tzinfo=UTC)


def test_what_cannot_be_read_is_named_with_its_row():
    """The others are taken all the same."""
    found = read(["email"], ["a@b.example"], ["nobody"], ["", "x"], ["c@d.example"])
    assert addresses(found) == [("email", "a@b.example"), ("email", "c@d.example")]
    assert [one.where.row for one in found if isinstance(one, Problem)] == [3, 4]


def test_what_a_service_reports_is_never_dropped():
    """Even an address that no list could have."""
    assert reported(Channel.EMAIL, "Not An Address", "bounced", "sendgrid bounces").address == "not an address"
    assert reported(Channel.EMAIL, "A@B.example", "bounced", "sendgrid bounces").address == "a@b.example"


def test_only_stop_means_stop():
    """21610 of a refused text, and nothing else."""
    assert after_outcome(Channel.SMS, Outcome(Verdict.REFUSED, "21610")) == ("answered STOP", "twilio")
    assert after_outcome(Channel.SMS, Outcome(Verdict.REFUSED, "21614")) is None
    assert after_outcome(Channel.EMAIL, Outcome(Verdict.REFUSED, "21610")) is None


def test_a_grower_is_held_against_the_list_on_each_channel():
    """Capitals make no difference; a number on the list says nothing about emails."""
    suppressed = SuppressedAddresses([Suppression(Channel.SMS, "+15155550123", "", "")])
    grower = Grower(2, "G1", "Ana", "Ana@B.example", "+15155550123")
    assert suppressed.channels_of(grower) == (Channel.SMS,)
    assert SuppressedAddresses([Suppression(Channel.EMAIL, "aNA@b.example", "", "")]).channels_of(grower) == (
        Channel.EMAIL,
    )
    assert SuppressedAddresses().channels_of(grower) == ()
