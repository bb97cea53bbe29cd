"""A group of changes comes to the same whether it is written in a few statements or one change after another."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Iterator, Sequence

import pytest
from tests.drained import Drained

from leafcast.edge.ledger import open_ledger, sql
from leafcast.edge.memory import VirtualClock
from leafcast.model import (
    Change,
    Channel,
    LinkIntent,
    LinkSettled,
    MessageIntent,
    MessageSettled,
    Outcome,
    Suppress,
    Suppression,
    Verdict,
)

from .conftest import Book, counter_ids

GROWERS = [f"G{number}" for number in range(14)]
TABLES = {
    "link": "grower_id, invitation_id, generation, state, type, providers, expires_in, epoch, intent_at, made_at,"
    " leaf_link_id, url, leaf_user_id, expires_at, superseded_by, error_code, error, created_at, updated_at",
    "message": "id, state, delivery, attempts, epoch, link_generation, intent_at, not_before, accepted_at, provider_id,"
    " error_code, error, updated_at",
    "attempt": "message_id, (SELECT invitation_id || '/' || generation FROM link WHERE id = link_id), number, epoch,"
    " started_at, ended_at, verdict, code, reason, provider_id",
    "suppression": "channel, address, reason, source, since",
}


def a_book(folder) -> tuple[Book, Drained]:
    made, clock, new_id = [], VirtualClock(), counter_ids()

    def make_writer(*arguments):
        made.append(Drained(*arguments))
        return made[0]

    path = folder / "leafcast.db"
    folder.mkdir()
    book = Book(open_ledger(f"sqlite:///{path}", clock, new_id, make_writer), clock, path, new_id=new_id)
    book.begin()
    book.plan_ids(*GROWERS)
    return book, made[0]


def told(receipts) -> list[str]:
    """What each of them says when it is awaited."""

    async def one(receipt):
        return await receipt

    async def gathered():
        return await asyncio.gather(*(one(receipt) for receipt in receipts), return_exceptions=True)

    return [f"{type(one).__name__}: {one}" if isinstance(one, Exception) else "" for one in asyncio.run(gathered())]


def write(book: Book, writer: Drained, waves: Sequence[Sequence[Change]], *, together: bool) -> list[list[str]]:
    """Record these; what each was told."""
    answers = []
    for wave in waves:
        receipts = []
        for change in wave:
            receipts.append(book.ledger.record(change))
            if not together:
                writer.drain()
        writer.drain()
        answers.append(told(receipts))
        book.clock.advance(60)
    return answers


def dump(book: Book) -> dict[str, list[tuple]]:
    read = book.ledger._read
    return {
        table: sorted(read.execute(f"SELECT {names} FROM {table}"), key=repr)  # noqa: S608 - both stand above
        for table, names in TABLES.items()
    }


def drawn(book: Book, seed: int) -> list[list[Change]]:
    """Waves of changes as a run makes them; with an odd seed some that break a rule, and a closed address, as well."""
    chance = random.Random(seed)
    waves: list[list[Change]] = [[] for _ in range(14)]
    for name in GROWERS:
        at = chance.randrange(2)
        for change in _way(book, name, chance):
            # What came of something may share a group with the next intent; an intent waits for its commit.
            at += isinstance(change, (LinkSettled, MessageSettled)) or chance.random() < 0.3
            waves[min(at, len(waves) - 1)].append(change)
    if seed % 2:
        address = f"{chance.choice(GROWERS).lower()}@farm.example"
        closed = Suppression(Channel.EMAIL, address, "asked", "tests", book.clock.now())
        waves[chance.randrange(3)].insert(0, Suppress((closed,)))
        for _ in range(2):
            waves[chance.randrange(8)].append(chance.choice([change for wave in waves for change in wave]))
    for wave in waves:
        chance.shuffle(wave)
        wave.sort(key=lambda change: isinstance(change, (LinkIntent, MessageIntent)))
    return [wave for wave in waves if wave]


def _way(book: Book, name: str, chance: random.Random) -> Iterator[Change]:
    """All that becomes of one grower."""
    message, verdicts = book.row(name).message_id, [Verdict.ACCEPTED] * 14 + list(Verdict)
    for generation in range(1, 4):
        yield book.link_intent(name, generation)
        outcome = _outcome(chance.choice(verdicts))
        yield book.link_settled(name, outcome, generation)
        if outcome.verdict is Verdict.ACCEPTED:
            break
    else:
        return
    for _ in range(2):
        yield MessageIntent(message, generation)
        outcome = _outcome(chance.choice(verdicts), message)
        yield MessageSettled(message, outcome)
        if outcome.verdict not in (Verdict.PAUSE, Verdict.STOP):
            return


def _outcome(verdict: Verdict, message: str = "") -> Outcome:
    if verdict is Verdict.ACCEPTED:
        return Outcome(verdict, provider_id=(message and f"p-{message[-3:]}") or None)
    return Outcome(verdict, f"{verdict}-code", "a reason with 'quotes', \"more\" and ü")


@pytest.mark.parametrize("seed", range(60))
def test_a_group_comes_to_what_its_changes_come_to(tmp_path, seed):
    """Whatever is recorded, legal or not, with links that stand in the way and addresses that were closed: the rows are
    the same, and so is what each waiter is told."""
    (apart, one), (together, other) = a_book(tmp_path / "apart"), a_book(tmp_path / "together")
    waves = drawn(apart, seed)
    assert waves == drawn(together, seed)
    assert write(apart, one, waves, together=False) == write(together, other, waves, together=True)
    assert dump(apart) == dump(together)
    apart.ledger.close()
    together.ledger.close()


def test_a_group_takes_few_statements(tmp_path):
    """Each statement takes the interpreter away from the thread that sends, so their number does not grow with the
    group: ten for all that a run usually writes, beside the transaction's own."""
    book, writer = a_book(tmp_path / "one")
    messages = {name: book.row(name).message_id for name in GROWERS}
    waves = [
        [book.link_intent(name) for name in GROWERS],
        [book.link_settled(name) for name in GROWERS] + [MessageIntent(messages[name], 1) for name in GROWERS],
        [MessageSettled(messages[name], _outcome(Verdict.ACCEPTED)) for name in GROWERS],
    ]
    seen: list[str] = []

    def trace(_cursor, statement, _bindings):
        seen.append(statement)
        return True

    writer._connection.exec_trace = trace
    assert not any(map(any, write(book, writer, waves, together=True)))
    writes = [statement for statement in seen if statement.lstrip().startswith(("SELECT json", "INSERT", "UPDATE"))]
    assert len(writes) == 10, seen
    assert len(seen) - len(writes) <= 4 * len(waves), seen
    book.ledger.close()


def test_the_rows_drive_each_statement(tmp_path):
    """And what they name is found by a key of its own: never by going through a table, or through what is under way."""
    book, writer = a_book(tmp_path / "one")
    names = re.findall(r"^-- name: (\w+)", (sql.QUERIES / "bulk.sql").read_text(), re.MULTILINE)
    assert len(names) == 10
    writer._connection.pragma("foreign_keys", 0)  # what is looked at only where one of them is broken
    for name in names:
        text = getattr(sql.queries(), name).sql
        values = dict.fromkeys(re.findall(r":(\w+)", text), 1) | {"rows": "[]"}
        steps = [row[3] for row in writer._connection.execute(f"EXPLAIN QUERY PLAN {text}", values)]
        assert steps[0].startswith("SCAN r VIRTUAL TABLE"), (name, steps)
        assert not [step for step in steps[1:] if step.startswith("SCAN")], (name, steps)
    book.ledger.close()
