"""A campaign as a value. Keys are those of the campaign file in camelCase; the attributes are their snake_case.

Every key stands here once, with its form, its default and its meaning: the README's table is printed from it
(`reference`). What no single key can tell is judged in `consistency`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from types import MappingProxyType

from pydantic import Field

from leafcast.decide.campaignlinks import (
    Brand,
    Deliver,
    DoubtPolicy,
    LinkSettings,
    ListSettings,
    Section,
    Transliterate,
    WebhookDoubt,
)
from leafcast.decide.forms import (
    Address,
    CampaignName,
    ClockTime,
    Count,
    CountFromOne,
    Flag,
    HookAddress,
    MailboxText,
    MessagingService,
    PaceNumber,
    SmsSender,
    TemplateName,
    Text,
    ZoneName,
)
from leafcast.decide.occasions import Occasion, Occasions
from leafcast.model import Cause, Channel, Service


class EmailSettings(Section):
    """The emails."""

    mailbox: MailboxText = Field(validation_alias="from", description="The sender, verified at SendGrid.")
    reply_to: Address | None = Field(default=None, description="Where answers go; left out, to the sender.")
    subject: Text | None = Field(
        default=None,
        description="The subject line, a template. Never the link. Left out, the file `<name>.subject.j2` says it in "
        "each language.",
    )
    template: TemplateName = Field(default="invite", description="The files `<name>.html.j2` and `<name>.txt.j2`.")
    unsubscribe: Text | None = Field(
        default=None,
        description="An `https://` address of yours, a template, that takes a POST and stops emails to this grower: "
        "the headers `List-Unsubscribe` and one-click `List-Unsubscribe-Post` name it, and the email shows it.",
    )
    asm_group: CountFromOne | None = Field(
        default=None,
        description="The number of a SendGrid unsubscribe group, instead of `unsubscribe`: SendGrid keeps the list.",
    )

    @property
    def sender(self) -> str:
        """The sender's address."""
        return self.mailbox.address

    @property
    def sender_name(self) -> str:
        """The sender's name, '' where `from` has none."""
        return self.mailbox.name


class SmsSettings(Section):
    """The text messages. Exactly one of `from` and `messagingService`."""

    sender: SmsSender | None = Field(default=None, validation_alias="from", description="The sending number at Twilio.")
    messaging_service: MessagingService | None = Field(
        default=None, description="A Twilio messaging service, instead of `from`."
    )
    segments_per_second: PaceNumber = Field(
        default=None,
        description="What the sender carries (Twilio's MPS): a text of three segments then takes the time of three.",
    )
    template: TemplateName = Field(default="invite", description="The file `<name>.sms.j2`.")
    smart_encoded: Flag = Field(
        default=False, description="Whether Twilio may put plain characters in the place of look-alikes (SmartEncoded)."
    )
    transliterate: Transliterate = Field(
        default=Transliterate.KEEP,
        description="`plain`: accents and typographic marks that would make a text dearer are left off, in all of it. "
        "`keep`: only where the template uses the filter `plain`.",
    )


class WebhookSettings(Section):
    """The in-app messages: links for the team's own application."""

    url: HookAddress = Field(
        description="Where your application takes links: a signed POST for each; see docs/webhook.md."
    )


class Pace(Section):
    """Requests per second that a service never gets more of; None is unlimited. Look-ups and logins count too.

    The defaults are slow enough for anybody. Leaf publishes no limit. SendGrid's FAQ names 10,000 a second for
    mail/send (archive of 2021). Twilio's slowest sender, a US long code, carries one text a second
    (support.twilio.com, 115002943027).
    """

    leaf: PaceNumber = Field(default=5.0, description="Requests per second to Leaf, which publishes no limit.")
    sendgrid: PaceNumber = Field(default=50.0, description="Requests per second to SendGrid.")
    twilio: PaceNumber = Field(
        default=1.0, description="Requests per second to Twilio: 1 suits a US long code, the slowest."
    )
    webhook: PaceNumber = Field(default=5.0, description="Requests per second to your own application.")

    def of(self, service: Service) -> float | None:
        """The pace of one service."""
        match service:
            case Service.LEAF:
                return self.leaf
            case Service.SENDGRID:
                return self.sendgrid
            case Service.TWILIO:
                return self.twilio
            case Service.WEBHOOK:
                return self.webhook


class Reinvite(Section):
    """Who gets another round."""

    when: Occasions = Field(
        default=(Occasion(Cause.EXPIRED),),
        description="What makes a grower due who is not connected. `expired`: the link is dead. `3d before expiry`: it "
        "will be soon. `used up`: it was opened as often as Leaf allows. `bounced`: the message did not arrive, and "
        "there is another channel. `credentials broken`: the connection stopped working.",
    )
    max_rounds: Count = Field(
        default=2, description="Re-invitations per grower at most; the first invitation is not counted."
    )
    min_days: Count = Field(default=7, description="Days between two rounds of one grower at least.")
    contacts: CountFromOne | None = Field(
        default=None,
        description="Invitations that a person gets within `contactDays` at most, by all campaigns of the ledger.",
    )
    contact_days: CountFromOne = Field(default=30, description="The days that `contacts` looks back.")
    template: TemplateName = Field(
        default="reminder", description="The template of the re-invitations, for both channels."
    )
    subject: Text | None = Field(
        default=None,
        description="The subject line of the re-invitations, a template; left out, `email.subject`, or else the file "
        "`<name>.subject.j2`.",
    )


class QuietHours(Section):
    """When nothing is sent: wall-clock time where the grower is."""

    channels: tuple[Channel, ...] = Field(default=(Channel.SMS,), description="The channels that keep quiet.")
    start: ClockTime = Field(default=time(21), validation_alias="from", description="When it becomes quiet.")
    end: ClockTime = Field(default=time(8), validation_alias="to", description="When messages may go again.")
    timezone: ZoneName = Field(
        description="Where the growers are of whom nothing better is known: a row's `timezone` column beats it, "
        "then the place of its phone number."
    )


class InDoubt(Section):
    """What `sync` does with a message that left and got no answer."""

    email: DoubtPolicy = Field(
        default=DoubtPolicy.HOLD,
        description="`hold` waits for a person; `resend-if-absent` sends again once SendGrid, asked twice, "
        "shows no trace.",
    )
    sms: DoubtPolicy = Field(default=DoubtPolicy.HOLD, description="The same for texts, with Twilio.")
    webhook: WebhookDoubt = Field(
        default=WebhookDoubt.HOLD,
        description="`resend` sends an in-app message again under the same key: only where your application takes a "
        "key once.",
    )

    def of(self, channel: Channel) -> DoubtPolicy:
        """What a service that shows no trace means on one channel; the team's own application shows none ever."""
        match channel:
            case Channel.EMAIL:
                return self.email
            case Channel.SMS:
                return self.sms
            case Channel.WEBHOOK:
                return DoubtPolicy.HOLD


class Campaign(Section):
    """One campaign file, judged good. Make it with `load`."""

    name: CampaignName = Field(
        validation_alias="campaign",
        description="The campaign's identity in the ledger; keep it once something was sent.",
    )
    list: ListSettings = Field(description="Whom to write to.")
    brand: Brand = Field(default=Brand(), description="Who is writing.")
    brands: Mapping[str, Brand] = Field(
        default_factory=lambda: MappingProxyType({}),
        description="Other brands by name; a row's `brand` column picks one. What one leaves out comes from `brand`.",
    )
    link: LinkSettings = Field(description="Which link.")
    channels: tuple[Channel, ...] = Field(description="In order of preference; `[]` makes links and sends nothing.")
    deliver: Deliver = Field(
        default=Deliver.FIRST, description="`first`: the first channel that the grower can receive. `all`: every one."
    )
    email: EmailSettings | None = Field(default=None, description="Required when `channels` has `email`.")
    sms: SmsSettings | None = Field(default=None, description="Required when `channels` has `sms`.")
    webhook: WebhookSettings | None = Field(default=None, description="Required when `channels` has `webhook`.")
    pace: Pace = Field(default=Pace(), description="How fast, never exceeded.")
    reinvite: Reinvite = Field(default=Reinvite(), description="When to write again.")
    quiet_hours: QuietHours | None = Field(default=None, description="When not to write.")
    in_doubt: InDoubt = Field(default=InDoubt(), description="What to do about lost answers.")

    def brand_of(self, name: str) -> Brand | None:
        """The brand that a row's `brand` cell names, '' being the campaign's own; None where there is no such brand."""
        if not name:
            return self.brand
        found = self.brands.get(name)
        return found.over(self.brand) if found else None
