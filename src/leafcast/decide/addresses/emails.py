"""Email cells."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from leafcast.decide.addresses.domains import meant_domain, nobodys
from leafcast.decide.addresses.verdict import Fault, Usable
from leafcast.decide.texts import hidden_character, quoted

_words = str.split
_ONE_ADDRESS = "Write one bare address such as ana@farm.example"
_EMPTY_WORDS = frozenset(
    {"na", "none", "null", "nil", "no", "no email", "unknown", "ninguno", "nenhum", "aucun", "tbd"}
)
_AROUND = "'\"`<>()[],;:."

# What nearly every address is: letters that email-validator takes as they are, so that it need not be asked. It takes
# ten times as long. tests/growers/test_quick_paths.py holds the two against each other.
_PLAIN = re.compile(
    r"[A-Za-z0-9_+\-]+(?:\.[A-Za-z0-9_+\-]+)*@((?:[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,})"
)
_ASK_THE_LIBRARY = re.compile(r"(?:^|\.)..--|[^.]{64}|\.(?:arpa|invalid|local|localhost|onion|test)$", re.ASCII)
# email-validator writes these names in small letters, as RFC 2142 does.
_MAILBOXES = frozenset(
    _words("info marketing sales support abuse noc security postmaster hostmaster usenet news webmaster www uucp ftp")
)


def email(text: str) -> Usable | Fault:
    """Judge a trimmed, non-empty email cell. The address comes back with its domain in lower case and, where it has
    other letters than ASCII, in punycode: mail systems need that form."""
    address = plain_address(text)
    return _with_doubts(text, address) if address else _judged(text)


def plain_address(text: str) -> str | None:
    """The address where the cell is a plain one; None where the library has to be asked."""
    found = _PLAIN.fullmatch(text) if len(text) <= 254 else None
    if found is None:
        return None
    local, domain = text[: found.start(1) - 1], _plain_domain(found[1])
    if domain is None or len(local) > 64 or local.lower() in _MAILBOXES:
        return None
    return f"{local}@{domain}"


@lru_cache(maxsize=16_384)
def _plain_domain(domain: str) -> str | None:
    """A domain in small letters; None where the library has to be asked."""
    domain = domain.lower()
    return None if _ASK_THE_LIBRARY.search(domain) else domain


def _judged(text: str) -> Usable | Fault:
    if fault := _shape(text):
        return fault
    local, _, domain = text.rpartition("@")
    if not local.isascii():
        return _not_ascii(text, local)
    if not domain.isascii() and (label := _mixed_label(domain)):
        what = f"The email {quoted(text)} mixes alphabets in {quoted(label)}: some of its letters only look right"
        return Fault(what, "Type the address again by hand")
    try:
        address, in_letters = validated(text)
    except EmailNotValidError as error:
        return Fault(f"The email {quoted(text)} is not valid: {str(error).rstrip('.')}", _meant(text))
    if not domain.isascii() or (in_letters and not in_letters.isascii()):
        what = f"the domain of {quoted(text)} is {in_letters}, which mail services write {address.rpartition('@')[2]}"
        return Usable(address, what)
    return _with_doubts(text, address)


def validated(text: str) -> tuple[str, str]:
    """email-validator's word: the address in ASCII, and its domain in letters. Raises EmailNotValidError."""
    # strict: RFC length limits; test_environment: names under .test are accepted as those under .example are.
    found = validate_email(text, check_deliverability=False, strict=True, allow_smtputf8=False, test_environment=True)
    return found.ascii_email or text, found.domain


def _with_doubts(text: str, address: str) -> Usable:
    """The address, with a warning where it is probably not what was meant."""
    local, _, domain = address.rpartition("@")
    if meant := meant_domain(domain):
        return Usable(address, f"the email {quoted(text)} may be a typing mistake", f"Is {local}@{meant} meant?")
    if doubt := nobodys(local, domain):
        return Usable(address, f"the email {quoted(text)} {doubt}", "Look whether a person reads it")
    return Usable(address)


def _shape(text: str) -> Fault | None:
    if hidden := hidden_character(text):
        return Fault(f"The email {quoted(text)} contains {hidden}", "Type the address again by hand")
    if text.strip("-.#?/ ") == "" or text.lower().replace("/", "").replace(".", "") in _EMPTY_WORDS:
        return Fault(f"The email {quoted(text)} is a word for none", "Leave the cell empty")
    if inside := re.search(r"<([^<>]*)>", text):
        return Fault(f"The email {quoted(text)} has a name around the address", f"Write only {inside[1].strip()}")
    if text.lower().startswith("mailto:"):
        return Fault(f"The email {quoted(text)} begins with mailto:", f"Write only {text[7:]}")
    if text.count("@") > 1 and re.search(r"[;,/\s|]", text):
        return Fault(f"The email {quoted(text)} has more than one address", "Keep one address per row")
    if "@" not in text:
        return Fault(f"The email {quoted(text)} has no @", _meant(text))
    return None


def _meant(text: str) -> str:
    """What to write instead, with the address that was probably meant where there is one."""
    plain = unicodedata.normalize("NFKC", text).strip(_AROUND + " ")
    for guess in (plain, plain.replace(",", "."), re.sub(r"\s+", "", plain), re.sub(r"\.{2,}", ".", plain)):
        if guess != text and plain_address(guess):
            return f"If {guess} is meant, write that"
    return _ONE_ADDRESS


def _not_ascii(text: str, local: str) -> Fault:
    plain = unicodedata.normalize("NFKC", text)
    what = f"The email {quoted(text)} has letters before the @ that mail services do not take"
    if plain.rpartition("@")[0].isascii():
        return Fault(what, f"If {plain} is meant, write that")
    strange = next(character for character in local if not character.isascii())
    name = unicodedata.name(strange, f"U+{ord(strange):04X}").lower()
    return Fault(what, f"Look at {quoted(strange)} ({name}): type the address again in plain letters")


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
    name = unicodedata.name(character, "UNKNOWN").split(" ")[0]
    return "LATIN" if name == "FULLWIDTH" else name
