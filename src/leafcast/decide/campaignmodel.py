"""A campaign as a value. Keys are those of the campaign file in camelCase; the attributes are their snake_case.

Every key stands here once, with its form, its default and its meaning: the README's table is printed from it
(`reference`). What no single key can tell is judged in `consistency`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from leafcast.decide.forms import (
    Address,
    CampaignName,
    ClockTime,
    Colour,
    Count,
    Flag,
    Form,
    HookAddress,
    Language,
    LinkLife,
    MailboxText,
    MessagingService,
    PaceNumber,
    Region,
    SmsSender,
    TemplateName,
    Text,
    WebAddress,
    ZoneName,
)
from leafcast.decide.occasions import Occasion, Occasions
from leafcast.model import Cause, Channel, LinkType, Service


class SharedAddress(StrEnum):
    """What to do about one address on several rows."""

    STOP = "stop"
    SEND_EACH = "send-each"
    FIRST = "first"


class ListFrom(StrEnum):
    """Where the growers come from."""

    FILE = "file"
    LEAF = "leaf"


class Credentials(StrEnum):
    """Whether what a grower connected still serves."""

    GOOD = "good"
    BROKEN = "broken"


class Deliver(StrEnum):
    """Which of a grower's channels are used."""

    FIRST = "first"
    ALL = "all"


class DoubtPolicy(StrEnum):
    """What becomes of a message that the service shows no trace of."""

    HOLD = "hold"
    RESEND_IF_ABSENT = "resend-if-absent"


class WebhookDoubt(StrEnum):
    """What becomes of an in-app message whose answer was lost."""

    HOLD = "hold"
    RESEND = "resend"


class Transliterate(StrEnum):
    """What becomes of characters that turn a text into UCS-2, which costs more than twice as much."""

    KEEP = "keep"
    PLAIN = "plain"


class _Section(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )


ProviderNames = Annotated[
    tuple[Text, ...],
    BeforeValidator(lambda given: (given,) if isinstance(given, str) else given),
    Form("provider, or list of them"),
]
Columns = Annotated[Mapping[str, str], AfterValidator(MappingProxyType), Form("leafcast's word: your heading")]


class ListSettings(_Section):
    """The list of growers."""

    source: ListFrom = Field(
        default=ListFrom.FILE,
        validation_alias="from",
        description="`file`, or `leaf`: the users of your Leaf account, of whom the next three keys pick some.",
    )
    connected: ProviderNames = Field(
        default=(), description="With `from: leaf`: only users who have credentials of one of these providers."
    )
    not_connected: ProviderNames = Field(
        default=(), description="With `from: leaf`: only users who have credentials of none of these."
    )
    credentials: Credentials | None = Field(
        default=None,
        description="With `from: leaf`: only users whose credentials (of `connected`, or any) all are `broken`, or "
        "some of whose are `good`.",
    )
    file: Text | None = Field(
        default=None,
        description="The list: csv, tsv, xlsx or parquet; a path from the campaign file's folder, or `-` for standard "
        "input. Required, but for `from: leaf`, where it adds phones, names and other columns by externalId.",
    )
    columns: Columns = Field(
        default_factory=lambda: MappingProxyType({}),
        description="Only where your headings differ from leafcast's words.",
    )
    region: Region | None = Field(
        default=None, description="The country of phone numbers written without a country code."
    )
    shared_address: SharedAddress = Field(
        default=SharedAddress.STOP,
        description="One address on several rows: `stop` refuses the list, `send-each` writes once per row, "
        "`first` writes for the first row only.",
    )
    locale: Language | None = Field(
        default=None,
        description="The language of growers whose row names none, and of templates that stand in no language folder.",
    )
    sheet: Text | None = Field(default=None, description="The sheet of a workbook that has several.")
    encoding: Text | None = Field(
        default=None, description="The encoding of a text list that is not UTF-8, for example cp1252."
    )

    @property
    def label(self) -> str:
        """What the list is called in problems."""
        return "leaf-audience" if self.source is ListFrom.LEAF else self.file or ""


class Brand(_Section):
    """Who is writing: on the link page, under Leaf's own setting names, and in the messages."""

    company_name: Text | None = Field(default=None, description="Your name, as growers know you.")
    company_logo: WebAddress | None = Field(
        default=None, description="Your logo, on the link page and on top of the email."
    )
    header_image: WebAddress | None = Field(default=None, description="A wide picture for the link page and the email.")
    background_color: Colour | None = Field(
        default=None, description="Background of the link page, and the colour of the email's band and button."
    )
    show_leaf_user_name: Flag = Field(default=False, description="Whether the link page shows the Leaf user's name.")
    disconnect_enabled: Flag = Field(
        default=False, description="Whether growers may disconnect providers on the link page (not for file upload)."
    )
    support_email: Address | None = Field(default=None, description="Whom growers may write to; messages only.")
    support_phone: Text | None = Field(default=None, description="Whom growers may call; messages only.")
    postal_address: Text | None = Field(
        default=None, description="Your postal address, which bulk email must show in many countries; messages only."
    )
    website: WebAddress | None = Field(default=None, description="Your website; messages only.")

    def values(self) -> Mapping[str, object]:
        """Every setting that the campaign makes, under its key in the file."""
        return {
            to_camel(name): getattr(self, name) for name in self.model_fields_set if getattr(self, name) is not None
        }

    def leaf_settings(self, link_type: LinkType) -> Mapping[str, str | bool]:
        """What Leaf is told about branding, under its names: the settings that the campaign makes, and no others. Leaf
        knows no `disconnectEnabled` for file-upload links (docs.withleaf.io, Magic Link endpoints, November 2026)."""
        unknown = {"disconnectEnabled"} if link_type is LinkType.FILE_UPLOAD else set()
        made = self.values()
        return {
            key: value
            for key in _LEAF_SETTINGS
            if key not in unknown and isinstance(value := made.get(key), str | bool)
        }

    def over(self, base: Brand) -> Brand:
        """This brand, with what it leaves open taken from another."""
        return base.model_copy(update={name: getattr(self, name) for name in self.model_fields_set})


_LEAF_SETTINGS = (
    "backgroundColor",
    "companyLogo",
    "companyName",
    "headerImage",
    "showLeafUserName",
    "disconnectEnabled",
)


class Rule(_Section):
    """One line of `link.rules`: which growers, which link."""

    when: Text | None = Field(
        default=None,
        description="A Jinja expression over `grower`; the last rule may leave it out and takes everybody else.",
    )
    type: LinkType = Field(description="What the link lets the grower do.")
    provider: Text | None = Field(
        default=None,
        description="`authentication` only: the one provider, or a template such as `{{ grower.provider }}`.",
    )
    allowed_providers: tuple[Text, ...] = Field(
        default=(),
        description="`provider` only: the providers to choose from; left out, all that your Leaf account enables.",
    )


class LinkSettings(_Section):
    """Which link each grower gets."""

    expires_in: LinkLife = Field(description="How long a link works. Required: Leaf's own default is fifteen minutes.")
    rules: tuple[Rule, ...] = Field(
        default=(),
        description="The first rule that holds decides; a row's own columns beat it.",
    )
    extra_providers: tuple[Text, ...] = Field(
        default=(), description="Names of providers that are newer than leafcast's list."
    )


class EmailSettings(_Section):
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
    asm_group: Count | None = Field(
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


class SmsSettings(_Section):
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


class WebhookSettings(_Section):
    """The in-app messages: links for the team's own application."""

    url: HookAddress = Field(
        description="Where your application takes links: a signed POST for each; see docs/webhook.md."
    )


class Pace(_Section):
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


class Reinvite(_Section):
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
    contacts: Count | None = Field(
        default=None,
        description="Invitations that a person gets within `contactDays` at most, by all campaigns of the ledger.",
    )
    contact_days: Count = Field(default=30, description="The days that `contacts` looks back.")
    template: TemplateName = Field(
        default="reminder", description="The template of the re-invitations, for both channels."
    )
    subject: Text | None = Field(
        default=None,
        description="The subject line of the re-invitations, a template; left out, `email.subject`, or else the file "
        "`<name>.subject.j2`.",
    )


class QuietHours(_Section):
    """When nothing is sent: wall-clock time where the grower is."""

    channels: tuple[Channel, ...] = Field(default=(Channel.SMS,), description="The channels that keep quiet.")
    start: ClockTime = Field(default=time(21), validation_alias="from", description="When it becomes quiet.")
    end: ClockTime = Field(default=time(8), validation_alias="to", description="When messages may go again.")
    timezone: ZoneName = Field(
        description="Where the growers are of whom nothing better is known: a row's `timezone` column beats it, "
        "then the place of its phone number."
    )


class InDoubt(_Section):
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


class Campaign(_Section):
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
