"""L3: kill -9 at any event of a run, and at any event of the run after it, recovery first of all.

Real stories, real SQLite file, one process a run, forked from one that has everything loaded. An event is anything that
a service meets (asked, taken, answered) and anything that SQLite does to the disk (before and after each write and
sync). Some schedules end by the brake instead, as Ctrl-C does, and then no doubt may be left.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from functools import lru_cache
from pathlib import Path

from tests.torture import disk, oracle, stage
from tests.torture.common import Tally, Task, rng, spread

MOST_RUNS = 12
RECOVERY = 24
"""So many events, or fewer, has a start on a ledger that is there: opening, the new epoch, what was sending."""
_room: dict[str, Path] = {}


@lru_cache(maxsize=32)
def _case(name: str, room: Path) -> stage.Case:
    shape = next(shape for shape in stage.SHAPES if shape.name == name)
    return stage.open_case(shape, room / f"case-{name}")


@lru_cache(maxsize=32)
def _events(name: str, room: Path) -> tuple[str, ...]:
    """The events of a run of this shape when all goes well."""
    case = _case(name, room)
    folder = room / f"census-{name}"
    folder.mkdir(exist_ok=True)
    switch = stage.Switch(trace=[])
    trace = folder / "trace"

    def play() -> int:
        disk.watch(switch)
        code = stage.Play(case, folder, random.Random(1), 0, switch, calm=True)()
        trace.write_text("\n".join(switch.trace or []))
        return code

    code = stage.in_child(play, folder / "said.txt")
    if code not in (0, 4):
        raise RuntimeError(f"a calm run of {name} ended with {code}: {(folder / 'said.txt').read_text()[-800:]}")
    return tuple(trace.read_text().split("\n"))


def choose(events: tuple[str, ...], chance: random.Random) -> int:
    """A place to strike: each kind of event as likely as any other, services as likely as the disk."""
    services = chance.random() < 0.5
    wanted = sorted(
        {event for event in events if (event.split(".")[0] in ("leaf", "email", "sms", "ledger")) == services}
    )
    kind = chance.choice(wanted)
    return chance.choice([place for place, event in enumerate(events, 1) if event == kind])


def part(task: Task, first: int, last: int, deadline: float) -> Tally:
    """Some schedules, in a room of their own."""
    disk.register(keeping=False)
    stage.warm()
    tally = Tally()
    with stage.scratch("kill") as room:
        for number in range(first, last):
            if time.monotonic() >= deadline:
                break
            _schedule(task, number, room, tally)
            if task.first_failure and tally.violations:
                break
    return tally


def _schedule(task: Task, number: int, room: Path, tally: Tally) -> None:  # noqa: C901 - told in order
    chance = rng(task.seed, number, "kill")
    shape = chance.choice(stage.SHAPES)
    case = _case(shape.name, room)
    folder = room / f"s{number}"
    folder.mkdir()
    os.link(case.folder / "growers.csv", folder / "growers.csv")
    events = _events(shape.name, room)
    stops = chance.random() < 0.12
    kills = [] if stops else [choose(events, chance)]
    if kills and chance.random() < 0.5:
        kills.append(chance.randrange(1, RECOVERY) if chance.random() < 0.6 else choose(events, chance))
        if chance.random() < 0.2:
            kills.append(chance.randrange(1, RECOVERY))
    tally.schedules += 1
    wrong: list[str] = []
    before: oracle.Snapshot | None = None
    killed, moody, calm_needed = 0, chance.random() < 0.3, 1 + (chance.random() < 0.3)
    code: int | None = None
    calm_runs = 0
    for run in range(MOST_RUNS):
        at = kills[run] if run < len(kills) else choose(events, chance) if stops and run == 0 else None
        calm = run >= len(kills) + stops + moody
        calm_runs += calm
        command = "retry" if calm and code == 4 and calm_runs == 2 else "run"
        code = _run(
            case,
            folder,
            rng(task.seed, number, "kill", run),
            run,
            at,
            calm=calm,
            stop=stops and run == 0,
            command=command,
        )
        ended = code if code >= 0 else None
        if code == -9:
            killed += 1
            tally.figures[f"at {(folder / 'struck').read_text()}"] += 1
        found = oracle.judge(
            folder,
            exit_code=ended,
            before=before,
            first_only=shape.deliver == "first",
            most_doubts=stage.WORKERS * max(1, killed),
        )
        wrong += found.wrong
        before = found.snapshot or before
        if code == -9:
            tally.peak("sending after a kill", found.sending)
        if stops and run == 0 and code == 130:
            tally.figures["clean stops"] += 1
            wrong += oracle.clean_stop(folder)
        if wrong or (calm and code in (0, 4) and calm_runs >= calm_needed):
            break
    else:
        wrong.append(f"I5 the campaign is not done after {MOST_RUNS} runs, last exit {code}")
    if not wrong:
        wrong += _at_the_end(folder, shape)
    tally.figures["kills"] += killed
    tally.doubts += found.doubts
    if wrong:
        said = (folder / "said.txt").read_text(errors="replace")[-600:] if code == 1 else ""
        tally.wrong(task.layer, task.seed, number, [*dict.fromkeys(wrong)][:4] + ([said] if said else []))
    if not wrong and not os.environ.get("LEAFCAST_TORTURE_KEEP"):
        shutil.rmtree(folder)


def _run(
    case: stage.Case,
    folder: Path,
    chance: random.Random,
    run: int,
    at: int | None,
    *,
    calm: bool,
    stop: bool,
    command: str,
) -> int:
    switch = stage.Switch(at=at)
    play = stage.Play(case, folder, chance, run, switch, calm=calm, command=command)
    if stop:
        switch.act = lambda _event: _stop(play)
    else:
        switch.act = stage.kill_me(folder / "struck")

    def go() -> int:
        disk.watch(switch)
        return play()

    return stage.in_child(go, folder / "said.txt")


def _stop(play: stage.Play) -> None:
    if play.loop is not None:
        play.loop.call_soon_threadsafe(play.stop)


def _at_the_end(folder: Path, shape: stage.Shape) -> list[str]:
    final = oracle.judge(folder, exit_code=None, first_only=shape.deliver == "first", expect_all=True)
    truth = oracle.read_truth(folder / "journal.jsonl")
    growers = oracle.read_list(folder / "growers.csv")
    texts = [(folder / "said.txt").read_text(errors="replace")]
    return final.wrong + oracle.leaks(texts, truth, growers, ())


def run(task: Task) -> Tally:
    """The layer."""
    return spread(part, task, 50)
