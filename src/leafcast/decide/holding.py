"""A campaign's quiet hours, held against one message: may it go, until when is it kept, how long may it travel?"""

from __future__ import annotations

from datetime import datetime

from leafcast.decide.campaign import Campaign
from leafcast.decide.quiet import held_in_all, quiet_from
from leafcast.decide.zones import zones_of
from leafcast.model import Channel, Grower, Link

LONGEST_VALIDITY = 36_000
"""Seconds that Twilio keeps trying at most."""


def kept_until(campaign: Campaign, grower: Grower, channel: Channel, now: datetime) -> datetime | None:
    """When quiet hours let this message go, in UTC; None where it may go at once."""
    hours = campaign.quiet_hours
    if hours is None or channel not in hours.channels:
        return None
    return held_in_all(now, hours, zones_of(grower, hours.timezone, now))


def validity(campaign: Campaign, grower: Grower, link: Link, now: datetime) -> int:
    """Seconds that Twilio may keep a text which leaves at `now`: not into quiet hours, and not beyond the link's life.
    1 to 36,000 (twilio.com/docs, Messages resource, read November 2026)."""
    last, hours = link.expires_at, campaign.quiet_hours
    if hours is not None and Channel.SMS in hours.channels:
        last = min(last, quiet_from(now, hours, zones_of(grower, hours.timezone, now)))
    return max(1, min(LONGEST_VALIDITY, int((last - now).total_seconds())))
