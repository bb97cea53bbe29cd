"""What a run promises, in memory and in virtual time."""

from __future__ import annotations

import pytest

from leafcast.edge.memory import ScriptedSender
from leafcast.errors import ExitCode, Interrupted
from leafcast.model import Channel, Due, Grower, LinkType, MessageState, Outcome, PlannedInvitation, Verdict
from leafcast.stories.lanes import EMAILS
from leafcast.stories.run import PLAN_BATCH, PLAN_LETTERS, in_batches
from leafcast.stories.trials import TRIALS

from .conftest import grower, phone_only

EMAIL, SMS = Channel.EMAIL, Channel.SMS
REFUSED = Outcome(Verdict.REFUSED, "400", "the address was refused")
STOP = Outcome(Verdict.STOP, "401", "the key is not accepted")
LATER = Outcome(Verdict.PAUSE, "429", "too many requests")
DOUBT = Outcome(Verdict.IN_DOUBT, "timeout", "no answer came")
FAILED = Outcome(Verdict.FAILED, "413", "too large")


QUIET = """pace:
  leaf: unlimited
quietHours: {channels: [sms], from: "09:00", to: "10:00", timezone: America/Chicago}
#"""


def test_every_grower_gets_one_message_on_the_first_channel_that_reaches_them(stage):
    """Under `deliver: first` a grower with both addresses gets an email, one with a phone only gets a text."""
    play = stage([grower(1, phone="+15155550111"), phone_only(2)])

    report = play.run()

    assert play.states() == {("G-1", EMAIL): "accepted", ("G-2", SMS): "accepted"}
    assert report.exit_code is ExitCode.DONE


def test_under_all_every_channel_gets_its_message_and_what_is_missing_is_skipped(stage):
    """Under `deliver: all` each channel has its own line in the ledger."""
    play = stage(
        [grower(1, phone="+15155550111"), grower(2)], ("channels: [email, sms]", "channels: [email, sms]\ndeliver: all")
    )

    play.run()

    assert play.states() == {
        ("G-1", EMAIL): "accepted",
        ("G-1", SMS): "accepted",
        ("G-2", EMAIL): "accepted",
        ("G-2", SMS): "skipped",
    }
    assert len(play.leaf.requests) == 2


def test_a_second_run_sends_nothing(stage):
    """What the ledger holds as accepted is never sent again, and nobody is asked to confirm nothing."""
    play = stage([grower(number) for number in range(30)])
    play.run()

    report = play.run()

    assert len(play.email.sent) == 30
    assert len(play.leaf.requests) == 30
    assert len(play.confirmed) == 1
    assert report.exit_code is ExitCode.DONE


def test_each_message_carries_its_own_growers_link(stage):
    """Link and address of a message belong to one and the same grower, whatever ran side by side."""
    play = stage([grower(number, provider="JohnDeere" if number % 2 else "") for number in range(100)])

    play.run()

    by_address = {f"g{number}@farm.example": f"G-{number}" for number in range(100)}
    asked = {request.external_id: index for index, request in enumerate(play.leaf.requests, start=1)}
    for message in play.email.sent:
        own = f"https://magic-link.invalid/link-{asked[by_address[message.to]]}"
        assert f"{own}\n" in message.text + "\n" or f"{own} " in message.text
    types = {request.external_id: request.type for request in play.leaf.requests}
    assert types["G-1"] is LinkType.AUTHENTICATION
    assert types["G-2"] is LinkType.PROVIDER


def test_a_grower_without_a_usable_address_gets_no_link(stage):
    """Who is skipped costs nothing: no link, one line, and the reason in it."""
    play = stage([phone_only(1)], ("channels: [email, sms]", "channels: [email]"))

    report = play.run()

    (row,) = play.ledger.rows("spring")
    assert (row.message_status, row.error, row.link) == (MessageState.SKIPPED, "no address", "")
    assert play.leaf.requests == []
    assert report.exit_code is ExitCode.DONE


def test_a_refusal_falls_through_to_the_next_channel_and_only_a_refusal_does(stage):
    """`deliver: first` goes on to the next channel when the first ended refused, with the same link."""
    both = {"phone": "+15155550111"}
    play = stage([grower(1, **both), grower(2, phone="+15155550112")])
    play.email.script = {"g1@farm.example": [REFUSED], "g2@farm.example": [FAILED]}

    report = play.run()

    assert play.states() == {("G-1", EMAIL): "refused", ("G-1", SMS): "accepted", ("G-2", EMAIL): "failed"}
    assert len(play.leaf.requests) == 2
    assert report.exit_code is ExitCode.INCOMPLETE


def test_a_refused_credential_stops_the_run_within_a_handful_of_requests(stage):
    """What would be refused for everybody stops the run; nobody is written off, and the same command continues."""
    play = stage([grower(number) for number in range(200)])
    play.email.script = {f"g{number}@farm.example": [STOP] for number in range(200)}

    stopped = play.run()

    assert stopped.exit_code is ExitCode.STOPPED
    assert len(play.email.sent) <= TRIALS
    assert set(play.states().values()) == {"planned"}

    play.email.script = {}
    play.email._answers.clear()
    assert play.run().exit_code is ExitCode.DONE
    assert set(play.states().values()) == {"accepted"}
    assert len(play.email.taken) == 200


def test_later_is_tried_again_and_costs_one_message_only(stage):
    """A 429 puts a message off; it is accepted afterwards, once."""
    play = stage([grower(1)])
    play.email.script = {"g1@farm.example": [LATER, LATER]}

    play.run()

    assert play.states() == {("G-1", EMAIL): "accepted"}
    assert len(play.email.taken) == 1
    (row,) = play.ledger.rows("spring")
    assert row.attempts == 3


def test_a_lost_answer_is_in_doubt_and_never_sent_again(stage):
    """No later run and no retry touches a doubt; it keeps the exit code at 4."""
    play = stage([grower(1), grower(2)])
    play.email.script = {"g1@farm.example": [DOUBT]}

    first = play.run()
    second = play.run()
    third = play.retry()

    assert play.states()[("G-1", EMAIL)] == "in_doubt"
    assert len(play.email.sent) == 2
    assert {first.exit_code, second.exit_code, third.exit_code} == {ExitCode.INCOMPLETE}


def test_a_lost_answer_about_a_link_is_asked_again_as_a_new_generation(stage):
    """A second link harms nobody, so a lost one is made anew; the message goes out once, with the known link."""
    play = stage([grower(1)])
    play.leaf.script = {"G-1": [DOUBT]}

    play.run()

    assert len(play.leaf.requests) == 2
    assert len(play.email.sent) == 1
    assert play.states() == {("G-1", EMAIL): "accepted"}


def test_a_link_that_cannot_be_made_fails_the_message_until_retry(stage):
    """Nobody is forgotten: the message ends failed with the link's reason, and `retry` makes link and message."""
    play = stage([grower(1), grower(2)])
    play.leaf.script = {"G-1": [Outcome(Verdict.FAILED, "400", "Leaf did not take it")]}

    first = play.run()
    row = next(row for row in play.ledger.rows("spring") if row.external_id == "G-1")
    assert (row.message_status, row.error) == (MessageState.FAILED, "no link: Leaf did not take it")
    assert first.exit_code is ExitCode.INCOMPLETE
    assert play.run().exit_code is ExitCode.DONE
    assert len(play.leaf.requests) == 2

    assert play.retry().exit_code is ExitCode.DONE
    assert play.states() == {("G-1", EMAIL): "accepted", ("G-2", EMAIL): "accepted"}
    assert len(play.email.sent) == 2


def test_retry_touches_failed_messages_only(stage):
    """Planned messages of an unfinished run are `run`'s business, not `retry`'s."""
    play = stage([grower(number) for number in range(4)])
    play.email.script = {"g0@farm.example": [FAILED]}
    play.run(limit=2)
    assert sorted(play.states().values()) == ["accepted", "failed", "planned", "planned"]

    play.retry()

    assert sorted(play.states().values()) == ["accepted", "accepted", "planned", "planned"]


def test_limit_and_only_narrow_a_run_without_losing_anybody(stage):
    """Whoever is left out stays planned and is done by the next run."""
    play = stage([grower(number) for number in range(10)])

    play.run(only=frozenset({"G-7"}))
    assert [message.to for message in play.email.sent] == ["g7@farm.example"]
    play.run(limit=3)
    assert len(play.email.sent) == 4
    play.run()
    assert len(play.email.taken) == len({message.to for message in play.email.taken}) == 10


def test_a_no_sends_nothing(stage):
    """The person is told what is about to happen, and a no leaves everything planned."""
    play = stage([grower(1), phone_only(2)])
    seen: list[Due] = []

    def no(due: Due) -> None:
        seen.append(due)
        raise Interrupted

    with pytest.raises(Interrupted):
        play.run(no)

    assert (seen[0].growers, dict(seen[0].messages), seen[0].links) == (2, {EMAIL: 1, SMS: 1}, 2)
    assert play.email.sent == play.sms.sent == play.leaf.requests == []


def test_a_grower_who_was_taken_off_the_list_is_not_written_to(stage):
    """Planned but not sent, then removed from the list: the next run leaves them alone."""
    play = stage([grower(1), grower(2)])
    play.run(limit=1)
    play.rows.cells.pop()

    play.run()

    assert [message.to for message in play.email.sent] == ["g1@farm.example"]


def test_the_same_refusal_for_everybody_stops_the_run(stage):
    """Ten of the first twenty with one and the same answer point at the campaign, not at the growers."""
    play = stage([grower(number) for number in range(500)])
    play.email.script = {f"g{number}@farm.example": [FAILED] for number in range(500)}

    report = play.run()

    assert report.exit_code is ExitCode.STOPPED
    assert len(play.email.sent) < 100
    assert "same answer" in str(report.stopped)


def test_lost_answers_stop_the_run_before_they_pile_up(stage):
    """Each further message to a service that loses answers would only make more doubts."""
    play = stage([grower(number) for number in range(500)])
    play.email.script = {f"g{number}@farm.example": [DOUBT] for number in range(500)}

    report = play.run()

    assert report.exit_code is ExitCode.STOPPED
    assert list(play.states().values()).count("in_doubt") <= 6 + 64


def test_a_full_disk_stops_the_run_and_nothing_is_sent_that_was_not_written_down(stage):
    """Without a durable intent no request leaves."""
    play = stage([grower(number) for number in range(10)])

    def full(_due: Due) -> None:
        play.ledger.stop("the disk is full")

    report = play.run(full)

    assert report.exit_code is ExitCode.STOPPED
    assert play.email.sent == play.leaf.requests == []


def test_quiet_hours_hold_texts_and_say_until_when(stage):
    """A held message stays planned, the exit code is 0, and a later run sends it."""
    play = stage([phone_only(1), grower(2)], ("pace:", QUIET))

    report = play.run()

    assert play.states() == {("G-1", SMS): "planned", ("G-2", EMAIL): "accepted"}
    held = next(row for row in play.ledger.rows("spring") if row.external_id == "G-1")
    assert held.error == "held until 2026-03-02T16:00:00Z"
    assert report.exit_code is ExitCode.DONE
    assert len(play.leaf.requests) == 1

    play.clock.advance(3600)
    play.run()
    assert play.states()[("G-1", SMS)] == "accepted"


def test_each_channel_is_tried_alone(stage):
    """The first text that stops the run is one request, whatever the emails do, and not one for every place."""
    play = stage([grower(number) for number in range(220)] + [phone_only(number) for number in range(300, 400)])
    play.sms.script = {f"+1515555{number:04d}": [STOP] for number in range(300, 400)}

    assert play.run().exit_code is ExitCode.STOPPED

    assert len(play.sms.sent) == 1
    assert [play.states()[f"G-{number}", SMS] for number in range(300, 400)] == ["planned"] * 100


def test_when_the_first_few_all_fail_alike_the_run_stops(stage):
    """Nobody else would fare better: five failed, the others are planned still."""
    play = stage([grower(number) for number in range(30)])
    play.email.script = {f"g{number}@farm.example": [FAILED] for number in range(30)}

    assert play.run().exit_code is ExitCode.STOPPED

    assert list(play.states().values()).count("failed") == TRIALS


def test_a_few_failures_are_no_reason_to_stop_when_nobody_is_left(stage):
    """A retry of five that all fail again is finished, not stopped."""
    play = stage([grower(number) for number in range(TRIALS)])
    play.email.script = {f"g{number}@farm.example": [FAILED, FAILED] for number in range(TRIALS)}
    assert play.run().exit_code is ExitCode.INCOMPLETE

    assert play.retry().exit_code is ExitCode.INCOMPLETE
    assert play.retry().exit_code is ExitCode.DONE


def test_what_an_earlier_retry_reopened_and_did_not_reach_is_retried(stage):
    """A retry that was narrowed or stopped leaves the rest planned; the next retry goes on with it."""
    play = stage([grower(number) for number in range(4)])
    play.email.script = {f"g{number}@farm.example": [FAILED] for number in range(4)}
    play.run()

    play.retry(limit=1)
    play.retry(only=frozenset({"G-3"}))
    assert sorted(play.states().values()) == ["accepted", "accepted", "planned", "planned"]
    play.retry()

    assert set(play.states().values()) == {"accepted"}
    assert len(play.email.sent) == 8


def test_a_link_that_no_longer_fits_is_replaced_until_a_message_was_tried(stage):
    """The row asks for another link now: made anew while nobody can have the old one, kept once somebody may."""
    play = stage([grower(1, provider="Stara"), grower(2, provider="Stara")])
    play.email.script = {"g1@farm.example": [STOP]}
    play.run()
    tried = next(row for row in play.ledger.rows("spring") if row.external_id == "G-1")
    assert (tried.attempts, tried.message_status) == (1, MessageState.PLANNED)

    for row in play.rows.cells:
        row["provider"] = "Trimble"
    play.email.script = {}
    play.email._answers.clear()
    play.run()

    asked = [(request.external_id, request.providers) for request in play.leaf.requests]
    assert asked == [("G-1", ("Stara",)), ("G-2", ("Trimble",))]


def test_a_bug_in_one_row_lets_the_others_finish(stage):
    """What breaks for one grower ends the run in order: others who are under way get their answers."""
    play = stage([grower(number) for number in range(40)])

    class Broken(ScriptedSender):
        async def send(self, message, turn):
            if message.to == "g20@farm.example":
                raise RuntimeError("a bug")
            return await super().send(message, turn)

    play.email = Broken()

    report = play.run()

    assert report.exit_code is ExitCode.BUG
    states = list(play.states().values())
    assert states.count("sending") == 1
    assert states.count("accepted") + states.count("planned") == 39
    assert isinstance(report.stopped.__cause__, RuntimeError)


def test_what_was_planned_on_a_channel_that_is_gone_stays(stage):
    """The campaign gave up texts after one was tried: the run goes on with the emails and leaves that one alone."""
    play = stage([grower(1, phone="+15155550001"), grower(2)], ("[email, sms]", "[sms, email]"))
    play.sms.script = {"+15155550001": [STOP]}
    play.run()

    play.campaign = play.campaign.model_copy(update={"channels": (EMAIL,)})
    report = play.run()

    assert report.exit_code is ExitCode.DONE
    assert play.states() == {("G-1", SMS): "planned", ("G-2", EMAIL): "accepted"}


def test_what_came_free_since_the_question_waits_for_the_next_run(stage):
    """A person confirmed so many messages: one whose quiet hours end while they think is not among them."""
    play = stage([phone_only(1), grower(2)], ("pace:", QUIET))
    play.run(only=frozenset({"G-1"}))

    def slow_yes(due: Due) -> None:
        play.clock.advance(3600)

    report = play.run(slow_yes)

    assert play.states() == {("G-1", SMS): "planned", ("G-2", EMAIL): "accepted"}
    assert report.exit_code is ExitCode.DONE


class Outage(ScriptedSender):
    """A service that is out of reach for a while after it took some messages. Times are the clock's."""

    def __init__(self, clock, after: int, seconds: float) -> None:
        super().__init__()
        self.clock, self.after, self.seconds = clock, after, seconds
        self.began: float | None = None
        self.wasted = 0

    async def send(self, message, turn):
        now = self.clock.monotonic()
        if len(self.taken) >= self.after and self.began is None:
            self.began = now
        if self.began is not None and now < self.began + self.seconds:
            self.wasted += 1
            return Outcome(Verdict.PAUSE, "not-sent", "SendGrid cannot be reached")
        return await super().send(message, turn)


def test_a_service_that_is_down_is_asked_by_one_at_a_time_until_it_is_back(stage):
    """An outage costs what was under way and a probe now and then; nobody is lost or given up or written to twice."""
    play = stage([grower(number) for number in range(300)])
    play.email = Outage(play.clock, after=100, seconds=240)

    report = play.run()

    assert report.exit_code is ExitCode.DONE
    assert set(play.states().values()) == {"accepted"}
    assert len(play.email.taken) == len({message.to for message in play.email.taken}) == 300
    assert play.email.wasted <= EMAILS + 5


def test_an_outage_that_does_not_end_stops_the_run(stage):
    """After a quarter of an hour out of reach the run stops; what is left stays planned and is done by the next one."""
    play = stage([grower(number) for number in range(300)])
    play.email = Outage(play.clock, after=100, seconds=7200)

    stopped = play.run()

    assert stopped.exit_code is ExitCode.STOPPED
    assert play.clock.monotonic() < 1800
    assert sorted(set(play.states().values())) == ["accepted", "planned"]
    play.clock.advance(7200)
    assert play.run().exit_code is ExitCode.DONE


class Crawling(ScriptedSender):
    """A service whose turns take longer than a link lives."""

    def __init__(self, clock) -> None:
        super().__init__()
        self.clock = clock

    async def ready(self):
        await self.clock.sleep(3600)
        return await super().ready()


def test_a_pace_that_no_link_outlives_ends_in_a_failure_that_says_so(stage):
    """A link that would be dead on arrival is made anew a few times and never sent; the run comes to an end."""
    play = stage([grower(1)], ("expiresIn: 30d", "expiresIn: 15m"))
    play.email = Crawling(play.clock)

    report = play.run()

    assert play.states() == {("G-1", EMAIL): "failed"}
    assert play.email.sent == []
    assert report.exit_code is ExitCode.INCOMPLETE


def test_quiet_hours_that_begin_during_the_wait_hold_the_message(stage):
    """What waited for its turn until it became quiet is not sent any more; it goes when the hours are over."""
    late = QUIET.replace("09:00", "09:30").replace('"10:00"', '"11:00"')
    play = stage([phone_only(1)], ("pace:", late))
    play.sms = Crawling(play.clock)

    report = play.run()

    assert play.states() == {("G-1", SMS): "planned"}
    assert play.sms.sent == []
    assert report.exit_code is ExitCode.DONE


def test_long_rows_are_planned_fewer_at_a_time():
    """A batch is bounded in rows and in text, so that neither many rows nor very long ones fill the memory; none is
    left out, and none changes its place."""

    def decided(count, letters):
        cells = {"Notes": "x" * letters}
        return [PlannedInvitation(Grower(n, f"G-{n}", "", None, None, cells), 0, ()) for n in range(count)]

    short, long = decided(PLAN_BATCH * 2 + 1, 10), decided(9, PLAN_LETTERS // 4)
    assert [len(batch) for batch in in_batches(short)] == [PLAN_BATCH, PLAN_BATCH, 1]
    assert [len(batch) for batch in in_batches(long)] == [4, 4, 1]
    assert [one for batch in in_batches(long) for one in batch] == long
