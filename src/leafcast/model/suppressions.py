"""Who must not be written to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from leafcast.model.sets import Channel, SkipReason


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address that must not be written to, in any campaign of the ledger, with its reason and where it came from.

    The ledger keeps the address in small letters: mail systems hardly ever tell them apart, and a person who said no
    must not be missed over a capital.
    """

    channel: Channel
    address: str = field(repr=False)
    reason: str
    source: str
    """Who says so: `by hand`, a file's name, `twilio`, `sendgrid bounces` …"""
    since: datetime | None = None
    """When it was said; None for the moment at which it is written down."""


@dataclass(frozen=True, slots=True)
class Suppress:
    """These join the list of those who must not be written to. One that is there already stays as it is."""

    suppressions: tuple[Suppression, ...]


@dataclass(frozen=True, slots=True)
class MessageSkipped:
    """A planned message that must not leave after all: its address was suppressed since it was planned, or its consent
    was taken back. It stays skipped in its round."""

    message_id: str
    reason: SkipReason = SkipReason.SUPPRESSED
