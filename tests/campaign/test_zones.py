"""Where a grower's clock is, and quiet hours in every zone that it may be in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from phonenumbers.tzdata import TIMEZONE_DATA

from leafcast.decide.campaign import load
from leafcast.decide.holding import LONGEST_VALIDITY, kept_until, validity
from leafcast.decide.quiet import LEAD, find_zone, held_in_all, is_quiet, quiet_from
from leafcast.decide.zones import phone_zones, zones_of
from leafcast.model import Channel, Grower, Link, LinkType

WINTER, SUMMER = datetime(2026, 1, 15, 18, tzinfo=UTC), datetime(2026, 7, 15, 18, tzinfo=UTC)
AREAS = sorted({known[:4] for known in TIMEZONE_DATA if known.startswith("1") and len(known) >= 4})
DDDS = [
    "11 12 13 14 15 16 17 18 19 21 22 24 27 28 31 32 33 34 35 37 38 41 42 43 44 45 46 47 48 49 51 53 54 55 61 62 63",
    "64 65 66 67 68 69 71 73 74 75 77 79 81 82 83 84 85 86 87 88 89 91 92 93 94 95 96 97 98 99",
]
NUMBERS = [f"+{area}5550100" for area in AREAS] + [f"+55{ddd}991234567" for ddd in " ".join(DDDS).split()]


@dataclass(frozen=True)
class Hours:
    start: time
    end: time


NIGHT = Hours(time(21), time(8))


def grower(phone: str | None = None, timezone: str = "") -> Grower:
    return Grower(2, "G-1", "Ana", "ana@farm.example", phone, {"timezone": timezone})


def offsets(number: str, now: datetime) -> set[float]:
    """The hours from UTC in which a number may ring."""
    found = (now.astimezone(zone).utcoffset() for zone in phone_zones(number, now))
    return {offset.total_seconds() / 3600 for offset in found if offset is not None}


# ------------------------------------------------------------------------------------------------------------- places


@pytest.mark.parametrize(
    ("number", "winter", "summer"),
    [
        ("+15155550100", {-6}, {-5}),  # Iowa
        ("+16025550100", {-7}, {-7}),  # Phoenix keeps no summer time
        ("+18085550100", {-10}, {-10}),  # Hawaii
        ("+16055550100", {-6, -7}, {-5, -6}),  # South Dakota lies in two zones
        ("+12085550100", {-7, -8}, {-6, -7}),  # so does Idaho
        ("+18505550100", {-5, -6}, {-4, -5}),  # and the Florida panhandle
        ("+17095550100", {-3.5, -4}, {-2.5, -3}),  # Newfoundland, and Labrador
        ("+13065550100", {-6}, {-6}),  # Saskatchewan keeps no summer time
        ("+14165550100", {-5}, {-4}),  # Toronto
        ("+5511991234567", {-3}, {-3}),  # São Paulo
        ("+5592991234567", {-4}, {-4}),  # Manaus
        ("+5568991234567", {-5}, {-5}),  # Rio Branco
        ("+447911123456", {0}, {1}),  # a British mobile: one country, one clock
    ],
)
def test_a_number_tells_its_zones(number: str, winter: set[float], summer: set[float]) -> None:
    """An area code stands for every zone that it reaches into; what agrees counts once."""
    assert offsets(number, WINTER) == winter
    assert offsets(number, SUMMER) == summer


@pytest.mark.parametrize("number", ["+18005550100", "+61412345678", "+15005550006", "+99912345", "nonsense", "+1"])
def test_a_number_of_no_place_tells_nothing(number: str) -> None:
    """A toll-free number, a mobile of a country with several zones, and what is no number leave the zone open."""
    assert phone_zones(number, SUMMER) == ()


def test_the_column_beats_the_number_and_the_number_beats_the_campaign() -> None:
    """In this order, because a person wrote the column about this grower."""
    chicago, toronto = ZoneInfo("America/Chicago"), ZoneInfo("America/Toronto")
    assert zones_of(grower("+14165550100", "America/Chicago"), "America/Denver", SUMMER) == (chicago,)
    assert zones_of(grower("+14165550100"), "America/Denver", SUMMER) == (toronto,)
    assert zones_of(grower("+18005550100"), "America/Denver", SUMMER) == (ZoneInfo("America/Denver"),)
    assert zones_of(grower(), "America/Denver", SUMMER) == (ZoneInfo("America/Denver"),)


def test_every_area_code_has_zones_that_exist() -> None:
    """The United States, Canada and Brazil: no area code is left without a clock, and none spans half the world."""
    placed = [number for number in NUMBERS if phonenumbers.is_number_geographical(phonenumbers.parse(number))]
    assert len(placed) > 400
    for number in placed:
        found = offsets(number, WINTER)
        assert found, number
        assert max(found) - min(found) <= 3, number
        assert all(-11 <= hours <= -2 or hours == 10 for hours in found), number  # 10: Guam and Saipan


# ------------------------------------------------------------------------------------------------------ in every zone

times = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))
moments = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))
names = st.sampled_from(
    (
        *("America/Chicago", "America/St_Johns", "America/Phoenix", "America/Sao_Paulo", "Europe/London", "UTC"),
        *("Australia/Lord_Howe", "Africa/Cairo", "Pacific/Chatham", "America/Adak", "Asia/Kathmandu"),
    )
)


@settings(deadline=None, max_examples=60)
@given(moments, st.sampled_from(NUMBERS))
@example(datetime(2026, 11, 1, 5, 59, 45, tzinfo=UTC), "+16055550100")
@example(datetime(2026, 3, 8, 7, 59, 45, tzinfo=UTC), "+12085550100")
def test_a_text_goes_only_when_no_zone_of_its_number_is_quiet(now: datetime, number: str) -> None:
    """Over every area code of the United States, Canada and Brazil, on every day of three years."""
    zones = phone_zones(number, now)
    assume(zones)
    until = held_in_all(now, NIGHT, zones)
    goes = until or now
    assert goes >= now
    assert not any(is_quiet(goes, NIGHT, zone) or is_quiet(goes + LEAD, NIGHT, zone) for zone in zones)
    assert goes - now <= timedelta(hours=26)


@settings(deadline=None, max_examples=100)
@given(moments, times, times, names)
@example(datetime(2026, 3, 8, 7, 0, tzinfo=UTC), time(2, 30), time(5), "America/Chicago")  # the start never happens
@example(datetime(2026, 11, 1, 5, 0, tzinfo=UTC), time(1, 30), time(5), "America/Chicago")  # it happens twice
def test_quiet_begins_then_and_not_before(now: datetime, start: time, end: time, name: str) -> None:
    """The instant given is quiet, and no minute between now and then is."""
    assume(start != end)
    hours, zone = Hours(start, end), ZoneInfo(name)
    begins = quiet_from(now, hours, [zone])
    assert is_quiet(begins, hours, zone)
    minute = now
    while minute < begins:
        assert not is_quiet(minute, hours, zone)
        minute += timedelta(minutes=7)
    assert begins <= now or not is_quiet(begins - timedelta(seconds=1), hours, zone)


def test_windows_that_suit_no_moment_in_all_zones_follow_the_first() -> None:
    """Half an hour a day in zones an hour apart would hold a message for ever."""
    hours = Hours(time(12, 30), time(12))
    zones = [ZoneInfo("America/Chicago"), ZoneInfo("America/Denver")]
    until = held_in_all(datetime(2026, 7, 15, 12, tzinfo=UTC), hours, zones)
    assert until == datetime(2026, 7, 15, 17, tzinfo=UTC)


# ---------------------------------------------------------------------------------------------------- one message

CAMPAIGN = """
campaign: spring
list: {file: growers.csv, region: US}
link: {expiresIn: 30d, rules: [{type: provider}]}
channels: [email, sms]
email: {from: "Prairie <connect@prairie.example>", subject: "Connect your data"}
sms: {from: "+15155550100"}
quietHours: {channels: [sms], timezone: America/Chicago}
"""
NINE = datetime(2026, 7, 16, 2, tzinfo=UTC)
"""21:00 in Iowa."""


def link(expires_at: datetime) -> Link:
    return Link("id", "https://magic-link.invalid/x", "user", expires_at, LinkType.PROVIDER)


def test_a_text_that_cannot_leave_in_time_is_kept_until_the_morning() -> None:
    """Half a minute before the night nothing is begun any more; other channels do not care."""
    campaign, iowa = load(CAMPAIGN, "spring.yaml"), grower("+15155550100")
    early, late = NINE - timedelta(minutes=1), NINE - timedelta(seconds=10)
    assert kept_until(campaign, iowa, Channel.SMS, early) is None
    assert kept_until(campaign, iowa, Channel.SMS, late) == datetime(2026, 7, 16, 13, tzinfo=UTC)
    assert kept_until(campaign, iowa, Channel.EMAIL, late) is None


def test_a_text_is_valid_until_the_night_or_the_end_of_its_link() -> None:
    """Whatever comes first: the night, the link's end, or Twilio's ten hours."""
    campaign, iowa = load(CAMPAIGN, "spring.yaml"), grower("+15155550100")
    far = link(NINE + timedelta(days=30))
    assert validity(campaign, iowa, far, NINE - timedelta(hours=2)) == 7_200
    assert validity(campaign, iowa, link(NINE - timedelta(hours=1)), NINE - timedelta(hours=2)) == 3_600
    assert validity(campaign, iowa, far, NINE - timedelta(hours=13)) == LONGEST_VALIDITY
    assert validity(campaign, iowa, link(NINE - timedelta(days=1)), NINE) == 1


def test_a_text_is_valid_for_the_earliest_night_of_its_zones() -> None:
    """South Dakota: the eastern half goes to bed first, the western half gets up last."""
    campaign, dakota = load(CAMPAIGN, "spring.yaml"), grower("+16055550100")
    assert validity(campaign, dakota, link(NINE + timedelta(days=30)), NINE - timedelta(hours=1)) == 3_600
    assert kept_until(campaign, dakota, Channel.SMS, NINE) == datetime(2026, 7, 16, 14, tzinfo=UTC)


def test_zones_of_the_table_are_known_here() -> None:
    """Every zone that the table of numbers names exists in the zone database."""
    assert not [name for names in TIMEZONE_DATA.values() for name in names if find_zone(name) is None]
