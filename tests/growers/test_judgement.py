"""Other people's judgement beside ours: libphonenumber's examples of every country, and published lists of addresses.

Where leafcast says otherwise, the reason stands here.
"""

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from leafcast.decide.addresses import Fault, Usable, email, phone

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
REFUSED = {PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST}
DOUBTED = {
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.PAGER,
    PhoneNumberType.UAN,
    PhoneNumberType.VOICEMAIL,
}
OF_THE_WORLD = (800, 808, 870, 878, 881, 882, 883, 888, 979)


def examples() -> list[tuple[str, phonenumbers.PhoneNumber]]:
    """libphonenumber's example of each kind of number in each country."""
    kinds = PhoneNumberType.values()
    pairs = [(region, phonenumbers.example_number_for_type(region, kind)) for region in REGIONS for kind in kinds]
    return [(region, number) for region, number in pairs if number]


@pytest.mark.parametrize(
    "written", [PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.NATIONAL]
)
def test_examples_of_every_country_are_judged_by_their_kind(written: int) -> None:
    """However it is written, an example is the number that libphonenumber says; premium-rate and shared-cost ones are
    refused, and those that take no texts come with a warning."""
    told = []
    for region, number in examples():
        text = phonenumbers.format_number(number, written)
        e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        kind = phonenumbers.number_type(number)
        found = phone(text, region)
        if kind in REFUSED:
            right = isinstance(found, Fault) and "-" in found.what
        else:
            right = isinstance(found, Usable) and (found.value, bool(found.mended)) == (e164, kind in DOUBTED)
        if not right:
            told.append((region, text, kind, found))
    assert told == []


def test_numbers_that_no_country_has_are_refused() -> None:
    """libphonenumber's invalid example of every country."""
    for region in REGIONS:
        number = phonenumbers.invalid_example_number(region)
        if number is not None:
            text = phonenumbers.format_number(number, PhoneNumberFormat.E164)
            assert isinstance(phone(text, region), Fault), (region, text)


def test_numbers_of_no_country_come_with_a_warning() -> None:
    """Satellites and world-wide services take hardly any texts; those that are charged for are refused."""
    for code in OF_THE_WORLD:
        number = phonenumbers.example_number_for_non_geo_entity(code)
        found = phone(phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL), None)
        assert isinstance(found, Fault) or "world-wide" in found.mended, (code, found)


# Addresses as RFC 5321 and 5322, RFC 3696 (with its errata), Wikipedia's page "Email address" and the tests of is_email
# judge them (read November 2026), with leafcast's word: usable, or refused.
VALID = (
    "simple@domain.example",
    "very.common@domain.example",
    "x@domain.example",
    "long-hyphen@domain.example",
    "user.name+tag+sorting@domain.example",
    "name/surname@domain.example",
    "admin@sub.domain.example",
    "user%domain.example@domain.example",
    "user-@domain.example",
    "customer/department=shipping@domain.example",
    "$A12345@domain.example",
    "!def!xyz%abc@domain.example",
    "_somename@domain.example",
    "test@iana.org",
    "test@nominet.org.uk",
    "test@about.museum",
    "a@iana.org",
    "test.test@iana.org",
    "!#$%&`*+/=?^`{|}~@iana.org",
    "123@iana.org",
    "test@123.com",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghiklm@iana.org",
    "test@a--a.com",
    "test@xn--hxajbheg2az3al.xn--jxalpdlp",
    "test@abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghikl.com",
    "o'neil@domain.example",
    "dclo@us.ibm.com",
    "peter.piper@domain.example",
    "1234567890@domain.example",
    "test@g--a.com",
    "xn--test@iana.org",
)
INVALID = (
    "",
    " ",
    "test",
    "@",
    "test@",
    "@io",
    "@iana.org",
    ".test@iana.org",
    "test.@iana.org",
    "test..iana.org",
    "test@-iana.org",
    "test@iana-.com",
    "test@.iana.org",
    "test@iana.org.",
    "test@iana..com",
    "test_exa-mple.com",
    "test\\@test@iana.org",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghiklmn@iana.org",
    "a@b@c@domain.example",
    'a"b(c)d,e:f;g<h>i[j\\k]l@domain.example',
    'just"not"right@domain.example',
    'this is"not\\allowed@domain.example',
    "i.like.underscores@but_they_are_not_allowed.example",
    "test@[",
    "test@iana.org\n",
    "\ntest@iana.org",
    "te\0st@iana.org",
    "test@abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghiklm.com",
    "test@(iana.org",
    "test@iana.org-",
    '"test@iana.org',
    'test"@iana.org',
    '"test"test@iana.org',
    "(test@iana.org",
    "doug@",
    "@dot.com",
    "Invalid Email@domain.example",
    "Abc.domain.example",
    "doug,lee@domain.example",
    "test@iana.org ",
    "test@iana/icann.org",
)
OTHERWISE = {
    # A quoted name before the @ is valid, and hardly any mail service takes it; SendGrid does not.
    '"quoted"@domain.example': "Quoting",
    '"john..doe"@domain.example': "Quoting",
    '" "@domain.example': "Quoting",
    '"test"@iana.org': "Quoting",
    '"very.unusual.@.unusual.com"@domain.example': "Quoting",
    # So are addresses without a name in the domain: nobody gives one to a grower.
    "jsmith@[192.168.2.1]": "bracketed",
    "test@[IPv6:2001:db8::1]": "bracketed",
    "test@[255.255.255.255]": "bracketed",
    # A domain of one word is valid by the letter and not reachable from outside; numbers alone are no top-level domain.
    "admin@mailserver": "period",
    "test@io": "period",
    "test@iana.123": "not valid",
    "test@255.255.255.255": "not valid",
    # Comments and folding white space belong into headers, not into lists.
    "(comment)test@iana.org": "not valid",
    "test@(comment)iana.org": "not valid",
    # RFC 6531 allows other letters before the @, and SendGrid does not.
    "Pelé@domain.example": "before the @",
    "δοκιμή@παράδειγμα.δοκιμή": "before the @",
    "我買@屋企.香港": "before the @",
    # Special-use names (RFC 6761, 7686).
    "test@localhost.localdomain.local": "special-use",
    "test@a.onion": "special-use",
}


@pytest.mark.parametrize("address", VALID)
def test_addresses_that_are_valid_are_usable(address: str) -> None:
    """What the standards call valid, and mail services take."""
    assert isinstance(email(address), Usable), email(address)


@pytest.mark.parametrize("address", [address for address in INVALID if address])
def test_addresses_that_are_invalid_are_refused(address: str) -> None:
    """What the standards call invalid."""
    assert isinstance(email(address), Fault)


@pytest.mark.parametrize("address", OTHERWISE)
def test_valid_addresses_that_are_refused_have_a_reason(address: str) -> None:
    """What the standards call valid and leafcast refuses, with the reason in its words."""
    found = email(address)
    assert isinstance(found, Fault)
    assert OTHERWISE[address] in found.what, found
