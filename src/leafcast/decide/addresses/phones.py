"""Phone cells."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from leafcast.decide.addresses.quick import dials_011, quick_verdict
from leafcast.decide.addresses.verdict import Fault, Usable
from leafcast.decide.texts import hidden_character, quoted

LONGEST = 16
"""Signs of an international number, its + and 15 digits (ITU-T E.164, 6.1)."""
_WITH_CODE = "Write it with its country code, for example +1 515 555 0100"
_MOBILE = "Write the grower's own mobile number"
_ROUNDED = re.compile(r"\+?\d+(?:[.,]\d+)?[eE]\+?\d+")
_POINT_ZERO = re.compile(r"\+?\d{10,15}\.0+")
_BLANKS = " \t\u00a0\u2007\u2009\u202f\u3000"
_PUNCTUATION = re.compile(rf"[{_BLANKS}().\-/‐‑‒–—−]+")
# What nearly every number is, and what is taken out of it.
_PLAIN = re.compile(r"\+?[\d ().\-]{7,24}", re.ASCII)
_NO_PUNCTUATION = str.maketrans("", "", " ().-")
# What contact cards put around a number, so that it reads from left to right.
_MARKS_AROUND = "\u200e\u200f\u202a\u202c\u202d\u2066\u2069"
_EXTENSION = re.compile(
    r"(?:ext|extn|extension|x|#|int|interno|ramal|anexo|poste|doorkies|durchwahl)\.?:?\s*\d+\s*$", re.IGNORECASE
)
_SEVERAL = re.compile(r"[^\d\s().\-+/]+|/")
_CHARGED = frozenset({PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST})
_SATELLITE = -1
_NOT_FOR_TEXTS = {
    _SATELLITE: "is a satellite or world-wide number",
    PhoneNumberType.FIXED_LINE: "is a landline",
    PhoneNumberType.TOLL_FREE: "is a toll-free number",
    PhoneNumberType.PAGER: "is a pager",
    PhoneNumberType.UAN: "is a company's common number",
    PhoneNumberType.VOICEMAIL: "is a voicemail box",
}
_OF_NO_COUNTRY = "001"
"""libphonenumber's region for satellite and other world-wide numbers."""


def known_region(region: str) -> bool:
    """Whether `list.region` is a region that numbers can be read with: two letters such as US, CA or BR."""
    return region in phonenumbers.SUPPORTED_REGIONS


def phone(text: str, region: str | None, *, texts: bool = True) -> Usable | Fault:
    """Judge a trimmed, non-empty phone cell; the number comes back as E.164. `region` (two letters) is used for
    numbers without a country code; None means that each number must have one. With `texts`, a number that texts will
    hardly reach comes with a warning."""
    if _PLAIN.fullmatch(text) and not ("." in text and _POINT_ZERO.fullmatch(text)):
        bare = text.translate(_NO_PUNCTUATION)
        if verdict := quick_verdict(bare, region):
            return _of_kind(text, *verdict, "", texts=texts)
    text = text.strip(_MARKS_AROUND)
    digits, mended = _plain_digits(text)
    if fault := _shape(text, digits):
        return fault
    if _POINT_ZERO.fullmatch(digits):
        digits, mended = (
            digits.split(".", maxsplit=1)[0],
            f"the .0 that a spreadsheet added to {quoted(text)} is taken off",
        )
    bare = _PUNCTUATION.sub("", digits)
    if not bare.lstrip("+").isdigit():
        return Fault(f"The phone {quoted(text)} is not a number", _WITH_CODE)
    if not bare.startswith("+") and (
        fault := _dialled_from_abroad(text, bare, region) or _without_region(text, bare, region)
    ):
        return fault
    return _judged(text, bare, region, mended, texts=texts)


def _plain_digits(text: str) -> tuple[str, str]:
    if text.isascii():
        return text, ""
    normal = unicodedata.normalize("NFKC", text)
    plain = "".join(str(unicodedata.digit(character, character)) for character in normal)
    changed = any(character.isdigit() and not character.isascii() for character in text)
    return plain, f"the digits of {quoted(text)} are read as {plain}" if changed else ""


def _shape(text: str, digits: str) -> Fault | None:
    if hidden := hidden_character(text):
        return Fault(f"The phone {quoted(text)} contains {hidden}", "Type the number again by hand")
    if _ROUNDED.fullmatch(digits):
        return Fault(
            f"The spreadsheet rounded the phone {quoted(text)}, and its last digits are gone",
            "Format the column as Text and type the number again",
        )
    if _EXTENSION.search(digits):
        return Fault(
            f"The phone {quoted(text)} has an extension, which texts cannot reach",
            "Write a mobile number without extension, or leave the cell empty",
        )
    if digits.count("+") > 1 or _numbers_in(digits) > 1:
        return Fault(f"The phone {quoted(text)} seems to have more than one number", "Keep one number per row")
    if any(character.isalpha() for character in digits):
        return _letters(text, digits)
    return None


def _numbers_in(digits: str) -> int:
    """How many parts could each be a number by itself."""
    return sum(sum(map(str.isdigit, part)) >= 7 for part in _SEVERAL.split(digits))


def _letters(text: str, digits: str) -> Fault:
    number = re.fullmatch(r"[^\d+(]*([+(]?[\d\s().\-]+?)\W*", digits)
    if number is None:
        return Fault(f"The phone {quoted(text)} has letters in it", f"{_WITH_CODE}, digits only")
    return Fault(f"The phone {quoted(text)} has a word before the number", f"Write only {number[1].strip()}")


def _dialled_from_abroad(text: str, bare: str, region: str | None) -> Fault | None:
    """Numbers as dialled, 00… or 011…: never guessed at, because 00 is also what a damaged number begins with. Where
    one dials abroad otherwise than with 011, a country's own numbers may begin so: 01 12 34 56 78 is one of Paris."""
    prefixes = ("00", "011") if region is None or dials_011(region) else ("00",)
    for prefix in prefixes:
        if bare.startswith(prefix):
            what = f"The phone {quoted(text)} begins with {prefix} in the place of a country code's +"
            return Fault(what, _with_plus(bare[len(prefix) :]))
    return None


def _without_region(text: str, bare: str, region: str | None) -> Fault | None:
    if region is not None:
        return None
    fix = _with_plus(bare)
    settled = f"{fix}, or set list.region in the campaign file (region: US)" if fix == _WITH_CODE else fix
    return Fault(f"The phone {quoted(text)} has no country code", settled)


def _with_plus(digits: str) -> str:
    """What to write where a + may be lost: the number with it, if that is one."""
    number = _number(f"+{digits}", None)
    in_use = number is not None and phonenumbers.is_valid_number(number)
    return f"If +{digits} is meant, write that" if in_use else _WITH_CODE


def _judged(text: str, bare: str, region: str | None, mended: str, *, texts: bool) -> Usable | Fault:
    number = _number(bare, region)
    fix = _WITH_CODE if bare.startswith("+") else _with_plus(bare)
    if number is None:
        of_region = "" if bare.startswith("+") else f" of region {region}"
        return Fault(f"The phone {quoted(text)} is not a possible number{of_region}", fix)
    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.UNKNOWN:
        return Fault(f"The phone {quoted(text)} is not a number in use{_length_of(number)}", fix)
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if phonenumbers.region_code_for_country_code(number.country_code or 0) == _OF_NO_COUNTRY:
        kind = _SATELLITE
    return _of_kind(text, e164, kind, mended, texts=texts)


def _of_kind(text: str, e164: str, kind: int, mended: str, *, texts: bool) -> Usable | Fault:
    """A number in use: whether it may be written to, and whether that makes sense."""
    if len(e164) > LONGEST:
        # libphonenumber knows German numbers with extensions that are longer than any other country can dial.
        return Fault(f"The phone {quoted(text)} is not a number in use: it has too many digits", _WITH_CODE)
    if kind in _CHARGED:
        rate = "premium-rate" if kind == PhoneNumberType.PREMIUM_RATE else "shared-cost"
        return Fault(f"The phone {quoted(text)} is a {rate} number", _MOBILE)
    if texts and not mended and (doubt := _NOT_FOR_TEXTS.get(kind)):
        return Usable(e164, f"the phone {quoted(text)} {doubt}, which hardly takes texts", _MOBILE)
    return Usable(e164, mended)


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
