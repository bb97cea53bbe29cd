"""What an email or phone cell is judged to be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafcast.decide.addresses import Fault, Usable, email, known_region, phone


@pytest.mark.parametrize(
    ("cell", "address"),
    [
        ("ana@farm.example", "ana@farm.example"),
        ("Ana.Prado@FARM.example", "Ana.Prado@farm.example"),
        ("ana+north@farm.example", "ana+north@farm.example"),
        ("joe@bücher.example", "joe@xn--bcher-kva.example"),
        ("joe@почта.example", "joe@xn--80a1acny.example"),
        ("joe@日本ファーム.example", "joe@xn--bck9e8a7g7750acvb.example"),
    ],
)
def test_a_good_email_is_usable(cell: str, address: str) -> None:
    """A plain address passes, its domain in lower case and in punycode where it must be."""
    found = email(cell)
    assert isinstance(found, Usable)
    assert found.value == address


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("ana.farm.example", "has no @"),
        ("ana@", "is not valid"),
        ("a..b@farm.example", "two periods"),
        ("ana@farm", "period"),
        ("a" * 65 + "@farm.example", "too long"),
        ('"ana b"@farm.example', "Quoting"),
        ("ana@[192.0.2.1]", "bracketed"),
        ("Ana <ana@farm.example>", "name around"),
        ("mailto:ana@farm.example", "mailto:"),
        ("ana@farm.example, ben@farm.example", "more than one address"),
        ("ana@farm.example / ben@farm.example", "more than one address"),
        ("zoë@farm.example", "before the @"),
        ("ＡＮＡ@farm.example", "before the @"),
        ("ana@f\u0430rm.example", "mixes alphabets"),
        ("ana\u200b@farm.example", "U+200B"),
        ("ana@farm.example\r\nBcc: all@farm.example", "line break"),
        ("ana@farm.local", "special-use"),
    ],
)
def test_a_bad_email_is_named(cell: str, says: str) -> None:
    """Whatever a mail service would not deliver, or would deliver to somebody else, is refused with its reason."""
    found = email(cell)
    assert isinstance(found, Fault)
    assert says in found.what
    assert found.fix


@pytest.mark.parametrize(
    ("cell", "address"), [("Ana <ana@farm.example>", "ana@farm.example"), ("ＡＮＡ@farm.example", "ANA@farm.example")]
)
def test_a_bad_email_comes_with_the_one_that_was_meant(cell: str, address: str) -> None:
    """Where the right address stands inside the wrong cell, the fix says it."""
    found = email(cell)
    assert isinstance(found, Fault)
    assert address in found.fix


@pytest.mark.parametrize(
    ("cell", "region", "number"),
    [
        ("(515) 555-0142", "US", "+15155550142"),
        ("515.555.0142", "US", "+15155550142"),
        ("+1 204 555 0123", None, "+12045550123"),
        ("+55 65 90000-1234", "US", "+5565900001234"),
        ("0211/1234567", "DE", "+492111234567"),
        ("5155550142.0", "US", "+15155550142"),
        ("٥١٥٥٥٥٠١٤٢", "US", "+15155550142"),
        ("＋1 515 555 0142", None, "+15155550142"),
        ("01 12 34 56 78", "FR", "+33112345678"),
    ],
)
def test_a_good_phone_becomes_e164(cell: str, region: str | None, number: str) -> None:
    """However people write a number, it comes to +digits; the region fills in a missing country code."""
    found = phone(cell, region)
    assert isinstance(found, Usable)
    assert found.value == number


@pytest.mark.parametrize("cell", ["5155550142.0", "٥١٥٥٥٥٠١٤٢"])
def test_a_mended_phone_says_so(cell: str) -> None:
    """What is not taken as it is written comes with a sentence about it."""
    found = phone(cell, "US")
    assert isinstance(found, Usable)
    assert found.mended


@pytest.mark.parametrize(
    ("cell", "region", "says"),
    [
        ("5155550142", None, "no country code"),
        ("1.51556E+10", "US", "rounded"),
        ("1,61e10", "US", "rounded"),
        ("1-800-FLOWERS", "US", "letters"),
        ("515-555-0142 ext. 5", "US", "extension"),
        ("515-555-0142 x5", "US", "extension"),
        ("515-555-0142 or 515-555-0143", "US", "more than one number"),
        ("515-555-0142 / 515-555-0143", "US", "more than one number"),
        ("+15155550142 +15155550143", "US", "more than one number"),
        ("00 55 65 90000-1234", "US", "in the place of a country code's +"),
        ("011 55 65 90000-1234", "US", "in the place of a country code's +"),
        ("555-0142", "US", "area code"),
        ("+1 515 555", "US", "too few"),
        ("(123) 555-0142", "US", "not a number in use"),
        ("900-234-5678", "US", "premium"),
        ("=515*2", "US", "not a number"),
        ("515 555\n0142", "US", "line break"),
        ("-", "US", "not a number"),
    ],
)
def test_a_bad_phone_is_named(cell: str, region: str | None, says: str) -> None:
    """No number is guessed, cut or turned from letters: it is refused with its reason."""
    found = phone(cell, region)
    assert isinstance(found, Fault)
    assert says in found.what
    assert found.fix


def test_a_number_as_dialled_is_answered_with_its_plus_form() -> None:
    """Instead of guessing, the fix offers the number that was probably meant, if that is one."""
    found = phone("0055 65 90000-1234", "US")
    assert isinstance(found, Fault)
    assert "+5565900001234" in found.fix


def test_regions_are_two_letters() -> None:
    """A region is what libphonenumber calls one."""
    assert known_region("US")
    assert not known_region("USA")


@given(st.text(min_size=1))
def test_no_cell_breaks_the_judgement(cell: str) -> None:
    """Any text at all is either usable, and then in the one form, or a fault with a fix."""
    for found in (email(cell), phone(cell, "US"), phone(cell, None)):
        if isinstance(found, Usable):
            assert found.value.isascii()
        else:
            assert found.what
            assert found.fix
