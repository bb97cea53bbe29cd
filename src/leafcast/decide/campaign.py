"""The campaign file: `load` its text into a `Campaign`. The front door of `campaignmodel` and `campaignfile`."""

from leafcast.decide.campaignfile import load, read
from leafcast.decide.campaignmodel import (
    Brand,
    Campaign,
    Deliver,
    DoubtPolicy,
    EmailSettings,
    InDoubt,
    LinkSettings,
    ListSettings,
    Pace,
    QuietHours,
    Reinvite,
    ReinviteWhen,
    Rule,
    SharedAddress,
    SmsSettings,
    WebhookDoubt,
    WebhookSettings,
)

__all__ = [
    "Brand",
    "Campaign",
    "Deliver",
    "DoubtPolicy",
    "EmailSettings",
    "InDoubt",
    "LinkSettings",
    "ListSettings",
    "Pace",
    "QuietHours",
    "Reinvite",
    "ReinviteWhen",
    "Rule",
    "SharedAddress",
    "SmsSettings",
    "WebhookDoubt",
    "WebhookSettings",
    "load",
    "read",
]
