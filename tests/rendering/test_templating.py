"""Templates can print words and choose between them; they can reach, call and grow nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from leafcast.decide.languages import written_day
from leafcast.decide.templating import (
    FILTERS,
    CampaignEnvironment,
    UnusableTemplate,
    compile_condition,
    compile_template,
    compile_text,
)
from leafcast.decide.views import View, instant

CONTEXT = {
    "grower": View("grower", {"name": "Maria", "items": "hay", "Farm size": "7"}),
    "link": View("link", {"expiresAt": instant(datetime(2026, 5, 1, 12, tzinfo=UTC), None), "providers": ("CNHI",)}),
    "campaign": "spring",
}


def render(text: str) -> str:
    return compile_text(CampaignEnvironment(), text).render(CONTEXT)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{ grower.name }}", "Maria"),
        ("{{ grower.items }}", "hay"),
        ("{{ grower['Farm size'] }}", "7"),
        ("{{ grower.name | upper | replace('A', 'o') }}", "MoRIo"),
        ("{{ grower.boots | default('none') }}", "none"),
        ("{{ 'yes' if grower.boots is defined else 'no' }}", "no"),
        ("{{ link.expiresAt }}", "2026-05-01T12:00:00Z"),
        ("{{ link.expiresAt | day }}", "May 1, 2026"),
        ("{{ link.expiresAt | day('es') }}", "1 de mayo de 2026"),
        ("{{ link.expiresAt.strftime('%d/%m') }}", "01/05"),
        ("{{ link.providers | provider_names }}", "CNH AFS Connect"),
        ("{{ grower.name.startswith('M') }}", "True"),
        ("{% macro hi(x) %}Hi {{ x }}{% endmacro %}{{ hi(grower.name) }}", "Hi Maria"),
        ("{% for x in 'ab' %}{{ loop.index * 2 }}{{ loop.cycle('-', '') }}{% endfor %}", "2-4"),
    ],
)
def test_what_templates_may_do(text: str, shown: str) -> None:
    """Values, filters, tests, macros, loops over what is there."""
    assert render(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "{{ grower }}",
        "{{ grower.boots }}",
        "{{ grower.values }}",
        "{{ grower.label }}",
        "{{ grower.__class__ }}",
        "{{ grower['__class__'] }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ campaign.__class__ }}",
        "{{ range(3) }}",
        "{{ lipsum() }}",
        "{{ cycler }}",
        "{{ namespace() }}",
        "{{ self.__init__ }}",
        "{{ 'a' * 1000000000 }}",
        "{{ '%999999999d' % 1 }}",
        "{{ ('%99999d' % 1) | length }}",
        "{{ ('a' * 9999) | length }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ '{0.__class__}'.format(grower) }}",
        "{{ 'a'.format_map({}) }}",
        "{{ 'a'.ljust(1000000000) }}",
        "{{ link.providers.count('x') }}",
        "{% for a in 'aaaaaaaaaa' * 10 %}{% endfor %}",
        "{{ 'a' | safe }}",
        "{{ 'a' | attr('upper') }}",
        "{{ 'a' | center(1000000) }}",
        "{{ 'a' | tojson }}",
        "{% include 'other.j2' %}",
        "{{ grower.name",
        "{% if %}",
        "{{ 1 / 0 }}",
    ],
)
def test_what_templates_may_not_do(text: str) -> None:
    """Nothing is reached, called or multiplied that a message does not need, and every refusal is a sentence."""
    with pytest.raises(UnusableTemplate) as caught:
        render(text)
    assert caught.value.what
    assert caught.value.fix
    assert "Maria" not in caught.value.what


def test_output_is_bounded() -> None:
    """Loops within loops end after a million characters."""
    ten = "'aaaaaaaaaa'"
    loops = "".join(f"{{% for x{depth} in {ten} %}}" for depth in range(7))
    with pytest.raises(UnusableTemplate, match="1,000,000"):
        render(loops + "0123456789" + "{% endfor %}" * 7)


def test_html_templates_escape_and_others_do_not() -> None:
    """Cells are made safe in .html.j2 files and stay as they are in the others."""
    sources = {"a.html.j2": "{{ x }}", "a.txt.j2": "{{ x }}"}
    environment = CampaignEnvironment(sources.get)
    shown = {name: compile_template(environment, name).render({"x": "<b>'\"&"}) for name in sources}
    assert shown == {"a.html.j2": "&lt;b&gt;&#39;&#34;&amp;", "a.txt.j2": "<b>'\"&"}


def test_an_error_names_the_line_of_its_template() -> None:
    """Errors while compiling and while rendering carry file and line."""
    environment = CampaignEnvironment({"a.html.j2": "x\n\n{{ nobody }}\n", "b.html.j2": "x\n{% if %}"}.get)
    with pytest.raises(UnusableTemplate) as rendering:
        compile_template(environment, "a.html.j2").render({})
    with pytest.raises(UnusableTemplate) as compiling:
        compile_template(environment, "b.html.j2")
    assert (rendering.value.file, rendering.value.line) == ("a.html.j2", 3)
    assert (compiling.value.file, compiling.value.line) == ("b.html.j2", 2)


def test_an_unknown_filter_is_answered_with_the_known_ones() -> None:
    """Nobody has to find out by trying."""
    with pytest.raises(UnusableTemplate) as caught:
        render("{{ campaign | shout }}")
    assert all(name in caught.value.fix for name in (*FILTERS, "day", "provider_names"))


@pytest.mark.parametrize(("expression", "holds"), [("grower.name", True), ("grower.name == 'Ann'", False)])
def test_conditions(expression: str, holds: bool) -> None:
    """`when` is true as Jinja says."""
    assert compile_condition(CampaignEnvironment(), expression)(CONTEXT) is holds


@pytest.mark.parametrize(
    "expression", ["grower.name =", "a b", "{{ grower.name }}", "(grower.name", "grower.name }} {{ 1"]
)
def test_what_is_no_expression_is_refused(expression: str) -> None:
    """At load, before any row."""
    with pytest.raises(UnusableTemplate):
        compile_condition(CampaignEnvironment(), expression)


def test_an_unknown_column_in_a_condition_is_an_error_and_not_false() -> None:
    """A typing mistake must not send everybody the last rule's link."""
    with pytest.raises(UnusableTemplate, match=r"no grower\.uplod"):
        compile_condition(CampaignEnvironment(), "grower.uplod")(CONTEXT)


def test_days_are_never_named_too_late() -> None:
    """Where no zone is known, the day of the westernmost farms is named."""
    assert written_day(instant(datetime(2026, 5, 2, 3, tzinfo=UTC), None)) == "May 1, 2026"
