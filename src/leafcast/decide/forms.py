"""The forms that values of a campaign file may take, each with the sentence for a value that does not fit.

Every scalar of the file arrives as the text that stands in it (see `campaignfile`), so `region: NO` is Norway and
`from: 21:00` is a time. Values given from Python may have their Python type already.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from ipaddress import ip_address
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from leafcast.decide.durations import parse_duration, write_duration
from leafcast.decide.languages import is_language
from leafcast.decide.quiet import find_zone
from leafcast.decide.suggest import nearest

MIN_LIFE, MAX_LIFE = 900, 31_536_000
"""Seconds that a magic link may live (docs.withleaf.io, Magic Link endpoints, read November 2026)."""
URL_LIMIT = 2_048
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_COLOURS = {
    "red": "#ff0000",
    "green": "#008000",
    "blue": "#0000ff",
    "white": "#ffffff",
    "black": "#000000",
    "yellow": "#ffff00",
    "orange": "#ffa500",
    "gray": "#808080",
    "grey": "#808080",
}
_ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Toronto",
    "America/Winnipeg",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Paris",
    "Australia/Sydney",
)


@dataclass(frozen=True, slots=True)
class Form:
    """How a value is written; the campaign key reference prints it."""

    words: str


class Mailbox(NamedTuple):
    """Who an email comes from."""

    address: str
    name: str


def misfit(what: str, fix: str) -> PydanticCustomError:
    """A value that does not fit: what is wrong, and what to write instead."""
    return PydanticCustomError("misfit", "{what}", {"what": what, "fix": fix})


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise misfit("this must be a text", "Write one value on the line of the key.")
    if not value.strip():
        raise misfit("the value is empty", "Write a value, or take the line away.")
    if CONTROL.search(value):
        raise misfit("the value has a line break or another control character", "Write it on one line.")
    return value.strip()


def _checked(judge: Callable[[str], Any]) -> BeforeValidator:
    """A validator of texts; a value that already has the wanted type passes through its own text."""
    return BeforeValidator(lambda value: judge(_text(value)))


def _yes_no(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in {"true", "false"}:
        return word == "true"
    guess = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}.get(word)
    raise misfit(f"{value!r} is neither true nor false", f"Write {guess}." if guess else "Write true or false.")


def _count(value: Any) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,6}", text, re.ASCII):
        raise misfit(f"{text!r} is not a whole number", "Write digits alone, for example 2.")
    return int(text)


def _pace(value: Any) -> float | None:
    text = str(value).strip()
    if value is None or text == "unlimited":
        return None
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", text, re.ASCII) or float(text) <= 0:
        raise misfit(
            f"{text!r} is not a pace", "Write requests per second above 0, for example 10 or 0.5, or unlimited."
        )
    return float(text)


def _duration(value: Any) -> int:
    seconds = None if isinstance(value, bool | float) else parse_duration(str(value))
    if seconds is None:
        raise misfit(
            f"{str(value)!r} is not a span of time", "Write seconds, or a number with m, h or d: 15m, 12h, 30d."
        )
    return seconds


def _link_life(value: Any) -> int:
    seconds = _duration(value)
    if not MIN_LIFE <= seconds <= MAX_LIFE:
        fix = f"Leaf takes {MIN_LIFE} seconds (15m) to {MAX_LIFE:,} seconds (365d): write for example 30d."
        raise misfit(f"{write_duration(seconds)} is outside of what Leaf takes", fix)
    return seconds


def _campaign_name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", text):
        guess = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:64]
        example = guess or "spring-2026"
        raise misfit(f"{text!r} is not a campaign name", f"Use small letters, digits and -, at most 64: {example}.")
    return text


def _template_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", text):
        guess = re.sub(r"\.(html|txt|sms)(\.j2)?$|\.j2$", "", text.rsplit("/", 1)[-1])
        example = guess if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", guess) else "invite"
        fix = f"Write the name alone, without folder and ending: {example} stands for {example}.html.j2 and so on."
        raise misfit(f"{text!r} is not a template name", fix)
    return text


def _colour(text: str) -> str:
    if re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        return text
    short = re.fullmatch(r"#([0-9a-fA-F]{3})", text)
    bare = re.fullmatch(r"[0-9a-fA-F]{6}", text)
    guess = (
        "#" + "".join(2 * digit for digit in short[1]) if short else f"#{text}" if bare else _COLOURS.get(text.lower())
    )
    raise misfit(
        f"{text!r} is not a colour that Leaf takes", f'Write six digits after a #, in quotes: "{guess or "#27ae60"}".'
    )


def _web_address(text: str) -> str:
    """https, a public host, no credentials. The address is judged by its form and never fetched."""
    fix = "Write a public address that begins with https://."
    if len(text) > URL_LIMIT:
        raise misfit(f"the address has {len(text):,} characters", f"Use one of at most {URL_LIMIT:,}.")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise misfit("this is not a web address", fix) from None
    if parts.username or parts.password or "@" in parts.netloc:
        raise misfit("the address carries a user name or a password", "Use an address that anybody may open.")
    if parts.scheme != "https" or not host or re.search(r"[\s\"'<>\\]", text):
        raise misfit("this is not an https:// address", fix)
    if not _is_public(host):
        raise misfit(f"{host} is not a host that growers can reach", fix)
    return text


def _hook_address(text: str) -> str:
    """https, or http on this machine. A private host is allowed: the application is the team's own."""
    fix = "Write an address that begins with https:// (http:// is for this machine only)."
    if len(text) > URL_LIMIT:
        raise misfit(f"the address has {len(text):,} characters", f"Use one of at most {URL_LIMIT:,}.")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise misfit("this is not a web address", fix) from None
    if parts.username or parts.password or "@" in parts.netloc:
        raise misfit(
            "the address carries a user name or a password", "The signature tells who is calling: leave it out."
        )
    usable = bool(host) and port != 0 and not parts.fragment and text.isascii() and not re.search(r"[\s\"'<>\\]", text)
    if not usable or (parts.scheme != "https" and not (parts.scheme == "http" and _is_this_machine(host))):
        raise misfit("this is not an https:// address", fix)
    return text


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_public(host: str) -> bool:
    try:
        return ip_address(host).is_global
    except ValueError:
        pass
    labels = host.rstrip(".").split(".")
    private = {"localhost", "local", "internal", "intranet", "lan", "home", "corp", "arpa", "onion", "invalid"}
    # A last label of digits is an IPv4 address in disguise: browsers read 127.1 and 0x7f.1 as loopback.
    return len(labels) > 1 and all(labels) and labels[-1] not in private and not re.match(r"\d|0x", labels[-1])


def _address(text: str) -> str:
    try:
        return validate_email(text, check_deliverability=False, allow_smtputf8=False).normalized
    except EmailNotValidError:
        raise misfit(f"{text!r} is not an email address", "Write one address: connect@prairie.example.") from None


def _mailbox(value: Any) -> Mailbox:
    if isinstance(value, Mailbox):
        return value
    text = _text(value)
    match = re.fullmatch(r"(?P<name>.*?)\s*<(?P<address>[^<>]*)>", text)
    name, address = (match["name"].strip().strip('"').strip(), match["address"]) if match else ("", text)
    if any(sign in name for sign in ",;<>"):
        # SendGrid refuses , and ; in names (its mail/send limitations page, read November 2026).
        raise misfit(
            "the sender's name may not contain , ; < or >", "Leave the sign out: Prairie <connect@prairie.example>."
        )
    return Mailbox(_address(address.strip()), name)


def _sms_sender(text: str) -> str:
    """E.164, a short code, or an alphanumeric sender (twilio.com/docs/glossary/what-alphanumeric-sender-id and the
    AlphaSender resource, read November 2026: up to 11 of letters, digits, space, + - _ &, not digits alone)."""
    number = re.sub(r"[\s().-]", "", text)
    if re.fullmatch(r"\+[1-9]\d{6,14}", number, re.ASCII):
        return number
    if re.fullmatch(r"\d{5,6}", text, re.ASCII):
        return text
    if re.fullmatch(r"[A-Za-z0-9 +_&-]{1,11}", text) and re.search(r"[A-Za-z]", text):
        return text
    fix = 'Write the number with + and country code, in quotes: "+15155550100".'
    if text.startswith("MG"):
        fix = "This looks like a messaging service: write it under messagingService."
    raise misfit(f"{text!r} is not a sender that Twilio takes", fix)


def _messaging_service(text: str) -> str:
    if not re.fullmatch(r"MG[0-9a-fA-F]{32}", text):
        raise misfit(
            "this is not a messaging service", "Copy its SID from the Twilio console: MG and 32 digits or a-f."
        )
    return text


def _clock_time(value: Any) -> time:
    if isinstance(value, time):
        return value
    text = str(value).strip()
    match = re.fullmatch(r"(\d{1,2}):(\d{2})", text, re.ASCII)
    if not match or int(match[1]) > 23 or int(match[2]) > 59:
        raise misfit(f"{text!r} is not a time of day", 'Write hours and minutes of 24, in quotes: "21:00".')
    return time(int(match[1]), int(match[2]))


def _zone_name(text: str) -> str:
    if find_zone(text) is None:
        guess = nearest(text.rsplit("/", 1)[-1], [name.rsplit("/", 1)[-1] for name in _ZONES])
        example = next((name for name in _ZONES if guess and name.endswith(guess)), "America/Chicago")
        raise misfit(f"{text!r} is not a time zone", f"Write a name of the IANA list, for example {example}.")
    return text


def _language(text: str) -> str:
    if not is_language(text):
        raise misfit(f"{text!r} is not a language", "Write a tag: en, es, pt-BR, fr.")
    return text


def _region(text: str) -> str:
    from phonenumbers import SUPPORTED_REGIONS

    if text not in SUPPORTED_REGIONS:
        upper = {"USA": "US", "UK": "GB", "CAN": "CA", "BRA": "BR"}.get(text.upper(), text.upper())
        guess = f"Write {upper}." if upper in SUPPORTED_REGIONS else "Write two capital letters, for example US."
        raise misfit(f"{text!r} is not a country code", guess)
    return text


Text = Annotated[str, BeforeValidator(_text), Form("text")]
Flag = Annotated[bool, BeforeValidator(_yes_no), Form("`true` or `false`")]
Count = Annotated[int, BeforeValidator(_count), Form("whole number")]
PaceNumber = Annotated[float | None, BeforeValidator(_pace), Form("requests per second, or `unlimited`")]
Duration = Annotated[int, BeforeValidator(_duration), Form("seconds, or `15m`, `12h`, `30d`")]
LinkLife = Annotated[int, BeforeValidator(_link_life), Form("seconds, or `15m`, `12h`, `30d`; 15m to 365d")]
CampaignName = Annotated[str, _checked(_campaign_name), Form("`a-z`, `0-9` and `-`, at most 64")]
TemplateName = Annotated[str, _checked(_template_name), Form("name without folder and ending")]
Colour = Annotated[str, _checked(_colour), Form('`"#RRGGBB"`')]
WebAddress = Annotated[str, _checked(_web_address), Form("public `https://` address")]
HookAddress = Annotated[str, _checked(_hook_address), Form("`https://` address")]
Address = Annotated[str, _checked(_address), Form("email address")]
MailboxText = Annotated[Mailbox, BeforeValidator(_mailbox), Form("`Name <address>`")]
SmsSender = Annotated[str, _checked(_sms_sender), Form('`"+15155550100"`, short code, or 11 letters')]
MessagingService = Annotated[str, _checked(_messaging_service), Form("`MG…`")]
ClockTime = Annotated[time, BeforeValidator(_clock_time), Form('`"HH:MM"`')]
ZoneName = Annotated[str, _checked(_zone_name), Form("IANA time zone")]
Language = Annotated[str, _checked(_language), Form("language tag such as `es` or `pt-BR`")]
Region = Annotated[str, _checked(_region), Form("two-letter country code")]
