"""The shipped templates: right for every kind of link, with and without each optional thing, and readable."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime
from functools import lru_cache
from html.parser import HTMLParser
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafcast.decide.campaign import Campaign, load
from leafcast.decide.colours import READABLE, contrast, readable_on, text_on
from leafcast.decide.fitness import LONG_SUBJECT
from leafcast.decide.providers import GROWERS_NAME, in_words, provider_problem
from leafcast.decide.rendering import Renderer, placeholder_link
from leafcast.decide.segments import Encoding, count_segments
from leafcast.edge.campaignfile import _text, read_templates
from leafcast.edge.shipped import CAMPAIGNS, TEMPLATES, shipped
from leafcast.model import Cause, Grower, Link, LinkRequest, LinkType

NOW = datetime(2026, 9, 12, 15, tzinfo=UTC)
SOURCES = read_templates(shipped(CAMPAIGNS))
BRAND = {
    "companyName": "Prairie Agronomy Co-op",
    "companyLogo": "https://www.prairie.example/logo.png",
    "headerImage": "https://www.prairie.example/fields.jpg",
    "backgroundColor": '"#27ae60"',
    "supportEmail": "help@prairie.example",
    "supportPhone": "+1 515 555 0100",
    "postalAddress": "100 Elevator Road",
    "website": "https://www.prairie.example",
}
PROVIDERS = {
    LinkType.PROVIDER: [(), ("JohnDeere",), ("JohnDeere", "ClimateFieldView", "CNHIFieldOps"), ("All",), ("Other",)],
    LinkType.AUTHENTICATION: [("JohnDeere",), ("CNHIFieldOps",), ("NewOne",)],
    LinkType.FILE_UPLOAD: [()],
}
KINDS = [(kind, providers) for kind in LinkType for providers in PROVIDERS[kind]]


def campaign(brand: dict[str, str], template: str = "invite") -> Campaign:
    lines = "".join(f"  {key}: {value}\n" for key, value in brand.items())
    return load(
        "campaign: a\nlist: {file: g.csv}\nlink: {expiresIn: 30d}\nchannels: [email, sms]\n"
        f"email: {{from: p@prairie.example, subject: Hi, template: {template}}}\n"
        'sms: {from: "+15155550100"}\n' + (f"brand:\n{lines}" if lines else ""),
        "c.yaml",
    )


def grower(name: str = "Maria Lopez", locale: str = "") -> Grower:
    cells = MappingProxyType(
        {"externalId": "G-1", "name": name, "email": "m@farm.example", "phone": "+15155550123", "locale": locale}
    )
    return Grower(2, "G-1", name, cells["email"], cells["phone"], cells)


def link(kind: LinkType, providers: tuple[str, ...]) -> Link:
    return placeholder_link(LinkRequest(kind, "G-1", 2_592_000, providers), NOW)


class Page(HTMLParser):
    """The words that a person sees, the addresses that can be opened, and whether every tag is closed."""

    VOID = frozenset({"meta", "br", "img"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.hrefs: list[str] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        self.hrefs += [value or "" for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words += data


HELLO = {
    "en": ("Hello Maria Lopez,", "Hello,", "October 12, 2026"),
    "es": ("Hola, Maria Lopez:", "Hola:", "12 de octubre de 2026"),
    "pt": ("Olá, Maria Lopez!", "Olá!", "12 de outubro de 2026"),
    "fr": ("Bonjour Maria Lopez,", "Bonjour,", "12 octobre 2026"),
}
"""How each language greets with a name and without, and writes a day."""
ROUNDS = [(0, ""), (1, ""), *((1, str(cause)) for cause in Cause)]


@lru_cache
def branded() -> Renderer:
    return Renderer(campaign(BRAND), SOURCES, list(grower().cells))


@pytest.mark.parametrize(("round_number", "cause"), ROUNDS)
@pytest.mark.parametrize(("kind", "providers"), KINDS)
@pytest.mark.parametrize("language", HELLO)
def test_every_kind_of_link_has_its_words(
    language: str, kind: LinkType, providers: tuple[str, ...], round_number: int, cause: str
) -> None:
    """Greeting, who writes, what to do, until when, whom to ask, how to stop: in both parts of the email, in every
    language and for every reason to write again."""
    for name, hello in zip(("Maria Lopez", ""), HELLO[language], strict=False):
        email = branded().email(grower(name, language), link(kind, providers), "m", round_number, cause)
        page = Page(email.html)
        assert page.open == []
        assert page.hrefs.count(link(kind, providers).url) == 2
        assert f'<html lang="{language}" dir="ltr"' in email.html
        assert len(email.subject) <= LONG_SUBJECT
        for words in (re.sub(r"\s+", " ", page.words), re.sub(r"\s+", " ", email.text)):
            assert hello in words
            for must in ("Prairie Agronomy Co-op", HELLO[language][2], "withleaf.io", "+1 515 555 0100", "STOP",
                         "help@prairie.example", "100 Elevator Road"):  # fmt: skip
                assert must in words
            assert (".zip" in words) is (kind is LinkType.FILE_UPLOAD)
            assert in_words(providers, language, "or") in words
            assert not re.search(r"\bNone\b|\(\)|  ,|\.\.", words)


@pytest.mark.parametrize("language", HELLO)
@pytest.mark.parametrize(("kind", "providers"), KINDS)
def test_each_reason_to_write_again_reads_differently(
    language: str, kind: LinkType, providers: tuple[str, ...]
) -> None:
    """A re-invitation is never the first letter again, and each cause has a sentence of its own."""
    letters = {
        branded().email(grower("", language), link(kind, providers), "m", number, cause).text
        for number, cause in [*ROUNDS, (1, "some day another")]
        if cause != Cause.EXPIRING  # worded like a cause that nobody told
    }
    assert len(letters) == len(Cause) + 1


@pytest.mark.parametrize(("kind", "providers"), KINDS)
@pytest.mark.parametrize(("round_number", "cause"), [(0, ""), (1, ""), (1, "credentials broken")])
@pytest.mark.parametrize("language", HELLO)
def test_texts_are_short_and_plain(
    language: str, kind: LinkType, providers: tuple[str, ...], round_number: int, cause: str
) -> None:
    """The sender is named, the way out is offered, and two plain segments are enough in every language."""
    row = grower("João Peixoto Muster", language)
    body = branded().sms(row, link(kind, providers), "m", round_number, cause, now=NOW).body
    cost = count_segments(body)
    assert (cost.encoding, cost.segments) == (Encoding.GSM7, 2)
    assert body.startswith("Prairie Agronomy Co-op:")
    assert re.search(r"\bSTOP\b", body.split(link(kind, providers).url)[1])
    assert "\n" not in body
    assert "  " not in body


@pytest.mark.parametrize("size", range(len(BRAND) + 1))
def test_every_brand_field_may_be_missing(size: int) -> None:
    """With any of the optional brand fields gone, nothing is left hanging."""
    for keys in itertools.islice(itertools.combinations(BRAND, size), 4):
        made = Renderer(campaign({key: BRAND[key] for key in keys}), SOURCES, list(grower().cells))
        email = made.email(grower(), link(LinkType.PROVIDER, ()), "m")
        page = Page(email.html)
        assert page.open == []
        assert "None" not in page.words + email.text
        assert email.html.count("<img") == len({"companyLogo", "headerImage"} & set(keys))
        assert made.sms(grower(), link(LinkType.PROVIDER, ()), "m", now=NOW).body.split(":")[0]


def test_the_words_for_cnh() -> None:
    """The template of the migration campaign names what moves, and reminds from round 1 on."""
    made = Renderer(campaign(BRAND, "cnh-fieldops"), SOURCES, list(grower().cells))
    email = made.email(grower(), link(LinkType.AUTHENTICATION, ("CNHIFieldOps",)), "m")
    assert "AFS Connect" in email.text
    assert "AFS Connect" in email.html


def test_no_shipped_template_is_forgotten() -> None:
    """Every file in templates/ compiles and is used or can be chosen."""
    files = {file.name for file in shipped(TEMPLATES).glob("*.j2")}
    translated = files - {"mail.html.j2"} - {name for name in files if name.startswith("cnh")}
    for language in set(HELLO) - {"en"}:
        assert {file.name for file in (shipped(TEMPLATES) / language).glob("*.j2")} == translated
    frames = {"mail.html.j2", "letter.html.j2", "closing.txt.j2"}
    names = {"invite", "reminder", "cnh-fieldops"}
    assert {file.split(".")[0] for file in files - frames} == names
    assert all(_text(shipped(TEMPLATES) / file, file).endswith("\n") for file in files)


hex_colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(hex_colours)
def test_words_can_be_read_on_any_brand_colour(colour: str) -> None:
    """WCAG AA for body text is reached on every colour that a campaign may choose."""
    assert contrast(text_on(colour), colour) >= READABLE
    assert contrast(readable_on("#ffffff", colour), "#ffffff") >= READABLE
    assert contrast(readable_on("#1d2420", colour), "#1d2420") >= READABLE


def test_contrast_is_that_of_wcag() -> None:
    """Black on white is 21, a colour on itself 1."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#27ae60", "#27AE60") == pytest.approx(1)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ((), ""),
        (("JohnDeere",), "John Deere Operations Center"),
        (("CNHI", "CNHIFieldOps"), "CNH AFS Connect and CNH FieldOps"),
        (("JohnDeere", "Stara", "NewOne"), "John Deere Operations Center, Stara, and NewOne"),
        (("All", "Stara"), ""),
        (("Other", "Stara"), "Stara"),
    ],
)
def test_providers_are_named_as_growers_know_them(names: tuple[str, ...], words: str) -> None:
    """Leaf's names are for Leaf."""
    assert in_words(names) == words


@pytest.mark.parametrize("name", GROWERS_NAME)
def test_every_known_provider_is_accepted(name: str) -> None:
    """As it is spelled at Leaf, and only so."""
    assert provider_problem(name) is None
    assert provider_problem(name.swapcase()) is not None
