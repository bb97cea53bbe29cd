"""The forms that values of a campaign file may take, each with the sentence for a value that does not fit.

Every scalar of the file arrives as the text that stands in it (see `campaignfile`), so `region: NO` is Norway and
`from: 21:00` is a time. Values given from Python may have their Python type already.
"""

from leafcast.decide.forms.addresses import (
    Address,
    HookAddress,
    Mailbox,
    MailboxText,
    MessagingService,
    SmsSender,
    WebAddress,
)
from leafcast.decide.forms.basis import CONTROL, Form, Text, misfit
from leafcast.decide.forms.names import CampaignName, Colour, Language, Region, TemplateName
from leafcast.decide.forms.numbers import ClockTime, Count, CountFromOne, Duration, Flag, LinkLife, PaceNumber, ZoneName

__all__ = [
    "CONTROL",
    "Address",
    "CampaignName",
    "ClockTime",
    "Colour",
    "Count",
    "CountFromOne",
    "Duration",
    "Flag",
    "Form",
    "HookAddress",
    "Language",
    "LinkLife",
    "Mailbox",
    "MailboxText",
    "MessagingService",
    "PaceNumber",
    "Region",
    "SmsSender",
    "TemplateName",
    "Text",
    "WebAddress",
    "ZoneName",
    "misfit",
]
