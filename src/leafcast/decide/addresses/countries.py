"""What a list calls a country -> the region that its phone numbers are read with."""

from __future__ import annotations

from functools import lru_cache

import phonenumbers

from leafcast.decide.suggest import squash

_LANGUAGES = ("en", "es", "pt", "fr", "de")
_CALLED = {
    "usa": "US", "unitedstatesofamerica": "US", "eeuu": "US", "eua": "US", "etatsunis": "US", "uk": "GB",
    "england": "GB", "scotland": "GB", "wales": "GB", "greatbritain": "GB", "can": "CA", "bra": "BR", "arg": "AR",
    "mex": "MX", "aus": "AU", "fra": "FR", "deu": "DE", "esp": "ES", "prt": "PT", "gbr": "GB", "nzl": "NZ",
    "zaf": "ZA", "chl": "CL", "ury": "UY", "pry": "PY",
}  # fmt: skip


@lru_cache(maxsize=1_024)
def region_of(country: str) -> str | None:
    """The two letters of a country that is written as a code or by its name in English, Spanish, Portuguese, French or
    German; None where it is not known."""
    if country.upper() in phonenumbers.SUPPORTED_REGIONS:
        return country.upper()
    word = squash(country)
    return _CALLED.get(word) or _names().get(word)


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    from babel import Locale

    return {
        squash(name): code
        for language in reversed(_LANGUAGES)
        for code, name in Locale(language).territories.items()
        if code in phonenumbers.SUPPORTED_REGIONS
    }
