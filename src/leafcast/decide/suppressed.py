"""Who must not be written to any more: how addresses are compared, and which answers put one on that list. Apart from
reading such lists, as every command that opens a ledger needs this and few need that.
"""

from __future__ import annotations

from collections.abc import Iterable

from leafcast.decide.verdicts.twilio import OPTED_OUT
from leafcast.model import Channel, Grower, Outcome, Suppression, Verdict

STOP = "answered STOP"


def key_of(address: str) -> str:
    """An address as suppressions are compared by."""
    return address.lower()


class SuppressedAddresses:
    """The list of suppressions, to hold growers against. A million fit: an address is kept as its hash."""

    def __init__(self, suppressions: Iterable[Suppression] = ()) -> None:
        self._keys = frozenset(hash((one.channel, key_of(one.address))) for one in suppressions)

    def channels_of(self, grower: Grower) -> tuple[Channel, ...]:
        """The channels on which the grower must not be written to."""
        if not self._keys:
            return ()
        return tuple(
            channel
            for channel in Channel
            if (address := grower.address(channel)) and hash((channel, key_of(address))) in self._keys
        )


def after_outcome(channel: Channel, outcome: Outcome) -> tuple[str, str] | None:
    """Whether a service's answer means that its recipient must be left alone: (reason, source) then."""
    if channel is Channel.SMS and outcome.verdict is Verdict.REFUSED and outcome.code == OPTED_OUT:
        return STOP, "twilio"
    return None
