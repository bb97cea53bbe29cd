"""Plain cells are judged without the libraries; what comes of them is the libraries' own verdict all the same."""

import phonenumbers
import pytest
from email_validator import EmailNotValidError
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from leafcast.decide.addresses.emails import plain_address, validated
from leafcast.decide.addresses.quick import quick_verdict

KINDS = [PhoneNumberType.to_string(kind) and kind for kind in PhoneNumberType.values()]
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
many = settings(max_examples=400, deadline=None)

locals_ = st.one_of(
    st.from_regex(r"[A-Za-z0-9_+\-]{1,10}(\.[A-Za-z0-9_+\-]{1,8}){0,3}", fullmatch=True),
    st.sampled_from(["a" * 64, "a" * 65, "INFO", "Info", "postmaster", "a..b", ".a", "a.", "-", "o'neil", "a=b"]),
)
labels = st.one_of(
    st.from_regex(r"[A-Za-z0-9\-]{1,12}", fullmatch=True),
    st.sampled_from(["a" * 63, "a" * 64, "xn--bcher-kva", "ab--c", "farm", "-a", "a-", "a_b", "123"]),
)
endings = st.sampled_from(
    ["com", "COM", "example", "test", "local", "invalid", "onion", "arpa", "localhost", "c", "c0m", "museum", "1"]
)
emails = st.builds(
    lambda local, parts, end: f"{local}@{'.'.join([*parts, end])}", locals_, st.lists(labels, max_size=5), endings
)


@many
@given(emails)
def test_a_plain_email_is_what_email_validator_makes_of_it(text: str) -> None:
    """Where the quick path has an answer, the library has the same; where the library refuses, it has none."""
    quick = plain_address(text)
    try:
        address, in_letters = validated(text)
    except EmailNotValidError:
        assert quick is None
        return
    if quick is not None:
        assert quick == address
        assert in_letters.isascii()


def asked(bare: str, region: str | None) -> tuple[str, int] | None:
    """libphonenumber's own verdict on a number; None where it is not in use."""
    try:
        number = phonenumbers.parse(bare, region)
    except NumberParseException:
        return None
    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.UNKNOWN:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164), kind


def examples() -> list[str]:
    """libphonenumber's own example of every kind of number in every country, as +digits."""
    found = [
        phonenumbers.example_number_for_type(region, kind) for region in REGIONS for kind in PhoneNumberType.values()
    ]
    return [phonenumbers.format_number(number, PhoneNumberFormat.E164) for number in found if number]


def test_libphonenumbers_own_examples_are_judged_as_it_judges_them() -> None:
    """Every example, written internationally and as in its country: the same number of the same kind, or no answer. And
    there is an answer for nearly all of those that are written with a +."""
    numbers = examples()
    answered = 0
    for e164 in numbers:
        quick = quick_verdict(e164, "US")
        answered += quick is not None
        assert quick in (None, asked(e164, "US"))
        parsed = phonenumbers.parse(e164)
        national = phonenumbers.national_significant_number(parsed)
        for region in phonenumbers.region_codes_for_country_code(parsed.country_code):
            if region != "001":
                assert quick_verdict(national, region) in (None, asked(national, region))
    assert len(numbers) > 900
    assert answered > 0.85 * len(numbers)


@many
@given(st.sampled_from(examples()), st.sampled_from(REGIONS), st.data())
def test_a_plain_number_is_what_libphonenumber_makes_of_it(e164: str, region: str, data: st.DataObject) -> None:
    """Numbers near real ones, with and without their +, in any region: the same verdict, or none."""
    digits = list(e164[1:])
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, len(digits) - 1))
        digits[place] = data.draw(st.sampled_from("0123456789"))
    start = data.draw(st.integers(0, 4))
    for bare in ("+" + "".join(digits), "".join(digits), "".join(digits[start:])):
        quick = quick_verdict(bare, region)
        assert quick is None or quick == asked(bare, region)


@pytest.mark.parametrize("bare", ["", "+", "+1", "5", "+0155", "1" * 30, "+99912345678", "+0441212345678"])
def test_what_is_no_number_is_left_to_the_library(bare: str) -> None:
    """No answer, and no error, for what is too short, too long or of no country."""
    assert quick_verdict(bare, "US") is None
