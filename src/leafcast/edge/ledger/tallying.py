"""Counting and wording that every store does alike: pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from types import MappingProxyType

from leafcast.errors import LedgerUnusable
from leafcast.model import Channel, Counts, Delivery, Due, MessageState


def counts_of(
    groups: Sequence[tuple[str, str, str | None, int]],
    *,
    created: int,
    reused: int = 0,
    failed: int,
    growers: int,
    excluded: int,
    held_until: datetime | None,
    recalled_at: datetime | None = None,
) -> Counts:
    """Numbers of (channel, state, delivery, how many) as `Counts`; every state and every delivery is named."""
    messages = dict.fromkeys(MessageState, 0)
    delivery = dict.fromkeys(Delivery, 0)
    by_channel: dict[tuple[Channel, MessageState], int] = {}
    for channel_text, state_text, delivered, number in groups:
        channel, state = Channel(channel_text), MessageState(state_text)
        messages[state] += number
        by_channel[channel, state] = by_channel.get((channel, state), 0) + number
        if state is MessageState.ACCEPTED:
            delivery[Delivery(delivered or Delivery.UNKNOWN)] += number
    return Counts(
        links=MappingProxyType({"created": created, "reused": reused, "failed": failed}),
        messages=MappingProxyType(messages),
        delivery=MappingProxyType(delivery),
        by_channel=MappingProxyType(by_channel),
        growers=growers,
        excluded=excluded,
        held_until=held_until,
        recalled_at=recalled_at,
    )


def unknown_campaign(campaign: str, known: Sequence[str]) -> LedgerUnusable:
    """What to say about a campaign that the ledger never saw."""
    names = ", ".join(known) or "none"
    return LedgerUnusable(
        f"the ledger has no campaign {campaign}", fix=f"Run it first, or name another; the ledger has: {names}."
    )


def error_shown(error: str, not_before: datetime | None) -> str:
    """The export's `error`: a held message says until when."""
    return error if not_before is None else f"held until {not_before:%Y-%m-%dT%H:%M:%SZ}"


def count_due(lines: Iterable[tuple[int, str, Channel, datetime | None, bool]], *, limit: int | None) -> Due:
    """Count planned messages, given in list order as (invitation, externalId, channel, held until, has a live link);
    of those that may go, at most `limit` invitations."""
    growers: set[str] = set()
    linkless: set[str] = set()
    invitations: set[int] = set()
    messages: Counter[Channel] = Counter()
    held: list[datetime] = []
    for invitation, external_id, channel, held_until, has_link in lines:
        if held_until is not None:
            held.append(held_until)
        elif invitation in invitations or limit is None or len(invitations) < limit:
            invitations.add(invitation)
            growers.add(external_id)
            messages[channel] += 1
            if not has_link:
                linkless.add(external_id)
    return Due(
        growers=len(growers),
        messages=MappingProxyType(dict(messages)),
        links=len(linkless),
        held=len(held),
        held_until=min(held, default=None),
    )
