"""L1: the protocol as a small machine, with a crash at every step. No line of it is the product's.

Three growers, two channels each, two or three workers, one writer that commits in groups, a log that a power cut may
shorten, services that refuse, put off, lose answers and take requests in after their sender has died. A schedule is a
random order of all steps with one or two crashes among them (the second one mostly during recovery), then a run to the
end, then `sync` with two looks. A mutant changes one rule of the protocol; see `MUTANTS`.
"""

from __future__ import annotations

import random
import time

from tests.torture.common import Tally, Task, spread

PLANNED, SENDING, ACCEPTED, REFUSED, FAILED, DOUBT = range(6)
NAMES = ("planned", "sending", "accepted", "refused", "failed", "in_doubt")
GROWERS, CHANNELS = 3, 2
MESSAGES = GROWERS * CHANNELS
LEGAL = frozenset(
    {
        (PLANNED, SENDING), (PLANNED, FAILED), (SENDING, ACCEPTED), (SENDING, REFUSED), (SENDING, FAILED),
        (SENDING, DOUBT), (SENDING, PLANNED), (DOUBT, ACCEPTED), (DOUBT, PLANNED),
    }
)  # fmt: skip
LINK_DOUBTS = 3
MUTANTS = {
    "normal": "commits are not brought to the disk (synchronous=NORMAL)",
    "intent-after-send": "the intent is written after the request has left",
    "intent-not-awaited": "the request does not wait for its intent's commit",
    "retry-on-timeout": "a lost answer counts as not sent",
    "retry-on-5xx": "a 5xx counts as not sent",
    "rescue": "what was sending at a start becomes planned again",
    "no-settle": "a doubt is settled at once, while requests may still arrive",
    "one-look": "absence is believed at the first look, though the service's list lags",
    "resend-email": "absence is believed where the service cannot prove it",
    "cursor": "a place in the list is kept instead of states",
    "loop-exit": "complete means that the loop ended",
}
# Fates of a request, as drawn: processed at once, 429, no connection, lost answer before/after, 5xx before/after, no.
FATES = ("ok",) * 66 + ("later",) * 8 + ("connect",) * 5 + ("lost0",) * 5 + ("lost1",) * 5
FATES += ("5xx0",) * 4 + ("5xx1",) * 3 + ("no",) * 4


class Wrong(Exception):
    """An invariant does not hold."""


class World:
    """Services and disk: what survives a crash."""

    __slots__ = (
        "chance",
        "cursor",
        "doubts",
        "epoch",
        "flying",
        "link_made",
        "link_state",
        "links_doubted",
        "links_known",
        "log",
        "mutant",
        "provider",
        "states",
    )  # fmt: skip

    def __init__(self, chance: random.Random, mutant: str) -> None:
        self.chance = chance
        self.mutant = mutant
        self.states = [PLANNED] * MESSAGES
        self.link_state = [PLANNED] * GROWERS  # PLANNED none, SENDING, ACCEPTED live, FAILED gave up
        self.links_known = [0] * GROWERS
        self.links_doubted = [0] * GROWERS
        self.provider = [0] * MESSAGES
        self.link_made = [0] * GROWERS
        self.flying: list[int] = []  # messages in the network whose sender died; they may still arrive
        self.log: list[tuple[list[int], list[int], list[int], list[int], int]] = []
        self.epoch = 0
        self.doubts = 0
        self.cursor = 0

    def commit(self) -> None:
        """One more frame in the log, and its sync."""
        self.log.append(self._image())
        if self.mutant != "normal" or self.chance.random() < 0.1:
            del self.log[:-1]

    def _image(self) -> tuple[list[int], list[int], list[int], list[int], int]:
        return (self.states[:], self.link_state[:], self.links_known[:], self.links_doubted[:], self.epoch)

    def power_cut(self) -> None:
        """The disk keeps all that was synced and any beginning of what came after."""
        kept = self.log[self.chance.randrange(len(self.log))]
        self.states, self.link_state = kept[0][:], kept[1][:]
        self.links_known, self.links_doubted, self.epoch = kept[2][:], kept[3][:], kept[4]
        self.log = [kept]

    def arrive(self) -> None:
        """Whatever is still in the network arrives, or is lost for good."""
        for message in self.flying:
            if self.chance.random() < 0.5:
                self.provider[message] += 1
        self.flying.clear()


def _move(world: World, message: int, state: int) -> None:
    old = world.states[message]
    if (old, state) not in LEGAL:
        raise Wrong(f"I8 the ledger was asked for {NAMES[old]} -> {NAMES[state]}")
    world.states[message] = state


class Run:
    """One process: workers and a writer's queue, all of which dies with it."""

    __slots__ = (
        "at",
        "carry",
        "growers",
        "link_tries",
        "phase",
        "queue",
        "steps",
        "stopped",
        "stopping",
        "tries",
        "world",
    )

    def __init__(self, world: World, workers: int, stopping: float = 0.0) -> None:
        self.world = world
        self.stopped, self.stopping = False, stopping
        self.queue: list[tuple[int, int, int]] = []  # kind 0 message, 1 link; which; state
        self.phase = [0] * workers
        self.at = [0] * workers  # the grower (before its link) or the message that a worker is about
        self.carry: list[object] = [None] * workers
        self.link_tries = [0] * GROWERS
        self.tries = [0] * MESSAGES
        first = world.cursor if world.mutant == "cursor" else 0
        self.growers = list(range(first, GROWERS))
        self.growers.reverse()
        self.steps = 0

    def begin(self) -> None:
        """Recovery: what was sending may have left."""
        world = self.world
        world.epoch += 1
        states = world.states
        for message in range(MESSAGES):
            if states[message] == SENDING:
                if world.mutant == "rescue":
                    states[message] = PLANNED
                else:
                    states[message] = DOUBT
                    world.doubts += 1
        for grower in range(GROWERS):
            if world.link_state[grower] == SENDING:
                world.link_state[grower] = PLANNED
                world.links_doubted[grower] += 1
        world.commit()

    def flush(self) -> None:
        """The writer commits its group."""
        world = self.world
        for kind, which, state in self.queue:
            if kind == 0:
                _move(world, which, state)
                continue
            world.link_state[which] = state if state != DOUBT else PLANNED
            if state == ACCEPTED:
                world.links_known[which] += 1
            elif state == DOUBT:
                world.links_doubted[which] += 1
        self.queue.clear()
        world.commit()

    def step(self, worker: int) -> bool:  # noqa: C901 - one machine, one table of its phases
        """One step of one worker; false when it has nothing more to do."""
        world, phase = self.world, self.phase[worker]
        chance = world.chance
        if phase == 0:  # fetch a grower, unless a stopping rule has ended the run
            if not self.growers or self.stopped:
                return False
            self.stopped = chance.random() < self.stopping
            grower = self.growers.pop()
            world.cursor = max(world.cursor, grower + 1)
            self.at[worker] = grower
            if not any(s == PLANNED for s in world.states[grower * CHANNELS : grower * CHANNELS + CHANNELS]):
                return True
            self.phase[worker] = 4 if world.link_state[grower] == ACCEPTED else 1
        elif phase == 1:  # the link's intent
            self.queue.append((1, self.at[worker], SENDING))
            self.phase[worker] = 2
        elif phase == 2:  # its commit has returned: ask
            grower = self.at[worker]
            fate = chance.choice(FATES)
            if fate in ("ok", "lost1", "5xx1"):
                world.link_made[grower] += 1
            self.carry[worker] = fate
            self.phase[worker] = 3
        elif phase == 3:  # its answer
            self._link_answer(worker)
        elif phase == 4:  # the next message's intent
            grower = self.at[worker]
            for message in range(grower * CHANNELS, grower * CHANNELS + CHANNELS):
                if world.states[message] == PLANNED and not self._queued(message):
                    if self.tries[message] == 4:
                        self.queue.append((0, message, FAILED))
                        continue
                    self.tries[message] += 1
                    if world.mutant != "intent-after-send":
                        self.queue.append((0, message, SENDING))
                    self.carry[worker] = message
                    self.phase[worker] = 5
                    return True
            self.phase[worker] = 0
        elif phase == 5:  # its commit has returned: check the deadline, send
            self._send(worker)
        else:  # its answer
            self._answer(worker)
        return True

    def _queued(self, message: int) -> bool:
        return any(kind == 0 and which == message for kind, which, _ in self.queue)

    def _link_answer(self, worker: int) -> None:
        grower, fate = self.at[worker], self.carry[worker]
        self.link_tries[grower] += 1
        given_up = self.link_tries[grower] >= 4
        if fate == "ok":
            self.queue.append((1, grower, ACCEPTED))
            self.phase[worker] = 8  # its commit first
        elif fate == "no" or given_up:
            doubted = fate in ("lost0", "lost1", "5xx0", "5xx1")
            self.queue.append((1, grower, DOUBT if doubted else FAILED))
            for message in range(grower * CHANNELS, grower * CHANNELS + CHANNELS):
                if self.world.states[message] == PLANNED:
                    self.queue.append((0, message, FAILED))
            self.phase[worker] = 0
        else:
            self.queue.append((1, grower, DOUBT if fate in ("lost0", "lost1", "5xx0", "5xx1") else PLANNED))
            self.phase[worker] = 1

    def _send(self, worker: int) -> None:
        world, message = self.world, int(self.carry[worker])  # type: ignore[call-overload]
        if world.mutant != "intent-after-send" and world.log[-1][0][message] != SENDING:
            raise Wrong("I3 a request left before its intent was durable")
        fate = world.chance.choice(FATES)
        if fate in ("ok", "lost1", "5xx1"):
            world.provider[message] += 1
        self.carry[worker] = (message, fate)
        self.phase[worker] = 6

    def _answer(self, worker: int) -> None:
        world = self.world
        message, fate = self.carry[worker]  # type: ignore[misc]
        if world.mutant == "intent-after-send":
            self.queue.append((0, message, SENDING))
        state = {"ok": ACCEPTED, "no": REFUSED, "later": PLANNED, "connect": PLANNED}.get(fate, DOUBT)
        if (fate in ("lost0", "lost1") and world.mutant == "retry-on-timeout") or (
            fate in ("5xx0", "5xx1") and world.mutant == "retry-on-5xx"
        ):
            state = PLANNED
        world.doubts += state == DOUBT
        self.queue.append((0, message, state))
        self.phase[worker] = 7  # a worker goes on when its outcome is in the queue; a planned one waits for the commit


def _waits(run: Run, worker: int) -> bool:
    """Whether a worker must wait for the writer before its next step."""
    phase = run.phase[worker]
    if phase == 5 and run.world.mutant in ("intent-after-send", "intent-not-awaited"):
        return False
    return phase in (2, 5, 7, 8) and bool(run.queue)


def _live(run: Run, crash_at: int) -> bool:
    """Let a process run; true when it came to its end before its crash."""
    chance = run.world.chance
    if crash_at == 0:
        return False
    run.begin()
    workers = list(range(len(run.phase)))
    steps = 1
    while workers or run.queue:
        if steps == crash_at:
            return False
        steps += 1
        pick = chance.randrange(len(workers) + 1) if workers else 0
        if pick == len(workers) or _waits(run, workers[pick]):
            if run.queue:
                run.flush()
            continue
        worker = workers[pick]
        if run.phase[worker] == 7 or run.phase[worker] == 8:
            run.phase[worker] = 4
        if not run.step(worker):
            workers.pop(pick)
    return True


def _die(run: Run, power: bool) -> int:
    """The end of a process in the middle of things: what had left may still arrive. Gives the doubts to expect."""
    world = run.world
    under_way = 0
    for worker, phase in enumerate(run.phase):
        if (
            phase == 5
            and world.chance.random() < 0.5
            and world.log
            and world.log[-1][0][_message(run, worker)] == SENDING
        ):
            # Its intent was durable and it was about to send: the request may be on its way.
            world.flying.append(_message(run, worker))
        under_way += phase in (5, 6, 7)
    if power and world.log:
        world.power_cut()
    return under_way


def _message(run: Run, worker: int) -> int:
    carried = run.carry[worker]
    return carried[0] if isinstance(carried, tuple) else int(carried)  # type: ignore[call-overload]


def _sync(world: World) -> None:
    """Settle doubts on evidence: text messages may go again when two looks after the settle time show nothing."""
    if world.mutant != "no-settle":
        world.arrive()
    for message in range(MESSAGES):
        if world.states[message] != DOUBT:
            continue
        there = world.provider[message] > 0
        if message % CHANNELS == 1:
            # Text messages: the list lags, but the second look, a settle time later, shows all that is there.
            seen = there and (world.mutant != "one-look" or world.chance.random() > 0.3)
        else:
            seen = there and world.chance.random() > 0.3  # no mail service promises to show all that it took
        if seen:
            _move(world, message, ACCEPTED)
        elif message % CHANNELS == 1 or world.mutant == "resend-email":
            _move(world, message, PLANNED)
    world.commit()


def _judge(world: World, run: Run | None, settled: bool) -> None:
    for message in range(MESSAGES):
        state, there = world.states[message], world.provider[message]
        if there > 1:
            raise Wrong(f"I2 a message is {there} times at its service")
        if state == ACCEPTED and there != 1:
            raise Wrong("I4 an accepted message is not at its service")
        if settled and state in (REFUSED, FAILED, PLANNED) and there:
            raise Wrong(f"I4 a message that is {NAMES[state]} is at its service")
    for grower in range(GROWERS):
        if world.link_made[grower] > world.links_known[grower] + world.links_doubted[grower] and run is None:
            raise Wrong("I7 a link at Leaf is neither in the ledger nor in doubt")


def schedule(seed: str, mutant: str = "", double: bool = False) -> tuple[int, int]:
    """One schedule; gives its doubts and the doubts that its worst crash made. Raises `Wrong`."""
    chance = random.Random(seed)
    world = World(chance, mutant)
    world.commit()
    workers = 2 + (chance.random() < 0.3)
    most = 0
    for crash in range(1 + double):
        run = Run(world, workers)
        last = crash == 1 and chance.random() < 0.6
        if not _live(run, chance.randrange(0, 4 if last else 90)):
            under_way = _die(run, power=chance.random() < 0.5)
            sending = sum(state == SENDING for state in world.states)
            most = max(most, sending)
            if sending > under_way and not (crash and last) and not crash:
                raise Wrong(f"doubts {sending} of one crash, but only {under_way} requests were under way")
            # I3: what is at the service must be known to the ledger as tried.
            for message in range(MESSAGES):
                if world.provider[message] and world.states[message] == PLANNED:
                    raise Wrong("I3 a message at its service is planned in the ledger")
    _finish(world, workers)
    return world.doubts, most


def _finish(world: World, workers: int) -> None:
    """Run, perhaps stopped early, then to the end, sync, and run again; judge after each."""
    for stage in range(3):
        run = Run(world, workers, stopping=0.2 if stage == 0 else 0.0)
        _live(run, -1)
        says_done = not run.stopped or world.mutant == "loop-exit"
        if says_done and any(state in (PLANNED, SENDING) for state in world.states):
            raise Wrong("I5 the run says that it is complete, but messages are still planned")
        if stage == 1:
            _sync(world)
        elif stage == 2:
            world.arrive()
        _judge(world, run if stage < 2 else None, settled=stage == 2)


def part(task: Task, first: int, last: int, deadline: float) -> Tally:
    """Schedules of one chunk: even numbers one crash, odd numbers two; or all of one kind by the layer's name."""
    tally = Tally()
    for number in range(first, last):
        if number % 256 == 0 and time.monotonic() >= deadline:
            break
        double = task.layer == "model2"
        tally.schedules += 1
        try:
            doubts, most = schedule(f"{task.seed}:{task.layer}:{number}", task.mutant, double)
        except Wrong as wrong:
            tally.wrong(task.layer, task.seed, number, [str(wrong)], task.mutant)
            if task.first_failure:
                break
            continue
        tally.doubts += doubts
        tally.peak("doubts of one crash", most)
    return tally


def run(task: Task) -> Tally:
    """The layer."""
    return spread(part, task, 10_000)
