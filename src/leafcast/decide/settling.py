"""Evidence about what was lost -> what the ledger shall say. Pure.

A doubt is settled by presence, which the service shows; by absence only where the campaign asks for it, the service was
asked twice, a settle time apart, and its records prove that they are up to date; else by a person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from leafcast.decide.campaign import DoubtPolicy
from leafcast.model import (
    Absent,
    Change,
    Channel,
    Doubt,
    DoubtLifted,
    DoubtLooked,
    Found,
    LeafLink,
    LinkDoubt,
    Look,
    Orphan,
    Shown,
    Unknown,
)

BEFORE, AFTER = timedelta(minutes=5), timedelta(minutes=6)
"""How far Leaf's time of a link may lie from our intent: clocks differ, and a request may take a minute to arrive."""
LIFETIME = timedelta(seconds=5)
"""How far a link's lifetime at Leaf may lie from the one that was asked for."""


REACH: Mapping[Channel, timedelta] = {
    Channel.EMAIL: timedelta(days=29),
    Channel.SMS: timedelta(days=90),
    Channel.WEBHOOK: timedelta(0),
}
"""How old a message may be for its service's silence to mean anything. SendGrid's Email Logs keep 30 days
(twilio.com/docs/sendgrid/api-reference/email-logs, 2026-01); of Twilio's list no end is known, so this is cautious.
The team's own application is never asked."""
TOO_OLD = Unknown("it left so long ago that the service's records may not reach back to it")


class Ending(StrEnum):
    """What came of a doubt in one `sync`."""

    FOUND = "found"
    ABSENT = "absent"
    TOO_YOUNG = "tooYoung"
    UNKNOWN = "unknown"
    RESENDABLE = "resendable"


# ------------------------------------------------------------------------------------------------------------ messages


def settles_at(left_at: datetime, settle: float) -> datetime:
    """When what left then may first be settled: until then its own answer, or the service's records, may still come."""
    return left_at + timedelta(seconds=settle)


def ripe(doubt: Doubt, now: datetime, settle: float) -> bool:
    """Whether a doubt may be settled now."""
    return now >= settles_at(doubt.sought.left_at, settle)


def judged(
    doubt: Doubt, look: Look, *, policy: DoubtPolicy, now: datetime, settle: float
) -> tuple[Ending, tuple[Change, ...]]:
    """What a look at the service makes of a doubt: how it ends here, and what the ledger is told."""
    message_id = doubt.sought.message_id
    if isinstance(look, Absent) and now - doubt.sought.left_at > REACH[doubt.channel]:
        look = TOO_OLD
    looked = DoubtLooked(message_id, doubt.attempt, look)
    match look:
        case Found():
            return Ending.FOUND, (looked,)
        case Unknown():
            return Ending.UNKNOWN, (looked,)
        case Absent() if policy is DoubtPolicy.RESEND_IF_ABSENT and _absent_long_enough(doubt, now, settle):
            return Ending.RESENDABLE, (looked, DoubtLifted(message_id, doubt.attempt))
        case Absent():
            return Ending.ABSENT, (looked,)
        case _:
            assert_never(look)


def _absent_long_enough(doubt: Doubt, now: datetime, settle: float) -> bool:
    first = doubt.first_absent_at
    return first is not None and now > first and now >= settles_at(first, settle)


def what_settles(doubt: Doubt, *, policy: DoubtPolicy | None, now: datetime, settle: float) -> str:
    """The next step for a doubt, for the person who looks at the list. `policy` is None where it is not known."""
    if not ripe(doubt, now, settle):
        return f"sync, from {_clock(settles_at(doubt.sought.left_at, settle))} on"
    if doubt.showed is None:
        return "sync, which asks the service"
    if doubt.showed is Shown.UNKNOWN:
        return "sync again, or a person's word"
    if policy is DoubtPolicy.RESEND_IF_ABSENT and doubt.first_absent_at is not None:
        again = max(now, settles_at(doubt.first_absent_at, settle))
        return f"sync again, from {_clock(again)} on; showing no trace then too, it is sent again by the next run"
    return "a person's word: --assume-sent, or --resend"


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


# --------------------------------------------------------------------------------------------------------------- links


def could_open(doubt: LinkDoubt, now: datetime) -> bool:
    """Whether what a lost answer left at Leaf may still open something."""
    return now < doubt.left_at + timedelta(seconds=doubt.expires_in) + AFTER


def fits(doubt: LinkDoubt, link: LeafLink) -> bool:
    """Whether a link of Leaf's can be what a lost answer made: its kind, its time, its lifetime, its providers. Whose
    it is remains to be seen."""
    if link.type is not doubt.type or link.created_at is None:
        return False
    in_time = doubt.left_at - BEFORE <= link.created_at <= doubt.left_at + AFTER
    asked = timedelta(seconds=doubt.expires_in)
    as_long = link.expires_at is None or abs(link.expires_at - link.created_at - asked) <= LIFETIME
    same_providers = not doubt.providers or set(doubt.providers) == set(link.providers)
    return in_time and as_long and same_providers


def orphans(
    doubts: Sequence[LinkDoubt], links: Iterable[LeafLink], users: Mapping[str, Collection[str]]
) -> tuple[Orphan, ...]:
    """Match links that nobody claims with the doubts that may have made them, one for each at most, the nearest in time
    first. `users` are the Leaf users of each externalId."""
    pairs = [
        (abs(link.created_at - doubt.left_at), number, link)
        for link in links
        for number, doubt in enumerate(doubts)
        if link.created_at is not None and link.leaf_user_id in users.get(doubt.external_id, ()) and fits(doubt, link)
    ]
    found: dict[int, Orphan] = {}
    taken: set[str] = set()
    for _, number, link in sorted(pairs, key=lambda pair: pair[:2]):
        if number not in found and link.id not in taken and link.created_at is not None:
            found[number] = Orphan(doubts[number], link.id, link.leaf_user_id, link.created_at)
            taken.add(link.id)
    return tuple(found[number] for number in sorted(found))
