"""Addresses as a campaign file writes them: of the web, of email, and of those who send texts."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated, Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from email_validator import EmailNotValidError, validate_email
from pydantic import BeforeValidator

from leafcast.decide.forms.basis import Form, checked, misfit, text_of

URL_LIMIT = 2_048
_UNFIT = re.compile(r"[\s\"'<>\\]")


class Mailbox(NamedTuple):
    """Who an email comes from."""

    address: str
    name: str


def _web_address(text: str) -> str:
    """https, a public host, no credentials. The address is judged by its form and never fetched."""
    fix = "Write a public address that begins with https://."
    parts, _ = _cut(text, fix, without_user="Use an address that anybody may open.")
    host = parts.hostname or ""
    if parts.scheme != "https" or not host or _UNFIT.search(text):
        raise misfit("this is not an https:// address", fix)
    if not _is_public(host):
        raise misfit(f"{host} is not a host that growers can reach", fix)
    return text


def _hook_address(text: str) -> str:
    """https, or http on this machine. A private host is allowed: the application is the team's own."""
    fix = "Write an address that begins with https:// (http:// is for this machine only)."
    parts, port = _cut(text, fix, without_user="The signature tells who is calling: leave it out.")
    host = parts.hostname or ""
    usable = bool(host) and port != 0 and not parts.fragment and text.isascii() and not _UNFIT.search(text)
    if not usable or (parts.scheme != "https" and not (parts.scheme == "http" and _is_this_machine(host))):
        raise misfit("this is not an https:// address", fix)
    return text


def _cut(text: str, fix: str, *, without_user: str) -> tuple[SplitResult, int | None]:
    """The parts of an address, and its port; what keeps it from being cut, or carries a secret, does not fit."""
    if len(text) > URL_LIMIT:
        raise misfit(f"the address has {len(text):,} characters", f"Use one of at most {URL_LIMIT:,}.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise misfit("this is not a web address", fix) from None
    if parts.username or parts.password or "@" in parts.netloc:
        raise misfit("the address carries a user name or a password", without_user)
    return parts, port


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
    text = text_of(value)
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


WebAddress = Annotated[str, checked(_web_address), Form("public `https://` address")]
HookAddress = Annotated[str, checked(_hook_address), Form("`https://` address")]
Address = Annotated[str, checked(_address), Form("email address")]
MailboxText = Annotated[Mailbox, BeforeValidator(_mailbox), Form("`Name <address>`")]
SmsSender = Annotated[str, checked(_sms_sender), Form('`"+15155550100"`, short code, or 11 letters')]
MessagingService = Annotated[str, checked(_messaging_service), Form("`MG…`")]
