"""Which file is used when several folders have one."""

from __future__ import annotations

from leafcast.decide.shelves import stacked

PACKAGE = {"mail.html.j2": "m", "invite.sms.j2": "hello", "es/invite.sms.j2": "hola", "es/letter.html.j2": "carta",
           "letter.html.j2": "letter", "es/invite.html.j2": "{% extends 'es/letter.html.j2' %}"}  # fmt: skip


def test_the_nearest_file_wins() -> None:
    """File by file."""
    assert stacked([PACKAGE, {"mail.html.j2": "up"}, {"mail.html.j2": "beside"}])["mail.html.j2"] == "beside"


def test_own_words_are_not_replaced_by_a_translation_of_other_words() -> None:
    """A team's own invite.sms.j2 is sent to Spanish growers too, until the team translates it."""
    assert "es/invite.sms.j2" not in stacked([PACKAGE, {"invite.sms.j2": "mine"}])
    both = stacked([PACKAGE, {"invite.sms.j2": "mine", "es/invite.sms.j2": "mío"}])
    assert both["es/invite.sms.j2"] == "mío"


def test_a_copy_of_our_words_hides_nothing() -> None:
    """`init` copies every template: the translations stay."""
    assert stacked([PACKAGE, {"invite.sms.j2": "hello"}]) == PACKAGE


def test_what_others_build_on_stays() -> None:
    """An own letter.html.j2 leaves the Spanish letter to the Spanish templates that extend it."""
    assert stacked([PACKAGE, {"letter.html.j2": "mine"}])["es/letter.html.j2"] == "carta"
