"""libphonenumber's verdict on plainly written numbers, from its own metadata, in a tenth of its time.

phonenumbers compiles, copies and strips on every call what is the same for every row of a list. Here the patterns of
its metadata are compiled once for each country, and only numbers that need none of its care are judged: no country code
without a +, no national or carrier prefix, no leading zero, and in use. For every other one the answer is None, and the
library is asked. tests/growers/test_quick_paths.py holds the two against each other.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberType

_Desc = tuple[frozenset[int], re.Pattern[str]]
# In the order in which libphonenumber asks, fixed line and mobile after them.
_KINDS = (
    ("premium_rate", PhoneNumberType.PREMIUM_RATE),
    ("toll_free", PhoneNumberType.TOLL_FREE),
    ("shared_cost", PhoneNumberType.SHARED_COST),
    ("voip", PhoneNumberType.VOIP),
    ("personal_number", PhoneNumberType.PERSONAL_NUMBER),
    ("pager", PhoneNumberType.PAGER),
    ("uan", PhoneNumberType.UAN),
    ("voicemail", PhoneNumberType.VOICEMAIL),
)


def quick_verdict(bare: str, region: str | None) -> tuple[str, int] | None:
    """E.164 and libphonenumber's type of a number in use, given as digits with or without a +; None where the library
    has to be asked."""
    if bare[:1] == "+":
        for length in (1, 2, 3):
            code = bare[1 : 1 + length]
            if (main := _main_region(code)) and (plan := _plan(main)):
                return _verdict(code, bare[1 + length :], plan)
        return None
    plan = _plan(region) if region else None
    if plan is None or bare.startswith(plan.code) or plan.abroad.match(bare):
        return None
    return _verdict(plan.code, bare, plan)


def dials_011(region: str) -> bool:
    """Whether numbers abroad are dialled with 011 there, as in North America."""
    plan = _plan(region)
    return plan is not None and plan.abroad.fullmatch("011") is not None


def _verdict(code: str, national: str, plan: _Plan) -> tuple[str, int] | None:
    if national[:1] in {"", "0"} or (plan.prefix and plan.prefix.match(national)):
        return None
    kind = _kind(code, national)
    return None if kind == PhoneNumberType.UNKNOWN else (f"+{code}{national}", kind)


def _kind(code: str, national: str) -> int:
    """The type in the first country of the code whose number it is."""
    for plan in _plans(code):
        if plan.leading:
            if plan.leading.match(national):
                return plan.kind(national)
        elif (kind := plan.kind(national)) != PhoneNumberType.UNKNOWN:
            return kind
    return PhoneNumberType.UNKNOWN


class _Plan:
    """One country's numbers."""

    def __init__(self, metadata: PhoneMetadata) -> None:
        self.code = str(metadata.country_code)
        self.abroad = re.compile(metadata.international_prefix or "(?!)")
        self.prefix = re.compile(metadata.national_prefix_for_parsing) if metadata.national_prefix_for_parsing else None
        self.leading = re.compile(metadata.leading_digits) if metadata.leading_digits else None
        self._general = _described(metadata.general_desc)
        kinds = [(_described(getattr(metadata, name)), kind) for name, kind in _KINDS]
        self._kinds = [(desc, kind) for desc, kind in kinds if desc]
        self._fixed, self._mobile = _described(metadata.fixed_line), _described(metadata.mobile)
        self._alike = bool(metadata.same_mobile_and_fixed_line_pattern)

    def kind(self, national: str) -> int:
        """libphonenumber's type of a national number."""
        if not _fits(self._general, national):
            return PhoneNumberType.UNKNOWN
        for desc, kind in self._kinds:
            if _fits(desc, national):
                return kind
        if _fits(self._fixed, national):
            both = self._alike or _fits(self._mobile, national)
            return PhoneNumberType.FIXED_LINE_OR_MOBILE if both else PhoneNumberType.FIXED_LINE
        mobile = not self._alike and _fits(self._mobile, national)
        return PhoneNumberType.MOBILE if mobile else PhoneNumberType.UNKNOWN


def _described(desc: object) -> _Desc | None:
    pattern = getattr(desc, "national_number_pattern", None)
    if not pattern:
        return None
    return frozenset(getattr(desc, "possible_length", ())), re.compile(pattern)


def _fits(desc: _Desc | None, national: str) -> bool:
    if desc is None or (desc[0] and len(national) not in desc[0]):
        return False
    return desc[1].fullmatch(national) is not None


@cache
def _plan(region: str) -> _Plan | None:
    metadata = PhoneMetadata.metadata_for_region(region, None)
    return _Plan(metadata) if metadata else None


@cache
def _plans(code: str) -> tuple[_Plan, ...]:
    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
    return tuple(plan for region in regions if (plan := _plan(region)))


@lru_cache(maxsize=4_096)
def _main_region(code: str) -> str | None:
    """The first country of a code; None where it is none, or of no country (satellites)."""
    is_code = code.isascii() and code.isdigit() and code[0] != "0"
    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(code), ()) if is_code else ()
    return regions[0] if regions and regions[0] != "001" else None
