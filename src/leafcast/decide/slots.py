"""Fixed slots: a round belongs to one, so that two schedulers that fire for it make one round and not two."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Slot:
    """A day or a minute that a round was meant for. `key` is its name in the ledger; `at` is when it begins, in UTC."""

    key: str
    at: datetime

    def early(self, now: datetime) -> bool:
        """Whether it has not come yet."""
        return now < self.at

    def missed(self, now: datetime, grace: float) -> bool:
        """Whether it is so long over that its round must not happen any more. `grace` is in seconds from its begin."""
        return (now - self.at).total_seconds() > grace


def slot_of(day: date, here: tzinfo) -> Slot:
    """The slot of a whole day, which begins at midnight where this machine is."""
    return Slot(day.isoformat(), datetime.combine(day, time.min, here).astimezone(UTC))


def parse_slot(text: str, here: tzinfo) -> Slot | None:
    """The slot that `2026-12-01`, `2026-12-01T09:00`, or the same with `Z` or an offset names; None for anything else.
    Without an offset the time is that of this machine's zone."""
    try:
        if _DATE.fullmatch(text):
            return slot_of(date.fromisoformat(text), here)
        if _TIME.fullmatch(text):
            moment = datetime.fromisoformat(text)
            at = (moment if moment.tzinfo else moment.replace(tzinfo=here)).astimezone(UTC)
            return Slot(f"{at:%Y-%m-%dT%H:%MZ}", at)
    except (ValueError, OverflowError):
        return None
    return None
