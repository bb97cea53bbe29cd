"""The first half of a campaign as a value: whom to write to, as whom, and which link; with the choices of all keys."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from leafcast.decide.forms import (
    Address,
    Colour,
    Flag,
    Form,
    Language,
    LinkLife,
    Region,
    Text,
    WebAddress,
)
from leafcast.model import LinkType


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


class Section(BaseModel):
    """A block of keys: unknown ones are refused, and nothing changes afterwards."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )


ProviderNames = Annotated[
    tuple[Text, ...],
    BeforeValidator(lambda given: (given,) if isinstance(given, str) else given),
    Form("provider, or list of them"),
]
Columns = Annotated[Mapping[str, str], AfterValidator(MappingProxyType), Form("leafcast's word: your heading")]


class ListSettings(Section):
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


class Brand(Section):
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


class Rule(Section):
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


class LinkSettings(Section):
    """Which link each grower gets."""

    expires_in: LinkLife = Field(description="How long a link works. Required: Leaf's own default is fifteen minutes.")
    rules: tuple[Rule, ...] = Field(
        default=(),
        description="The first rule that holds decides; a row's own columns beat it.",
    )
    extra_providers: tuple[Text, ...] = Field(
        default=(), description="Names of providers that are newer than leafcast's list."
    )
