"""The stylesheet of a template goes into its tags, and nothing else changes."""

from __future__ import annotations

import re

import pytest
from jinja2 import DictLoader, Environment

from leafcast.decide.inlining import NotInlined, inlined, sheet_for
from leafcast.edge.campaignfile import read_templates
from leafcast.edge.shipped import CAMPAIGNS, shipped

SOURCES = read_templates(shipped(CAMPAIGNS))
PAGES = [name for name in SOURCES if name.endswith(".html.j2")]


def marks(text: str) -> list[tuple[str, int]]:
    """Every statement of Jinja with its line."""
    return [(match[0], text.count("\n", 0, match.start())) for match in re.finditer(r"{%.*?%}", text)]


@pytest.mark.parametrize("name", PAGES)
def test_every_shipped_template_keeps_its_jinja_line_for_line(name: str) -> None:
    """Problems name the line that stands in the team's file; and no shipped sheet is left behind."""
    done = inlined(SOURCES[name], sheet_for(name, SOURCES))
    assert marks(done) == marks(SOURCES[name])
    assert "<style>" not in re.sub(r"{#.*?#}", "", done, flags=re.DOTALL)


def test_rules_of_a_frame_reach_the_words_that_build_on_it() -> None:
    """Of the family only: a template that has nothing to do with the frame keeps its looks."""
    sources = {
        "frame.html.j2": "<html><head><style>p { color: {{ brand.accentColor }} }</style></head><body>"
        "{% block a %}{% endblock %}</body></html>",
        "a.html.j2": "{% extends 'frame.html.j2' %}{% block a %}<p>x</p>{% endblock %}",
        "b.html.j2": "<p>y</p>",
    }
    done = {name: inlined(text, sheet_for(name, sources)) for name, text in sources.items()}
    assert '<p style="color: {{ brand.accentColor }};">x</p>' in done["a.html.j2"]
    assert done["b.html.j2"] == sources["b.html.j2"]
    page = Environment(loader=DictLoader(done), autoescape=True).get_template("a.html.j2")
    assert '<p style="color: #123456;">x</p>' in page.render(brand={"accentColor": "#123456"})


def test_conditions_around_rows_survive() -> None:
    """No <tbody> is put in the middle of an {% if %}."""
    text = "<style>td { color: red }</style><table>{% if x %}<tr><td>1</td></tr>{% endif %}</table>"
    done = inlined(text, sheet_for("a.html.j2", {"a.html.j2": text}))
    assert '<table>{% if x %}<tr><td style="color: red;">1</td></tr>{% endif %}</table>' in done


@pytest.mark.parametrize(
    "text",
    ["{% if x %}<p>{% else %}<p class='a'>{% endif %}x</p>", "<td {% if x %}class='a'{% endif %}>x</td>", "<p>a<p>b"],
)
def test_what_would_change_more_than_styles_is_left_alone(text: str) -> None:
    """The template is used as it stands, and `check` says why its sheet is not in its tags."""
    with pytest.raises(NotInlined):
        inlined(text, "p { color: red }")


def test_a_template_without_a_sheet_is_not_touched() -> None:
    """Byte for byte."""
    assert inlined("<td {{ x }}>\n&nbsp;<p>", "") == "<td {{ x }}>\n&nbsp;<p>"
