"""What is written in the cells of an externalId and of a name. Pure."""

from __future__ import annotations

import re
from email.header import decode_header

from leafcast.decide.addresses import Fault, Usable
from leafcast.decide.texts import hidden_character, hidden_in_name, quoted

LONGEST = 255
"""Characters that an externalId or a name may have."""

_ROUNDED_ID = re.compile(r"\d(?:[.,]\d+)?[eE][+-]\d{2,3}")
_MAY_BE_ROUNDED = re.compile(r"\d+[eE]\d+")
_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|ene|abr|ago|dic|fev|mai|set|out|dez|okt)"
_DATE = re.compile(
    r"\d{4}-\d\d?-\d\d?(?: \d\d:\d\d:\d\d)?|\d\d?([./-])\d\d?\1(?:\d\d|\d{4})"
    rf"|\d\d?-{_MONTH}(?:-\d\d)?|{_MONTH}-\d\d",
    re.IGNORECASE,
)
_MONTHLY = re.compile(_MONTH, re.IGNORECASE)
_CUT_OFF = re.compile(r"\d{15}0+")
# What a failed formula leaves in a cell, in the languages that growers' lists are kept in.
_FAILED_FORMULA = re.compile(
    r"#(?:N/[AD]|NV|¡?REF!|BEZUG!|VALUE!|VALEUR!|WERT!|¡?VALOR!|NAME\?|NOME?\?|¿NOMBRE\?|¡?DIV/0!|NULL!|¡?NUM!|SPILL!|CALC!)"
)
_NO_FORMULA = "Correct the formula, or write the value itself"
_NO_NAME = frozenset({"null", "none", "nan", "n/a", "na", "-", "--", "?", "unknown", "undefined", "tbd"})
# What UTF-8 looks like after somebody read it as cp1252 and saved it again: é becomes Ã©.
_TWICE_ENCODED = re.compile("[ÃÂ][\u0080-\u00bf‚-™]")


def external_id(text: str) -> Usable | Fault:
    """Judge a trimmed, non-empty externalId."""
    if hidden := hidden_character(text):
        return Fault(f"The externalId {quoted(text)} contains {hidden}", "Type it again by hand")
    if len(text) > LONGEST:
        return Fault(f"The externalId has {len(text)} characters", f"Use one of at most {LONGEST}")
    if not (text[0].isdigit() or text[0] == "#" or _MONTHLY.match(text)):
        return Usable(text)  # nothing that a spreadsheet makes begins in another way
    if _ROUNDED_ID.fullmatch(text):
        return Fault(
            f"The spreadsheet rounded the externalId {quoted(text)}, and its last digits are gone",
            "Format the column as Text and enter the id again",
        )
    if _FAILED_FORMULA.fullmatch(text):
        return Fault(f"The externalId {quoted(text)} is a formula that failed", _NO_FORMULA)
    return Usable(text, _odd_id(text), "If it is not as you gave it, format the column as Text and enter it again")


def _odd_id(text: str) -> str:
    """What is odd about an id that may have been another before a spreadsheet saw it; '' where nothing is."""
    if text.endswith(".0") and text[:-2].isdigit():
        return f"the externalId {quoted(text)} ends in .0, as a spreadsheet writes numbers"
    if _MAY_BE_ROUNDED.fullmatch(text):
        return f"the externalId {quoted(text)} is a number to a spreadsheet, which will write it in another way"
    if _CUT_OFF.fullmatch(text):
        return f"the externalId {quoted(text)} has more than 15 digits, and a spreadsheet makes the others 0"
    if _DATE.fullmatch(text):
        return f"the externalId {quoted(text)} looks like a date, which spreadsheets make of ids such as 3-1"
    return ""


def name(text: str) -> Usable | Fault:
    """Judge a trimmed, non-empty name."""
    if hidden := hidden_in_name(text):
        return Fault(f"The name {quoted(text)} contains {hidden}", "Write the name on one line, in visible letters")
    if len(text) > LONGEST:
        return Fault(f"The name has {len(text)} characters", f"Use a name of at most {LONGEST}")
    if text[0] == "#" and _FAILED_FORMULA.fullmatch(text):
        return Fault(f"The name {quoted(text)} is a formula that failed", _NO_FORMULA)
    if "=?" in text and (hidden := _hidden_in_word(text)):
        return Fault(f"The name {quoted(text)} is an encoded word that contains {hidden}", "Write the name in letters")
    if not text.isascii() and _TWICE_ENCODED.search(text):
        return Usable(text, f"the name {quoted(text)} looks as if the file was saved in the wrong encoding")
    if text.lower() in _NO_NAME:
        return Usable(text, f"the name {quoted(text)} may be a word for none", "Leave the cell empty if it is")
    return Usable(text)


def _hidden_in_word(text: str) -> str | None:
    """What no name may contain, in an encoded word (`=?UTF-8?Q?…?=`) that a mail program may decode."""
    try:
        parts = [part if isinstance(part, str) else part.decode("latin-1") for part, _ in decode_header(text)]
    except (ValueError, LookupError):  # not one after all
        return None
    return hidden_in_name("".join(parts))
