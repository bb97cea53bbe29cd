"""Every shipped letter there is: template, language, kind of link."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from leafcast.decide.campaign import load
from leafcast.decide.rendering import Renderer, placeholder_link
from leafcast.edge.campaignfile import read_templates
from leafcast.edge.shipped import CAMPAIGNS, shipped
from leafcast.model import EmailMessage, Grower, LinkRequest, LinkType

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
LANGUAGES = ("en", "es", "pt", "fr")
KINDS = (
    (LinkType.AUTHENTICATION, ("JohnDeere",)),
    (LinkType.PROVIDER, ("JohnDeere", "ClimateFieldView", "CNHIFieldOps")),
    (LinkType.FILE_UPLOAD, ()),
)
COLOURS = ("#27ae60", "#7a1f2b", "#fff6c8", "#0b1f3a", "#7f7f7f")
"""A friendly green, a dark red, one that hardly shows on white, one that hardly shows in the dark, a middling grey."""
_TEXT = """\
campaign: looks
list: {{file: g.csv}}
link: {{expiresIn: 30d}}
channels: [email]
email: {{from: "Prairie <p@prairie.example>", asmGroup: 7}}
brand:
  companyName: Prairie Agronomy Co-op
  backgroundColor: "{colour}"
  supportEmail: help@prairie.example
  supportPhone: +1 515 555 0100
  postalAddress: 100 Elevator Road, Ames, IA 50010
  website: https://www.prairie.example
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """One email with its place among the others."""

    template: str
    language: str
    kind: LinkType
    email: EmailMessage


def letters() -> list[Letter]:
    """All of them, the brand's colours taking turns."""
    sources = read_templates(shipped(CAMPAIGNS))
    made: list[Letter] = []
    every = itertools.product(("invite", "reminder"), LANGUAGES, KINDS)
    for colour, (template, language, (kind, providers)) in zip(itertools.cycle(COLOURS), every, strict=False):
        renderer = Renderer(load(_TEXT.format(colour=colour), "c.yaml"), sources, [])
        cells = MappingProxyType({"externalId": "G-1", "name": "Wilhelmina Featherstonehaugh-Domínguez",
                                  "email": "w@farm.example", "locale": language})  # fmt: skip
        grower = Grower(2, "G-1", cells["name"], cells["email"], None, cells)
        link = placeholder_link(LinkRequest(kind, "G-1", 2_592_000, providers), NOW)
        number = int(template == "reminder")
        cause = "credentials broken" if number and kind is LinkType.AUTHENTICATION else ""
        made.append(Letter(template, language, kind, renderer.email(grower, link, "m", number, cause)))
    return made


def letters_in(language: str) -> list[Letter]:
    """Those of one language."""
    return [letter for letter in letters() if letter.language == language]
