"""L2: real stories and the real SQLite ledger in virtual time, in one thread, so that a seed gives one and the same
run.

At a chosen event the world splits: the next run finds the services as they were then (what was on its way may still
arrive) and the disk as a kill or a power cut would leave it, unsynced writes lost or torn. The process that was cut
off goes on for a moment, on files that nobody looks at again. Between runs the clock may jump.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tests.drained import Drained
from tests.torture import disk, oracle, stage
from tests.torture.common import Tally, Task, rng, spread
from tests.torture.kill import choose

from leafcast.edge.ledger.operations import Operation, Receipt
from leafcast.edge.memory import VirtualClock

MOST_RUNS = 14
RECOVERY = 24
UNDER_WAY = ("email.asked", "sms.asked")
JUMPS = (0.0, 0.0, 60.0, 3600.0, -3600.0, 86_400.0, 40 * 86_400.0, -86_400.0)


class LoopWriter(Drained):
    """The ledger's writer on the event loop instead of a thread: groups and commits are the real ones, and when they
    happen is drawn."""

    chance = random.Random(0)

    def submit(self, apply: Any, *, urgent: bool, changes: Any = (), together: Any = None) -> Receipt:
        operation = Operation(apply, urgent, changes, together)
        self._put(operation)
        self._later(self.chance.randrange(4) if urgent else self.chance.randrange(60))
        return Receipt(operation, lambda: self._later(self.chance.randrange(4)))

    def _later(self, turns: int) -> None:
        loop = asyncio.get_running_loop()
        if turns:
            loop.call_soon(self._later, turns - 1)
        else:
            self.drain()


class Jumpy(VirtualClock):
    """Virtual time whose wall clock may be set."""

    jump = 0.0

    def now(self) -> Any:
        from datetime import timedelta

        return super().now() + timedelta(seconds=self.jump)


def part(task: Task, first: int, last: int, deadline: float) -> Tally:
    """Some schedules."""
    disk.register(keeping=True)
    stage.warm()
    tally = Tally()
    try:
        with stage.scratch("virtual") as room:
            cases = {shape.name: stage.open_case(shape, room / f"case-{shape.name}") for shape in stage.SHAPES}
            events = {name: _trace(case, room) for name, case in cases.items()}
            for number in range(first, last):
                if time.monotonic() >= deadline:
                    break
                _schedule(task, number, room, cases, events, tally)
                if task.first_failure and tally.violations:
                    break
    finally:
        disk.watch(None)
    return tally


def _trace(case: stage.Case, room: Path) -> tuple[str, ...]:
    folder = room / f"census-{case.shape.name}"
    folder.mkdir()
    switch = stage.Switch(trace=[])
    LoopWriter.chance = random.Random(1)
    disk.forget()
    disk.watch(switch)
    code = stage.Play(case, folder, random.Random(1), 0, switch, calm=True, clock=Jumpy(), make_writer=LoopWriter)()
    if code not in (0, 4):
        raise RuntimeError(f"a calm run of {case.shape.name} ended with {code}: {(folder / 'said.txt').read_text()}")
    return tuple(switch.trace or ())


def _schedule(  # noqa: C901 - told in order
    task: Task, number: int, room: Path, cases: dict[str, stage.Case], events: dict[str, tuple[str, ...]], tally: Tally
) -> None:
    chance = rng(task.seed, number, "virtual")
    settling = chance.random() < 0.4
    case = cases["again" if settling and chance.random() < 0.8 else chance.choice(sorted(cases))]
    trace = events[case.shape.name]
    folder = _place(case, room / f"v{number}-0")
    strikes = [choose(trace, chance)]
    if chance.random() < (0.7 if settling else 0.3):
        strikes = [chance.choice([place for place, event in enumerate(trace, 1) if event in UNDER_WAY] or [1])]
    while chance.random() < 0.5 and len(strikes) < 4:
        strikes.append(chance.randrange(1, RECOVERY) if chance.random() < 0.6 else choose(trace, chance))
    syncs = chance.randrange(1, 5) if settling else 0
    late: list[tuple[float, dict[str, Any]]] = []
    moody, calm_needed = chance.random() < 0.4, 1 + (chance.random() < 0.4)
    before: oracle.Snapshot | None = None
    wrong: list[str] = []
    calm_runs, elapsed, code, jump = 0, 0.0, -1, 0.0
    tally.schedules += 1
    for run in range(MOST_RUNS):
        calm = run >= len(strikes) + moody + syncs
        calm_runs += calm
        strike = strikes[run] if run < len(strikes) else None
        clock = Jumpy()
        clock.advance(elapsed)
        clock.jump = jump
        own = rng(task.seed, number, "virtual", run)
        options = stage.Options(limit=own.choice((None, None, 1, 3))) if not calm else stage.Options()
        command = "retry" if calm and calm_runs == 2 and code == 4 else "run"
        if run and not calm and (run >= len(strikes) + moody or own.random() < 0.3) and syncs:
            command = own.choice(("sync", "sync", "sync revoke"))
        power = own.random() < 0.6
        code, after, event = _run(case, folder, own, run, strike, clock, calm, command, options, power, late)
        tally.figures["settling runs"] += command.startswith("sync")
        if after is not None:
            tally.figures[f"{'power cuts' if power else 'kills'}"] += 1
            tally.figures[f"at {event}"] += 1
            folder = after
        found = oracle.judge(
            folder,
            exit_code=code if after is None and options.limit is None and command in ("run", "retry") else None,
            before=before,
            first_only=case.shape.deliver == "first",
            most_doubts=stage.WORKERS * (1 + len(strikes)),
        )
        wrong += found.wrong
        if after is None and code == 1:
            wrong.append(f"{command} broke: {_said(folder)}")
        before = found.snapshot or before
        elapsed = clock.monotonic() + own.choice((0.1, 1.0, 5.0, 30.0, 60.0, 125.0, 130.0, 250.0))
        # Settling goes by the wall clock, as two processes have no other in common; there it does not jump.
        jump = own.choice(JUMPS) if run < len(strikes) and not syncs else jump
        if wrong or (calm and code in (0, 4) and calm_runs >= calm_needed):
            break
    else:
        wrong.append(f"I5 the campaign is not done after {MOST_RUNS} runs, last exit {code} {_said(folder)}")
    if not wrong:
        with (folder / "journal.jsonl").open("a") as file:
            file.writelines(json.dumps({**line, "at": due}) + "\n" for due, line in late)
        wrong += oracle.judge(folder, first_only=case.shape.deliver == "first", expect_all=True).wrong
    tally.doubts += found.doubts
    if wrong:
        tally.wrong(task.layer, task.seed, number, [*dict.fromkeys(wrong)][:4])
    if not os.environ.get("LEAFCAST_TORTURE_KEEP"):
        for old in room.glob(f"v{number}-*"):
            shutil.rmtree(old)


def _said(folder: Path) -> str:
    return (folder / "said.txt").read_text()[-300:] if (folder / "said.txt").exists() else ""


def _place(case: stage.Case, folder: Path) -> Path:
    folder.mkdir()
    os.link(case.folder / "growers.csv", folder / "growers.csv")
    return folder


def _run(  # noqa: C901 - told in order
    case: stage.Case, folder: Path, chance: random.Random, run: int, strike: int | None, clock: Jumpy, calm: bool,
    command: str, options: stage.Options, power: bool, late: list[tuple[float, dict[str, Any]]],
    meanwhile: Callable[[stage.Switch, str], None] | None = None,
) -> tuple[int, Path | None, str]:  # fmt: skip
    """One run; its exit code, and the folder where the world goes on when it was cut off, with the event. `meanwhile`
    happens at the strike instead of the end."""
    after = folder.with_name(f"{folder.name.split('-')[0]}-{run + 1}")
    switch = stage.Switch(at=strike)
    play = stage.Play(
        case, folder, chance, run, switch, calm=calm, command=command, options=options, clock=clock,
        make_writer=LoopWriter,
    )  # fmt: skip
    play.late = list(late)
    seen: list[str] = []
    fate = random.Random(chance.getrandbits(64))

    def split(event: str) -> None:
        seen.append(event)
        _place(case, after)
        disk.image(folder / "ledger.db", after, fate if power else None)
        if (folder / "journal.jsonl").exists():
            shutil.copyfile(folder / "journal.jsonl", after / "journal.jsonl")
        if (folder / "said.txt").exists():
            shutil.copyfile(folder / "said.txt", after / "said.txt")
        if play.services is not None:
            late[:] = play.services.late
            for line in play.services.flying.values():
                if fate.random() < 0.7:
                    late.append((clock.monotonic() + fate.random() * stage.ARRIVES, line))
        if play.loop is not None and play.task is not None:
            play.loop.call_soon(play.task.cancel)

    switch.act = split if meanwhile is None else partial(meanwhile, switch)
    LoopWriter.chance = random.Random(chance.getrandbits(64))
    disk.forget()
    disk.watch(switch)
    try:
        code = play()
    except asyncio.CancelledError:
        code = -9
    except Exception:
        if not seen:
            raise
        code = -9
    if not seen:
        late[:] = play.late
    return code, (after if seen else None), (seen[0] if seen else "")


def run(task: Task) -> Tally:
    """The layer."""
    return spread(part, task, 250)
