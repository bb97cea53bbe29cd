"""L12: Hypothesis draws rules in any order and shortens what fails: plan, run some events and crash (kill or power
cut), run to the end, retry, narrow by limit or grower, change the list, settle, suppress and take that back, between
runs and beside one, recall. Virtual time, real ledger, the oracle after every rule. No deadline; a failure is printed
by Hypothesis as the shortest list of rules that shows it.
"""

from __future__ import annotations

import json
import random
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from tests.torture import disk, oracle, stage, virtual
from tests.torture.common import Tally, Task, spread

from leafcast.edge.ledger import open_suppressions
from leafcast.model import Channel, Suppression

STEPS = 12
CHUNK = 20


ADDRESS = {Channel.EMAIL: "zq{}@farm.example", Channel.SMS: "+1515555200{}"}
"""Of the nth grower, as `stage.write_shape` makes them."""
CHANNELS = st.sampled_from((Channel.EMAIL, Channel.SMS))
BESIDE = st.one_of(st.none(), st.integers(1, 30))
"""At which event something short is cut off, if it is."""
RECALLED_MESSAGES = (
    "SELECT m.id FROM message m JOIN invitation i ON i.id = m.invitation_id JOIN grower g ON g.id = i.grower_id "
    "WHERE g.external_id = ? AND i.recalled_at IS NOT NULL"
)


class Machine(RuleBasedStateMachine):
    """One ledger and whatever is done to it."""

    room: Path
    tally: Tally
    cases: dict[str, stage.Case]
    numbers = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).numbers += 1
        self.case = self.cases["all"]
        self.name = f"m{self.numbers}"
        self.folder = virtual._place(self.case, self.room / f"{self.name}-0")
        self.run = 0
        self.elapsed = 0.0
        self.late: list[tuple[float, dict[str, Any]]] = []
        self.before: oracle.Snapshot | None = None
        self.code: int | None = None
        self.crashes = 1
        self.tally.schedules += 1

    def _play(self, number: int, **more: Any) -> tuple[int, bool]:
        clock = virtual.Jumpy()
        clock.advance(self.elapsed)
        values = {"strike": None, "calm": False, "command": "run", "options": stage.Options(), "power": False}
        values |= {"meanwhile": None} | more
        code, after, _ = virtual._run(
            self.case, self.folder, random.Random(f"{number}:{self.run}"), self.run, values["strike"], clock,
            values["calm"], values["command"], values["options"], values["power"], self.late, values["meanwhile"],
        )  # fmt: skip
        self.folder = after or self.folder
        assert after is not None or code != 1, f"{values['command']} broke: {virtual._said(self.folder)}"
        self.run += 1
        self.elapsed = clock.monotonic() + 1
        self.tally.figures["runs"] += 1
        return code, after is not None

    @rule(number=st.integers(0, 2**20), at=st.one_of(st.integers(1, 40), st.integers(1, 500)), power=st.booleans())
    def crash(self, number: int, at: int, power: bool) -> None:
        """A run that is cut off, if it lasts that long."""
        self.code, cut = self._play(number, strike=at, power=power)
        self.crashes += cut
        self.code = None if cut else self.code
        self.tally.figures["crashes"] += cut

    @rule(number=st.integers(0, 2**20))
    def faulty(self, number: int) -> None:
        """A whole run with faulty services."""
        self.code, _ = self._play(number)

    @rule(number=st.integers(0, 2**20), limit=st.integers(1, 3))
    def some(self, number: int, limit: int) -> None:
        """A run of a few growers only."""
        self._play(number, options=stage.Options(limit=limit))
        self.code = None

    @rule(number=st.integers(0, 2**20), grower=st.integers(1, 4))
    def one(self, number: int, grower: int) -> None:
        """A run of one grower only."""
        self._play(number, options=stage.Options(only=frozenset({f"G-{grower}"})))
        self.code = None

    @rule(number=st.integers(0, 2**20))
    def again(self, number: int) -> None:
        """Retry what failed."""
        self._play(number, command="retry")
        self.code = None

    @rule(number=st.integers(0, 2**20), wait=st.sampled_from((1.0, 60.0, 130.0, 400.0)), revoke=st.booleans())
    @precondition(lambda self: self.run > 0)
    def settle(self, number: int, wait: float, revoke: bool) -> None:
        """Ask the services about what is in doubt."""
        self.elapsed += wait
        self._play(number, command="sync revoke" if revoke else "sync", calm=True)
        self.code = None

    @rule(grower=st.integers(1, 4), channel=CHANNELS, take_back=st.booleans(), at=BESIDE, power=st.booleans())
    def suppress(self, grower: int, channel: Channel, take_back: bool, at: int | None, power: bool) -> None:
        """Keep somebody's address on the list of suppressions, or no more, by hand; perhaps cut off while at it."""
        old, after = self.folder, self.folder.with_name(f"{self.name}-{self.run + 1}")
        switch, fate = stage.Switch(at=at), random.Random(f"{grower}{at}")

        def split(_event: str) -> None:
            virtual._place(self.case, after)
            disk.image(old / "ledger.db", after, fate if power else None)
            for name in ("journal.jsonl", "said.txt"):
                if (old / name).exists():
                    shutil.copyfile(old / name, after / name)

        switch.act = split
        disk.forget()
        disk.watch(switch)
        try:
            under_way = self._kept(grower, channel, take_back=take_back)
        finally:
            disk.watch(None)
        cut = after.exists()
        self.folder = after if cut else old
        self.run += 1
        self.tally.figures["kept by hand, cut off" if cut else "kept by hand"] += 1
        if not cut or self._is_suppressed(grower, channel) != take_back:
            self._note_kept(grower, channel, take_back=take_back, under_way=under_way)

    @rule(number=st.integers(0, 2**20), at=st.integers(1, 300), grower=st.integers(1, 4), channel=CHANNELS)
    @precondition(lambda self: self.run > 0)
    def suppress_beside(self, number: int, at: int, grower: int, channel: Channel) -> None:
        """The same beside a run, between two of its steps."""

        def meanwhile(switch: stage.Switch, event: str) -> None:
            if event.split(".", maxsplit=1)[0] not in ("leaf", "email", "sms"):
                switch.at = switch.count + 1  # a transaction may be open
                return
            under_way = self._kept(grower, channel, take_back=False)
            self._note_kept(grower, channel, take_back=False, under_way=under_way)
            self.tally.figures["kept by hand beside a run"] += 1

        self._play(number, strike=at, meanwhile=meanwhile)
        self.code = None

    @rule(number=st.integers(0, 2**20), grower=st.integers(1, 4), at=BESIDE, power=st.booleans())
    @precondition(lambda self: self.run > 0)
    def recall(self, number: int, grower: int, at: int | None, power: bool) -> None:
        """Take back what one grower has or would get."""
        options = stage.Options(only=frozenset({f"G-{grower}"}))
        _, cut = self._play(number, command="recall", options=options, strike=at, power=power, calm=True)
        self.crashes += cut
        self.code = None
        if found := self._asked("invitation", "recalled_at", RECALLED_MESSAGES, f"G-{grower}"):
            self._write(kind="recalled", messages=[row[0] for row in found])
            self.tally.figures["recalled"] += 1

    def _kept(self, grower: int, channel: Channel, *, take_back: bool) -> list[str]:
        """The messages that were being sent when it was done."""
        clock = virtual.Jumpy()
        clock.advance(self.elapsed)
        address, ids = ADDRESS[channel].format(grower), iter(range(10**6))
        url = f"sqlite:///{self.folder}/ledger.db"
        with open_suppressions(url, clock, lambda: f"{self.name}-{self.run}-{next(ids)}", "torture") as keeper:
            if take_back:
                keeper.remove([(channel, address)])
            else:
                keeper.add([Suppression(channel, address, "by hand", "torture")])
            sending = keeper._write.execute("SELECT id FROM message WHERE state = 'sending'")
            return [str(row[0]) for row in sending]

    def _note_kept(self, grower: int, channel: Channel, *, take_back: bool, under_way: list[str]) -> None:
        address = ADDRESS[channel].format(grower)
        kind = "unsuppressed" if take_back else "suppressed"
        self._write(kind=kind, channel=str(channel), address=address, run=self.run, under_way=under_way)

    def _is_suppressed(self, grower: int, channel: Channel) -> bool:
        address = ADDRESS[channel].format(grower)
        return bool(self._asked("suppression", "address", "SELECT 1 FROM suppression WHERE address = ?", address))

    def _asked(self, table: str, column: str, query: str, value: str) -> list[Any]:
        """A look at a copy of the ledger, so that nothing changes; nothing where it was cut off before it had such a
        column."""
        with closing(oracle._copy(self.folder / "ledger.db", self.folder)) as db:
            there = db.execute("SELECT 1 FROM pragma_table_info(?) WHERE name = ?", (table, column)).fetchone()
            return db.execute(query, (value,)).fetchall() if there else []

    def _write(self, **line: Any) -> None:
        with (self.folder / "journal.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    @rule(name=st.sampled_from(("all", "again", "shorter")))
    def change(self, name: str) -> None:
        """Another list, or other words about doubts, for the same campaign."""
        self.case = self.cases[name]

    @invariant()
    def holds(self) -> None:
        """What the oracle says after each rule. Growers who were taken off the list stay in the ledger."""
        growers = {}
        for case in self.cases.values():
            growers |= oracle.read_list(case.folder / "growers.csv")
        found = oracle.judge(
            self.folder, exit_code=None, before=self.before, first_only=False,
            most_doubts=stage.WORKERS * self.crashes, growers=growers,
        )  # fmt: skip
        self.before = found.snapshot or self.before
        assert not found.wrong, "; ".join(found.wrong)

    def teardown(self) -> None:
        """At the end a calm run ends well."""
        for number in range(6):
            code, _ = self._play(number, calm=True)
            if code in (0, 4):
                break
        assert code in (0, 4), f"I5 not done, last exit {code}"
        self.holds()
        for old in self.room.glob(f"{self.name}-*"):
            shutil.rmtree(old)


def part(task: Task, first: int, last: int, _deadline: float) -> Tally:
    """Some machines: one call of Hypothesis, seeded by the first number."""
    disk.register(keeping=True)
    stage.warm()
    tally = Tally()
    try:
        with stage.scratch("stateful") as room:
            shapes = (
                stage.Shape("all", "bbeb", deliver="all"),
                stage.Shape("again", "bbeb", deliver="all", resend=True),
                stage.Shape("shorter", "bb", deliver="all"),
            )
            cases = {shape.name: stage.open_case(shape, room / f"case-{shape.name}") for shape in shapes}
            machine = type("Growers", (Machine,), {"room": room, "tally": tally, "cases": cases})
            bounds = settings(
                max_examples=CHUNK if task.only is not None else max(1, last - first),
                stateful_step_count=STEPS, deadline=None, database=None,
                phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck), print_blob=False,
            )  # fmt: skip
            try:
                run_state_machine_as_test(seed(task.seed * 1_000_003 + first)(machine), settings=bounds)
            except Exception as error:
                tally.wrong(task.layer, task.seed, first, _told(error))
    finally:
        disk.watch(None)
    return tally


def _told(error: Exception) -> list[str]:
    """Each failure that Hypothesis found, with the rules that show it."""
    if isinstance(error, ExceptionGroup):
        return [line for one in error.exceptions for line in _told(one)]
    notes = " ".join(getattr(error, "__notes__", []))
    return [f"{type(error).__name__} {error} {notes}"[:3000]]


def run(task: Task) -> Tally:
    """The layer."""
    return spread(part, task, CHUNK)
