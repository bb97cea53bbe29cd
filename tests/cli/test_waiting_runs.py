"""Quiet hours from the command line: `run` says when to come back, `run --wait` stays."""

from __future__ import annotations

import signal
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from leafcast.errors import LedgerUnusable

from .conftest import Desk

ROWS = [
    {"externalId": f"G-{number}", "name": f"Grower {number}", "email": f"g{number}@farm.example"} for number in range(3)
]


def quiet_now(desk: Desk) -> None:
    """A campaign in the middle of its quiet hours, whatever time it is."""
    now = datetime.now(UTC)
    start, end = f"{now - timedelta(hours=3):%H:%M}", f"{now + timedelta(hours=3):%H:%M}"
    desk.campaign(ROWS, quietHours={"channels": ["email"], "from": start, "to": end, "timezone": "UTC"})


def held(desk: Desk) -> int:
    """How many messages the ledger holds until later."""
    with suppress(LedgerUnusable):
        return sum(line["error"].startswith("held until ") for line in desk.export())
    return 0


def test_a_run_in_quiet_hours_says_when_to_come_back(desk: Desk) -> None:
    """Nothing is sent, nothing is wrong, and the next step is named."""
    quiet_now(desk)

    ended = desk("run", "spring.yaml", "--yes")

    assert "Come back then" in ended.err
    assert held(desk) == 3
    assert desk.requests() == {}


def test_a_wait_ends_by_a_signal_with_everything_still_planned(desk: Desk) -> None:
    """SIGTERM while `--wait` sleeps is an interruption like any other; the same command continues."""
    quiet_now(desk)
    waiting = desk.start("run", "spring.yaml", "--yes", "--wait")
    waiting.until(lambda: held(desk) == 3)
    waiting.signal(signal.SIGTERM)

    ended = waiting.ended()

    assert ended.code == 130
    assert "Traceback" not in ended.err
    assert desk.states() == {"planned": 3}
    assert desk.requests() == {}


def test_what_is_not_held_is_sent_before_the_wait(desk: Desk) -> None:
    """A wait for nothing is no wait: the command ends when all is done."""
    desk.campaign(ROWS)
    desk("run", "spring.yaml", "--yes", "--wait")
    assert desk.states() == {"accepted": 3}
