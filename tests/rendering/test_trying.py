"""Test messages: which rows tell most, and what is changed about them."""

from __future__ import annotations

from leafcast.decide.trying import NO_UNSUBSCRIBE, TELLING, marked_email, marked_text, telling
from leafcast.model import EmailMessage, Grower, LinkRequest, LinkType, SmsMessage


def row(number: int, name: str = "Ana", link: LinkType = LinkType.PROVIDER, **cells: str):
    grower = Grower(number, f"G-{number}", name, "a@farm.example", None, cells)
    return grower, LinkRequest(link, grower.external_id, 900)


def chosen(rows) -> list[int]:
    return [shown.grower.row for shown in telling(rows)]


def test_rows_that_differ_are_chosen_in_list_order() -> None:
    """One of each kind, the longest name and a missing one, each once."""
    rows = [row(number) for number in range(2, 50)]
    rows[10] = row(12, link=LinkType.FILE_UPLOAD)
    rows[20] = row(22, locale="es")
    rows[30] = row(32, name="Maximiliana von Hohenstein-Wittelsbach")
    rows[40] = row(42, name="")
    assert chosen(rows) == [2, 12, 22, 32, 42]


def test_a_handful_is_enough_and_nobody_is_no_trouble() -> None:
    """Twenty languages are not twenty messages: those that show most at once go."""
    rows = [row(number, locale=f"l{number}") for number in range(2, 30)]
    rows[20] = row(22, locale="l22", brand="north", name="")
    assert len(chosen(rows)) == TELLING
    assert {2, 22} <= set(chosen(rows))
    assert telling([]) == []


def test_an_email_says_that_it_is_a_test_and_cannot_unsubscribe_the_grower() -> None:
    """Marked in subject and both parts; the grower's own address for unsubscribing is in none of them."""
    own = "https://co-op.example/stop?who=1&sign=2"
    email = EmailMessage(
        message_id="0123456789abcdef",
        to="ana@farm.example",
        to_name="Ana",
        sender="connect@co-op.example",
        sender_name="Co-op",
        reply_to=None,
        subject="Connect",
        html='<html><body class="x"><p>Hi</p><a href="https://co-op.example/stop?who=1&amp;sign=2">stop</a></body></html>',
        text=f"Hi\n{own}\n",
        unsubscribe=own,
    )
    marked = marked_email(email, "me@co-op.example", "A <test>")
    assert (marked.to, marked.to_name, marked.subject, marked.unsubscribe) == (
        "me@co-op.example",
        "",
        "[TEST] Connect",
        "",
    )
    assert marked.html.startswith('<html><body class="x"><div')
    assert "A &lt;test&gt;" in marked.html
    assert marked.text.startswith("[TEST] A <test>\n")
    assert "sign=2" not in marked.html + marked.text
    assert NO_UNSUBSCRIBE in marked.html
    assert NO_UNSUBSCRIBE in marked.text


def test_an_email_without_a_body_tag_is_marked_at_its_beginning() -> None:
    """Any HTML will do."""
    email = EmailMessage("0123456789abcdef", "a@b.example", "", "c@d.example", "", None, "S", "<p>Hi</p>", "Hi\n")
    assert marked_email(email, "me@co-op.example", "T").html.startswith("<div")


def test_a_text_is_marked_shortly_and_does_not_keep_the_growers_night() -> None:
    """One mark in front, and an hour to arrive."""
    marked = marked_text(SmsMessage("0123456789abcdef", "+15155550111", "+15155550100", None, "Hi", 1), "+15155550199")
    assert (marked.to, marked.body, marked.validity) == ("+15155550199", "[TEST] Hi", 3_600)
