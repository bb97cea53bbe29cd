"""Quiet hours in a run, and `--wait`, in virtual time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from leafcast.edge.memory import ScriptedSender, VirtualClock
from leafcast.errors import ExitCode, Interrupted
from leafcast.model import Outcome, Verdict
from leafcast.stories.brake import Brake
from leafcast.stories.run import Options, RunReport, run
from leafcast.stories.waiting import run_on, until

from .conftest import Stage, grower, phone_only

NIGHT = """pace:
  leaf: unlimited
  twilio: 1
quietHours: {channels: [sms], timezone: America/Chicago}
#"""
NINE = datetime(2026, 3, 3, 3, tzinfo=UTC)
"""21:00 in Iowa, where the numbers of the stage are."""
EIGHT = datetime(2026, 3, 3, 14, tzinfo=UTC)


class OneASecond(ScriptedSender[Any]):
    """A service that gives one turn a second, and remembers when each message left and until when it may travel."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self.clock, self.left = clock, list[tuple[datetime, datetime]]()

    async def ready(self) -> Any:
        await self.clock.sleep(1)
        return await super().ready()

    async def send(self, message: Any, turn: Any) -> Outcome:
        now = self.clock.now()
        self.left.append((now, now + timedelta(seconds=message.validity)))
        return await super().send(message, turn)


def evening(stage: Any, growers: int, start: datetime) -> tuple[Stage, OneASecond]:
    play: Stage = stage([phone_only(number) for number in range(growers)], ("pace:", NIGHT))
    play.clock = VirtualClock(start)
    play.__post_init__()
    play.sms = sender = OneASecond(play.clock)
    return play, sender


async def passes(play: Stage, options: Options, brake: Brake | None = None) -> RunReport:
    """What `run --wait` does, without the command line."""

    async def once(options: Options) -> RunReport:
        examiner = play.examiner
        return await run(play.world(), examiner, examiner.survey(), Brake(), options, play.confirmed.append)

    return await run_on(once, lambda moment: until(moment, play.clock, brake or Brake()), options)


def test_nothing_leaves_after_the_hour_and_nothing_arrives_in_the_night(stage: Any) -> None:
    """A run at a second a text, some minutes before nine: the last text leaves before nine, none may travel beyond."""
    play, sender = evening(stage, 300, NINE - timedelta(minutes=3))

    report = play.run()

    assert 100 < len(sender.left) < 180
    assert max(at for at, _ in sender.left) < NINE
    assert max(end for _, end in sender.left) <= NINE
    assert {row.error for row in play.ledger.rows("spring")} == {"", "held until 2026-03-03T14:00:00Z"}
    assert (report.exit_code, report.again_at) == (ExitCode.DONE, EIGHT)


def test_a_run_ten_seconds_before_the_hour_sends_nothing_after_it(stage: Any) -> None:
    """20:59:50 is too late to begin; everybody is held until the morning, and no link is made for it."""
    play, sender = evening(stage, 30, NINE - timedelta(seconds=10))

    report = play.run()

    assert sender.left == []
    assert play.leaf.requests == []
    assert report.again_at == EIGHT


def test_waiting_goes_on_in_the_morning(stage: Any) -> None:
    """What the night held is sent from eight on by the same command, each once, with links made then."""
    play, sender = evening(stage, 100, NINE - timedelta(seconds=70))

    report = asyncio.run(passes(play, Options()))

    assert len(sender.left) == len({message.to for message in sender.sent}) == 100
    assert all(at < NINE or at >= EIGHT for at, _ in sender.left)
    assert any(at >= EIGHT for at, _ in sender.left)
    assert any(at < NINE for at, _ in sender.left)
    assert (report.exit_code, report.again_at) == (ExitCode.DONE, None)
    assert report.tally.ended[Verdict.ACCEPTED] == 100
    assert len(play.leaf.requests) == 100


def test_a_stop_ends_the_wait_and_the_command_continues_later(stage: Any) -> None:
    """Ctrl-C while waiting: the exit code of an interruption, and everything still planned."""
    play, sender = evening(stage, 3, NINE)
    brake = Brake()

    async def stopped() -> RunReport:
        async def soon() -> None:
            await play.clock.sleep(3_600)
            brake.pull(Interrupted("Interrupted by SIGINT."))

        stopping = asyncio.create_task(soon())
        report = await passes(play, Options(), brake)
        await stopping
        return report

    report = asyncio.run(stopped())

    assert report.exit_code is ExitCode.INTERRUPTED
    assert sender.left == []
    assert set(play.states().values()) == {"planned"}


def test_a_limit_counts_over_all_passes(stage: Any) -> None:
    """`--limit 5 --wait` writes to five growers, not to five each morning."""
    play, sender = evening(stage, 20, NINE - timedelta(seconds=33))

    asyncio.run(passes(play, Options(limit=5)))

    assert len(sender.left) <= 5


def test_a_wait_looks_at_the_wall_clock_again_and_again(stage: Any) -> None:
    """A machine that slept through the time is on time all the same: no wait is longer than a minute."""
    clock, waits = VirtualClock(NINE), list[float]()

    class Noting:
        now, monotonic = clock.now, clock.monotonic

        async def sleep(self, seconds: float) -> None:
            waits.append(seconds)
            await clock.sleep(seconds)

    asyncio.run(until(NINE + timedelta(minutes=5, seconds=1), Noting(), Brake()))

    assert max(waits) <= 60
    assert clock.now() == NINE + timedelta(minutes=5, seconds=1)


def test_the_place_of_the_number_beats_the_campaigns_zone(stage: Any) -> None:
    """Half past eight in Iowa is half past nine in Toronto: that one is held, whatever the campaign's zone says."""
    play, sender = evening(stage, 0, NINE - timedelta(minutes=30))
    play.rows.cells = stage([grower(1, email="", phone="+14165550111"), phone_only(2)]).rows.cells

    play.run()

    assert [message.to for message in sender.sent] == ["+15155550002"]
    assert play.states()[("G-1", "sms")] == "planned"
