"""Whatever stands in a cell is a value: it appears literally, escaped in HTML, or the row is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import pytest
from markupsafe import escape

from leafcast.decide.linking import Linker
from leafcast.decide.rendering import Renderer, placeholder_link
from leafcast.edge.campaignfile import read_campaign
from leafcast.edge.shipped import CAMPAIGNS, shipped
from leafcast.errors import ListError
from leafcast.model import Grower

NOW = datetime(2026, 4, 1, 15, tzinfo=UTC)
LOADED = read_campaign(Path(shipped(CAMPAIGNS) / "spring-onboarding.yaml"))
COLUMNS = ["externalId", "name", "email", "phone", "locale", "provider", "leafUserId", "Upload"]
RENDERER = Renderer(LOADED.campaign, LOADED.sources, COLUMNS)
LINKER = Linker(LOADED.campaign, COLUMNS)

LITERAL = [
    "{{ 7*7 }}",
    "{% for x in range(9) %}x{% endfor %}",
    "{{ config }}",
    "{# comment #}",
    "{{{ x }}}",
    "-name-",
    "%recipient.name%",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></style><b>",
    "O'Brien & Sons",
    "javascript:alert(1)",
    "=HYPERLINK(1)",
    "%0d%0aBcc: x@y.example",
    "=?UTF-8?Q?=0A?=",
    'Bob" <x@y.example>',
    "\u202eevil",
    "<%asm_group_unsubscribe_raw_url%>",
    "{{ '' | attr('__class__') }}",
    "{%- include 'mail.html.j2' -%}",
    "#{7*7}${7*7}<%= 7*7 %>",
    "zqjinja0zq<!--jinja0-->",
    "--><!--[if mso]><b>",
    "\u2066left\u2069",
]


def grower(name: str) -> Grower:
    cells = {"externalId": "G-1", "name": name, "email": "m@farm.example", "phone": "+15155550123", "Upload": ""}
    return Grower(2, "G-1", name, cells["email"], cells["phone"], MappingProxyType(cells))


@pytest.mark.parametrize("name", LITERAL)
def test_a_name_appears_literally(name: str) -> None:
    """Nothing in a name is run, by Jinja here or by a browser there."""
    row = grower(name)
    link = placeholder_link(LINKER.request(row), NOW)
    email = RENDERER.email(row, link, "m")
    text = RENDERER.sms(row, link, "m", now=NOW)
    assert name in email.subject
    assert name in email.text
    assert name in text.body
    assert str(escape(name)) in email.html
    assert "<script" not in email.html
    assert email.html.count("<img") == 0
    for part in (email.subject, email.html, email.text, text.body):
        assert "49" not in part


@pytest.mark.parametrize(
    "name", ["Bob\r\nBcc: x@y.example", "Bob\nX", "Bob\x00", "Bob\x1b[31m", "Bob\u2028X", "Bob\x85X"]
)
def test_a_name_with_control_characters_is_refused(name: str) -> None:
    """Where a name reaches a header, a line break in it stops the row."""
    row = grower(name)
    with pytest.raises(ListError, match="1 problem") as caught:
        RENDERER.email(row, placeholder_link(LINKER.request(row), NOW), "m")
    assert "control character" in caught.value.problems[0].what


@pytest.mark.parametrize("provider", ["{{ 7*7 }}", "../users", "JohnDeere\n", "JohnDeere;CNHI"])
def test_a_provider_cell_is_a_name_or_a_problem(provider: str) -> None:
    """Nothing but a provider's name goes to Leaf."""
    row = grower("Maria")
    row = Grower(2, "G-1", "Maria", row.email, None, MappingProxyType({**row.cells, "provider": provider}))
    assert isinstance(LINKER.decide(row), tuple)
