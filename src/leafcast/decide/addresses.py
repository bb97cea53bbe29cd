"""What is written in an email or phone cell -> an address that can be written to, or why not. Pure, without DNS.

The judgement itself is email-validator's and phonenumbers' (libphonenumber's); here stands what they let through and
a bulk sender must not: disguised letters, two addresses in one cell, numbers that a spreadsheet damaged, letters.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from leafcast.decide.texts import hidden_character, quoted


@dataclass(frozen=True, slots=True)
class Usable:
    """What a cell comes to; `mended` says what was changed about it, '' where nothing was."""

    value: str
    mended: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a cell cannot be used, and what to write instead. Both are sentences without the full stop."""

    what: str
    fix: str


# ------------------------------------------------------------------------------------------------------------- email

_ONE_ADDRESS = "Write one bare address such as ana@farm.example"


def email(text: str) -> Usable | Fault:
    """Judge a trimmed, non-empty email cell. The address comes back with its domain in lower case and, where it has
    other letters than ASCII, in punycode: mail systems need that form."""
    if fault := _email_shape(text):
        return fault
    local, _, domain = text.rpartition("@")
    if not local.isascii():
        return _not_ascii(text, local)
    if not domain.isascii() and (label := _mixed_label(domain)):
        what = f"The email {quoted(text)} mixes alphabets in {quoted(label)}: some of its letters only look right"
        return Fault(what, "Type the address again by hand")
    try:
        # strict: RFC length limits; test_environment: names under .test are accepted as those under .example are.
        found = validate_email(
            text, check_deliverability=False, strict=True, allow_smtputf8=False, test_environment=True
        )
    except EmailNotValidError as error:
        return Fault(f"The email {quoted(text)} is not valid: {str(error).rstrip('.')}", _ONE_ADDRESS)
    address = found.ascii_email or text
    return Usable(address, "" if domain.isascii() else f"the domain of {quoted(text)} is used as {found.ascii_domain}")


def _email_shape(text: str) -> Fault | None:
    if hidden := hidden_character(text):
        return Fault(f"The email {quoted(text)} contains {hidden}", "Type the address again by hand")
    if inside := re.search(r"<([^<>]*)>", text):
        return Fault(f"The email {quoted(text)} has a name around the address", f"Write only {inside[1].strip()}")
    if text.lower().startswith("mailto:"):
        return Fault(f"The email {quoted(text)} begins with mailto:", f"Write only {text[7:]}")
    if text.count("@") > 1 and re.search(r"[;,/\s|]", text):
        return Fault(f"The email {quoted(text)} has more than one address", "Keep one address per row")
    if "@" not in text:
        return Fault(f"The email {quoted(text)} has no @", _ONE_ADDRESS)
    return None


def _not_ascii(text: str, local: str) -> Fault:
    plain = unicodedata.normalize("NFKC", text)
    what = f"The email {quoted(text)} has letters before the @ that mail services do not take"
    if plain.rpartition("@")[0].isascii():
        return Fault(what, f"If {plain} is meant, write that")
    strange = next(character for character in local if not character.isascii())
    return Fault(what, f"Look at {quoted(strange)}: type the address again in plain letters")


# UTS 39, "highly restrictive": these go together with Latin in honest names; any other mix is a disguise.
_HONEST_MIXES = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)


def _mixed_label(domain: str) -> str | None:
    for label in domain.split("."):
        scripts = {_script(character) for character in label if character.isalpha()}
        if len(scripts) > 1 and not any(scripts <= honest for honest in _HONEST_MIXES):
            return label
    return None


def _script(character: str) -> str:
    """The alphabet, read off the character's Unicode name: the standard library has no script property."""
    return unicodedata.name(character, "UNKNOWN").split(" ")[0]


# ------------------------------------------------------------------------------------------------------------- phone

_WITH_CODE = "Write it with its country code, for example +1 515 555 0100"
_ROUNDED = re.compile(r"\+?\d+(?:[.,]\d+)?[eE]\+?\d+")
_POINT_ZERO = re.compile(r"\+?\d{10,15}\.0+")
_PUNCTUATION = re.compile(r"[\s().\-/‐‑‒–—−]+")


def known_region(region: str) -> bool:
    """Whether `list.region` is a region that numbers can be read with: two letters such as US, CA or BR."""
    return region in phonenumbers.SUPPORTED_REGIONS


def phone(text: str, region: str | None) -> Usable | Fault:
    """Judge a trimmed, non-empty phone cell; the number comes back as E.164. `region` (two letters) is used for
    numbers without a country code; None means that each number must have one."""
    digits, mended = _plain_digits(text)
    if fault := _phone_shape(text, digits):
        return fault
    if _POINT_ZERO.fullmatch(digits):
        digits, mended = (
            digits.split(".", maxsplit=1)[0],
            f"the .0 that a spreadsheet added to {quoted(text)} is taken off",
        )
    bare = _PUNCTUATION.sub("", digits)
    if not bare.lstrip("+").isdigit():
        return Fault(f"The phone {quoted(text)} is not a number", _WITH_CODE)
    if not bare.startswith("+") and (fault := _dialled_from_abroad(text, bare)):
        return fault
    if not bare.startswith("+") and region is None:
        return Fault(
            f"The phone {quoted(text)} has no country code",
            f"{_WITH_CODE}, or set list.region in the campaign file (region: US)",
        )
    return _judged(text, bare, region, mended)


def _plain_digits(text: str) -> tuple[str, str]:
    if text.isascii():
        return text, ""
    plain = "".join(str(unicodedata.digit(character, character)) for character in unicodedata.normalize("NFKC", text))
    return plain, f"the digits of {quoted(text)} are read as {plain}" if plain != text else ""


def _phone_shape(text: str, digits: str) -> Fault | None:
    if hidden := hidden_character(text):
        return Fault(f"The phone {quoted(text)} contains {hidden}", "Type the number again by hand")
    if _ROUNDED.fullmatch(digits):
        return Fault(
            f"The spreadsheet rounded the phone {quoted(text)}, and its last digits are gone",
            "Format the column as Text and type the number again",
        )
    if re.search(r"(?:ext|x|#)\.?\s*\d+\s*$", digits, re.IGNORECASE):
        return Fault(
            f"The phone {quoted(text)} has an extension, which texts cannot reach",
            "Write a mobile number without extension, or leave the cell empty",
        )
    if digits.count("+") > 1 or re.search(r"[;,|]|\bor\b|(?:\d[\s().-]*){7,}/\s*(?:\d[\s().-]*){7,}", digits):
        return Fault(f"The phone {quoted(text)} seems to have more than one number", "Keep one number per row")
    if any(character.isalpha() for character in digits):
        return Fault(f"The phone {quoted(text)} has letters in it", f"{_WITH_CODE}, digits only")
    return None


def _dialled_from_abroad(text: str, bare: str) -> Fault | None:
    """Numbers as dialled, 00… or 011…: never guessed at, because 00 is also what a damaged number begins with."""
    for prefix in ("011", "00"):
        if not bare.startswith(prefix):
            continue
        suggestion = "+" + bare[len(prefix) :]
        number = _number(suggestion, None)
        in_use = number is not None and phonenumbers.is_valid_number(number)
        fix = f"If {suggestion} is meant, write that" if in_use else _WITH_CODE
        return Fault(f"The phone {quoted(text)} begins with {prefix} in the place of a country code's +", fix)
    return None


def _judged(text: str, bare: str, region: str | None, mended: str) -> Usable | Fault:
    number = _number(bare, region)
    if number is None:
        of_region = "" if bare.startswith("+") else f" of region {region}"
        return Fault(f"The phone {quoted(text)} is not a possible number{of_region}", _WITH_CODE)
    match phonenumbers.number_type(number):
        case PhoneNumberType.UNKNOWN:
            return Fault(f"The phone {quoted(text)} is not a number in use{_length_of(number)}", _WITH_CODE)
        case PhoneNumberType.PREMIUM_RATE:
            return Fault(f"The phone {quoted(text)} is a premium-rate number", "Write the grower's own mobile number")
        case _:
            return Usable(phonenumbers.format_number(number, PhoneNumberFormat.E164), mended)


def _number(bare: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(bare, region)
    except NumberParseException:
        return None


def _length_of(number: phonenumbers.PhoneNumber) -> str:
    match phonenumbers.is_possible_number_with_reason(number):
        case phonenumbers.ValidationResult.TOO_SHORT:
            return ": it has too few digits"
        case phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            return ": its area code is missing"
        case phonenumbers.ValidationResult.TOO_LONG:
            return ": it has too many digits"
        case _:
            return " in its country"
