"""Counting that every ledger does alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from types import MappingProxyType

from leafcast.model import Channel, Counts, Delivery, Due, MessageState, PlanCounts, PlannedInvitation

SCAN = 30
"""Seconds after a message within which nobody but a mail scanner has opened its link."""


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


def count_planned(changed: Iterable[tuple[PlannedInvitation, tuple[bool, bool, bool]]]) -> PlanCounts:
    """Count what planning did to invitations, each given as (whether it is new, whether the grower's row was taken
    over, whether its email or phone is another one than the ledger had)."""
    kinds: Counter[str] = Counter()
    moved: list[str] = []
    late: list[str] = []
    for planned, (added, updated, readdressed) in changed:
        kinds["added" if added else "known"] += 1
        kinds["updated"] += updated
        if readdressed:
            (moved if updated else late).append(planned.grower.external_id)
    return PlanCounts(kinds["added"], kinds["known"], kinds["updated"], tuple(moved), tuple(late))
