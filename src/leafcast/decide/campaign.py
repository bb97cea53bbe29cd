"""The campaign file: `load` its text into a `Campaign`. The front door of `campaignmodel` and `campaignfile`."""

from leafcast.decide.campaignfile import load, read
from leafcast.decide.campaignlinks import (
    Brand,
    Credentials,
    Deliver,
    DoubtPolicy,
    LinkSettings,
    ListFrom,
    ListSettings,
    Rule,
    SharedAddress,
    Transliterate,
    WebhookDoubt,
)
from leafcast.decide.campaignmodel import (
    Campaign,
    EmailSettings,
    InDoubt,
    Pace,
    QuietHours,
    Reinvite,
    SmsSettings,
    WebhookSettings,
)

__all__ = [
    "Brand",
    "Campaign",
    "Credentials",
    "Deliver",
    "DoubtPolicy",
    "EmailSettings",
    "InDoubt",
    "LinkSettings",
    "ListFrom",
    "ListSettings",
    "Pace",
    "QuietHours",
    "Reinvite",
    "Rule",
    "SharedAddress",
    "SmsSettings",
    "Transliterate",
    "WebhookDoubt",
    "WebhookSettings",
    "load",
    "read",
]
