"""How the shipped letters and the gallery look in a real browser."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import html5lib
import pytest
import wcag_contrast_ratio
from hypothesis import given
from hypothesis import strategies as st
from tests.looks.letters import Letter, letters
from tests.stories.test_preview import pictures_of_the_sample

from leafcast.decide.colours import contrast
from leafcast.edge.galleryfile import gallery
from leafcast.stories.preview import Picture

browsing = pytest.importorskip("tests.looks.browsing", reason="playwright is not installed", exc_type=ImportError)
LETTERS = letters()


def colour(words: str) -> tuple[float, float, float]:
    """`rgb(1, 2, 3)` as three numbers from 0 to 1."""
    red, green, blue = (int(number) / 255 for number in re.findall(r"\d+", words)[:3])
    return red, green, blue


def judge(letter: Letter, seen: dict, width: int) -> list[str]:
    """What is wrong with a letter as the browser shows it."""
    wrong = []
    if seen["wide"] > seen["room"]:
        wrong.append(f"scrolls sideways: {seen['wide']} in {seen['room']}")
    if seen["preheader"] != "none":
        wrong.append("shows the preheader")
    wide, high = seen["button"]
    if not (44 <= high <= 90 and wide >= (250 if width < 600 else 120)):
        wrong.append(f"button of {wide} by {high}")
    for front, back, words in seen["texts"]:
        ratio = wcag_contrast_ratio.rgb(colour(front), colour(back))
        if ratio < 4.5:
            wrong.append(f"{words[:30]!r} in {front} on {back}: {ratio:.2f}")
    return [f"{letter.template} {letter.language} {letter.kind} {width}: {words}" for words in wrong]


def pictured(picture: Picture) -> Picture:
    """The same with a picture in its email, which a browser would fetch if it were let."""
    if picture.email is None:
        return picture
    html = picture.email.html.replace("<h1", '<img src="https://www.prairie.example/logo.png" alt="logo"><h1', 1)
    assert html != picture.email.html
    return replace(picture, email=replace(picture.email, html=html))


def test_letters_and_gallery_in_a_real_browser(tmp_path: Path) -> None:
    """Every letter, light and dark, on a phone and on a desktop: nothing scrolls sideways, the button can be pressed
    with a thumb, every word can be read (WCAG AA). The gallery asks for nothing, also where emails have pictures."""
    wrong: list[str] = []
    asked: list[str] = []
    file = tmp_path / "gallery.html"
    file.write_text(gallery("spring", [pictured(one) for one in pictures_of_the_sample()]), encoding="utf-8")
    try:
        with browsing.chromium() as context:
            page = context.new_page()
            for letter in LETTERS:
                for dark in (False, True):
                    for width in (360, 1200):
                        seen = browsing.measured(page, letter.email.html, dark=dark, width=width)
                        wrong += judge(letter, seen, width)
            page.on("request", lambda request: asked.append(request.url))
            page.goto(file.as_uri(), wait_until="load")
            frames = len(page.frames) - 1
            sideways = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    except browsing.NoBrowser as error:
        pytest.skip(str(error))
    assert wrong == []
    assert [url for url in asked if not url.startswith(("file:", "about:", "data:"))] == []
    assert frames >= 4
    assert not sideways


@pytest.mark.parametrize("letter", LETTERS, ids=lambda letter: f"{letter.template}-{letter.language}-{letter.kind}")
def test_letters_are_html_without_a_mistake(letter: Letter) -> None:
    """A strict reader of HTML finds nothing to mend."""
    html5lib.HTMLParser(strict=True).parse(letter.email.html.lstrip())


@given(st.integers(0, 0xFFFFFF), st.integers(0, 0xFFFFFF))
def test_contrast_is_that_of_an_independent_library(one: int, other: int) -> None:
    """Our arithmetic of WCAG agrees with wcag-contrast-ratio."""
    sides = [f"#{number:06x}" for number in (one, other)]
    shares = [tuple(int(side[at : at + 2], 16) / 255 for at in (1, 3, 5)) for side in sides]
    # The library has WCAG's older threshold, 0.03928, which no colour of eight bits tells apart.
    assert contrast(*sides) == pytest.approx(wcag_contrast_ratio.rgb(*shares), rel=1e-6)
