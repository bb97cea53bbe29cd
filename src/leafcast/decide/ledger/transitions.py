"""Which state may follow which. The SQL of the ledger holds the same table and enforces it; a test compares the two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from leafcast.model import LinkState, MessageState, Verdict

MESSAGE: Mapping[MessageState, frozenset[MessageState]] = {
    MessageState.PLANNED: frozenset(
        {MessageState.SENDING, MessageState.FAILED, MessageState.SKIPPED, MessageState.CANCELLED}
    ),
    MessageState.SENDING: frozenset(
        {
            MessageState.ACCEPTED,
            MessageState.REFUSED,
            MessageState.FAILED,
            MessageState.IN_DOUBT,
            MessageState.PLANNED,
        }
    ),
    MessageState.IN_DOUBT: frozenset({MessageState.ACCEPTED, MessageState.ASSUMED_SENT, MessageState.PLANNED}),
    MessageState.FAILED: frozenset({MessageState.PLANNED, MessageState.CANCELLED}),
    MessageState.ACCEPTED: frozenset(),
    MessageState.REFUSED: frozenset({MessageState.PLANNED}),  # for another address
    MessageState.ASSUMED_SENT: frozenset(),
    MessageState.SKIPPED: frozenset(),
    MessageState.CANCELLED: frozenset(),
}

LINK: Mapping[LinkState, frozenset[LinkState]] = {
    LinkState.SENDING: frozenset({LinkState.LIVE, LinkState.FAILED, LinkState.IN_DOUBT}),
    LinkState.LIVE: frozenset({LinkState.EXPIRED, LinkState.REVOKED, LinkState.CARRIED}),
    LinkState.EXPIRED: frozenset({LinkState.REVOKED}),
    LinkState.IN_DOUBT: frozenset({LinkState.LIVE, LinkState.FAILED, LinkState.REVOKED}),
    LinkState.FAILED: frozenset(),
    LinkState.REVOKED: frozenset(),
    LinkState.CARRIED: frozenset(),
}


def message_state_after(verdict: Verdict) -> MessageState:
    """Where an attempt's verdict leaves a message."""
    match verdict:
        case Verdict.ACCEPTED:
            return MessageState.ACCEPTED
        case Verdict.REFUSED:
            return MessageState.REFUSED
        case Verdict.FAILED:
            return MessageState.FAILED
        case Verdict.IN_DOUBT:
            return MessageState.IN_DOUBT
        case Verdict.PAUSE | Verdict.STOP:
            return MessageState.PLANNED
        case _:
            assert_never(verdict)


def link_state_after(verdict: Verdict) -> LinkState:
    """Where an attempt's verdict leaves one generation of a link: after a pause or a stop it was surely not made."""
    match verdict:
        case Verdict.ACCEPTED:
            return LinkState.LIVE
        case Verdict.IN_DOUBT:
            return LinkState.IN_DOUBT
        case Verdict.REFUSED | Verdict.FAILED | Verdict.PAUSE | Verdict.STOP:
            return LinkState.FAILED
        case _:
            assert_never(verdict)
