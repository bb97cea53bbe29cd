"""What a newer decision does to an invitation that the ledger knows already: pure, and the same for every store.

What was attempted stays as it is. Of what was never attempted the newest decision holds, but for one rule: a message
that was skipped stays skipped in its round. A newer decision may always stop what is planned (its address was
suppressed).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from leafcast.model import Channel, Grower, MessageState, PlannedMessage, SkipReason

OWN_COLUMNS = frozenset(
    {
        *("campaign", "externalId", "name", "email", "phone", "round", "linkType", "providers", "leafUserId"),
        *("magicLinkId", "link", "expiresAt", "linkStatus", "channel", "messageStatus", "delivery", "messageId"),
        *("attempts", "errorCode", "error", "connected", "createdAt", "updatedAt"),
    }
)
"""The export's own columns: every other heading of the list is one of the list's further columns."""

_NOT_SENT = frozenset({MessageState.PLANNED, MessageState.SKIPPED, MessageState.FAILED})


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
    remove: tuple[str, ...] = ()
    add: tuple[PlannedMessage, ...] = ()


def untried(slots: Collection[Slot]) -> bool:
    """Whether nothing was ever attempted for these messages."""
    return all(slot.state in _NOT_SENT and not slot.attempts for slot in slots)


def revise(
    slots: Collection[Slot],
    decision: Collection[PlannedMessage],
    withheld: Mapping[Channel, SkipReason] = MappingProxyType({}),
) -> Revision:
    """Hold the newest decision of an invitation against its messages. One that was tried and waits to be tried again is
    stopped when its channel is `withheld` by now, though the decision is about another channel."""
    wanted = {message.channel: message for message in decision}
    tried = not untried(slots)
    closed = withheld if tried else {}
    skips = tuple(
        (slot.message_id, reason)
        for slot in slots
        if slot.state is MessageState.PLANNED and (reason := _reason(slot.channel, wanted, closed)) is not None
    )
    if tried:
        return Revision(skip=skips)
    stopped = {message_id for message_id, _ in skips}
    open_slots = [slot for slot in slots if slot.state is not MessageState.SKIPPED and slot.message_id not in stopped]
    stays = any(slot.state is MessageState.FAILED and slot.channel not in wanted for slot in open_slots)
    return Revision(
        skip=skips,
        readdress=tuple(_readdressed(open_slots, wanted)),
        remove=tuple(
            slot.message_id for slot in open_slots if slot.state is MessageState.PLANNED and slot.channel not in wanted
        ),
        add=() if stays else _missing(slots, decision),
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


def _reason(
    channel: Channel, wanted: Mapping[Channel, PlannedMessage], withheld: Mapping[Channel, SkipReason]
) -> SkipReason | None:
    """Why a planned message is stopped: its own decision says so, or the decision stops everything."""
    if channel in wanted:
        return wanted[channel].skip
    if channel in withheld:
        return withheld[channel]
    reasons = [message.skip for message in wanted.values()]
    return reasons[0] if reasons and all(reasons) else None


def _missing(slots: Collection[Slot], decision: Iterable[PlannedMessage]) -> tuple[PlannedMessage, ...]:
    """Slots of the decision that are not there yet; beside others, one more line only to skip it says nothing."""
    taken = {slot.channel for slot in slots}
    return tuple(message for message in decision if message.channel not in taken and not (slots and message.skip))


def _readdressed(slots: Iterable[Slot], wanted: Mapping[Channel, PlannedMessage]) -> Iterable[tuple[str, str]]:
    for slot in slots:
        message = wanted.get(slot.channel)
        if message is not None and message.skip is None and message.to and message.to != slot.to:
            yield slot.message_id, message.to
