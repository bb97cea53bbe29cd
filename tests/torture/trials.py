"""L9, the model: two runners on one ledger, as a machine. No line of it is the product's.

Runner A stalls (a sleeping laptop, SIGSTOP) between any two of its steps, and B starts meanwhile. The lock keeps B out
in most trials; where the lock fails (its file was deleted, the disk is shared after all), epoch, send deadline and
settle time must together keep a message from going out twice. Some trials restore an older copy of the ledger.
"""

from __future__ import annotations

import heapq
import random
import time
from collections.abc import Generator

from tests.torture.common import Tally, Task, spread

DEADLINE, TOTAL, SETTLE = 10.0, 45.0, 120.0
MESSAGES = 4
MUTANTS = {
    "epoch-only": "no lock, no deadline, no settle wait: the epoch alone",
    "no-epoch": "the ledger is written without a look at the epoch",
    "deadline-from-row": "the deadline is counted from the row's intent time, which the other runner has refreshed",
    "no-deadline": "no deadline between an intent's commit and its request",
    "no-settle": "what a dead or sleeping runner was sending is settled at once",
    "no-copy-check": "a restored copy is taken as it is",
}

Steps = Generator[float, None, None]


class Ledger:
    """What both see."""

    def __init__(self) -> None:
        self.epoch = 0
        self.state = ["planned"] * MESSAGES
        self.intent_at = [0.0] * MESSAGES
        self.owner = [0] * MESSAGES


class Trial:
    """One trial."""

    def __init__(self, chance: random.Random, mutant: str) -> None:
        self.chance = chance
        self.mutant = mutant
        self.now = 0.0
        self.ledger = Ledger()
        self.provider = [0] * MESSAGES
        self.holder: int | None = None
        self.lock_works = chance.random() < 0.5 and mutant != "epoch-only"
        self.refused = 0
        self.newest = 0
        self.copy: Ledger | None = None

    def stall(self) -> float:
        """How long the next step takes: mostly nothing, sometimes a lid that is closed."""
        kind = self.chance.random()
        if kind < 0.7:
            return self.chance.random() * 0.05
        if kind < 0.85:
            return self.chance.random() * 12
        return self.chance.random() * 400

    def runner(self, me: int) -> Steps:  # noqa: C901 - one protocol, told in order
        """The protocol, one step at a time; each yield may take any time."""
        if self.lock_works:
            if self.holder is not None:
                self.refused += 1
                return
            self.holder = me
        ledger = self.ledger
        if ledger.epoch < self.newest and self.mutant != "no-copy-check":
            self.refused += 1
            return
        ledger.epoch += 1
        epoch = self.newest = max(ledger.epoch, self.newest)
        ledger.epoch = epoch
        for message in range(MESSAGES):
            if ledger.state[message] == "sending":
                ledger.state[message] = "in_doubt"
        yield self.stall()
        for look in range(2):
            for message in range(MESSAGES):
                if self._fenced(epoch):
                    return
                if ledger.state[message] == "in_doubt" and look:
                    yield from self._settle(message, epoch)
                    if self._fenced(epoch):
                        return
                if ledger.state[message] != "planned":
                    continue
                ledger.state[message] = "sending"
                ledger.intent_at[message], ledger.owner[message] = self.now, epoch
                committed = self.now
                yield self.stall()
                if self._too_late(message, committed):
                    if self._fenced(epoch):
                        return
                    ledger.state[message] = "planned"
                    continue
                self._send(message)
                yield self.stall()
                if self._fenced(epoch):
                    return
                ledger.state[message] = "accepted"
        if self.lock_works:
            self.holder = None

    def _fenced(self, epoch: int) -> bool:
        return self.ledger.epoch != epoch and self.mutant != "no-epoch"

    def _too_late(self, message: int, committed: float) -> bool:
        if self.mutant in ("no-deadline", "epoch-only"):
            return False
        since = self.ledger.intent_at[message] if self.mutant == "deadline-from-row" else committed
        return self.now - since > DEADLINE

    def _send(self, message: int) -> None:
        """The request leaves now, and is taken some time within the total timeout."""
        heapq.heappush(self.arrivals, (self.now + self.chance.random() * TOTAL, message))

    def _settle(self, message: int, epoch: int) -> Steps:
        """Ask the service, twice, once the settle time is over; nothing seen means that it may go again."""
        ledger = self.ledger
        if self.mutant not in ("no-settle", "epoch-only"):
            wait = ledger.intent_at[message] + SETTLE - self.now
            if wait > 0:
                yield wait
        first = self.provider[message]
        if self.mutant not in ("no-settle", "epoch-only"):
            yield 60.0
        if ledger.state[message] == "in_doubt" and not self._fenced(epoch):
            ledger.state[message] = "accepted" if first or self.provider[message] else "planned"
            if ledger.state[message] == "planned":
                ledger.intent_at[message] = self.now

    arrivals: list[tuple[float, int]]

    def play(self) -> list[str]:
        """Let both run; say what is wrong at the end."""
        self.arrivals = []
        queue: list[tuple[float, int, Steps]] = [(0.0, 1, self.runner(1))]
        starts = 1 + (self.chance.random() < 0.9) + (self.chance.random() < 0.3)
        for number in range(2, starts + 1):
            queue.append((self.chance.random() * self.chance.choice((1, 30, 300)), number, self.runner(number)))
        restore = self.chance.random() < 0.1
        heapq.heapify(queue)
        while queue or self.arrivals:
            if self.arrivals and (not queue or self.arrivals[0][0] <= queue[0][0]):
                self.now, message = heapq.heappop(self.arrivals)
                self.provider[message] += 1
                continue
            self.now, number, steps = heapq.heappop(queue)
            try:
                wait = next(steps)
            except StopIteration:
                continue
            heapq.heappush(queue, (self.now + wait, number, steps))
        if restore:
            self._restore()
        wrong = [f"I2 a message is {count} times at its service" for count in self.provider if count > 1]
        wrong += [
            f"I4 accepted, and its service has {count}"
            for count, state in zip(self.provider, self.ledger.state, strict=True)
            if state == "accepted" and count == 0
        ]
        return wrong

    def _restore(self) -> None:
        """Somebody puts back a copy from before the last run, and starts again."""
        self.ledger.state = ["planned"] * MESSAGES
        self.ledger.epoch = max(0, self.newest - 1)
        self.holder = None
        for steps in [self.runner(9)]:
            for wait in steps:
                self.now += wait
            while self.arrivals:
                self.provider[heapq.heappop(self.arrivals)[1]] += 1


def part(task: Task, first: int, last: int, deadline: float) -> Tally:
    """Some trials."""
    tally = Tally()
    for number in range(first, last):
        if time.monotonic() >= deadline:
            break
        trial = Trial(random.Random(f"{task.seed}:trials:{number}"), task.mutant)
        wrong = trial.play()
        tally.schedules += 1
        tally.figures["starts refused"] += trial.refused
        tally.doubts += sum(state == "in_doubt" for state in trial.ledger.state)
        if wrong:
            tally.wrong(task.layer, task.seed, number, wrong[:1], task.mutant)
            if task.first_failure:
                break
    return tally


def run(task: Task) -> Tally:
    """The layer."""
    return spread(part, task, 2_000)
