"""Names, colours, languages and countries as a campaign file writes them."""

from __future__ import annotations

import re
from typing import Annotated

from leafcast.decide.forms.basis import Form, checked, misfit
from leafcast.decide.languages import is_language

_COLOURS = {
    "red": "#ff0000",
    "green": "#008000",
    "blue": "#0000ff",
    "white": "#ffffff",
    "black": "#000000",
    "yellow": "#ffff00",
    "orange": "#ffa500",
    "gray": "#808080",
    "grey": "#808080",
}


def _campaign_name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", text):
        guess = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:64]
        example = guess or "spring-2026"
        raise misfit(f"{text!r} is not a campaign name", f"Use small letters, digits and -, at most 64: {example}.")
    return text


def _template_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", text):
        guess = re.sub(r"\.(html|txt|sms)(\.j2)?$|\.j2$", "", text.rsplit("/", 1)[-1])
        example = guess if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", guess) else "invite"
        fix = f"Write the name alone, without folder and ending: {example} stands for {example}.html.j2 and so on."
        raise misfit(f"{text!r} is not a template name", fix)
    return text


def _colour(text: str) -> str:
    if re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        return text
    short = re.fullmatch(r"#([0-9a-fA-F]{3})", text)
    bare = re.fullmatch(r"[0-9a-fA-F]{6}", text)
    guess = (
        "#" + "".join(2 * digit for digit in short[1]) if short else f"#{text}" if bare else _COLOURS.get(text.lower())
    )
    raise misfit(
        f"{text!r} is not a colour that Leaf takes", f'Write six digits after a #, in quotes: "{guess or "#27ae60"}".'
    )


def _language(text: str) -> str:
    if not is_language(text):
        raise misfit(f"{text!r} is not a language", "Write a tag: en, es, pt-BR, fr.")
    return text


def _region(text: str) -> str:
    from phonenumbers import SUPPORTED_REGIONS

    if text not in SUPPORTED_REGIONS:
        upper = {"USA": "US", "UK": "GB", "CAN": "CA", "BRA": "BR"}.get(text.upper(), text.upper())
        guess = f"Write {upper}." if upper in SUPPORTED_REGIONS else "Write two capital letters, for example US."
        raise misfit(f"{text!r} is not a country code", guess)
    return text


CampaignName = Annotated[str, checked(_campaign_name), Form("`a-z`, `0-9` and `-`, at most 64")]
TemplateName = Annotated[str, checked(_template_name), Form("name without folder and ending")]
Colour = Annotated[str, checked(_colour), Form('`"#RRGGBB"`')]
Language = Annotated[str, checked(_language), Form("language tag such as `es` or `pt-BR`")]
Region = Annotated[str, checked(_region), Form("two-letter country code")]
