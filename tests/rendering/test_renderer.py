"""Campaign, templates, grower and link become messages that may go out, or problems that say why not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest

from leafcast.decide.campaign import Campaign, load
from leafcast.decide.rendering import PLACEHOLDER_ID, Renderer, placeholder_link
from leafcast.errors import CampaignError, ListError
from leafcast.model import Grower, Link, LinkRequest, LinkType, Problem

NOW = datetime(2026, 4, 1, 15, tzinfo=UTC)
TEXT = """\
campaign: a
list: {file: g.csv}
brand: {companyName: Prairie}
brands: {north: {companyName: North}}
channels: [email, sms]
email: {from: "Prairie <p@prairie.example>", replyTo: r@prairie.example, subject: "Hi {{ grower.name }}"}
sms: {from: "+15155550100"}
link: {expiresIn: 30d, rules: [{type: file-upload}]}
quietHours: {timezone: America/Chicago}
"""
SOURCES = {
    "invite.html.j2": "<p>{{ grower.name }} {{ brand.companyName }} <a href='{{ link.url }}'>go</a></p>",
    "invite.txt.j2": "{{ grower.name }} {{ link.url }} {{ link.expiresAt | day }}",
    "invite.sms.j2": "{{ brand.companyName }}: {{ link.url }}{# STOP #}",
    "reminder.html.j2": "<p>again {{ link.url }}</p>",
    "reminder.txt.j2": "again {{ link.url }}",
    "reminder.sms.j2": "again {{ link.url }}{# Prairie, STOP #}",
}
COLUMNS = ["externalId", "name", "email", "phone", "locale", "Upload"]
REQUEST = LinkRequest(LinkType.PROVIDER, "G-1", 2_592_000, ("JohnDeere",))


def campaign(old: str = "", new: str = "") -> Campaign:
    return load(TEXT.replace(old, new), "c.yaml")


def renderer(**sources: str) -> Renderer:
    return Renderer(campaign(), SOURCES | {name.replace("_", "."): text for name, text in sources.items()}, COLUMNS)


def grower(**cells: str) -> Grower:
    cells = {"externalId": "G-1", "name": "Maria", "email": "m@farm.example", "phone": "+15155550123"} | cells
    return Grower(2, "G-1", cells["name"], cells["email"] or None, cells["phone"] or None, MappingProxyType(cells))


def link(life: timedelta = timedelta(days=30)) -> Link:
    return Link("id-1", "https://magic-link.withleaf.io/id-1", "u", NOW + life, LinkType.PROVIDER, ("JohnDeere",))


def template_problems(**sources: str) -> tuple[Problem, ...]:
    with pytest.raises(CampaignError) as caught:
        renderer(**sources)
    return caught.value.problems


def test_an_email_is_complete() -> None:
    """Sender, names, subject, both bodies with the link; the link is not in the subject."""
    message = renderer().email(grower(), link(), "m-1")
    assert (message.message_id, message.to, message.to_name) == ("m-1", "m@farm.example", "Maria")
    assert (message.sender, message.sender_name, message.reply_to) == (
        "p@prairie.example",
        "Prairie",
        "r@prairie.example",
    )
    assert message.subject == "Hi Maria"
    assert link().url in message.html
    assert message.text == f"Maria {link().url} May 1, 2026\n"


@pytest.mark.parametrize(
    ("life", "validity"),
    [(timedelta(days=30), 36_000), (timedelta(hours=1), 3_600), (timedelta(0), 1), (-timedelta(days=1), 1)],
)
def test_a_text_is_not_delivered_after_its_link_died(life: timedelta, validity: int) -> None:
    """Twilio's ten hours, or what is left of the link's life."""
    message = renderer().sms(grower(), link(life), "m-1", now=NOW)
    assert (message.to, message.sender, message.messaging_service) == ("+15155550123", "+15155550100", None)
    assert message.body == f"Prairie: {link().url}"
    assert message.validity == validity


def test_later_rounds_use_the_reminder() -> None:
    """Round 1 and after are written with reinvite.template."""
    assert renderer().email(grower(), link(), "m", 1).text.startswith("again ")
    assert renderer().sms(grower(), link(), "m", 2, now=NOW).body.startswith("again ")


@pytest.mark.parametrize(
    ("locale", "hello"),
    [
        ("es", "hola"),
        ("es-MX", "mx"),
        ("es_mx", "mx"),
        ("es-AR", "hola"),
        ("fr", "Maria"),
        ("", "Maria"),
        ("../x", "Maria"),
    ],
)
def test_the_growers_language_comes_first(locale: str, hello: str) -> None:
    """The full tag, then the language, then the plain template."""
    made = renderer(
        **{"es/invite_txt_j2": "hola {{ link.url }}", "es-MX/invite_txt_j2": "mx {{ link.url }}"},
    )
    assert made.email(grower(locale=locale), link(), "m").text.split()[0] == hello


def test_a_rows_brand_and_zone_are_used() -> None:
    """The brand column picks the brand; the timezone column decides which day is named."""
    assert "North" in renderer().email(grower(brand="north"), link(), "m").html
    late = Link("i", "https://x.example/i", "u", datetime(2026, 5, 2, 3, tzinfo=UTC), LinkType.PROVIDER)
    assert "May 1, 2026" in renderer().email(grower(), late, "m").text
    assert "May 2, 2026" in renderer().email(grower(timezone="Europe/Paris"), late, "m").text


@pytest.mark.parametrize(
    ("name", "text", "line", "what", "fix"),
    [
        ("invite_html_j2", "\n{{ link.url }}{{ grower.nme }}", 2, "no grower.nme", "name"),
        ("invite_html_j2", "{{ link.url }}{{ grower.uplod }}", 1, "no grower.uplod", "upload"),
        ("invite_html_j2", "{{ link.url }}{{ customer }}", 1, "no customer", "grower, brand, link"),
        ("invite_html_j2", "{{ link.url }}{{ brand.logo }}", 1, "no brand.logo", "companyLogo"),
        ("invite_sms_j2", "{{ link.uri }}{{ link.url }}", 1, "no link.uri", "url"),
        ("invite_sms_j2", "{{ link.url }}{{ campaign.name }}", 1, "no campaign.name", "{{ campaign }}"),
        ("invite_sms_j2", "no link", None, "does not use the link", "{{ link.url }}"),
        ("reminder_txt_j2", "no link", None, "does not use the link", "{{ link.url }}"),
        ("es/invite_html_j2", "sin nada", None, "does not use the link", "{{ link.url }}"),
        ("invite_sms_j2", "{{ link.url }}\n{% if %}", 2, "Expected an expression", "braces"),
        ("invite_html_j2", "{{ link.url }}{% include 'foot.html.j2' %}", None, "no template foot.html.j2", "Add"),
        ("invite_html_j2", "{{ link.url }}{% include grower.name %}", None, "computed", "Write the name"),
        ("invite_html_j2", "{{ link.url }}{% include 'invite.txt.j2' %}", None, "not written for HTML", ".html.j2"),
    ],
)
def test_a_template_is_judged_before_any_row(name: str, text: str, line: int | None, what: str, fix: str) -> None:
    """File, line, what is unknown, and the nearest known name."""
    told = [problem for problem in template_problems(**{name: text}) if what in problem.what]
    assert told
    assert (told[0].where.file, told[0].where.line) == (name.replace("_", "."), line)
    assert fix.lower() in told[0].fix.lower()


def test_all_templates_problems_are_told_at_once() -> None:
    """One round of mending is enough."""
    told = template_problems(invite_html_j2="{{ a }}", invite_txt_j2="{{ b }}", reminder_sms_j2="{% if %}")
    assert {problem.where.file for problem in told} == {"invite.html.j2", "invite.txt.j2", "reminder.sms.j2"}


def test_a_missing_template_is_told_with_the_nearest_name() -> None:
    """A wrong `template:` is found before anything is sent."""
    with pytest.raises(CampaignError) as caught:
        Renderer(campaign('subject: "Hi', 'template: invit, subject: "Hi'), SOURCES, COLUMNS)
    assert [problem.where.file for problem in caught.value.problems] == ["invit.html.j2", "invit.txt.j2"]
    assert "invite.html.j2" in caught.value.problems[0].fix


def test_a_subject_over_an_unknown_column_is_told_before_any_row() -> None:
    """email.subject is a template like the others."""
    with pytest.raises(CampaignError) as caught:
        Renderer(campaign("grower.name", "grower.nam"), SOURCES, COLUMNS)
    assert caught.value.problems[0].where.key == "email.subject"


def test_names_that_templates_set_for_each_other_are_known() -> None:
    """A frame, its words and an included part may share variables; what is set nowhere is still unknown."""
    made = renderer(
        frame_html_j2="{% set tone = 'dear' %}<b>{% block words %}{% endblock %}</b>{% include 'foot.html.j2' %}",
        foot_html_j2="{{ tone }}",
        invite_html_j2="{% extends 'frame.html.j2' %}{% set you = grower.name %}"
        "{% block words %}{{ you }} {{ link.url }}{% endblock %}",
    )
    assert made.email(grower(), link(), "m").html == f"<b>Maria {link().url}</b>dear"


def test_a_half_translation_is_a_note() -> None:
    """German HTML beside an English plain part is allowed and said."""
    made = renderer(**{"de/invite_html_j2": "{{ link.url }}"})
    assert [note.where.file for note in made.notes] == ["de/invite.html.j2"]


ROWS = [
    ("invite_sms_j2", "{% if grower.Upload %}{{ link.url }}{% endif %}x", "does not show the link"),
    ("invite_sms_j2", "{{ link.url }} {{ link.url }}", "shows the link 2 times"),
    ("invite_sms_j2", "{{ link.url }}" + "a" * 1_600, "1,667 characters"),
    ("invite_txt_j2", "{% if grower.Upload %}{{ link.url }}{% endif %}x", "does not show the link"),
    ("invite_html_j2", "{% if grower.Upload %}{{ link.url }}{% endif %}x", "does not show the link"),
    ("invite_html_j2", "{{ link.url }}{{ grower.Upload | int / 0 }}", "invite.html.j2, line 1"),
]


@pytest.mark.parametrize(("name", "text", "what"), ROWS)
def test_a_row_whose_message_must_not_go_out_is_told(name: str, text: str, what: str) -> None:
    """With its row; the run would refuse it with the same problem."""
    made = renderer(**{name: text})
    row = grower(Upload="")
    problems = made.check(row, REQUEST, now=NOW)
    assert [problem.where.row for problem in problems] == [2]
    assert what in problems[0].what
    with pytest.raises(ListError):
        _ = (made.email(row, link(), "m"), made.sms(row, link(), "m", now=NOW))


def test_a_subject_never_has_a_line_break_the_link_or_nothing() -> None:
    """Header injection and a leaked link are refused for the row; so is an empty subject."""
    made = Renderer(campaign("Hi {{ grower.name }}", "{{ grower.Upload }}"), SOURCES, COLUMNS)
    for cell, what in {"a\r\nBcc: x@y.example": "line break", link().url: "shows the link", " ": "empty"}.items():
        with pytest.raises(ListError) as caught:
            made.email(grower(Upload=cell), link(), "m")
        assert what in caught.value.problems[0].what


def test_a_dear_text_is_a_warning_that_names_the_character() -> None:
    """More than three segments are paid for knowingly; the character that doubled them is named."""
    made = renderer(invite_sms_j2="{{ link.url }} {{ grower.name }} " + "a" * 150)
    [note] = made.check(grower(name="Łukasz"), REQUEST, now=NOW)
    assert note.severity == "warning"
    assert "'Ł'" in note.what


def test_only_channels_that_reach_the_grower_are_tried() -> None:
    """A row without a phone is not judged by its text."""
    made = renderer(invite_sms_j2="{{ link.url }} {{ link.url }}")
    assert made.check(grower(phone=""), REQUEST, now=NOW) == ()
    assert made.check(grower(), REQUEST, now=NOW) != ()


def test_the_placeholder_link_is_as_long_as_a_real_one() -> None:
    """What fits in a trial fits in earnest; the placeholder opens nothing."""
    placeholder = placeholder_link(REQUEST, NOW)
    assert len(placeholder.url) == len("https://magic-link.withleaf.io/") + 36
    assert placeholder.url.endswith(PLACEHOLDER_ID)
    assert placeholder.expires_at == NOW + timedelta(days=30)


def test_names_that_sendgrid_refuses_are_made_fit() -> None:
    """`Lopez, Maria` keeps its words and loses the comma in the To line; the letter greets with the cell as it is."""
    message = renderer().email(grower(name="Lopez, Maria; Jr."), link(), "m")
    assert message.to_name == "Lopez Maria Jr."
    assert "Lopez, Maria; Jr." in message.text


def test_a_subject_file_speaks_where_the_campaign_says_no_subject() -> None:
    """In the grower's language; it must not use the link; a missing one is told."""
    bare = campaign(', subject: "Hi {{ grower.name }}"')
    extra = {"invite.subject.j2": "Hello {{ grower.name }}", "es/invite.subject.j2": "Hola {{ grower.name }}"}
    again = {"reminder.subject.j2": "Again: {{ cause }}"}
    made = Renderer(bare, SOURCES | extra | again, COLUMNS)
    assert made.email(grower(), link(), "m").subject == "Hello Maria"
    assert made.email(grower(locale="es-MX"), link(), "m").subject == "Hola Maria"
    assert made.email(grower(), link(), "m", 1, "used up").subject == "Again: used up"
    for sources, what in ((SOURCES | extra, "no such template"), (SOURCES | extra | again, "uses the link")):
        broken = sources | ({"invite.subject.j2": "{{ link.url }}"} if what == "uses the link" else {})
        with pytest.raises(CampaignError) as caught:
            Renderer(bare, broken, COLUMNS)
        assert what in caught.value.problems[0].what


def test_a_language_is_found_by_its_tag_and_written_in_its_form() -> None:
    """pt-BR falls back to pt, and then to the campaign's own language, and then to the plain template; dates follow."""
    words = {f"{tag}/invite.txt.j2": tag + " {{ link.url }} {{ link.expiresAt | day }}" for tag in ("pt", "es")}
    made = Renderer(campaign("file: g.csv", "file: g.csv, locale: es"), SOURCES | words, COLUMNS)
    for locale, tag, day in (
        ("pt-BR", "pt", "1 de maio de 2026"),
        ("", "es", "1 de mayo de 2026"),
        ("de", "es", "1 de mayo de 2026"),
    ):
        text = made.email(grower(locale=locale), link(), "m").text
        assert text.startswith(tag)
        assert day in text
    plain = Renderer(campaign(), SOURCES | words, COLUMNS)
    assert "May 1, 2026" in plain.email(grower(locale="de"), link(), "m").text


def test_a_right_to_left_language_turns_the_page() -> None:
    """`direction` is that of the words, not that of the row: an Arabic row with English words reads from the left."""
    made = renderer(**{"ar/invite_html_j2": "<p dir='{{ direction }}' lang='{{ language }}'>{{ link.url }}</p>"})
    assert "dir='rtl' lang='ar-EG'" in made.email(grower(locale="ar-EG"), link(), "m").html
    page = renderer(invite_html_j2="{{ direction }}{{ language }} {{ link.url }}")
    assert page.email(grower(locale="ar"), link(), "m").html.startswith("ltren ")


def test_a_text_is_made_plain_on_wish() -> None:
    """sms.transliterate leaves off what would double the price, in all of the text; smartEncoded reaches Twilio."""
    words = {"invite.sms.j2": "Conexión – {{ grower.name }} {{ link.url }}"}
    how = 'sms: {from: "+15155550100", transliterate: plain, smartEncoded: true'
    made = Renderer(campaign('sms: {from: "+15155550100"', how), SOURCES | words, COLUMNS)
    message = made.sms(grower(name="Łucía"), link(), "m", now=NOW)
    assert message.body.startswith("Conexion - Łucia")
    assert message.smart_encoded
    kept = Renderer(campaign(), SOURCES | words, COLUMNS).sms(grower(), link(), "m", now=NOW)
    assert kept.body.startswith("Conexión – ")
    assert not kept.smart_encoded


def test_what_tips_a_text_over_is_named_with_its_row() -> None:
    """The first character outside of the alphabet, by name, and what leaving it off would save."""
    made = renderer(invite_sms_j2="{{ grower.name }} " + "a" * 40 + " {{ link.url }}")
    [note] = made.check(grower(name="Sofía"), REQUEST, now=NOW)
    assert note.severity == "warning"
    assert note.where.row == 2
    assert "U+00ED" in note.what
    assert "transliterate" in note.fix
    assert made.check(grower(name="Jose"), REQUEST, now=NOW) == ()


def test_a_long_subject_is_a_warning_with_its_row() -> None:
    """Mail programs cut it off; a header's limit is another matter, and an error."""
    [note] = renderer().check(grower(name="a" * 90), REQUEST, now=NOW)
    assert (note.severity, note.where.row) == ("warning", 2)
    assert "93 characters" in note.what


def test_unsubscribing_has_an_address_of_its_own() -> None:
    """A template too, shown to both parts; one that a cell turned into no address, or into the link, is refused."""
    how = 'email: {unsubscribe: "https://x.example/{{ grower.Upload }}", '
    shows = {name: SOURCES[name] + " {{ unsubscribe }}" for name in ("invite.html.j2", "invite.txt.j2")}
    made = Renderer(campaign("email: {", how), SOURCES | shows, COLUMNS)
    message = made.email(grower(Upload="a?b&c"), link(), "m")
    assert message.unsubscribe == "https://x.example/a?b&c"
    assert "https://x.example/a?b&amp;c" in message.html
    assert message.text.endswith("https://x.example/a?b&c\n")
    for cell in ("a\r\nBcc: x@y.example", "a b", "<x>", link().url):
        with pytest.raises(ListError, match="1 problem"):
            made.email(grower(Upload=cell), link(), "m")
    group = Renderer(campaign("email: {", "email: {asmGroup: 7, "), SOURCES | shows, COLUMNS)
    message = group.email(grower(), link(), "m")
    assert (message.unsubscribe, message.asm_group) == ("", 7)
    assert "<%asm_group_unsubscribe_raw_url%>" in message.html


def test_a_text_that_carriers_would_filter_is_a_note() -> None:
    """The sender's name and the way out belong into every text, in every language; a name written out counts."""
    made = renderer(**{"es/invite_sms_j2": "{{ link.url }}", "invite_sms_j2": "PRAIRIE: {{ link.url }} Reply STOP"})
    assert [(note.where.file, "stop" in note.what) for note in made.notes] == [
        ("es/invite.sms.j2", True),
        ("es/invite.sms.j2", False),
    ]
