"""Numbers that mean nothing are refused in a sentence, by every command that takes one."""

from __future__ import annotations

import pytest

from .conftest import by_email

SENSELESS = ("0", "-1", "nan", "1e400", "99999999999999999999999", "")


@pytest.mark.parametrize("command", ["run", "retry", "reinvite", "recall"])
def test_a_limit_is_a_number_of_growers(desk, command):
    """Wrong usage, and nothing is opened, made or sent."""
    campaign = desk.campaign([by_email(1)])
    for number in SENSELESS:
        assert "--limit" in desk(command, campaign, "--dry-run", f"--limit={number}", code=2).err
    assert not (desk.folder / "leafcast.db").exists()


def test_so_is_the_number_of_rows_in_a_preview(desk):
    """Nothing is written."""
    campaign = desk.campaign([by_email(1)])
    for number in SENSELESS:
        assert "--rows" in desk("preview", campaign, f"--rows={number}", code=2).err


def test_a_clock_runs_at_a_speed_and_a_port_is_one_of_this_machine(desk):
    """Of a clock that stands still, or leaps beyond all dates, nothing can be seen."""
    for speed in (*SENSELESS, "inf", "1e-300", "1e300"):
        assert "--speed" in desk("sandbox", "--port", "0", f"--speed={speed}", code=2).err
    for port in ("-1", "65536", "nan", "99999999999999999999999"):
        assert "--port" in desk("sandbox", f"--port={port}", code=2).err


def test_spans_and_slots_are_read_to_the_ends_of_the_calendar(desk):
    """A grace, a slot and a settle time are of the form that the help shows; very long ones are no bug."""
    campaign = desk.campaign([by_email(1)])
    desk("run", campaign, "--yes")
    past = ("reinvite", campaign, "--dry-run", "--slot", "2020-01-01")
    for span in ("-1d", "nan", "", "99999999999999d", "1e3"):
        assert "--grace" in desk(*past, f"--grace={span}", code=2).err
    desk(*past, "--grace", "3652500d")
    for slot in ("0001-01-01T00:00+14:00", "9999-12-31T23:00-14:00", "2026-02-30", "12"):
        assert "slot" in desk("reinvite", campaign, "--dry-run", "--slot", slot, code=2).err
    for settle in ("-1", "nan", "inf", "1e400", "1e15", "soon"):
        assert "LEAFCAST_SETTLE" in desk("sync", campaign, code=2, LEAFCAST_SETTLE=settle).err
