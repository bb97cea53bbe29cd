"""is_email's two published sets of tests beside leafcast: 433 addresses, and where the two differ, why.

is_email (Dominic Sayers) judges by RFC 1123, 2396, 3696, 4291, 5321 and 5322 and gives shades: valid; valid without a
record in the DNS; valid by the letter only (RFC5321, CFWS, DEPREC); a form that no mail server takes (RFC5322); wrong.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from leafcast.decide.addresses import Usable, email
from leafcast.decide.texts import trimmed

PUBLISHED = Path(__file__).with_name("is_email.tsv")

BY_THE_LETTER_ONLY = {
    "RFC5321_QUOTEDSTRING": "a quoted name: SendGrid does not take it, and hardly any mail service gives one out",
    "RFC5321_ADDRESSLITERAL": "a number in brackets for a domain: nobody gives it to a grower",
    "RFC5321_IPV6DEPRECATED": "the same",
    "RFC5321_TLD": "a domain of one word: reachable inside its own network only",
    "RFC5321_TLDNUMERIC": "no top-level domain is a number",
    "CFWS_COMMENT": "comments belong into headers of messages, not into lists",
    "CFWS_FWS": "so do folded lines",
    "DEPREC_CFWS_NEAR_AT": "blanks and comments around the @, obsolete since RFC 2822",
    "DEPREC_COMMENT": "obsolete as well",
    "DEPREC_CTEXT": "a control character in a comment",
    "DEPREC_FWS": "folded lines, obsolete",
    "DEPREC_LOCALPART": "a name that is quoted in part, obsolete",
    "DEPREC_QP": "a quoted control character",
    "DEPREC_QTEXT": "an unquoted control character",
}
"""is_email's diagnosis, and why leafcast refuses such addresses. Only those that is_email does not call wrong."""

REFUSED_THOUGH_VALID = {
    "test@io": "a domain of one word: io had a mail server of its own once",
    "test@123.123.123.x123": "a top-level domain has letters only, but for punycode (RFC 3696, section 2)",
    "x@" + "x23456789." * 25 + "x2": "the same; it is there for its length, 254 characters",
    "test@xn--example.com": "xn--example is punycode of a capital Greek letter, which IDNA 2008 does not have",
}


def published() -> Iterator[tuple[str, str, str]]:
    """Category, diagnosis, address."""
    for line in PUBLISHED.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            category, diagnosis, address = line.split("\t")
            yield category, diagnosis, json.loads(address)


def is_usable(address: str) -> bool:
    """leafcast's word on a cell, whose ends are trimmed before anything is judged."""
    cell = trimmed(address)
    return bool(cell) and isinstance(email(cell), Usable)


def test_what_is_email_calls_valid_is_usable() -> None:
    """All of them, but for those that have their reason beside them."""
    valid = [address for category, _, address in published() if category in {"VALID", "DNSWARN"}]
    assert len(valid) > 50
    assert {address for address in valid if not is_usable(address)} == set(REFUSED_THOUGH_VALID)


@pytest.mark.parametrize("category", ["RFC5321", "CFWS", "DEPREC", "RFC5322", "ERR"])
def test_what_is_email_calls_anything_else_is_refused(category: str) -> None:
    """Unless all that is odd about the cell are blanks and line ends around an address: those are trimmed off."""
    addresses = [(diagnosis, address) for each, diagnosis, address in published() if each == category]
    usable = [address for _, address in addresses if is_usable(address)]
    assert addresses
    assert [address for address in usable if trimmed(address) == address] == []
    if category in {"RFC5321", "CFWS", "DEPREC"}:
        assert {diagnosis for diagnosis, _ in addresses} <= set(BY_THE_LETTER_ONLY)
