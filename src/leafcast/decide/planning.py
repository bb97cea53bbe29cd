"""Campaign and grower in, decision out: which messages a grower shall get in a round, and which not and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from leafcast.decide.campaign import Campaign, Deliver
from leafcast.decide.consent import withheld_consent
from leafcast.model import (
    Channel,
    Grower,
    PlannedInvitation,
    PlannedMessage,
    SkipReason,
)

_WITHHELD = (SkipReason.SUPPRESSED, SkipReason.NO_CONSENT)


def plan_invitation(
    campaign: Campaign,
    grower: Grower,
    *,
    round_number: int = 0,
    skip: SkipReason | None = None,
    duplicates: Collection[Channel] = (),
    suppressed: Collection[Channel] = (),
) -> PlannedInvitation:
    """Decide one grower's messages of one round.

    `skip` is a reason that holds for the grower as a whole; `duplicates` are the channels whose address an earlier row
    of the list already has (`sharedAddress: first`), `suppressed` those whose address must not be written to.
    """
    if not campaign.channels:
        return PlannedInvitation(grower, round_number, ())
    every = [_message(grower, channel, skip, duplicates, suppressed) for channel in campaign.channels]
    withheld = {message.channel: message.skip for message in every if message.skip in _WITHHELD}
    going = [message for message in every if message.skip is None]
    if not going:
        # One line in the export is enough for a grower who gets nothing; the reason of the first address tells most.
        return PlannedInvitation(grower, round_number, (next((m for m in every if m.to), every[0]),))
    if campaign.deliver is Deliver.FIRST:
        return PlannedInvitation(grower, round_number, (going[0],), withheld=withheld, further=tuple(going[1:]))
    return PlannedInvitation(grower, round_number, tuple(every), withheld=withheld)


def next_channel(
    campaign: Campaign,
    grower: Grower,
    used: Collection[Channel],
    barred: Mapping[Channel, SkipReason] = MappingProxyType({}),
) -> PlannedMessage | None:
    """Where to go after a refusal: the next channel in order of preference that the grower can receive. One that is
    `barred` comes as a message to be skipped, so that the export says why; then it goes on to the one after it.

    Only under `deliver: first`; under `all` every channel has its own message from the start.
    """
    if campaign.deliver is not Deliver.FIRST:
        return None
    left = (_message(grower, channel, None) for channel in campaign.channels if channel not in used)
    free = next((message for message in left if message.skip is None), None)
    return free and PlannedMessage(free.channel, free.to, barred.get(free.channel))


def message_anew(
    grower: Grower, channel: Channel, *, duplicates: Collection[Channel] = (), suppressed: Collection[Channel] = ()
) -> PlannedMessage:
    """What is decided by the newest row about a message that was planned before."""
    return _message(grower, channel, None, duplicates, suppressed)


def _message(
    grower: Grower,
    channel: Channel,
    skip: SkipReason | None,
    duplicates: Collection[Channel] = (),
    suppressed: Collection[Channel] = (),
) -> PlannedMessage:
    address = grower.address(channel)
    return PlannedMessage(channel, address, skip or _reason(grower, channel, address, duplicates, suppressed))


def _reason(
    grower: Grower,
    channel: Channel,
    address: str | None,
    duplicates: Collection[Channel],
    suppressed: Collection[Channel],
) -> SkipReason | None:
    """Why nothing is to be sent to this grower on this channel, the weightiest reason first."""
    if address is None:
        return SkipReason.NO_ADDRESS
    if channel in suppressed:
        return SkipReason.SUPPRESSED
    if withheld_consent(grower, channel):
        return SkipReason.NO_CONSENT
    return SkipReason.DUPLICATE if channel in duplicates else None
