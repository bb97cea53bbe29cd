"""What Twilio demands of a text message, and its error codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from urllib.parse import urlsplit

from leafcast.sandbox.fates import REFUSED_NUMBERS
from leafcast.sandbox.settings import SandboxSettings

LONGEST_BODY = 1_600
LONGEST_VALIDITY = 36_000

ERRORS: Mapping[int, tuple[int, str]] = MappingProxyType(
    {
        415: (415, "Unsupported Media Type"),
        20001: (400, "Unknown parameters or invalid values"),
        20003: (401, "Authenticate"),
        20404: (404, "The requested resource was not found"),
        21211: (400, "The 'To' number is not a valid phone number"),
        21212: (400, "The 'From' number is not a valid phone number, short code or alphanumeric sender ID"),
        21408: (400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number"),
        21602: (400, "Message body is required"),
        21603: (400, "A 'From' phone number or a Messaging Service is required"),
        21604: (400, "A 'To' phone number is required"),
        21606: (400, "The 'From' phone number provided is not a valid, message-capable number of this account"),
        21609: (400, "The 'StatusCallback' URL is not valid"),
        21610: (400, "Attempt to send to unsubscribed recipient"),
        21612: (400, "The 'To' phone number is not currently reachable from this 'From'"),
        21614: (400, "'To' number is not a valid mobile number"),
        21617: (400, "The concatenated message body exceeds the 1600 character limit"),
        21701: (404, "The Messaging Service does not exist"),
        21704: (400, "The Messaging Service contains no phone numbers"),
        21705: (400, "The Messaging Service Sid is invalid"),
        30409: (400, "The message cannot be canceled any more"),
        35111: (400, "The 'SendAt' parameter is missing or is not ISO 8601"),
        35118: (400, "A Messaging Service is required to schedule a message"),
    }
)
"""Code -> HTTP status and message (Twilio's error dictionary; the statuses are the usual ones)."""

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_SENDER = re.compile(r"\+[1-9]\d{6,14}|\d{5,6}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")


class Refused(Exception):
    """The text is refused with one of the codes of ERRORS."""

    def __init__(self, code: int, detail: str = "") -> None:
        super().__init__(str(code))
        self.code = code
        self.detail = detail


def check_text(form: Mapping[str, str], settings: SandboxSettings, opted_out: Collection[tuple[str, str]]) -> None:
    """Raise Refused for the first thing that is wrong with a text."""
    to, sender, service, body = (form.get(name, "") for name in ("To", "From", "MessagingServiceSid", "Body"))
    if not to:
        raise Refused(21604)
    if not sender and not service:
        raise Refused(21603)
    if not body.strip():
        raise Refused(21602)
    if len(body) > LONGEST_BODY:
        raise Refused(21617)
    _check_sender(sender, service, settings)
    _check_recipient(to, sender, service, settings, opted_out)
    _check_options(form, service)


def _check_sender(sender: str, service: str, settings: SandboxSettings) -> None:
    if service and not _SERVICE.fullmatch(service):
        raise Refused(21705)
    if service and service not in settings.messaging_services:
        raise Refused(21701)
    pool = settings.messaging_services.get(service, ())
    if service and not pool:
        raise Refused(21704)
    if sender and not _SENDER.fullmatch(sender):
        raise Refused(21212)
    if sender and sender not in settings.owned_numbers and sender not in pool:
        raise Refused(21606)


def _check_recipient(
    to: str, sender: str, service: str, settings: SandboxSettings, opted_out: Collection[tuple[str, str]]
) -> None:
    if not _E164.fullmatch(to) or to == sender:
        raise Refused(21211)
    if to in REFUSED_NUMBERS:
        raise Refused(REFUSED_NUMBERS[to])
    if to.startswith(settings.blocked_countries):
        raise Refused(21408)
    if any((who, to) in opted_out for who in ("*", sender, service)):
        raise Refused(21610)


def _check_options(form: Mapping[str, str], service: str) -> None:
    validity = form.get("ValidityPeriod", "1")
    if not validity.isascii() or not validity.isdigit() or not 1 <= int(validity) <= LONGEST_VALIDITY:
        raise Refused(20001, "ValidityPeriod must be from 1 to 36000 seconds")
    callback = form.get("StatusCallback")
    if callback is not None:
        parts = urlsplit(callback)
        if parts.scheme not in ("http", "https") or not parts.hostname or "_" in parts.hostname:
            raise Refused(21609)
    if "ScheduleType" in form:
        if not service:
            raise Refused(35118)
        raise Refused(35111, "the sandbox does not schedule")


def check_window(query: Mapping[str, str]) -> Callable[[float], bool] | None:
    """The DateSent filters as one test on the instant of sending, None where there is none.

    Raises Refused or ValueError for what is not a date."""
    tests: list[Callable[[float], bool]] = []
    for name in ("DateSent", "DateSent<", "DateSent>"):
        if not (value := query.get(name)):
            continue
        moment = datetime.fromisoformat(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        first = moment.timestamp()
        last = (moment + timedelta(days=1)).timestamp() if len(value) == len("2026-01-01") else first + 1
        match name:
            case "DateSent":
                tests.append(lambda sent, first=first, last=last: first <= sent < last)  # type: ignore[misc]
            case "DateSent<":
                tests.append(lambda sent, last=last: sent < last)  # type: ignore[misc]
            case _:
                tests.append(lambda sent, first=first: sent >= first)  # type: ignore[misc]
    return (lambda sent: all(test(sent) for test in tests)) if tests else None
