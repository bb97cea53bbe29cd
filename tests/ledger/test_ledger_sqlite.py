"""What the SQLite ledger promises beyond the contract: the file, its rules, the group commit and the storage's end."""

from __future__ import annotations

import asyncio
import os
import stat
import threading

import apsw
import pytest

from leafcast.decide.ledger.transitions import LINK, MESSAGE
from leafcast.edge.ledger import open_ledger, open_reader, sql
from leafcast.edge.memory import VirtualClock
from leafcast.errors import ExitCode, LeafcastError, LedgerStopped
from leafcast.model import (
    Channel,
    Delivery,
    DoubtResolved,
    LinkState,
    LinkType,
    MessageIntent,
    MessageSettled,
    MessageState,
    Outcome,
    Settlement,
    Verdict,
)

FINAL = [state for state, following in MESSAGE.items() if not following]


def raw(book):
    """A connection like anybody's: the rules must hold in the file itself."""
    connection = apsw.Connection(str(book.path))
    connection.set_busy_timeout(5000)
    connection.pragma("foreign_keys", True)
    return connection


# -------------------------------------------------------------------------------------------------------- the settings


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("fullfsync", 1),
        ("checkpoint_fullfsync", 1),
        ("foreign_keys", 1),
        ("busy_timeout", 5000),
        ("trusted_schema", 0),
        ("cell_size_check", 1),
        ("mmap_size", 0),
        ("temp_store", 2),
        ("secure_delete", 1),
    ],
)
def test_the_writer_has_its_settings(sqlite, pragma, value):
    """The writing connection runs with every setting that durability and safety rest on."""
    assert sqlite.ledger._write.pragma(pragma) == value


def test_all_files_are_the_owners_alone(sqlite):
    """The ledger, its log, its lock and its note can be read by nobody else, whatever the umask."""
    sqlite.plan_ids("G1")
    files = sorted(path.name for path in sqlite.path.parent.iterdir())
    assert files == [f"leafcast.db{ending}" for ending in ("", "-shm", "-wal", ".epoch", ".lock")]
    for path in sqlite.path.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


def test_a_clean_end_leaves_one_whole_file(sqlite):
    """After close the log is folded in: the file alone is the ledger."""
    sqlite.plan_ids("G1")
    sqlite.ledger.close()
    assert not sqlite.path.with_name("leafcast.db-wal").exists()
    assert [row[0] for row in raw(sqlite).execute("SELECT exit_reason FROM run")] == ["done"]


def test_a_run_that_broke_says_so(sqlite):
    """The run's row keeps the name of what ended it."""
    with pytest.raises(KeyError), sqlite.ledger:
        raise KeyError
    assert raw(sqlite).execute("SELECT exit_reason FROM run").fetchone() == ("KeyError",)


# ------------------------------------------------------------------------------------------------- the database's rules


def test_the_tables_of_transitions_agree():
    """The SQL and the Python know the same transitions, and every state is in them."""
    connection = apsw.Connection(":memory:")
    for script in sql.migrations():
        connection.execute(script)
    found = set(connection.execute("SELECT machine, from_state, to_state FROM transition_ok"))
    expected = {("message", one.value, other.value) for one, others in MESSAGE.items() for other in others}
    expected |= {("link", one.value, other.value) for one, others in LINK.items() for other in others}
    assert found == expected
    assert (set(MESSAGE), set(LINK)) == (set(MessageState), set(LinkState))


@pytest.mark.parametrize(
    ("table", "column", "members"),
    [
        ("message", "state", MessageState),
        ("message", "channel", Channel),
        ("message", "delivery", Delivery),
        ("link", "state", LinkState),
        ("link", "type", LinkType),
        ("attempt", "verdict", Verdict),
    ],
)
def test_the_schema_knows_every_member(sqlite, table, column, members):
    """Each closed set of the model is the same set in the schema's CHECK."""
    (text,) = raw(sqlite).execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    check = text.split(f"CHECK ({column} IN (")[1].split("))")[0]
    assert {word.strip().strip("'") for word in check.split(",")} == {member.value for member in members}


def states_reached(book):
    """One message in each state, reached by legal ways."""
    for number, state in enumerate(MessageState):
        name = f"G{number}"
        grower = book.grower(name)
        book.plan(book.invitation(grower, skip=None if state is not MessageState.SKIPPED else "suppressed"))
        if state not in (MessageState.PLANNED, MessageState.SKIPPED):
            book.make_link(name)
        message = book.row(name).message_id
        verdicts = {
            MessageState.ACCEPTED: Verdict.ACCEPTED,
            MessageState.REFUSED: Verdict.REFUSED,
            MessageState.FAILED: Verdict.FAILED,
            MessageState.IN_DOUBT: Verdict.IN_DOUBT,
            MessageState.ASSUMED_SENT: Verdict.IN_DOUBT,
        }
        if state is MessageState.SENDING or state in verdicts:
            book.record(MessageIntent(message, 1))
        if state in verdicts:
            book.record(MessageSettled(message, Outcome(verdicts[state])))
        if state is MessageState.ASSUMED_SENT:
            book.record(DoubtResolved(message, 1, Settlement.ASSUMED_SENT, "somebody"))
        if state is MessageState.CANCELLED:
            raw(book).execute("UPDATE message SET state = ? WHERE id = ?", (state, message))
        assert book.row(name).message_status is state
    return {row.message_status: row.message_id for row in book.rows()}


def test_the_database_aborts_every_illegal_transition(sqlite):
    """Raw SQL cannot move a message along any way that is not in the table, not even onto itself."""
    messages = states_reached(sqlite)
    connection = raw(sqlite)
    columns = (
        "state = ?, epoch = 9, intent_at = 'x', accepted_at = 'x', error = 'x', link_generation = 1, not_before = NULL"
    )
    for state, message in messages.items():
        for target in set(MessageState) - MESSAGE[state]:
            with pytest.raises(apsw.ConstraintError):
                connection.execute(f"UPDATE message SET {columns} WHERE id = ?", (target, message))  # noqa: S608
    assert {row.message_status: row.message_id for row in sqlite.rows()} == messages


@pytest.mark.parametrize("state", FINAL)
def test_a_final_message_changes_only_its_delivery(sqlite, state):
    """Of a final message only the delivery, and a provider's id that was missing, can still be written."""
    message = states_reached(sqlite)[state]
    connection = raw(sqlite)
    frozen = {
        "to_address": "other@farm.example",
        "attempts": 99,
        "epoch": 99,
        "link_generation": 77,
        "intent_at": "x",
        "accepted_at": "y",
        "error": "z",
        "error_code": "z",
        "channel": "sms",
        "id": "0" * 32,
    }
    for column, value in frozen.items():
        with pytest.raises(apsw.ConstraintError):
            connection.execute(f"UPDATE message SET {column} = ? WHERE id = ?", (value, message))  # noqa: S608
    connection.execute("UPDATE message SET delivery = 'bounced', provider_id = 'late' WHERE id = ?", (message,))
    with pytest.raises(apsw.ConstraintError):
        connection.execute("UPDATE message SET provider_id = 'other' WHERE id = ?", (message,))
    with pytest.raises(apsw.ConstraintError):
        connection.execute("DELETE FROM message WHERE id = ?", (message,))


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO message (id, campaign_id, invitation_id, channel, to_address, state, created_at, updated_at) "
        "SELECT 'another-message-x', campaign_id, invitation_id, channel, to_address, 'planned', 'x', 'x' FROM message",
        "INSERT INTO message (id, campaign_id, invitation_id, channel, to_address, state, accepted_at, created_at, "
        "updated_at) SELECT 'another-message-id', campaign_id, invitation_id, 'sms', '+1', 'accepted', 'x', 'x', 'x' "
        "FROM message",
        "INSERT INTO link (campaign_id, invitation_id, generation, state, type, providers, expires_in, epoch, "
        "intent_at, created_at, updated_at) "
        "SELECT campaign_id, id, 2, 'sending', 'provider', '[]', 1, 1, 'x', 'x', 'x' FROM invitation",
        "INSERT INTO invitation (campaign_id, grower_id, round, created_at) SELECT campaign_id, id, 0, 'x' FROM grower",
        "INSERT INTO grower SELECT 99, campaign_id, external_id, 9, 'n', NULL, NULL, '{}', 1, 'x', 'x' FROM grower",
        "UPDATE message SET to_address = 'other@farm.example'",
        "UPDATE attempt SET verdict = 'failed', ended_at = 'x'",
        "DELETE FROM attempt",
        "DELETE FROM link",
        "UPDATE link SET state = 'sending'",
        "UPDATE ledger SET epoch = epoch - 1",
        "UPDATE campaign SET epoch = 0",
        "DELETE FROM transition_ok",
        "INSERT INTO transition_ok VALUES ('message', 'accepted', 'planned')",
    ],
)
def test_the_database_keeps_its_rules(sqlite, statement):
    """What is unique, append-only or only grows stays so against anybody who writes the file."""
    sqlite.plan_ids("G1")
    sqlite.send("G1")
    before = sqlite.rows()
    with pytest.raises(apsw.ConstraintError):
        raw(sqlite).execute(statement)
    assert sqlite.rows() == before


def test_every_attempt_is_kept_with_its_verdict(sqlite):
    """Each API call is a row, written with its intent and completed by its answer or by the next run's doubt."""
    sqlite.plan_ids("G1")
    sqlite.send("G1", Outcome(Verdict.PAUSE, "429", "later"))
    message = sqlite.row("G1").message_id
    sqlite.record(MessageIntent(message, 1))
    sqlite.begin()
    found = list(
        raw(sqlite).execute(
            "SELECT message_id IS NULL, number, verdict, code, ended_at IS NULL FROM attempt ORDER BY id"
        )
    )
    assert found == [
        (1, 1, "accepted", "", 0),
        (0, 1, "pause", "429", 0),
        (0, 2, "in_doubt", "interrupted", 0),
    ]


def test_a_link_in_doubt_is_noted_for_the_orphan_report(sqlite):
    """A generation whose answer was lost stays in the ledger and says which generation took its place."""
    sqlite.plan_ids("G1")
    sqlite.record(sqlite.link_intent("G1"))
    sqlite.record(sqlite.link_settled("G1", Outcome(Verdict.IN_DOUBT, "timeout", "no answer")))
    sqlite.make_link("G1", generation=2)
    found = list(raw(sqlite).execute("SELECT generation, state, superseded_by FROM link ORDER BY generation"))
    assert found == [(1, "in_doubt", 2), (2, "live", None)]


@pytest.mark.parametrize("name", sorted(name for name in sql.queries().available_queries if "_cursor" not in name))
def test_every_named_query_fits_the_schema(sqlite, name):
    """Each query compiles against the newest schema with the parameters that it declares."""
    query = getattr(sql.queries(), name)
    parameters = dict.fromkeys(query.parameters or (), 0)
    sqlite.ledger._read.execute(f"EXPLAIN {query.sql}", parameters).fetchall()


# ---------------------------------------------------------------------------------------------------- the group commit


def commits_of(ledger):
    """Count the commits of the writer from here on."""
    counted = []
    ledger._write.set_commit_hook(lambda: bool(counted.append(1)))
    return counted


def test_waiting_intents_share_a_commit(sqlite):
    """Intents that wait at the same time become durable together: far fewer commits than intents."""
    names = [f"G{number}" for number in range(128)]
    sqlite.plan_ids(*names)
    commits = commits_of(sqlite.ledger)

    async def all_at_once():
        return await asyncio.gather(*(sqlite.ledger.record(sqlite.link_intent(name)) for name in names))

    instants = asyncio.run(all_at_once())
    assert len(instants) == 128
    assert 2 <= len(commits) <= 64
    assert {row.link_status for row in sqlite.rows()} == {LinkState.SENDING}


def test_an_intent_is_durable_when_it_is_told(sqlite):
    """At the moment an awaited intent answers, another process reads it."""
    sqlite.plan_ids("G1")
    sqlite.record(sqlite.link_intent("G1"))
    with open_reader(f"sqlite:///{sqlite.path}") as other:
        assert next(iter(other.rows(sqlite.campaign))).link_status == LinkState.SENDING


def test_outcomes_ride_in_the_next_group(sqlite):
    """An outcome that nobody awaits costs no commit of its own when an intent follows."""
    sqlite.plan_ids("G1", "G2")
    sqlite.record(sqlite.link_intent("G1"))
    commits = commits_of(sqlite.ledger)

    async def outcome_then_intent():
        sqlite.ledger.record(sqlite.link_settled("G1"))
        await sqlite.ledger.record(sqlite.link_intent("G2"))

    asyncio.run(outcome_then_intent())
    assert len(commits) == 1
    assert [row.link_status for row in sqlite.rows()] == [LinkState.LIVE, LinkState.SENDING]


def test_an_outcome_alone_is_durable_soon(sqlite):
    """An outcome that nobody awaits and nothing follows is committed by itself, within the quarter second."""
    sqlite.plan_ids("G1")
    sqlite.record(sqlite.link_intent("G1"))
    committed = threading.Event()
    sqlite.ledger._write.set_commit_hook(lambda: bool(committed.set()))
    sqlite.ledger.record(sqlite.link_settled("G1"))
    assert committed.wait(timeout=60)


def test_a_writer_that_breaks_tells_everybody(sqlite):
    """A fault in the writer itself ends the run with an error; nobody waits for ever."""
    sqlite.plan_ids("G1")
    sqlite.clock.now = None
    for _ in range(2):
        with pytest.raises(LeafcastError, match="writer of the ledger broke"):
            sqlite.record(sqlite.link_intent("G1"))


def test_a_waiter_that_leaves_takes_nothing_back(sqlite):
    """A cancelled wait does not undo the change, nor disturb the writer."""
    sqlite.plan_ids("G1", "G2")

    async def leave():
        task = asyncio.ensure_future(sqlite.ledger.record(sqlite.link_intent("G1")))
        await asyncio.sleep(0)
        task.cancel()
        return await asyncio.gather(task, return_exceptions=True)

    assert isinstance(asyncio.run(leave())[0], asyncio.CancelledError)
    sqlite.record(sqlite.link_intent("G2"))
    assert {row.link_status for row in sqlite.rows()} == {LinkState.SENDING}


def test_nothing_is_written_after_the_end(sqlite):
    """A change that comes after close is an error that its caller is told of."""
    sqlite.plan_ids("G1")
    ledger = sqlite.ledger
    ledger.close()
    with pytest.raises(LeafcastError, match="closed"):
        sqlite.record(sqlite.link_intent("G1"))


# ---------------------------------------------------------------------------------------------------- the storage's end


def fill_the_disk(book):
    """No further page fits; what is there can still be read."""
    pages = book.ledger._write.pragma("page_count")
    book.ledger._write.pragma("max_page_count", pages)


def test_a_full_disk_stops_the_run(sqlite):
    """When the ledger cannot be written the waiting intent is told so, and every later one, and nothing was guessed."""
    names = [f"G{number}" for number in range(300)]
    sqlite.plan_ids(*names)
    fill_the_disk(sqlite)

    async def until_full():
        for number, name in enumerate(names):
            try:
                await sqlite.ledger.record(sqlite.link_intent(name))
            except LedgerStopped as error:
                return number, error
        raise AssertionError("the disk never filled")

    written, error = asyncio.run(until_full())
    assert error.exit_code is ExitCode.STOPPED
    assert "full" in str(error)
    with pytest.raises(LedgerStopped, match="full"):
        sqlite.record(sqlite.link_intent("G299"))
    with pytest.raises(LedgerStopped, match="full"):
        sqlite.plan_ids("G400")
    assert sum(row.link_status == LinkState.SENDING for row in sqlite.rows()) == written
    sqlite.ledger.close()
    again = open_ledger(f"sqlite:///{sqlite.path}", sqlite.clock, sqlite.new_id)
    again.begin(sqlite.campaign, "run")
    assert {row.link_status for row in again.rows(sqlite.campaign)} == {LinkState.IN_DOUBT, ""}
    again.close()


def test_a_full_disk_that_nobody_noticed_is_told_at_the_end(sqlite):
    """An outcome that nobody awaited and that was not written makes the end of the run fail: it is not done."""
    names = [f"G{number}" for number in range(300)]
    sqlite.plan_ids(*names)
    for name in names:
        sqlite.record(sqlite.link_intent(name))
    fill_the_disk(sqlite)
    for name in names:
        sqlite.ledger.record(sqlite.link_settled(name))
    sqlite.ledger.counts(sqlite.campaign)
    with pytest.raises(LedgerStopped, match="full"):
        sqlite.ledger.close()


def test_a_later_run_fences_this_one_off(sqlite):
    """Once another run took the campaign over, whatever way that came about, this one writes nothing more."""
    sqlite.plan_ids("G1")
    raw(sqlite).execute("UPDATE campaign SET epoch = epoch + 1")
    with pytest.raises(LedgerStopped, match="later run"):
        sqlite.record(sqlite.link_intent("G1"))
    assert sqlite.row("G1").link_status == ""


def test_a_ledger_that_is_moved_away_stops_the_run(sqlite):
    """Writing into a file that is no longer at its name would be lost on everybody: the run stops."""
    sqlite.plan_ids("G1")
    sqlite.path.rename(sqlite.path.with_name("elsewhere.db"))
    with pytest.raises(LedgerStopped, match="moved"):
        sqlite.record(sqlite.link_intent("G1"))


def test_a_foreign_writer_is_waited_for(sqlite):
    """Another program that holds the file for a moment delays the run and does not end it."""
    sqlite.plan_ids("G1")
    other = raw(sqlite)
    other.execute("BEGIN IMMEDIATE")

    async def let_go_meanwhile():
        waiting = asyncio.ensure_future(sqlite.ledger.record(sqlite.link_intent("G1")))
        await asyncio.sleep(0)
        other.execute("COMMIT")
        return await waiting

    assert isinstance(asyncio.run(let_go_meanwhile()), float)


def test_no_secret_is_in_an_error(sqlite):
    """What the ledger refuses is told without addresses, names or links."""
    sqlite.plan_ids("G1")
    sqlite.make_link("G1")
    sqlite.plan_ids("G2")
    sqlite.record(sqlite.link_intent("G2"))
    settled = sqlite.link_settled("G2")
    stolen = sqlite.link_settled("G1").result.link
    twice = type(settled)(sqlite.campaign, "G2", 0, 1, type(settled.result)(settled.result.outcome, stolen))
    with pytest.raises(LeafcastError) as caught:
        sqlite.record(twice)
    assert "G1-0-1" not in str(caught.value)
    assert "G1-0-1" not in repr(twice)


def test_a_reader_beside_a_run_sees_whole_groups(sqlite):
    """Looking works while a run writes, and numbers add up at every look."""
    sqlite.plan_ids(*(f"G{number}" for number in range(20)))
    with open_reader(f"sqlite:///{sqlite.path}") as reader:
        for number in range(20):
            sqlite.send(f"G{number}")
            counts = reader.counts(sqlite.campaign)
            assert sum(counts.messages.values()) == 20
            assert counts.messages[MessageState.ACCEPTED] == number + 1


def test_names_with_odd_characters_are_files_like_any_other(tmp_path):
    """A ledger's name may hold blanks and letters of any script."""
    path = tmp_path / "Frühling 2026 (neu).db"
    with open_ledger(f"sqlite:///{path}", VirtualClock(), lambda: os.urandom(16).hex()) as ledger:
        ledger.begin("c", "run")
    with open_reader(f"sqlite:///{path}") as reader:
        assert reader.campaigns() == ["c"]
