"""Readable words on any brand colour: WCAG 2.2 contrast (w3.org/TR/WCAG22, "contrast ratio")."""

from __future__ import annotations

import re

WHITE, INK, BLACK = "#ffffff", "#16211a", "#000000"
GREY = "#7d8a81"
"""Stands out from white and from the dark panel of the shipped email alike."""
LEAF_GREEN = "#1f6f43"
"""The colour of a campaign that names none."""
READABLE = 4.5
"""The contrast that WCAG asks of body text (level AA)."""
HEX = re.compile(r"#[0-9a-fA-F]{6}")
VISIBLE = 1.5
"""Below this contrast to what is around it, a button gets a line of its own. WCAG 1.4.11 asks for 3 where only the
outline tells a button; ours carries its readable words."""


def luminance(colour: str) -> float:
    """Relative luminance of `#RRGGBB`, 0 for black to 1 for white."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 (the same) to 21 (black on white)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def text_on(background: str) -> str:
    """White or a soft black, whichever reads better on this background; plain black where neither is readable, which
    happens on middling greys and blues."""
    best = max((WHITE, INK), key=lambda colour: contrast(colour, background))
    return (
        best if contrast(best, background) >= READABLE else max((WHITE, BLACK), key=lambda c: contrast(c, background))
    )


def readable_on(background: str, wish: str) -> str:
    """The wished colour where it can be read on the background, otherwise one that can."""
    return wish if contrast(wish, background) >= READABLE else text_on(background)


def edge_on(background: str, colour: str) -> str:
    """An outline for a button of this colour: the colour itself where the button stands out from the background by
    itself, otherwise a grey that does."""
    return colour if contrast(colour, background) >= VISIBLE else GREY


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
