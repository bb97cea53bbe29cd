"""What is decided about growers and another round: the values, and the words in which a person reads them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from leafcast.model import (
    Cause,
    Channel,
    Contact,
    Followed,
    Grower,
    HeldLink,
    LinkRequest,
    PlannedInvitation,
    Standing,
)


class WhyNot(StrEnum):
    """Why a grower gets no other round now."""

    RECALLED = "recalled"
    NOT_LISTED = "not on the list"
    NOT_INVITED = "not invited yet"
    CONNECTED = "connected"
    UNKNOWN = "not seen at Leaf"
    IN_DOUBT = "in doubt"
    UNSENT = "unsent"
    FAILED = "failed"
    UNREACHED = "never reached"
    UNWANTED = "unsubscribed"
    SUPPRESSED = "suppressed"
    NO_CONSENT = "no consent"
    NO_ADDRESS = "no address"
    NOT_ASKED = "not in reinvite.when"
    STILL_LIVE = "still live"
    SLOT_DONE = "slot done"
    MAX_ROUNDS = "maxRounds"
    TOO_SOON = "minDays"
    BUDGET = "contacts"
    NO_LINK = "no link"
    LINKS_ONLY = "links only"


class LinkPlan(StrEnum):
    """What becomes of the link."""

    REUSE = "reuse"
    NEW = "new"
    REPLACE = "replace"
    """The old one is revoked first."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided about one grower, with the reason in words."""

    external_id: str
    round: int
    """The round that it is about: the next one, or the one that goes on."""
    cause: Cause | None = None
    """Why the grower is due; None for one who is not."""
    why_not: WhyNot | None = None
    words: str = ""
    link: LinkPlan | None = None
    held: HeldLink | None = field(default=None, repr=False)
    """The link that is reused or revoked."""
    planned: PlannedInvitation | None = field(default=None, repr=False)
    """What goes into the ledger: messages to be sent, or, for a round that must not go on, to be skipped."""

    @property
    def due(self) -> bool:
        """Whether the grower is written to."""
        return self.cause is not None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one grower. `grower` and `request` are of the list as it is now, None for one who left it."""

    standing: Standing
    followed: Followed | None = None
    grower: Grower | None = None
    request: LinkRequest | None = None
    duplicates: Collection[Channel] = ()
    suppressed: Collection[Channel] = ()


class Contacts:
    """How often people were written to lately, by any campaign of the ledger."""

    def __init__(self, contacts: Iterable[Contact]) -> None:
        self._of: Mapping[str, dict[int, datetime]] = defaultdict(dict)
        for one in contacts:
            for key in (f"id {one.external_id}", one.address.casefold()):
                if key:
                    self._of[key][one.invitation] = one.left_at

    def of(self, grower: Grower) -> int:
        """How many invitations reached this grower, known by externalId or by an address."""
        keys = [f"id {grower.external_id}", *(grower.address(channel) or "" for channel in Channel)]
        found: set[int] = set()
        for key in keys:
            found.update(self._of.get(key if key.startswith("id ") else key.casefold(), ()))
        return len(found)


def decision_line(one: Decision) -> str:
    """One decision as a line of the table."""
    if one.cause is None:
        return f"{one.external_id}  not due  {one.why_not}: {one.words}"
    channels = "+".join(message.channel for message in one.planned.messages) if one.planned else ""
    return f"{one.external_id}  due      {one.cause}: {one.words}; round {one.round} by {channels}, {one.link} link"


def decision_document(one: Decision) -> dict[str, object]:
    """The same for other programs."""
    messages = one.planned.messages if one.planned is not None and one.due else ()
    return {
        "externalId": one.external_id,
        "due": one.due,
        "reason": str(one.cause or one.why_not),
        "words": one.words,
        "round": one.round,
        "link": one.link and str(one.link),
        "channels": [str(message.channel) for message in messages],
    }


def decisions_sentence(decisions: Collection[Decision]) -> str:
    """All of them in a line."""
    due = Counter(str(one.cause) for one in decisions if one.due)
    others = Counter(str(one.why_not) for one in decisions if not one.due)
    who = f"{due.total():,} due{_counted(due)}" if due else "Nobody is due"
    return f"{who}; {others.total():,} not{_counted(others)}." if others else f"{who}."


def _counted(reasons: Counter[str]) -> str:
    return f" ({', '.join(f'{count:,} {reason}' for reason, count in reasons.most_common())})"
