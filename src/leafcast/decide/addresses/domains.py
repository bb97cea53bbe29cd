"""Domains that are probably not what was meant: typing mistakes of common ones, and those where nobody reads."""

from __future__ import annotations

from functools import lru_cache

# The mail providers that people of the Americas and of Europe mostly write from.
COMMON = (
    "gmail.com", "googlemail.com", "yahoo.com", "ymail.com", "hotmail.com", "outlook.com", "live.com", "msn.com",
    "icloud.com", "me.com", "aol.com", "comcast.net", "sbcglobal.net", "att.net", "verizon.net", "bellsouth.net",
    "charter.net", "cox.net", "centurylink.net", "protonmail.com", "proton.me", "gmx.com", "gmx.de", "web.de",
    "t-online.de", "yahoo.ca", "sympatico.ca", "shaw.ca", "telus.net", "sasktel.net", "hotmail.fr", "orange.fr",
    "wanadoo.fr", "free.fr", "laposte.net", "sfr.fr", "yahoo.fr", "hotmail.es", "yahoo.es", "telefonica.net",
    "uol.com.br", "bol.com.br", "terra.com.br", "yahoo.com.br", "outlook.com.br", "hotmail.com.br", "yahoo.com.mx",
    "hotmail.com.mx", "prodigy.net.mx", "yahoo.com.ar", "hotmail.com.ar", "hotmail.co.uk", "yahoo.co.uk",
    "btinternet.com", "bigpond.com",
)  # fmt: skip
_KNOWN = frozenset(COMMON)
_NEIGHBOURS = frozenset({"mail.com", "email.com"})
"""Providers that a single letter tells from a common one."""
_SHORT = 8
"""Letters up to which a domain has too many honest neighbours: `live.com` and `lime.com`."""
# None of these is a top-level domain (IANA's list, November 2026).
_WRONG_ENDINGS = {
    "con": "com", "cmo": "com", "ocm": "com", "comm": "com", "coom": "com", "vom": "com", "xom": "com", "cpm": "com",
    "comn": "com", "copm": "com", "clm": "com", "nte": "net", "ner": "net", "nett": "net", "ogr": "org", "orgg": "org",
    "eud": "edu", "rb": "br", "mxx": "mx",
}  # fmt: skip
# These are, and yet, behind the name of such a provider, they are typing mistakes.
_BIG = frozenset({"gmail", "hotmail", "outlook", "icloud", "yahoo"})
_NOT_OF_THE_BIG = frozenset({"co", "cm", "om", "cam", "net", "org"})
_EXAMPLES = frozenset({"example.com", "example.net", "example.org", "test.com", "domain.com", "yourdomain.com"})
_NOBODY = frozenset(
    {"noreply", "no-reply", "donotreply", "do-not-reply", "do_not_reply", "mailer-daemon", "nobody", "devnull"}
)


@lru_cache(maxsize=65_536)
def meant_domain(domain: str) -> str | None:
    """The domain that was probably meant, in small letters; None where this one may well be right."""
    if domain in _KNOWN or domain in _NEIGHBOURS:
        return None
    name, _, ending = domain.rpartition(".")
    if name in _BIG and ending in _NOT_OF_THE_BIG:
        return f"{name}.com"
    if ending in _WRONG_ENDINGS:
        mended = f"{name}.{_WRONG_ENDINGS[ending]}"
        return meant_domain(mended) or mended
    return next((known for known in COMMON if len(known) > _SHORT and _one_slip(domain, known)), None)


def nobodys(local: str, domain: str) -> str:
    """In words, why nobody is likely to read mail to this address; '' where somebody may. The endings .example and
    .test are left alone: whoever writes them is trying something out."""
    if domain in _EXAMPLES:
        return "stands for no mailbox: examples are written with its domain"
    return "is one that nobody reads" if local.lower() in _NOBODY else ""


def _one_slip(one: str, other: str) -> bool:
    """Whether one letter too many, too few, wrong or changed places with its neighbour makes the one of the other."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    if len(one) == len(other):
        swapped = one[start : start + 2] == other[start : start + 2][::-1] and one[start + 2 :] == other[start + 2 :]
        return swapped or one[start + 1 :] == other[start + 1 :]
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return longer[start + 1 :] == shorter[start:]
