"""Where a grower's clock is: the row's own zone, else the phone number where that is certain, else the campaign's.

The table of numbers is libphonenumber's. A number stands for a place only as far as numbers of its kind do: a landline
or a mobile with an area code does, a toll-free number or an Australian mobile does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from leafcast.decide.quiet import find_zone
from leafcast.model import Grower

NORTH_AMERICA = 1
"""The calling code that the United States and Canada share with the Caribbean; three digits of area code follow."""


def zones_of(grower: Grower, campaigns: str, now: datetime) -> tuple[ZoneInfo, ...]:
    """The zones that the grower may be in at `now`: more than one where an area code reaches over several. `campaigns`
    is the campaign's own, for growers of whom nothing else is known. Raises ValueError when no zone is found."""
    own = find_zone(grower.cell("timezone"))
    if own is not None:
        return (own,)
    if grower.phone and (told := phone_zones(grower.phone, now)):
        return told
    usual = find_zone(campaigns)
    if usual is None:
        raise ValueError(f"no such time zone: {campaigns}")
    return (usual,)


def phone_zones(number: str, now: datetime) -> tuple[ZoneInfo, ...]:
    """The zones that an E.164 number may ring in, none where the number does not say. A number of a whole country
    counts where the clocks of that country agree at `now`."""
    names, place = _named(number)
    found = _zones(names)
    if not found or len(found) < len(names):
        return ()
    if place or len({now.astimezone(zone).utcoffset() for zone in found}) == 1:
        return _apart(found, now)
    return ()


@lru_cache(maxsize=4096)
def _named(number: str) -> tuple[tuple[str, ...], bool]:
    """The zones of a number by name, and whether they are those of a place rather than of a country."""
    import phonenumbers
    from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return (), False
    place = phonenumbers.is_number_geographical(parsed)
    if place and parsed.country_code == NORTH_AMERICA:
        # Numbers are carried along within an area code, so the whole of it counts and not the exchange alone.
        return _area(number[:5]), True
    names = tuple(name for name in time_zones_for_number(parsed) if name != UNKNOWN_TIMEZONE)
    return names, place


@cache
def _area(prefix: str) -> tuple[str, ...]:
    """Every zone that the table names within an area code such as `+1605`."""
    from phonenumbers.tzdata import TIMEZONE_DATA

    inside = {name for known, names in TIMEZONE_DATA.items() if known.startswith(prefix[1:]) for name in names}
    return tuple(sorted(inside))


@cache
def _zones(names: tuple[str, ...]) -> tuple[ZoneInfo, ...]:
    return tuple(zone for name in names if (zone := find_zone(name)) is not None)


def _apart(zones: Iterable[ZoneInfo], now: datetime) -> tuple[ZoneInfo, ...]:
    """One of each group whose clocks agree today: what they say about quiet hours is the same."""
    apart = {_offsets(zone, now.astimezone(UTC).date().toordinal()): zone for zone in zones}
    return tuple(apart.values())


@lru_cache(maxsize=4096)
def _offsets(zone: ZoneInfo, day: int) -> tuple[float, ...]:
    """Offsets from UTC, in seconds, every hour from the day before to two days after: two zones with the same ones
    keep the same quiet hours for as long as anything is held."""
    start = datetime.fromordinal(day - 1).replace(tzinfo=UTC).timestamp()
    moments = (datetime.fromtimestamp(start + 3600 * hour, zone) for hour in range(24 * 4))
    return tuple(offset.total_seconds() for moment in moments if (offset := moment.utcoffset()) is not None)
