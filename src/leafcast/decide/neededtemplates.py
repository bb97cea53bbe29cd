"""Which templates a campaign can come to use: files by their names, and lines of the campaign file by their keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from leafcast.decide.campaign import Campaign
from leafcast.decide.templates import SUBJECT
from leafcast.model import Channel


def campaign_lines(campaign: Campaign) -> Iterator[tuple[str, str]]:
    """The templates that stand in the campaign file itself, by their keys."""
    if campaign.email:
        lines = {
            "email.subject": campaign.email.subject,
            "reinvite.subject": campaign.reinvite.subject,
            "email.unsubscribe": campaign.email.unsubscribe,
        }
        yield from ((key, text) for key, text in lines.items() if text)


def wanted_files(campaign: Campaign) -> list[str]:
    """The names of every template that the campaign can come to use."""
    names: list[str] = []
    again = [campaign.reinvite.template] if campaign.reinvite.max_rounds else []
    for channel in campaign.channels:
        match channel:
            case Channel.EMAIL:
                first = campaign.email.template if campaign.email else "invite"
                names += [f"{name}.{part}.j2" for name in (first, *again) for part in ("html", "txt")]
                names += _subjects(campaign, first, again)
            case Channel.SMS:
                first = campaign.sms.template if campaign.sms else "invite"
                names += [f"{name}.sms.j2" for name in (first, *again)]
            case Channel.WEBHOOK:
                pass
            case _:
                assert_never(channel)
    return list(dict.fromkeys(names))


def _subjects(campaign: Campaign, first: str, again: list[str]) -> list[str]:
    """The subject files that are needed: those whose line the campaign does not say itself."""
    if campaign.email and campaign.email.subject:
        return []
    return [name + SUBJECT for name in (first, *([] if campaign.reinvite.subject else again))]
