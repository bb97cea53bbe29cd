"""What every ledger keeps of those who must not be written to, and that nothing leaves for them."""

from __future__ import annotations

import asyncio

import apsw
import pytest

from leafcast.edge.ledger import open_reader, open_suppressions
from leafcast.errors import LeafcastError, LedgerUnusable, Withheld
from leafcast.model import (
    Channel,
    MessageIntent,
    MessageSettled,
    MessageSkipped,
    MessageState,
    Outcome,
    SkipReason,
    Suppress,
    Suppression,
    Verdict,
)


def no_to(address, channel=Channel.EMAIL, reason="asked", source="by hand", since=None):
    return Suppression(channel, address, reason, source, since)


def wait(receipt):
    async def awaited():
        return await receipt

    return asyncio.run(awaited())


def ready(book, name, *channels, **grower):
    """A grower with a live link; gives the id of the first planned message."""
    book.plan(book.invitation(book.grower(name, **grower), *channels))
    book.make_link(name)
    return book.work(only=frozenset({name}))[0].messages[0].id


def test_a_suppression_is_kept_once_in_small_letters(book):
    """The first word about an address stays, with its reason, source and date; another process reads it again."""
    book.record(Suppress((no_to("Ana@Farm.example"), no_to("+15155550123", Channel.SMS))))
    first = book.clock.now()
    book.clock.advance(60)
    book.record(Suppress((no_to("ana@farm.example", reason="again"),)))
    book.reopen_process()
    assert list(book.ledger.suppressions()) == [
        no_to("ana@farm.example", since=first),
        no_to("+15155550123", Channel.SMS, since=first),
    ]


def test_nothing_leaves_for_a_suppressed_address(book):
    """The last gate is the ledger itself: the intent is refused, whatever was planned; the message stays as it was."""
    message = ready(book, "G1")
    book.record(Suppress((no_to("G1@FARM.example"),)))
    with pytest.raises(Withheld):
        book.record(MessageIntent(message, 1))
    assert (book.row("G1").message_status, book.row("G1").attempts) == (MessageState.PLANNED, 0)
    book.record(MessageSkipped(message))
    assert (book.row("G1").message_status, book.row("G1").error) == (MessageState.SKIPPED, "suppressed")


def test_a_suppression_is_of_one_channel(book):
    """Who wants no emails may still get a text, and the other way round."""
    message = ready(book, "G1", Channel.SMS, phone="+15155550101")
    book.record(Suppress((no_to("g1@farm.example"), no_to("+15155550101", Channel.EMAIL))))
    book.record(MessageIntent(message, 1))
    assert book.row("G1", Channel.SMS).message_status is MessageState.SENDING


def test_other_changes_of_the_same_commit_are_kept(book):
    """A refused intent takes nobody else's changes with it."""
    one, other = ready(book, "G1"), ready(book, "G2")
    book.record(Suppress((no_to("g1@farm.example"),)))
    refused, taken = book.ledger.record(MessageIntent(one, 1)), book.ledger.record(MessageIntent(other, 1))
    with pytest.raises(Withheld):
        wait(refused)
    wait(taken)
    assert book.row("G2").message_status is MessageState.SENDING


def test_what_is_not_planned_is_not_skipped(book):
    """A message that was tried to the end keeps its end."""
    book.plan_ids("G1")
    message = book.send("G1")
    with pytest.raises(LeafcastError):
        book.record(MessageSkipped(message))
    assert book.row("G1").message_status is MessageState.ACCEPTED


def test_who_answered_stop_is_not_texted_again(book):
    """Twilio's 21610 joins the list by itself; other refusals do not, and no email is held back by it."""
    for name, code in (("G1", "21610"), ("G2", "21614")):
        message = ready(book, name, Channel.SMS, phone=f"+1515555010{name[1]}")
        book.record(MessageIntent(message, 1))
        book.record(MessageSettled(message, Outcome(Verdict.REFUSED, code, "no")))
    (one,) = book.ledger.suppressions()
    assert one == no_to("+15155550101", Channel.SMS, "answered STOP", "twilio", book.clock.now())


def test_not_even_sql_by_hand_writes_to_a_suppressed_address(sqlite):
    """The rule stands in the schema, so no bug of ours gets around it."""
    message = ready(sqlite, "G1")
    sqlite.record(Suppress((no_to("g1@farm.example"),)))
    raw = apsw.Connection(str(sqlite.path))
    with pytest.raises(apsw.ConstraintError, match="suppressed"):
        raw.execute(
            "UPDATE message SET state='sending', epoch=1, link_generation=1, intent_at='x' WHERE id=?", (message,)
        )
    raw.close()


def test_the_list_is_kept_by_hand_beside_a_run(sqlite):
    """Whoever must not be written to is kept back from the next intent on, though a run holds the ledger."""
    message = ready(sqlite, "G1")
    url = f"sqlite:///{sqlite.path}"
    with open_suppressions(url, sqlite.clock, sqlite.new_id, "ana") as keeper:
        assert keeper.add([no_to("G1@farm.example"), no_to("g1@farm.example"), no_to("x@y.example")]) == 2
    with pytest.raises(Withheld):
        sqlite.record(MessageIntent(message, 1))
    with open_suppressions(url, sqlite.clock, sqlite.new_id, "ana") as keeper:
        asked = [(Channel.EMAIL, "G1@farm.example"), (Channel.SMS, "x@y.example")]
        assert keeper.remove(asked) == asked[:1]
    sqlite.record(MessageIntent(message, 1))
    with open_reader(url) as reader:
        assert [one.address for one in reader.suppressions()] == ["x@y.example"]


def test_a_list_may_be_kept_before_anything_is_sent(tmp_path, sqlite):
    """The first suppression makes the ledger; a file that is no ledger is refused as everywhere."""
    url = f"sqlite:///{tmp_path}/new.db"
    with open_suppressions(url, sqlite.clock, sqlite.new_id, "ana") as keeper:
        keeper.add([no_to("x@y.example")])
    with open_reader(url) as reader:
        assert len(reader.suppressions()) == 1
    (tmp_path / "other.db").write_text("not a ledger, but long enough to be looked at as one" * 20)
    with pytest.raises(LedgerUnusable):
        open_suppressions(f"sqlite:///{tmp_path}/other.db", sqlite.clock, sqlite.new_id, "ana")


def test_all_or_nothing_is_added(sqlite):
    """An import that breaks off leaves the list as it was."""
    url = f"sqlite:///{sqlite.path}"

    def broken():
        yield no_to("x@y.example")
        raise RuntimeError

    with open_suppressions(url, sqlite.clock, sqlite.new_id, "ana") as keeper, pytest.raises(RuntimeError):
        keeper.add(broken())
    assert list(sqlite.ledger.suppressions()) == []


def test_closed_addresses_are_told_with_their_reason(book):
    """An address of an earlier grower counts where each may be written to once only; a suppression counts always."""
    early = book.grower("G1", "Ana@farm.example", "+15155550101")
    late = book.grower("G2", "ana@farm.example", "+15155550101")
    book.plan(book.invitation(early), book.invitation(late))
    assert book.ledger.barred(book.campaign, early, shared=False) == {}
    both = {Channel.EMAIL: SkipReason.DUPLICATE, Channel.SMS: SkipReason.DUPLICATE}
    assert book.ledger.barred(book.campaign, late, shared=False) == both
    assert book.ledger.barred(book.campaign, late, shared=True) == {}
    book.record(Suppress((no_to("+15155550101", Channel.SMS),)))
    book.begin()
    assert book.ledger.barred(book.campaign, late, shared=True) == {Channel.SMS: SkipReason.SUPPRESSED}
