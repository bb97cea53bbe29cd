"""Settling in memory: what evidence does to a doubt, what it never does, and the links that lost answers left."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from leafcast.decide.settling import Ending
from leafcast.errors import ExitCode, Interrupted, LedgerStopped
from leafcast.model import Absent, Channel, Delivery, Found, Outcome, Settlement, Unknown, Verdict
from leafcast.stories.brake import Brake
from leafcast.stories.doubts import AT_ONCE, Evidence
from leafcast.stories.resolve import Resolution, resolve
from leafcast.stories.sync import SyncReport, sync

EMAIL, SMS = Channel.EMAIL, Channel.SMS
SETTLE = 120.0
LOST = Outcome(Verdict.IN_DOUBT, "no-answer", "it was sent, but no answer came in time")
AGAIN = ("pace:", "inDoubt: {email: resend-if-absent, sms: resend-if-absent}\npace:")


def grower(number: int, **cells: str) -> dict[str, str]:
    return {"externalId": f"G-{number}", "name": f"Grower {number}", "email": f"g{number}@farm.example"} | cells


class Quiet:
    """Progress that pulls a brake at the first word, if there is one."""

    def __init__(self, brake: Brake | None = None) -> None:
        self.brake = brake

    def planned(self, messages: int) -> None: ...

    def settled(self, channel: Channel, outcome: Outcome) -> None: ...

    def notice(self, text: str) -> None:
        if self.brake is not None:
            self.brake.pull(Interrupted())


def synced(play: Any, *, revoke: bool = False, channels: Any = (EMAIL, SMS), stop: bool = False) -> SyncReport:
    async def go() -> SyncReport:
        brake = Brake()
        searchers = {channel: {EMAIL: play.email, SMS: play.sms}[channel] for channel in channels}
        ledger = play.ledger
        world = Evidence(
            ledger, ledger, ledger, searchers, play.leaf, play.clock, Quiet(brake if stop else None), SETTLE
        )
        return await sync(world, play.campaign, brake, revoke_orphans=revoke)

    return asyncio.run(go())


def resolved(play: Any, word: Settlement, *only: str, confirm: Any = lambda doubts: None) -> Resolution:
    return asyncio.run(
        resolve(
            play.ledger,
            play.ledger,
            play.ledger,
            play.clock,
            "spring",
            word=word,
            who="ann",
            only=frozenset(only),
            settle=SETTLE,
            confirm=confirm,
        )
    )


def endings(report: SyncReport) -> dict[Ending, int]:
    return {ending: count for ending, count in report.settled.endings.items() if count}


def lost(stage: Any, *numbers: int, arrived: bool, of: int = 0, changes: Any = ()) -> Any:
    """A run whose answers for these growers were lost; `of` growers in all."""
    play = stage([grower(number) for number in range(max((of, *numbers)) + 1)], *changes)
    play.email.vanished = not arrived
    play.email.script = {f"g{number}@farm.example": [LOST] for number in numbers}
    play.run()
    return play


# ------------------------------------------------------------------------------------------------------------- evidence


def test_a_message_that_its_service_shows_becomes_accepted(stage):
    """Presence settles a doubt for good, with the provider's id and what became of it."""
    play = lost(stage, 0, 1, arrived=True)
    play.clock.advance(SETTLE)

    report = synced(play)

    assert endings(report) == {Ending.FOUND: 2}
    assert report.exit_code is ExitCode.DONE
    assert set(play.states().values()) == {"accepted"}
    assert report.counts.delivery[Delivery.DELIVERED] == 2
    play.run()
    assert len(play.email.sent) == 2


def test_nothing_is_asked_before_the_settle_time(stage):
    """Until then an answer, or the service's own record, may still come; the doubt says when its time is."""
    play = lost(stage, 0, arrived=True)
    left = play.clock.now()
    play.clock.advance(SETTLE - 1)

    report = synced(play)

    assert endings(report) == {Ending.TOO_YOUNG: 1}
    assert report.settled.next_at == left + timedelta(seconds=SETTLE)
    assert play.email.asked == []
    assert report.exit_code is ExitCode.INCOMPLETE
    play.clock.advance(1)
    assert endings(synced(play)) == {Ending.FOUND: 1}


def test_absence_leaves_the_doubt_where_the_campaign_holds(stage):
    """However often the service shows nothing, a message is not sent again without being asked for."""
    play = lost(stage, 0, arrived=False)

    for _ in range(5):
        play.clock.advance(10 * SETTLE)
        assert endings(synced(play)) == {Ending.ABSENT: 1}
    play.run()

    assert play.states() == {("G-0", EMAIL): "in_doubt"}
    assert len(play.email.sent) == 1
    (doubt,) = play.ledger.doubts("spring")
    assert doubt.first_absent_at is not None
    assert doubt.looked_at - doubt.first_absent_at == timedelta(seconds=40 * SETTLE)


def test_resend_if_absent_takes_two_looks_a_settle_time_apart(stage):
    """The second absence counts only when the service had a settle time to show the message; then `run` sends it."""
    play = lost(stage, 0, arrived=False, changes=(AGAIN,))
    play.clock.advance(SETTLE)
    assert endings(synced(play)) == {Ending.ABSENT: 1}
    play.clock.advance(SETTLE - 1)
    assert endings(synced(play)) == {Ending.ABSENT: 1}
    assert play.states() == {("G-0", EMAIL): "in_doubt"}
    play.clock.advance(1)

    report = synced(play)

    assert endings(report) == {Ending.RESENDABLE: 1}
    assert report.exit_code is ExitCode.DONE
    assert play.states() == {("G-0", EMAIL): "planned"}
    assert len(play.email.sent) == 1, "sync itself sends nothing"
    assert play.run().exit_code is ExitCode.DONE
    assert [message.to for message in play.email.taken] == ["g0@farm.example"]


def test_a_second_doubt_of_the_same_message_starts_afresh(stage):
    """Looks belong to an attempt: those at the first one say nothing about the second."""
    play = lost(stage, 0, arrived=False, changes=(AGAIN,))
    play.email.script = {"g0@farm.example": [LOST, LOST]}
    for _ in range(2):
        play.clock.advance(SETTLE)
        synced(play)
    play.email._answers.clear()
    play.run()
    (doubt,) = play.ledger.doubts("spring")
    assert (doubt.attempt, doubt.first_absent_at, doubt.showed) == (2, None, None)
    play.clock.advance(SETTLE)
    assert endings(synced(play)) == {Ending.ABSENT: 1}


def test_a_message_that_shows_up_late_is_never_sent_again(stage):
    """Absent once, there the second time: it becomes accepted."""
    play = lost(stage, 0, arrived=True, changes=(AGAIN,))
    play.email.looks = [Absent()]
    for _ in range(2):
        play.clock.advance(SETTLE)
        synced(play)
    play.run()
    assert play.states() == {("G-0", EMAIL): "accepted"}
    assert len(play.email.sent) == 1


@pytest.mark.parametrize("doubted", [0, 3])
def test_records_that_lag_prove_no_absence(stage, doubted):
    """A service that does not show what it surely took afterwards, or just before, proves nothing, however often it is
    asked."""
    play = lost(stage, doubted, of=3, arrived=True, changes=(AGAIN,))
    for _ in range(4):
        play.clock.advance(SETTLE)
        play.email.looks = [Absent(), Absent()]
        assert endings(synced(play)) == {Ending.UNKNOWN: 1}
    play.run()
    assert Counter(message.to for message in play.email.taken)[f"g{doubted}@farm.example"] == 1
    assert play.ledger.doubts("spring")[0].first_absent_at is None
    play.email.looks = []
    assert endings(synced(play)) == {Ending.FOUND: 1}


def test_absence_beyond_the_reach_of_the_records_proves_nothing(stage):
    """SendGrid's logs forget after 30 days; what they do not show then may have been sent all the same."""
    play = lost(stage, 0, arrived=False, changes=(AGAIN,))
    play.clock.advance(30 * 86_400)
    for _ in range(3):
        play.clock.advance(SETTLE)
        assert endings(synced(play)) == {Ending.UNKNOWN: 1}


def test_an_unclear_look_leaves_the_doubt_with_its_reason(stage):
    """What says nothing either way is noted, for the person who must decide."""
    play = lost(stage, 0, arrived=True, changes=(AGAIN,))
    for _ in range(3):
        play.clock.advance(SETTLE)
        play.email.looks = [Unknown("the logs are torn")]
        assert endings(synced(play)) == {Ending.UNKNOWN: 1}
    (doubt,) = play.ledger.doubts("spring")
    assert (doubt.why, doubt.first_absent_at) == ("the logs are torn", None)


def test_a_channel_that_the_campaign_gave_up_is_not_asked(stage):
    """Its doubts stay, and say why."""
    play = lost(stage, 0, arrived=True)
    play.clock.advance(SETTLE)
    report = synced(play, channels=())
    assert endings(report) == {Ending.UNKNOWN: 1}
    assert report.exit_code is ExitCode.INCOMPLETE
    assert "no longer uses" in play.ledger.doubts("spring")[0].why


# ------------------------------------------------------------------------------------------------------- what ends it


def test_a_service_out_of_reach_stops_its_own_questions_only(stage):
    """After one such answer nothing new is asked there; the other service is, and the exit code is 5."""
    count = AT_ONCE + 4
    play = stage([*(grower(number) for number in range(count)), grower(99, email="", phone="+15155550199")])
    play.email.script = {f"g{number}@farm.example": [LOST] for number in range(count)}
    play.sms.script = {"+15155550199": [LOST]}
    for number in (*range(count), 99):
        play.run(only=frozenset({f"G-{number}"}))
    play.clock.advance(SETTLE)
    play.email.looks = [Unknown("SendGrid does not accept the key", everyone=True)] * count

    report = synced(play)

    assert report.exit_code is ExitCode.STOPPED
    assert report.stopped is not None
    assert "the key" in report.stopped.message
    assert len(play.email.asked) <= AT_ONCE
    assert endings(report) == {Ending.FOUND: 1, Ending.UNKNOWN: count}
    play.email.looks = []
    assert synced(play).exit_code is ExitCode.DONE


def test_a_stop_keeps_what_was_settled_and_continues_later(stage):
    """Ctrl-C begins nothing new; the next sync goes on."""
    play = lost(stage, 0, 1, 2, arrived=True)
    play.clock.advance(SETTLE)
    report = synced(play, stop=True)
    assert report.exit_code is ExitCode.INTERRUPTED
    assert play.email.asked == []
    assert synced(play).exit_code is ExitCode.DONE


def test_a_ledger_that_cannot_be_written_ends_it(stage):
    """Nothing is guessed: the doubts stay for the next sync."""
    play = lost(stage, 0, arrived=True)
    play.clock.advance(SETTLE)
    before = play.ledger.begin
    play.ledger.begin = lambda *what: (before(*what), play.ledger.stop("disk full"))[0]
    report = synced(play)
    assert isinstance(report.stopped, LedgerStopped)
    assert play.states() == {("G-0", EMAIL): "in_doubt"}


# --------------------------------------------------------------------------------------------------------------- links


def with_orphans(stage: Any, *numbers: int, of: int = 0) -> Any:
    play = stage([grower(number) for number in range(max((of, *numbers)) + 1)])
    play.leaf.script = {f"G-{number}": [LOST] for number in numbers}
    play.run()
    return play


def test_orphan_links_are_found_and_left_alone(stage):
    """What a lost answer made and nobody was shown is reported, every time, and revoked only when that is asked for."""
    play = with_orphans(stage, 0, 2, of=3)
    assert len(play.leaf.held) == 6
    assert synced(play).orphans.found == ()
    play.clock.advance(SETTLE)

    for _ in range(2):
        report = synced(play)
        assert [orphan.doubt.external_id for orphan in report.orphans.found] == ["G-0", "G-2"]
        assert (report.orphans.revoked, report.exit_code) == ((), ExitCode.DONE)
    assert len(play.leaf.held) == 6


def test_revoking_takes_the_orphans_and_no_other_link(stage):
    """The links that growers have stay; a second time there is nothing left."""
    play = with_orphans(stage, 0, 2, of=3)
    play.clock.advance(SETTLE)

    report = synced(play, revoke=True)

    assert len(report.orphans.revoked) == 2
    theirs = {row.magic_link_id for row in play.ledger.rows("spring")}
    assert set(play.leaf.held) == theirs
    assert len(theirs) == 4
    assert synced(play, revoke=True).orphans.found == ()
    assert play.ledger.links_in_doubt("spring") == []


def test_a_link_that_was_made_by_somebody_else_is_no_orphan(stage):
    """Another tool's link for the same grower differs in time, lifetime or providers; a lost answer explains one link
    at most."""
    from dataclasses import replace

    play = with_orphans(stage, 0)
    (orphan,) = [link for key, link in play.leaf.held.items() if key == "link-1"]
    del play.leaf.held["link-1"]
    hour, day = timedelta(hours=1), timedelta(days=1)
    for name, other in {
        "early": replace(orphan, created_at=orphan.created_at - hour, expires_at=orphan.expires_at - hour),
        "late": replace(orphan, created_at=orphan.created_at + hour, expires_at=orphan.expires_at + hour),
        "short": replace(orphan, expires_at=orphan.expires_at - day),
        "other": replace(orphan, providers=("Trimble",)),
        "theirs": replace(orphan, leaf_user_id="user-somebody"),
        "timeless": replace(orphan, created_at=None),
    }.items():
        play.leaf.held[name] = replace(other, id=name)
    play.clock.advance(SETTLE)
    assert synced(play, revoke=True).orphans.found == ()
    second = timedelta(seconds=1)
    play.leaf.held["near"] = replace(orphan, id="near")
    play.leaf.held["far"] = replace(
        orphan, id="far", created_at=orphan.created_at + second, expires_at=orphan.expires_at + second
    )
    assert [found.link_id for found in synced(play, revoke=True).orphans.revoked] == ["near"]


def test_a_lost_link_that_is_dead_by_now_is_not_looked_for(stage):
    """What could open nothing any more needs nobody's care."""
    play = with_orphans(stage, 0)
    play.clock.advance(31 * 86_400)
    assert synced(play).orphans.found == ()


def test_leaf_out_of_reach_stops_with_five(stage):
    """The doubts are settled all the same."""
    play = with_orphans(stage, 0, of=1)
    play.email.script = {"g1@farm.example": [LOST]}
    play.clock.advance(SETTLE)
    play.leaf.trouble = Outcome(Verdict.STOP, "http-401", "Leaf does not accept the credentials")
    report = synced(play, revoke=True)
    assert report.exit_code is ExitCode.STOPPED
    assert report.orphans.revoked == ()
    play.leaf.trouble = None
    assert len(synced(play, revoke=True).orphans.revoked) == 1


# ---------------------------------------------------------------------------------------------------- a person's word


@pytest.mark.parametrize(("word", "state"), [(Settlement.ASSUMED_SENT, "assumed_sent"), (Settlement.RESEND, "planned")])
def test_a_persons_word_settles_and_is_written_down(stage, word, state):
    """Who said it, of which message, and what; only `--resend` lets the next run send."""
    play = lost(stage, 0, 1, arrived=False)
    play.clock.advance(SETTLE)

    done = resolved(play, word, "G-1")

    assert done.exit_code is ExitCode.INCOMPLETE
    assert play.states() == {("G-0", EMAIL): "in_doubt", ("G-1", EMAIL): state}
    ((who, message, said),) = play.ledger._tables.actions.values()
    row = next(row for row in play.ledger.rows("spring") if row.external_id == "G-1")
    assert (who, message, said) == ("ann", row.message_id, word)
    play.run()
    assert Counter(sent.to for sent in play.email.sent)["g1@farm.example"] == 1 + (word is Settlement.RESEND)
    assert resolved(play, word).exit_code is ExitCode.DONE


def test_a_word_comes_too_early_within_the_settle_time(stage):
    """Even a person may not settle what its service may still answer for; nobody is asked then."""
    play = lost(stage, 0, arrived=True)
    asked: list[Any] = []
    done = resolved(play, Settlement.RESEND, confirm=asked.append)
    assert (done.settled, len(done.left), asked) == ((), 1, [])
    assert play.states() == {("G-0", EMAIL): "in_doubt"}


def test_a_no_settles_nothing(stage):
    """What the person does not confirm stays in doubt."""
    play = lost(stage, 0, arrived=True)
    play.clock.advance(SETTLE)

    def refuse(doubts: Any) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        resolved(play, Settlement.RESEND, confirm=refuse)
    assert play.states() == {("G-0", EMAIL): "in_doubt"}


def test_what_is_found_is_nobodys_to_resolve(stage):
    """An accepted message is final; a word about it changes nothing."""
    play = lost(stage, 0, arrived=True)
    play.clock.advance(SETTLE)
    play.email.looks = [Found("p-1", Delivery.BOUNCED)]
    synced(play)
    assert resolved(play, Settlement.RESEND).settled == ()
    assert play.states() == {("G-0", EMAIL): "accepted"}
    assert next(play.ledger.rows("spring")).delivery == Delivery.BOUNCED
