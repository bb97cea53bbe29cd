"""What a newer decision does to an invitation that the ledger knows already: pure, and the same for every store.

Once anything reached somebody, or may have, all stays as it is; only what is planned may still be stopped. Until then
the newest row holds: where it gives another address, what waits goes there, also after attempts that surely did not
leave, and what the old address refused gets its chance at the new one. A message that was skipped stays skipped in its
round.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from leafcast.model import Channel, Grower, MessageState, PlannedInvitation, PlannedMessage, SkipReason

OWN_COLUMNS = frozenset(
    {
        *("campaign", "externalId", "name", "email", "phone", "round", "linkType", "providers", "leafUserId"),
        *("magicLinkId", "link", "expiresAt", "linkStatus", "channel", "messageStatus", "delivery", "messageId"),
        *("attempts", "errorCode", "error", "connected", "createdAt", "updatedAt"),
    }
)
"""The export's own columns: every other heading of the list is one of the list's further columns."""

_WAITING = frozenset({MessageState.PLANNED, MessageState.FAILED})
_NOT_TRIED = _WAITING | {MessageState.SKIPPED}
_NOT_SENT = _NOT_TRIED | {MessageState.REFUSED}


@dataclass(frozen=True, slots=True)
class Slot:
    """A message of an invitation as the ledger has it."""

    message_id: str
    channel: Channel
    to: str | None
    state: MessageState
    attempts: int


@dataclass(frozen=True, slots=True)
class Revision:
    """What is to be changed in an invitation."""

    skip: tuple[tuple[str, SkipReason], ...] = ()
    readdress: tuple[tuple[str, str], ...] = ()
    reopen: tuple[tuple[str, str], ...] = ()
    """Refused ones that are planned again, each with its new address."""
    remove: tuple[str, ...] = ()
    add: tuple[PlannedMessage, ...] = ()


def unsent(slots: Collection[Slot]) -> bool:
    """Whether surely nobody got any of these messages."""
    return all(slot.state in _NOT_SENT for slot in slots)


def revise(slots: Collection[Slot], planned: PlannedInvitation) -> Revision:
    """Hold the newest decision of an invitation against its messages. One that was tried and waits to be tried again is
    stopped when its channel is withheld by now, though the decision is about another channel."""
    wanted = {message.channel: message for message in planned.messages}
    tried = not all(slot.state in _NOT_TRIED and not slot.attempts for slot in slots)
    skips = dict(_skips(slots, wanted, planned, tried=tried))
    told = tuple((slot.message_id, skips[slot.channel]) for slot in slots if slot.channel in skips)
    if not unsent(slots):
        return Revision(skip=told)
    waiting = [slot for slot in slots if slot.state in _WAITING and slot.channel not in skips]
    stays = any(_stays(slot, planned, tried=tried) for slot in waiting if slot.channel not in wanted)
    reopen = () if stays else tuple(_reopened(slots, wanted))
    add = () if stays else _missing(slots, planned.messages)
    return Revision(
        skip=told,
        readdress=tuple(_readdressed(waiting, wanted, planned)),
        reopen=reopen,
        remove=tuple(
            slot.message_id
            for slot in waiting
            if slot.state is MessageState.PLANNED and slot.channel not in wanted and not tried
        ),
        add=add or (() if waiting or reopen else _after_refusals(slots, planned)),
    )


def merge_columns(known: Iterable[str], growers: Iterable[Grower]) -> list[str]:
    """The list's further columns in the list's order, those of earlier lists first."""
    columns = dict.fromkeys(known)
    seen: Mapping[str, str] | None = None
    for grower in growers:
        if seen is None or grower.cells.keys() != seen.keys():
            columns.update(dict.fromkeys(name for name in grower.cells if name and name not in OWN_COLUMNS))
        seen = grower.cells
    return list(columns)


def _skips(
    slots: Iterable[Slot], wanted: Mapping[Channel, PlannedMessage], planned: PlannedInvitation, *, tried: bool
) -> Iterable[tuple[Channel, SkipReason]]:
    """The planned messages that are stopped: their own decision says so, or the decision stops everything. Of one that
    was tried it may say nothing, being about another channel."""
    reasons = [message.skip for message in wanted.values()]
    for slot in slots:
        if slot.state is not MessageState.PLANNED:
            continue
        if slot.channel in wanted:
            reason = wanted[slot.channel].skip
        elif tried and slot.channel in planned.withheld:
            reason = planned.withheld[slot.channel]
        elif reasons and all(reasons):
            reason = reasons[0]
        elif tried and planned.grower.address(slot.channel) is None:
            reason = SkipReason.NO_ADDRESS
        else:
            reason = None
        if reason is not None:
            yield slot.channel, reason


def _stays(slot: Slot, planned: PlannedInvitation, *, tried: bool) -> bool:
    """Whether a waiting message that the decision does not name is one that can still reach the grower, so that no
    other may go beside it. What was planned and never tried gives way instead."""
    gives_way = slot.state is MessageState.PLANNED and not tried
    return not gives_way and slot.channel not in planned.withheld and planned.grower.address(slot.channel) is not None


def _readdressed(
    slots: Iterable[Slot], wanted: Mapping[Channel, PlannedMessage], planned: PlannedInvitation
) -> Iterable[tuple[str, str]]:
    for slot in slots:
        message = wanted.get(slot.channel)
        to = planned.grower.address(slot.channel) if message is None else message.to
        if to and to != slot.to and (message is None or message.skip is None):
            yield slot.message_id, to


def _reopened(slots: Iterable[Slot], wanted: Mapping[Channel, PlannedMessage]) -> Iterable[tuple[str, str]]:
    for slot in slots:
        message = wanted.get(slot.channel)
        if slot.state is not MessageState.REFUSED or message is None or message.skip is not None:
            continue
        if message.to and message.to != slot.to:
            yield slot.message_id, message.to


def _missing(slots: Collection[Slot], decision: Iterable[PlannedMessage]) -> tuple[PlannedMessage, ...]:
    """Slots of the decision that are not there yet; beside others, one more line only to skip it says nothing."""
    taken = {slot.channel for slot in slots}
    return tuple(message for message in decision if message.channel not in taken and not (slots and message.skip))


def _after_refusals(slots: Collection[Slot], planned: PlannedInvitation) -> tuple[PlannedMessage, ...]:
    """The next channel of a grower who was refused on every one so far: the run was cut off before it was planned, or
    its address, or a consent, has come since."""
    if not any(slot.state is MessageState.REFUSED for slot in slots):
        return ()
    taken = {slot.channel for slot in slots}
    return tuple(message for message in planned.further if message.channel not in taken)[:1]
