"""What every ledger plans again on `retry`, whatever keeps it."""

from __future__ import annotations

from leafcast.model import (
    Channel,
    MessageState,
    Outcome,
    Reopened,
    Scope,
    Verdict,
)

BOTH = (Channel.EMAIL, Channel.SMS)


def test_reopening_is_for_failed_messages_only(book):
    """`retry` brings back what failed, and neither what was refused, nor accepted, nor in doubt."""
    book.plan_ids("G1", "G2", "G3", "G4")
    for name, verdict in zip(
        ("G1", "G2", "G3", "G4"), (Verdict.FAILED, Verdict.REFUSED, Verdict.ACCEPTED, Verdict.IN_DOUBT), strict=True
    ):
        book.send(name, Outcome(verdict, "code", "reason"))
    book.begin("retry")
    book.record(Reopened(book.campaign))
    assert [invitation.grower.external_id for invitation in book.work(Scope.REOPENED)] == ["G1"]
    assert book.due(Scope.REOPENED).growers == 1
    assert book.row("G1").error == ""


def test_reopening_is_narrowed_by_channel_and_grower(book):
    """`--channel` and `--only` bring back only that; another planned message of the same grower is not in the scope."""
    for name in ("G1", "G2"):
        book.plan(book.invitation(book.grower(name, phone=f"+1515555010{name[1]}"), *BOTH))
        book.send(name, Outcome(Verdict.FAILED, "code", "reason"))
    book.record(Reopened(book.campaign, Channel.SMS))
    assert book.work(Scope.REOPENED) == []
    book.record(Reopened(book.campaign, Channel.EMAIL, frozenset({"G2"})))
    [invitation] = book.work(Scope.REOPENED)
    assert invitation.grower.external_id == "G2"
    assert [message.channel for message in invitation.messages] == [Channel.EMAIL]
    assert book.due(Scope.REOPENED).messages == {Channel.EMAIL: 1}


def test_an_older_round_is_not_reopened(book):
    """Once a later round exists, the failed message of an earlier one stays failed."""
    book.plan_ids("G1")
    book.send("G1", Outcome(Verdict.FAILED, "code", "reason"))
    book.plan(book.invitation(book.grower("G1"), round_number=1))
    book.record(Reopened(book.campaign))
    assert book.row("G1").message_status is MessageState.FAILED


def test_a_scope_is_of_one_run(book):
    """What an earlier `retry` reopened is not in the scope of the next one by itself."""
    book.plan_ids("G1")
    book.send("G1", Outcome(Verdict.FAILED, "code", "reason"))
    book.record(Reopened(book.campaign))
    book.begin("retry")
    assert book.work(Scope.REOPENED) == []
    assert book.due(Scope.REOPENED).growers == 0
