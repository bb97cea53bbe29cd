"""What every ledger does about doubts: it keeps the evidence, and lets nothing out of doubt without it."""

from __future__ import annotations

from datetime import timedelta

import apsw
import pytest

from leafcast.errors import LeafcastError
from leafcast.model import (
    Absent,
    Channel,
    Delivery,
    DoubtLifted,
    DoubtLooked,
    DoubtResolved,
    Found,
    LinkState,
    MessageIntent,
    MessageState,
    Orphan,
    OrphanNoted,
    OrphanRevoked,
    Outcome,
    Recalled,
    Settlement,
    Shown,
    Unknown,
    Verdict,
)

LOST = Outcome(Verdict.IN_DOUBT, "no-answer", "it was sent, but no answer came in time")


def doubt(book, name="G1"):
    """One message in doubt; gives its id."""
    book.plan_ids(name)
    return book.send(name, LOST)


def only(book):
    (found,) = book.ledger.doubts(book.campaign)
    return found


def raw(book, statement):
    connection = apsw.Connection(str(book.path))
    return connection.execute(statement).fetchall()


# ------------------------------------------------------------------------------------------------------------- evidence


def test_a_doubt_comes_with_its_evidence(book):
    """Whose it is, when and with which link it left, what ended it; no look yet."""
    message = doubt(book)
    found = only(book)
    assert (found.external_id, found.round, found.channel, found.attempt) == ("G1", 0, Channel.EMAIL, 1)
    assert (found.code, found.reason, found.ended_at) == (LOST.code, LOST.reason, book.clock.now())
    sought = found.sought
    assert (sought.message_id, sought.to, sought.left_at) == (message, "g1@farm.example", book.clock.now())
    assert (sought.link_id, sought.link) == ("G1-0-1", "https://magic-link.invalid/G1-0-1")
    assert (found.first_absent_at, found.looked_at, found.showed, found.why) == (None, None, None, "")


def test_what_a_run_left_while_sending_is_a_doubt_that_says_so(book):
    """The next process finds it, with the time when the message left."""
    book.plan_ids("G1")
    book.make_link("G1")
    left = book.clock.now()
    book.record(MessageIntent(book.row("G1").message_id, 1))
    book.clock.advance(500)
    book.reopen_process().begin("sync")
    found = only(book)
    assert (found.code, found.sought.left_at, found.ended_at) == ("interrupted", left, book.clock.now())


def test_looks_are_kept(book):
    """The first absence and the last look, with what that showed and why."""
    message = doubt(book)
    book.clock.advance(100)
    first = book.clock.now()
    book.record(DoubtLooked(message, 1, Absent()))
    book.clock.advance(100)
    book.record(DoubtLooked(message, 1, Unknown("the logs are torn")))
    book.reopen_process().begin()
    found = only(book)
    assert (found.first_absent_at, found.looked_at) == (first, book.clock.now())
    assert (found.showed, found.why) == (Shown.UNKNOWN, "the logs are torn")
    assert book.row("G1").message_status is MessageState.IN_DOUBT


def test_what_is_found_is_accepted_with_what_became_of_it(book):
    """Found, a message is as final as one whose answer came."""
    message = doubt(book)
    book.record(DoubtLooked(message, 1, Found("p-9", Delivery.DELIVERED)))
    row = book.row("G1")
    assert (row.message_status, row.delivery, row.error_code, row.error) == (MessageState.ACCEPTED, "delivered", "", "")
    assert book.ledger.counts(book.campaign).delivery[Delivery.DELIVERED] == 1
    assert book.ledger.doubts(book.campaign) == []


def test_two_absences_give_it_back_to_the_next_run(book):
    """Then it is planned again, keeps its id and its attempts, and goes out with its link."""
    message = doubt(book)
    book.record(DoubtLooked(message, 1, Absent()))
    book.clock.advance(1)
    book.record(DoubtLooked(message, 1, Absent()), DoubtLifted(message, 1))
    row = book.row("G1")
    assert (row.message_status, row.message_id, row.attempts, row.error) == (MessageState.PLANNED, message, 1, "")
    assert book.send("G1") == message
    assert book.row("G1").attempts == 2


@pytest.mark.parametrize("looks", [0, 1, 2])
def test_absence_takes_two_looks_at_two_times(book, looks):
    """One look is not enough, nor are two at one moment: such a change is refused whole."""
    message = doubt(book)
    for _ in range(looks):
        book.record(DoubtLooked(message, 1, Absent()))
    with pytest.raises(LeafcastError, match="refused"):
        book.record(DoubtLifted(message, 1))
    assert book.row("G1").message_status is MessageState.IN_DOUBT


@pytest.mark.parametrize(
    ("word", "state"),
    [(Settlement.ASSUMED_SENT, MessageState.ASSUMED_SENT), (Settlement.RESEND, MessageState.PLANNED)],
)
def test_a_persons_word_settles(book, word, state):
    """Without any look."""
    message = doubt(book)
    book.record(DoubtResolved(message, 1, word, "ann"))
    assert book.row("G1").message_status is state
    assert book.ledger.doubts(book.campaign) == []


@pytest.mark.parametrize("word", [Settlement.FOUND, Settlement.ABSENT])
def test_evidence_is_nobodys_word(book, word):
    """A person may assume or send again, not claim to have seen."""
    message = doubt(book)
    with pytest.raises(LeafcastError):
        book.record(DoubtResolved(message, 1, word, "ann"))
    assert book.row("G1").message_status is MessageState.IN_DOUBT


CHANGES = {
    "looked": lambda message, attempt: DoubtLooked(message, attempt, Found("p", Delivery.UNKNOWN)),
    "noted": lambda message, attempt: DoubtLooked(message, attempt, Absent()),
    "lifted": DoubtLifted,
    "resolved": lambda message, attempt: DoubtResolved(message, attempt, Settlement.RESEND, "ann"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_only_the_attempt_that_is_in_doubt_is_settled(book, change):
    """Evidence about another attempt, or about a message that is not in doubt, is refused."""
    message = doubt(book)
    with pytest.raises(LeafcastError, match="refused"):
        book.record(change(message, 2))
    book.record(DoubtLooked(message, 1, Found("p-1", Delivery.UNKNOWN)))
    before = book.rows()
    with pytest.raises(LeafcastError, match="refused"):
        book.record(change(message, 1))
    with pytest.raises(LeafcastError, match="refused"):
        book.record(change("f" * 32, 1))
    assert book.rows() == before


def test_a_later_attempt_has_evidence_of_its_own(book):
    """What was seen of the first attempt says nothing about the second."""
    message = doubt(book)
    book.record(DoubtLooked(message, 1, Absent()))
    book.clock.advance(1)
    book.record(DoubtLooked(message, 1, Absent()), DoubtLifted(message, 1))
    book.clock.advance(1)
    book.send("G1", LOST)
    found = only(book)
    assert (found.attempt, found.first_absent_at, found.looked_at) == (2, None, None)
    assert found.sought.left_at == book.clock.now()
    book.record(DoubtLooked(message, 2, Absent()))
    with pytest.raises(LeafcastError):
        book.record(DoubtLifted(message, 2))


def test_doubts_come_in_list_order_and_of_one_campaign(book):
    """Another campaign's doubts are its own."""
    book.plan_ids("G2", "G1")
    for name in ("G1", "G2"):
        book.send(name, LOST)
    book.ledger.begin("autumn", "run")
    assert [one.external_id for one in book.ledger.doubts(book.campaign)] == ["G2", "G1"]
    assert book.ledger.doubts("autumn") == []


def test_the_witness_is_the_accepted_message_nearest_in_time(book):
    """The next one that left, else the last one before; none where nothing of the channel was accepted."""
    times = {}
    assert book.ledger.witness(book.campaign, Channel.EMAIL, book.clock.now()) is None
    for name in ("G1", "G2", "G3"):
        book.plan_ids(name)
        book.clock.advance(10)
        times[name] = book.clock.now()
        book.send(name, LOST if name == "G2" else None)
    moment = timedelta(seconds=1)

    def who(left_at):
        witness = book.ledger.witness(book.campaign, Channel.EMAIL, left_at)
        return witness.to[:2] if witness else None

    assert who(times["G1"] - moment) == "g1"
    assert who(times["G1"]) == "g1"
    assert who(times["G2"]) == "g3"
    assert who(times["G3"] + moment) == "g3"
    assert book.ledger.witness(book.campaign, Channel.SMS, times["G1"]) is None


# --------------------------------------------------------------------------------------------------------------- links


def link_doubt(book, name="G1"):
    book.plan_ids(name)
    book.record(book.link_intent(name))
    book.record(book.link_settled(name, LOST))
    return book.ledger.links_in_doubt(book.campaign)[0]


def orphan_of(book, found, link_id="orphan-1"):
    return Orphan(found, link_id, "user-G1", book.clock.now())


def test_a_link_in_doubt_says_what_was_asked_for(book):
    """Kind, providers, lifetime and time: by these its orphan is known at Leaf."""
    found = link_doubt(book)
    assert (found.external_id, found.round, found.generation) == ("G1", 0, 1)
    assert (found.type, found.providers, found.expires_in) == ("provider", ("JohnDeere",), 30 * 86_400)
    assert (found.leaf_user_id, found.left_at) == ("", book.clock.now())


def test_a_link_in_doubt_takes_the_leaf_user_from_another_link_of_the_grower(book):
    """So that Leaf need not be asked who that is."""
    link_doubt(book)
    book.make_link("G1", generation=2)
    assert book.ledger.links_in_doubt(book.campaign)[0].leaf_user_id == "user-G1"


def test_unclaimed_links_are_those_of_no_campaign(book):
    """A link that any campaign of the ledger gave to a grower is nobody's orphan."""
    book.plan_ids("G1")
    book.make_link("G1")
    book.ledger.begin("autumn", "run")
    assert book.ledger.unclaimed(["G1-0-1", "other"]) == {"other"}


def test_a_revoked_orphan_settles_its_doubt(book):
    """Noted as often as it is seen, revoked once; its link in doubt is over then."""
    found = link_doubt(book)
    orphan = orphan_of(book, found)
    for _ in range(2):
        book.record(OrphanNoted(book.campaign, orphan))
    assert book.ledger.links_in_doubt(book.campaign) == [found]
    book.record(OrphanRevoked(book.campaign, orphan))
    assert book.ledger.links_in_doubt(book.campaign) == []
    assert book.row("G1").link_status == LinkState.REVOKED
    with pytest.raises(LeafcastError, match="refused"):
        book.record(OrphanRevoked(book.campaign, orphan))


def test_a_growers_own_link_is_no_orphan(book):
    """What somebody may hold is never noted as lost, whatever claims it."""
    found = link_doubt(book)
    book.make_link("G1", generation=2)
    with pytest.raises(LeafcastError, match="refused"):
        book.record(OrphanNoted(book.campaign, orphan_of(book, found, "G1-0-2")))


def test_an_orphan_comes_from_a_doubt_and_is_noted_first(book):
    """Without them a revocation has nothing to say."""
    found = link_doubt(book)
    with pytest.raises(LeafcastError, match="refused"):
        book.record(OrphanRevoked(book.campaign, orphan_of(book, found)))
    book.plan_ids("G2")
    book.make_link("G2")
    from dataclasses import replace

    with pytest.raises(LeafcastError, match="refused"):
        book.record(OrphanNoted(book.campaign, orphan_of(book, replace(found, external_id="G2"))))


# ------------------------------------------------------------------------------------------------- the database's rules


def test_an_attempt_tells_what_ended_it_and_what_settled_it(sqlite):
    """The attempt keeps its doubt, its reason, its looks, and what took the doubt away."""
    message = doubt(sqlite)
    sqlite.record(DoubtLooked(message, 1, Unknown("torn")))
    sqlite.record(DoubtResolved(message, 1, Settlement.RESEND, "ann"))
    assert raw(sqlite, "SELECT verdict, code, settled_as FROM attempt WHERE message_id IS NOT NULL") == [
        ("in_doubt", "no-answer", "resend")
    ]
    assert raw(sqlite, "SELECT showed, why FROM look") == [("unknown", "torn")]
    assert raw(sqlite, "SELECT who, action, subject FROM operator_action") == [("ann", "resend", message)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE message SET state = 'accepted', accepted_at = 'x'",
        "UPDATE message SET state = 'planned'",
        "UPDATE message SET state = 'assumed_sent'",
        "UPDATE attempt SET settled_as = 'found', settled_at = 'x' WHERE verdict = 'in_doubt'",
        "UPDATE attempt SET settled_as = 'absent', settled_at = 'x' WHERE verdict = 'in_doubt'",
        "UPDATE attempt SET settled_as = 'assumed_sent', settled_at = 'x' WHERE verdict = 'in_doubt'",
        "UPDATE attempt SET settled_as = 'resend', settled_at = 'x' WHERE verdict = 'in_doubt'",
        "UPDATE attempt SET reason = 'another' WHERE verdict = 'in_doubt'",
        "UPDATE look SET showed = 'found'",
        "DELETE FROM look",
        "DELETE FROM orphan",
        "INSERT INTO orphan (link_id, leaf_link_id, leaf_user_id, made_at, found_at) "
        "SELECT id, leaf_link_id, '', 'x', 'x' FROM link WHERE leaf_link_id IS NOT NULL",
    ],
)
def test_the_database_lets_nothing_out_of_doubt_without_evidence(sqlite, statement):
    """Raw SQL is refused as well: what a service showed, or a person's recorded word, must be there first."""
    message = doubt(sqlite)
    sqlite.record(DoubtLooked(message, 1, Absent()))
    found = link_doubt(sqlite, "G2")
    sqlite.record(OrphanNoted(sqlite.campaign, orphan_of(sqlite, found)))
    before = sqlite.rows()
    with pytest.raises(apsw.ConstraintError):
        raw(sqlite, statement)
    assert sqlite.rows() == before


def test_what_a_person_did_is_never_changed(sqlite):
    """Their words stay as they were written down."""
    message = doubt(sqlite)
    sqlite.record(DoubtResolved(message, 1, Settlement.RESEND, "ann"))
    for statement in ("UPDATE operator_action SET who = 'bob'", "DELETE FROM operator_action"):
        with pytest.raises(apsw.ConstraintError):
            raw(sqlite, statement)


@pytest.mark.parametrize(
    ("table", "column", "members"),
    [("look", "showed", Shown), ("attempt", "settled_as", Settlement)],
)
def test_the_schema_knows_every_word_of_settling(sqlite, table, column, members):
    """Each closed set of the model is the same set in the schema's CHECK."""
    ((text,),) = raw(sqlite, f"SELECT sql FROM sqlite_schema WHERE name = '{table}'")  # noqa: S608
    check = text.split(f"CHECK ({column} IN (")[1].split("))")[0]
    assert {word.strip().strip("'") for word in check.split(",")} == {member.value for member in members}


@pytest.mark.parametrize("whole", [True, False])
def test_a_doubt_of_a_recalled_message_ends_cancelled(book, whole):
    """A person says that it did not arrive: after a recall it is not planned again for ever, it is off."""
    message = doubt(book)
    book.record(Recalled(book.campaign, None if whole else (("G1", 0),), "kim"))
    book.record(DoubtResolved(message, 1, Settlement.RESEND, "kim"))
    (row,) = book.ledger.rows(book.campaign)
    assert (row.message_status, row.error) == (MessageState.CANCELLED, "recalled")
