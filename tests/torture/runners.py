"""L9, real processes: two and more runners on one ledger file.

Ten starts at once; a holder that is stopped in the middle (SIGSTOP) and wakes an hour later, with its lock still there
or with its lock file deleted by somebody; a holder that is killed; a ledger restored from a copy.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from tests.torture import disk, oracle, stage
from tests.torture.common import Tally, Task, rng, spread
from tests.torture.kill import _case, _events, choose

HELD, USAGE, STOPPED = 6, 2, 5
AT_ONCE = 10


class Runner:
    """A run in a forked process that the parent does not wait for at once."""

    def __init__(self, case: stage.Case, folder: Path, seed: int, number: int, run: int, **more: object) -> None:
        self.folder = folder
        self.switch = stage.Switch()
        self.clock = stage.HastyClock(ahead=run * 1000.0)
        self.play = stage.Play(
            case,
            folder,
            rng(seed, number, "runners", run),
            run,
            self.switch,
            clock=self.clock,
            **more,  # type: ignore[arg-type]
        )
        self.said = folder / f"said-{run}.txt"
        self.pid = 0
        self.started = 0.0

    def start(self) -> Runner:
        self.started = time.monotonic()
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                words = os.open(self.said, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
                os.dup2(words, 1)
                os.dup2(words, 2)
                disk.watch(self.switch)
                code = self.play()
            except BaseException:
                os.write(2, traceback.format_exc().encode())
            finally:
                os._exit(code & 0xFF)
        return self

    def wait(self) -> int:
        """Its exit code, negative for a signal."""
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)

    def until_stopped(self) -> bool:
        """Wait until it has stopped itself; false when it ended instead."""
        _, status = os.waitpid(self.pid, os.WUNTRACED)
        return os.WIFSTOPPED(status)

    def stop_at(self, event: int, hours: float) -> Runner:
        """Let it fall asleep at an event; when it wakes, its clock has gone on."""

        def sleep(_event: str) -> None:
            os.kill(os.getpid(), signal.SIGSTOP)
            self.clock.advance(hours * 3600)

        self.switch.at, self.switch.act = event, sleep
        return self


def part(task: Task, first: int, last: int, deadline: float) -> Tally:
    """Some trials."""
    disk.register(keeping=False)
    stage.warm()
    tally = Tally()
    trials: list[Callable[..., list[str]]] = [_at_once, _asleep, _without_lock, _without_lock, _killed, _restored]
    with stage.scratch("runners") as room:
        for number in range(first, last):
            if time.monotonic() >= deadline:
                break
            chance = rng(task.seed, number, "runners")
            name = chance.choice(("first", "all", "many"))
            case = _case(name, room)
            folder = room / f"t{number}"
            folder.mkdir()
            os.link(case.folder / "growers.csv", folder / "growers.csv")
            trial = trials[number % len(trials)]
            wrong = trial(task, number, case, folder, room, chance, tally)
            wrong += oracle.judge(folder, first_only=case.shape.deliver == "first").wrong
            tally.schedules += 1
            tally.figures[trial.__name__.strip("_").replace("_", " ")] += 1
            if wrong:
                tally.wrong(task.layer, task.seed, number, [*dict.fromkeys(wrong)][:4])
            shutil.rmtree(folder, ignore_errors=bool(wrong))
            if task.first_failure and wrong:
                break
    return tally


def _at_once(task, number, case, folder, room, chance, tally) -> list[str]:  # type: ignore[no-untyped-def]
    """Ten starts at once: one runs, nine are refused with exit 6."""
    runners = [Runner(case, folder, task.seed, number, run, calm=True) for run in range(AT_ONCE)]
    for runner in runners:
        runner.start()
    codes = [runner.wait() for runner in runners]
    wrong = []
    bad = [code for code in codes if code not in (0, 4, HELD)]
    if bad:
        said = " ".join(runner.said.read_text()[-300:] for runner in runners if runner.said.exists())
        wrong.append(f"starts at once ended with {codes}: {said[-600:]}")
    if not any(code in (0, 4) for code in codes):
        wrong.append(f"nobody ran: {codes}")
    tally.figures["refused"] += codes.count(HELD)
    return wrong


def _asleep(task, number, case, folder, room, chance, tally) -> list[str]:  # type: ignore[no-untyped-def]
    """The holder sleeps; whoever starts is refused, quickly and by name; it wakes and ends well."""
    holder = Runner(case, folder, task.seed, number, 0, calm=True)
    while_held = tuple(event for event in _events(case.shape.name, room) if event != "closed")
    holder.stop_at(choose(while_held, chance), chance.choice((0.01, 1, 24)))
    holder.start()
    wrong = []
    if holder.until_stopped():
        if (folder / "ledger.db.lock").exists():
            second = Runner(case, folder, task.seed, number, 1, calm=True).start()
            code = second.wait()
            tally.peak("seconds until refused", round(time.monotonic() - second.started, 3))
            said = (folder / "said.txt").read_text() if (folder / "said.txt").exists() else ""
            if code != HELD:
                wrong.append(f"a second start beside a sleeping holder ended with {code}")
            elif str(holder.pid) not in said:
                wrong.append("the refusal does not name the holder")
            tally.figures["refused"] += code == HELD
        os.kill(holder.pid, signal.SIGCONT)
        code = holder.wait()
        if code not in (0, 4, STOPPED):
            wrong.append(f"the holder woke and ended with {code}: {holder.said.read_text()[-400:]}")
    return wrong + _to_the_end(task, number, case, folder)


def _without_lock(task, number, case, folder, room, chance, tally) -> list[str]:  # type: ignore[no-untyped-def]
    """The holder sleeps, somebody deletes its lock file, another run takes over, and then the holder wakes."""
    holder = Runner(case, folder, task.seed, number, 0, calm=chance.random() < 0.5)
    events = _events(case.shape.name, room)
    committed = [place for place, event in enumerate(events, 1) if event == "ledger.committed"]
    holder.stop_at(
        chance.choice(committed) if chance.random() < 0.6 else choose(events, chance), chance.choice((0.01, 1, 24))
    )
    holder.start()
    wrong = []
    if holder.until_stopped():
        for name in ("ledger.db.lock",):
            (folder / name).unlink(missing_ok=True)
        second = Runner(case, folder, task.seed, number, 1, calm=True).start()
        # A holder that sleeps within a transaction keeps the other one out by SQLite's own lock.
        give_up = time.monotonic() + 0.4
        while (done := os.waitpid(second.pid, os.WNOHANG))[0] == 0 and time.monotonic() < give_up:
            time.sleep(0.002)
        os.kill(holder.pid, signal.SIGCONT)
        code = holder.wait()
        if done[0] == 0:
            second.wait()
        if code not in (0, 4, STOPPED, USAGE):
            wrong.append(f"the holder woke and ended with {code}: {holder.said.read_text()[-400:]}")
        tally.figures["holders fenced off"] += code == STOPPED
    return wrong + _to_the_end(task, number, case, folder)


def _killed(task, number, case, folder, room, chance, tally) -> list[str]:  # type: ignore[no-untyped-def]
    """The holder is killed while others knock; the next start runs at once."""
    holder = Runner(case, folder, task.seed, number, 0)
    holder.stop_at(choose(_events(case.shape.name, room), chance), 0.0)
    holder.start()
    if holder.until_stopped():
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
    return _to_the_end(task, number, case, folder)


def _restored(task, number, case, folder, room, chance, tally) -> list[str]:  # type: ignore[no-untyped-def]
    """A ledger put back from a copy of before the last run is refused, and left as it is."""
    first = Runner(case, folder, task.seed, number, 0, options=stage.Options(limit=2)).start()
    if first.wait() not in (0, 4, STOPPED):
        return []
    copy = folder / "copy.db"
    shutil.copyfile(folder / "ledger.db", copy)
    Runner(case, folder, task.seed, number, 1, calm=True).start().wait()
    newest = folder / "newest.db"
    shutil.copyfile(folder / "ledger.db", newest)
    shutil.copyfile(copy, folder / "ledger.db")
    code = Runner(case, folder, task.seed, number, 2, calm=True).start().wait()
    wrong = [] if code == USAGE else [f"a restored copy was not refused: exit {code}"]
    if (folder / "ledger.db").read_bytes() != copy.read_bytes() and code == USAGE:
        wrong.append("a refused ledger was changed")
    tally.figures["copies refused"] += code == USAGE
    shutil.copyfile(newest, folder / "ledger.db")
    return wrong


def _to_the_end(task: Task, number: int, case: stage.Case, folder: Path) -> list[str]:
    """Run until nothing is left to do."""
    for run in range(2, 8):
        runner = Runner(case, folder, task.seed, number, run, calm=True).start()
        code = runner.wait()
        if code in (0, 4):
            judged = oracle.judge(folder, exit_code=code, first_only=case.shape.deliver == "first", expect_all=True)
            return judged.wrong
    return [
        f"I5 not done, last exit {code}: {runner.said.read_text()[-400:]} {(folder / 'said.txt').read_text()[-300:]}"
    ]


def run(task: Task) -> Tally:
    """The layer."""
    return spread(part, task, 25)
