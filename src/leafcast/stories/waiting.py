"""`run --wait`: what must not go yet is waited for, and sent when its time has come.

Nothing is held meanwhile, not even the ledger: each pass is a run like one that a person starts by hand, so `status`,
`sync`, `suppress` and `recall` work while this one sleeps, and what they do counts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from leafcast.errors import LeafcastError
from leafcast.ports import Clock
from leafcast.stories.brake import Brake, Braked
from leafcast.stories.run import Options, RunReport
from leafcast.stories.world import Tally

LOOK_AGAIN = 60.0
"""Seconds between two looks at the wall clock: a machine that slept, or whose clock was set, is noticed by then."""

Pass = Callable[[Options], Awaitable[RunReport]]
Wait = Callable[[datetime], Awaitable[None]]


async def until(moment: datetime, clock: Clock, brake: Brake) -> None:
    """Wait for a time of the wall clock. Raises the brake's reason when it is pulled before."""
    try:
        while (left := (moment - clock.now()).total_seconds()) > 0:
            async with brake.waiting():
                await clock.sleep(min(left, LOOK_AGAIN))
    except Braked:
        if brake.reason is None:
            raise
        raise brake.reason from None


async def run_on(once: Pass, wait: Wait, options: Options) -> RunReport:
    """Run, and as long as something of it is held, wait and run again; the report is about all of it.

    A stop while waiting is told like a stop while sending. Raises what `once` raises.
    """
    report = last = await once(options)
    while last.stopped is None and last.again_at is not None:
        left = _left(options, last)
        if left is None:
            break
        try:
            await wait(last.again_at)
        except LeafcastError as error:
            return replace(report, stopped=error)
        options, promised, last = left, last.again_at, await once(left)
        report = _together(report, last)
        if not last.tally.ended and last.again_at is not None and last.again_at <= promised:
            break  # what was promised for then did not go, and nothing says that it would go now
    return report


def _left(options: Options, report: RunReport) -> Options | None:
    """The options of the next pass: a limit counts over all of them. None when it is used up."""
    if options.limit is None:
        return options
    left = options.limit - report.due.growers
    return replace(options, limit=left) if left > 0 else None


def _together(earlier: RunReport, later: RunReport) -> RunReport:
    """What both did, and where everything stands after the later one."""
    tally = Tally(
        ended=earlier.tally.ended + later.tally.ended,
        links=earlier.tally.links + later.tally.links,
        held=later.tally.held,
    )
    due = earlier.due if earlier.due.messages else later.due
    return replace(later, tally=tally, due=due, new_doubts=earlier.new_doubts + later.new_doubts)
