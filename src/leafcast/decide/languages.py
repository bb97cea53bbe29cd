"""How dates, times and lists are written in a reader's language, and in which direction: all of it by Babel (CLDR).

A language is a tag such as `pt-BR`; one that nobody knows is written in English.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_gmt, get_timezone_name
from babel.lists import format_list

ENGLISH = "en"
WESTERNMOST = timezone(timedelta(hours=-10))
"""Where nothing says a grower's zone, days are counted in Hawaii: the day we name is then never later than theirs."""
# CLDR puts narrow and other blanks into times; one of them would double the price of a text.
_BLANKS = str.maketrans({"\u202f": " ", "\u00a0": " "})


def tag_of(text: str) -> str:
    """The tag as templates' folders are compared: `pt_BR` and `PT-br` are `pt-br`."""
    return text.strip().replace("_", "-").lower()


def is_language(text: str) -> bool:
    """Whether Babel knows the language, with or without its country."""
    return _locale(text) is not None


@lru_cache(maxsize=256)
def direction(language: str) -> str:
    """`ltr` or `rtl`, for the attribute `dir`."""
    return str(_known(language).text_direction)


def written_day(moment: datetime, language: str = ENGLISH) -> str:
    """The day where the grower lives: `May 1, 2026`, `1 de mayo de 2026`."""
    return _day(local_day(moment), language)


def local_day(moment: datetime) -> date:
    """The day where the grower lives."""
    return _local_day(moment, getattr(moment, "zone", WESTERNMOST))


def written_time(moment: datetime, language: str = ENGLISH) -> str:
    """The time where the grower lives, with its zone: `3:04 PM CDT`."""
    zone = getattr(moment, "zone", WESTERNMOST)
    local, locale = moment.astimezone(zone), _known(language)
    name = get_timezone_name(local, width="short", locale=locale)
    if name[:1] in "+-":  # CLDR has no short name for this zone in this language
        name = get_timezone_gmt(local, "long", locale=locale)
    return f"{format_time(local.time(), 'short', locale=locale)} {name}".translate(_BLANKS)


def written_list(words: Sequence[str], language: str = ENGLISH, *, either: bool = False) -> str:
    """`A, B, and C`, or with `either` `A, B, or C`."""
    return format_list(list(words), "or" if either else "standard", _known(language)) if words else ""


@lru_cache(maxsize=1024)
def _local_day(moment: datetime, zone: tzinfo) -> date:
    return moment.astimezone(zone).date()


@lru_cache(maxsize=4096)
def _day(day: date, language: str) -> str:
    return format_date(day, "long", _known(language)).translate(_BLANKS)


@lru_cache(maxsize=256)
def _known(language: str) -> Locale:
    return _locale(language) or Locale.parse(ENGLISH)


def _locale(language: str) -> Locale | None:
    """The longest part of the tag that Babel knows; a cell may hold anything."""
    parts = tag_of(language).split("-")
    while parts:
        try:
            return Locale.parse("-".join(parts), sep="-")
        except (UnknownLocaleError, ValueError, TypeError):
            parts.pop()
    return None
