"""A row that is judged by rows like it gets the verdict that writing its messages gives, word by word."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leafcast.decide.campaign import load
from leafcast.decide.rendering import PLACEHOLDER_ID, PLACEHOLDER_LINK, Renderer
from leafcast.decide.templating import WORTH_AN_OUTLINE
from leafcast.model import Grower, LinkRequest, LinkType, Problem

SHIPPED = Path(__file__).parents[2] / "templates"
NOW = datetime(2026, 4, 1, 15, tzinfo=UTC)
TEXT = """\
campaign: a
list: {{file: g.csv}}
brand: {{companyName: Prairie & Söhne}}
brands: {{north: {{companyName: North}}}}
channels: [email, sms]
email: {{from: "Prairie <p@prairie.example>"{email}}}
sms: {{from: "+15155550100"{sms}}}
link: {{expiresIn: 30d, rules: [{{type: file-upload}}]}}
"""
COLUMNS = ["externalId", "name", "email", "phone", "locale", "timezone", "brand", "Upload"]
UNSUBSCRIBE = ', unsubscribe: "https://a.example/{{ grower.Upload | urlencode }}/{{ grower.externalId }}"'
OWN = {
    "invite.html.j2": "<p>{{ grower.name }}{{ grower.Upload | title }} <a href='{{ link.url }}'/>{{ unsubscribe }}",
    "invite.txt.j2": "{{ grower.name }} {{ link.url }}{% if unsubscribe %} {{ unsubscribe }}{% endif %}",
    "invite.subject.j2": "{{ grower.name }}{% if grower.Upload == 'yes' %}, {{ grower.name | upper }}{% endif %}",
    "invite.sms.j2": "{{ grower.name }}: {{ link.url }} {{ grower.Upload | plain }} {{ brand.companyName }} STOP",
    "es/invite.sms.j2": "{% filter plain %}¡{{ grower.name }}{% endfilter %} {{ link.url }} {{ grower.externalId }}",
}
PLAIN_ONES = {
    "invite.subject.j2": "Connect {{ grower.name }}, {{ grower.Upload }}",
    "invite.html.j2": "<p>{{ grower.name }} <a href='{{ link.url }}'/>",
    "invite.txt.j2": "{{ grower.name | plain }} {{ link.url }} {{ grower.externalId }}",
    "invite.sms.j2": "{{ grower.name | plain }} {{ grower.Upload }}: {{ link.url }} ^€ " + "stop " * 20,
    "es/invite.sms.j2": "¡Conexión, {{ grower.name }}! {{ link.url }} {{ grower.Upload }}" + "stop " * 20,
    "pt-BR/invite.subject.j2": "{{ grower.name }}{{ grower.Upload }}",
    "pt-BR/invite.sms.j2": "h{{ grower.name }}ttps://magic-link.withleaf.io/" + PLACEHOLDER_ID + " {{ link.url }}",
}
SETTINGS = {
    "plain words": ("", ""),
    "plain words, made plain": ("", ", transliterate: plain"),
    "shipped": ("", ""),
    "own": ("", ""),
    "own subject": (', subject: "Hi {{ grower.name | lower }}"', ", transliterate: plain"),
    "unsubscribe": (UNSUBSCRIBE, ""),
    "group": (", asmGroup: 12", ", transliterate: plain"),
}


TEMPLATES: dict[str, dict[str, str]] = {
    "shipped": {},
    "plain words": PLAIN_ONES,
    "plain words, made plain": PLAIN_ONES,
}


def made(setting: str, more: dict[str, str] | None = None) -> Renderer:
    email, sms = SETTINGS[setting]
    sources = {str(file.relative_to(SHIPPED)): file.read_text("utf-8") for file in SHIPPED.rglob("*.j2")}
    sources |= TEMPLATES.get(setting, OWN) | (more or {})
    return Renderer(load(TEXT.format(email=email, sms=sms), "c.yaml"), sources, COLUMNS)


@cache
def practised(setting: str) -> Renderer:
    """One that has met rows of every kind below."""
    renderer = made(setting)
    for cells, asked in [*kinds(), *kinds()]:  # what one kind shows may make the others be looked at again
        for _ in range(WORTH_AN_OUTLINE + 2):
            renderer.check(grower(cells), asked, now=NOW)
    return renderer


def kinds() -> Iterator[tuple[dict[str, str], LinkRequest]]:
    for locale in ("", "es", "pt-BR"):
        for link in LINKS:
            yield {"locale": locale, "Upload": "yes" if locale else ""}, request(link)


LINKS = (
    (LinkType.FILE_UPLOAD, ()),
    (LinkType.AUTHENTICATION, ("CNHI",)),
    (LinkType.PROVIDER, ("JohnDeere", "Trimble")),
)


def request(link: tuple[LinkType, tuple[str, ...]]) -> LinkRequest:
    return LinkRequest(link[0], "G-1", 2_592_000, link[1])


def grower(changed: dict[str, str]) -> Grower:
    cells = dict.fromkeys(COLUMNS, "") | {"externalId": "G-1", "name": "Maria", "email": "m@farm.example"}
    cells |= {"phone": "+15155550123"} | changed
    return Grower(
        2, cells["externalId"], cells["name"], cells["email"] or None, cells["phone"] or None, MappingProxyType(cells)
    )


PLAIN_WORDS = ("", "Maria", "João", "Łucía", "yes", " ", "https", "<b>&'\"", "{{ link.url }}", "a\nb", "\r", "\u2028")
ODD_WORDS = (PLACEHOLDER_ID, PLACEHOLDER_LINK + PLACEHOLDER_ID, PLACEHOLDER_LINK, "\ud800", "\ufdd01\ufdd1", "😀" * 30)
LONG_WORDS = ("a" * 79, "ñ" * 70, "€" * 60, "x" * 1_000, "x" * 2_000, "x" * 120_000)
LETTERS = "abzAÉéñÑüäöåøæÅØÆàèìòù -.'"
letters = st.text(LETTERS, max_size=3) | st.text(LETTERS, max_size=90)
words = st.one_of(letters, st.sampled_from(PLAIN_WORDS + ODD_WORDS + LONG_WORDS), st.text(max_size=40))
rows = st.fixed_dictionaries(
    {"name": words, "Upload": words, "externalId": words.filter(bool)},
    optional={
        "email": st.just(""),
        "phone": st.just(""),
        "locale": st.sampled_from(["", "es", "pt-BR", "de"]),
        "timezone": st.sampled_from(["", "Europe/Madrid"]),
        "brand": st.sampled_from(["", "north"]),
    },
)


@pytest.mark.parametrize("setting", SETTINGS)
@settings(max_examples=60, deadline=None)
@given(cells=rows, link=st.sampled_from(LINKS))
def test_a_row_is_judged_as_if_it_were_written(
    setting: str, cells: dict[str, str], link: tuple[LinkType, tuple[str, ...]]
) -> None:
    """Rule: a renderer that has met such rows finds the same problems, in the same order and words, as one that has not
    and writes every message whole."""
    found = practised(setting).check(grower(cells), request(link), now=NOW)
    assert found == made(setting).check(grower(cells), request(link), now=NOW)


@pytest.mark.parametrize("setting", SETTINGS)
def test_rows_like_others_are_not_written(setting: str) -> None:
    """Rule: the short way is taken for plain rows, in every language and for every link, or the test above shows
    nothing."""
    renderer = practised(setting)
    for cells, asked in kinds():
        row = grower(cells | {"name": "Ana", "externalId": "G-7"})
        assert renderer.judges_without_writing(row, asked, now=NOW), cells


def test_a_template_that_nothing_is_known_of_is_always_written() -> None:
    """Rule: where a row's words decide in ways that cannot be told, every row is written and judged by itself."""
    sms = "{% set x %}{{ grower.name }}{% endset %}{{ link.url }}{{ link.url if x == 'Bo' }}"
    renderer = made("own", {"invite.sms.j2": sms})
    found: list[tuple[Problem, ...]] = []
    for name in ["Ana"] * 30 + ["Bo"]:
        found.append(renderer.check(grower({"name": name}), request(LINKS[0]), now=NOW))
    assert found[:30] == [()] * 30
    assert found[30]
