"""A text put together from its outline is the one that Jinja makes of the same row, to the letter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from markupsafe import Markup

from leafcast.decide.templates import Shelf
from leafcast.decide.templating import WORTH_AN_OUTLINE, CampaignEnvironment, Piece, UnusableTemplate, compile_template
from leafcast.decide.views import View, brand_view, grower_view, instant
from leafcast.decide.zones import find_zone
from leafcast.model import Grower

SHIPPED = Path(__file__).parents[2] / "templates"
NAMES = ("Maria Pérez", "", "<b>Ed & Söhne</b>", "{{ link.url }}", "Żółć", "\ufdd00\ufdd1", "x" * 200)
LINKS = (("file-upload", ()), ("authentication", ("CNHI",)), ("provider", ("JohnDeere", "Trimble")), ("provider", ()))
MOMENT = datetime(2026, 5, 1, 3, 30, tzinfo=UTC)


def rows(language: str = "en") -> list[dict[str, object]]:
    """What templates are given, for growers who differ in all that they can differ in."""
    every = product(NAMES, LINKS, ("", "yes"), (None, find_zone("Europe/Madrid")), ("", Markup("<%stop%>")))
    return [
        row(number, language, name, link, upload, instant(MOMENT + timedelta(hours=number % 7), zone), stop)
        for number, (name, link, upload, zone, stop) in enumerate(every)
    ]


BRAND = brand_view({"companyName": "Agro & Co", "supportEmail": "help@agro.example"}, "")


def row(
    number: int, language: str, name: str, link: tuple[str, tuple[str, ...]], upload: str, until: datetime, stop: str
) -> dict[str, object]:
    cells = {"externalId": f"G{number}", "name": name, "email": "", "Upload": upload, "Farm size": str(number % 3)}
    url = f"https://leaf.example/{number}?a=1&b=2"
    values = {"url": url, "expiresAt": until, "type": link[0], "providers": link[1]}
    return {
        "grower": grower_view(Grower(number, f"G{number}", name, None, None, cells)),
        "link": View("link", values),
        "brand": BRAND,
        "campaign": "spring",
        "round": number % 2,
        "cause": ("", "bounced", "used up")[number % 3],
        "language": language,
        "direction": "ltr",
        "unsubscribe": stop,
    }


def piece_of(sources: Mapping[str, str], name: str = "a.txt.j2") -> Piece:
    return compile_template(CampaignEnvironment(sources.get), name)


def outcome(write: object, context: dict[str, object]) -> str:
    assert callable(write)
    try:
        return str(write(context))
    except UnusableTemplate as error:
        return f"{error.what} {error.file} {error.line}"


def compare(piece: Piece, given: list[dict[str, object]]) -> bool:
    """Every row twice, so that what was learned is used; whether there was an outline."""
    for context in given * 2:
        assert outcome(piece.render, context) == outcome(piece.whole, context)
    return piece.outline is not None


@pytest.mark.parametrize("folder", ["", "es/", "fr/", "pt/"])
def test_every_shipped_message_is_the_one_that_jinja_makes(folder: str) -> None:
    """Rule: for the templates that come with leafcast an outline is used, and changes nothing."""
    sources = {str(file.relative_to(SHIPPED)): file.read_text("utf-8") for file in SHIPPED.rglob("*.j2")}
    given = rows(folder.strip("/") or "en")
    for template, kind in product(("invite", "reminder"), ("html", "txt", "sms", "subject")):
        found = Shelf(sources, None).find(f"{template}.{kind}.j2", folder.strip("/"))
        assert compare(found.piece, given), (folder, template, kind)


@pytest.mark.parametrize(
    "text",
    [
        "{{ grower.name }}, {{ grower.name | plain | upper }}, {{ grower['Farm size'] }} {{ grower.farm_size }}",
        "{% if grower.name and not grower.upload %}{{ grower.name }}{% else %}{{ round }}{% endif %}",
        "{{ 'big' if grower.farm_size == '2' else grower.name }} {{ link.url }} {{ link.expiresAt | day('es') }}",
        "{{ link.expiresAt }}{{ link.expiresAt | day }}{{ link.expiresAt | time }} {{ link.type }}{{ link.providers }}",
        "{% for one in link.providers %}{{ grower.name }}{{ one }}{% endfor %}{{ unsubscribe | upper }}",
        "{% set language = 'es' %}{{ link.expiresAt | day }}{% set n = grower.name | length %}{{ n }}",
        "{% filter plain %}É {{ grower.name }}{% if grower.upload %} ł {{ grower.upload }}{% endif %}{% endfilter %}",
        "{% filter upper %}{{ grower.name }}{% endfilter %}",
        "{% set grower = brand %}{{ grower.companyName }}",
        "{% set x %}{{ grower.name }}{% endset %}{{ x | length }}",
        "{% macro hello(x) %}{{ x }}{{ grower.name }}{% endmacro %}{{ hello('a') | upper }}",
        "{% for link in link.providers %}{{ link }}{% endfor %}",
        "{{ grower.name[0] }}",
        "{% if grower.upload %}{{ grower.acres }}{% endif %}{{ grower.name }}",
        "{{ grower.acres | default('?') }} {{ (grower.name ~ '!') | upper }}",
        "{{ grower }}",
        "{% include 'b.txt.j2' %}{% include 'b.txt.j2' without context %}",
        "{% include 'b.txt.j2' %}{% include grower.name ignore missing %}",
        "{% include 'c.html.j2' %}{{ '\ufdd0' }}0{{ '\ufdd1' }}",
    ],
)
def test_whatever_a_template_does_the_text_stays_the_same(text: str) -> None:
    """Rule: rendered by way of an outline or not, text and error are the same for every row."""
    sources = {
        "a.txt.j2": text,
        "b.txt.j2": "[{{ grower.name }}]",
        "c.html.j2": "<p>{{ grower.name }}</p>{{ link.url }}",
    }
    compare(piece_of(sources), rows())


def test_blocks_that_build_on_others_stay_the_same() -> None:
    """Rule: inherited blocks, super() and self are printed with the words of the row."""
    sources = {
        "a.html.j2": "{% extends 'b.html.j2' %}{% block x %}{{ super() }}{{ grower.name }}{% endblock %}",
        "b.html.j2": "<p>{% block x %}{{ grower.upload or 'no' }}{{ unsubscribe }}{% endblock %}{{ self.x() }}</p>",
        "c.html.j2": "{% extends 'b.html.j2' %}{% block x %}{{ super() | upper }}{% endblock %}",
    }
    assert compare(piece_of(sources, "a.html.j2"), rows())
    assert not compare(piece_of(sources, "c.html.j2"), rows())


def test_a_template_whose_every_row_is_new_is_left_to_jinja() -> None:
    """Rule: an outline that is of no use is given up, and does not fill the memory."""
    piece = piece_of({"a.txt.j2": "{{ grower.externalId | length }}{% if grower.externalId == 'G3' %}x{% endif %}"})
    given = rows()
    for context in given:
        assert piece.render(context) == piece.whole(context)
    assert len(given) > WORTH_AN_OUTLINE
    assert piece.outline is None
