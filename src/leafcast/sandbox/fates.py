"""What becomes of an accepted message: decided once, by the address and the seed, and told as time goes by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens to a message at an instant of the sandbox's clock (epoch seconds)."""

    at: float
    name: str
    reason: str = ""
    code: str = ""


def share(seed: int, *words: str) -> float:
    """A number from 0 to 1 that is always the same for the same words."""
    digest = blake2b("\x1f".join((str(seed), *words)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def latest(events: Sequence[Event], now: float) -> Event:
    """The last thing that has happened by now; the first one has always happened."""
    return next((event for event in reversed(events) if event.at <= now), events[0])


# ------------------------------------------------------------------------------------------------------------ emails

_NO_USER = ("550 5.1.1 The email account that you tried to reach does not exist", "5.1.1")
_BLOCKED = ("550 5.7.1 Message refused by the receiving server's policy", "5.7.1")
_FULL = ("452 4.2.2 The mailbox is over its quota", "4.2.2")

EMAIL_WORDS: Mapping[str, tuple[tuple[float, str, str, str], ...]] = MappingProxyType(
    {
        "bounce": ((2, "bounce", *_NO_USER),),
        "block": ((2, "blocked", *_BLOCKED),),
        "invalid": ((1, "dropped", "Invalid SMTPAPI header", ""),),
        "defer": ((2, "deferred", *_FULL), (300, "delivered", "250 OK", "")),
        "stuck": ((2, "deferred", *_FULL),),
        "spam": ((2, "delivered", "250 OK", ""), (60, "spamreport", "", "")),
        "unsubscribe": ((2, "delivered", "250 OK", ""), (60, "unsubscribe", "", "")),
    }
)
"""A local part that is one of these words, alone or before `+`, `.`, `-` or `_`, has this fate."""


def email_fate(address: str, at: float, seed: int, bounce_rate: float) -> tuple[Event, ...]:
    """The life of an accepted email to an address that is not suppressed."""
    local = address.lower().partition("@")[0]
    for separator in "+.-_":
        local = local.partition(separator)[0]
    course = EMAIL_WORDS.get(local)
    if course is None and share(seed, "bounce", address.lower()) < bounce_rate:
        course = EMAIL_WORDS["bounce"]
    if course is None:
        course = ((1 + 3 * share(seed, "wait", address), "delivered", "250 OK", ""),)
    return (Event(at, "processed"), *(Event(at + after, name, why, code) for after, name, why, code in course))


def dropped_fate(at: float, reason: str) -> tuple[Event, ...]:
    """The life of an email to a suppressed address: accepted, then dropped."""
    return (Event(at, "processed"), Event(at, "dropped", reason))


# ------------------------------------------------------------------------------------------------------------- texts

REFUSED_NUMBERS: Mapping[str, int] = MappingProxyType(
    {
        "+15005550001": 21211,
        "+15005550002": 21612,
        "+15005550003": 21408,
        "+15005550004": 21610,
        "+15005550009": 21614,
    }
)
"""Twilio's own magic recipients, each refused with this code (twilio.com/docs/iam/test-credentials, 2026)."""

FAILING_NUMBERS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "+15005550101": ("undelivered", "30003"),
        "+15005550102": ("undelivered", "30004"),
        "+15005550103": ("undelivered", "30005"),
        "+15005550104": ("undelivered", "30006"),
        "+15005550105": ("undelivered", "30007"),
        "+15005550106": ("undelivered", "30008"),
        "+15005550110": ("failed", "30001"),
        "+15005550120": ("sent", ""),
    }
)
"""The sandbox's own: accepted, and then this status with this error code. `sent` is a carrier without receipts."""


def text_fate(number: str, at: float, seed: int, undelivered_rate: float, *, by_service: bool) -> tuple[Event, ...]:
    """The life of an accepted text. Through a messaging service it starts as `accepted`, else as `queued`."""
    start = (Event(at, "accepted"), Event(at + 0.5, "queued")) if by_service else (Event(at, "queued"),)
    wait = 1 + 3 * share(seed, "wait", number)
    name, code = FAILING_NUMBERS.get(number, ("delivered", ""))
    if name == "delivered" and share(seed, "undelivered", number) < undelivered_rate:
        name, code = "undelivered", "30003"
    if name == "failed":
        return (*start, Event(at + wait, "failed", code=code))
    middle = (*start, Event(at + 0.7, "sending"), Event(at + 1, "sent"))
    return middle if name == "sent" else (*middle, Event(at + 1 + wait, name, code=code))
