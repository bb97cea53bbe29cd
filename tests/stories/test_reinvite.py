"""What a re-invitation promises, in memory and in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from leafcast.decide.rounddecisions import Decision, LinkPlan, WhyNot
from leafcast.errors import ExitCode, Interrupted, RunStopped
from leafcast.model import Channel, Delivery, LinkState, Outcome, Suppress, Suppression, Verdict
from leafcast.stories.brake import Brake
from leafcast.stories.following import Watch
from leafcast.stories.reinvite import ReinviteReport, Stand, reinvite
from leafcast.stories.run import Options

from .conftest import Stage, grower

DAY = 86_400
LIFE = 30 * DAY
DOUBT = Outcome(Verdict.IN_DOUBT, "timeout", "no answer came")
FAILED = Outcome(Verdict.FAILED, "413", "too large")
STOP = Outcome(Verdict.STOP, "401", "the key is not accepted")


def reinvited(play: Stage, slot: str = "s1", ask=None, **options) -> ReinviteReport:
    """One `reinvite`; what was shown is in `play.shown`."""

    async def go() -> ReinviteReport:
        stand = Stand(play.ledger, Watch(play.ledger, play.ledger, play.leaf, play.clock), play.leaf)
        play.brake = Brake()
        return await reinvite(
            play.world(), stand, play.examiner, play.brake, Options(**options), slot, shown.extend, ask or asked.append
        )

    shown: list[Decision] = []
    asked: list[object] = []
    play.shown, play.asked = shown, asked
    return asyncio.run(go())


def reasons(decisions: Sequence[Decision]) -> dict[str, str]:
    return {one.external_id: str(one.cause or one.why_not) for one in decisions}


def ran(stage, *changes, growers: int = 2, after: float = LIFE + 1) -> Stage:
    """A campaign that was sent, and the time that has passed since."""
    play = stage([grower(number, phone=f"+1515555{number:04d}") for number in range(1, growers + 1)], *changes)
    play.run()
    play.clock.advance(after)
    return play


def when(text: str) -> tuple[str, str]:
    return ("pace:", f"reinvite: {{{text}}}\npace:")


def delivered(play: Stage, external_id: str, delivery: Delivery) -> None:
    """What the provider said of the grower's message."""
    tables = play.ledger._tables
    for key, row in tables.messages.items():
        if tables.invitations[row.invitation].external_id == external_id:
            tables.messages[key] = replace(row, delivery=delivery)


def script(play: Stage, *answers) -> None:
    """What the next emails to G-1, G-2 … are answered with."""
    play.email.script = {f"g{number}@farm.example": given for number, given in enumerate(answers, start=1)}
    play.email._answers.clear()


# ---------------------------------------------------------------------------------------------------------- who is due


def test_who_is_not_connected_and_whose_link_expired_is_written_to_again(stage):
    """Leaf is asked; the connected one is left alone, the other gets a new link and the reminder's words."""
    play = ran(stage)
    play.leaf.connects("G-1", "JohnDeere")

    report = reinvited(play)

    assert reasons(play.shown) == {"G-1": "connected", "G-2": "expired"}
    assert [message.to for message in play.email.sent] == ["g1@farm.example", "g2@farm.example", "g2@farm.example"]
    assert play.email.sent[2].subject == play.email.sent[1].subject
    assert play.email.sent[2].text != play.email.sent[1].text
    assert len(play.leaf.requests) == 3
    assert [(row.external_id, row.round, row.link_status) for row in play.ledger.rows("spring")] == [
        ("G-1", 0, "expired"),
        ("G-2", 0, "expired"),
        ("G-2", 1, "live"),
    ]
    assert report.exit_code is ExitCode.DONE


def test_a_live_link_keeps_a_grower_from_being_written_to(stage):
    """As long as nothing that the campaign names has happened, nobody is due, and nobody is asked to confirm."""
    play = ran(stage, after=10 * DAY)
    report = reinvited(play)
    assert reasons(play.shown) == {"G-1": "still live", "G-2": "still live"}
    assert (len(play.email.sent), play.asked, report.exit_code) == (2, [], ExitCode.DONE)


def test_a_second_scheduler_for_the_same_slot_does_nothing(stage):
    """Whoever fires for a slot again finds it done, even where the bounds would allow another round."""
    play = ran(stage, when("minDays: 0, maxRounds: 5, when: [expired, 60d before expiry]"))
    reinvited(play, "2026-12-01")
    reinvited(play, "2026-12-01")
    assert set(reasons(play.shown).values()) == {"slot done"}
    assert len(play.email.sent) == 4
    reinvited(play, "2026-12-02")
    assert len(play.email.sent) == 6


def test_nobody_is_written_to_sooner_or_more_often_than_the_campaign_allows(stage):
    """minDays after the last message, maxRounds in all."""
    play = ran(stage, when("minDays: 40, maxRounds: 1"), growers=1)
    reinvited(play, "s1")
    assert reasons(play.shown) == {"G-1": "minDays"}
    play.clock.advance(10 * DAY)
    reinvited(play, "s2")
    assert reasons(play.shown) == {"G-1": "expired"}
    play.clock.advance(80 * DAY)
    reinvited(play, "s3")
    assert reasons(play.shown) == {"G-1": "maxRounds"}
    assert len(play.email.sent) == 2


def test_the_contact_budget_counts_every_campaign_of_the_ledger(stage):
    """Who was written to by another campaign lately, under another id but at the same address, is left alone."""
    play = ran(stage, when("contacts: 1, contactDays: 7"))
    other = stage([grower(1, externalId="OTHER")], ("campaign: spring", "campaign: autumn"))
    other.ledger, other.clock, other.leaf = play.ledger, play.clock, play.leaf
    other.run()

    reinvited(play)

    assert reasons(play.shown) == {"G-1": "contacts", "G-2": "expired"}


def test_what_is_in_doubt_failed_or_unsent_waits_for_its_own_command(stage):
    """A next round never covers an open question of the last one."""
    play = stage([grower(number) for number in range(1, 5)])
    play.email.script = {"g1@farm.example": [DOUBT], "g2@farm.example": [FAILED]}
    play.run(limit=3)
    play.clock.advance(LIFE + 1)

    report = reinvited(play)

    assert reasons(play.shown) == {"G-1": "in doubt", "G-2": "failed", "G-3": "expired", "G-4": "unsent"}
    assert report.exit_code is ExitCode.INCOMPLETE


def test_who_left_the_list_is_not_written_to(stage):
    """The list as it is now decides, and its newest address is used."""
    play = ran(stage)
    play.rows.cells = [{**play.rows.cells[1], "email": "new@farm.example"}]
    reinvited(play)
    assert reasons(play.shown) == {"G-1": "not on the list", "G-2": "expired"}
    assert play.email.sent[-1].to == "new@farm.example"


def test_who_connected_and_left_the_list_is_called_connected(stage):
    """A list that Leaf itself gives does not name the connected any more: the reason is the connection."""
    play = ran(stage)
    play.leaf.connects("G-1", "JohnDeere")
    play.rows.cells = play.rows.cells[1:]
    reinvited(play)
    assert reasons(play.shown) == {"G-1": "connected", "G-2": "expired"}


def test_a_bounce_goes_to_the_other_channel_with_the_same_link(stage):
    """The link still serves, so it is reused; the address that bounced is not used again."""
    play = ran(stage, when("when: bounced, minDays: 1"), after=2 * DAY)
    delivered(play, "G-1", Delivery.BOUNCED)

    reinvited(play)

    assert reasons(play.shown) == {"G-1": "bounced", "G-2": "still live"}
    assert (len(play.sms.sent), len(play.leaf.requests)) == (1, 2)
    assert play.shown[0].link is LinkPlan.REUSE
    rows = [row for row in play.ledger.rows("spring") if row.external_id == "G-1"]
    assert [row.link_status for row in rows] == [LinkState.CARRIED, LinkState.LIVE]
    assert dict(play.ledger.counts("spring").links) == {"created": 2, "reused": 1, "failed": 0}


def test_who_unsubscribed_is_never_due(stage):
    """A person who said no is left alone, whatever became of the link."""
    play = ran(stage)
    delivered(play, "G-1", Delivery.UNSUBSCRIBED)
    reinvited(play)
    assert reasons(play.shown) == {"G-1": "unsubscribed", "G-2": "expired"}


def test_a_used_up_link_is_replaced_and_the_old_one_revoked(stage):
    """Never two live links: the old one is gone from Leaf before the new one is asked for."""
    play = ran(stage, when("when: [expired, used up]"), after=10 * DAY)
    play.leaf.held["link-1"] = replace(play.leaf.held["link-1"], usage_count=3, max_usage=3)

    reinvited(play)

    assert reasons(play.shown) == {"G-1": "used up", "G-2": "still live"}
    assert sorted(play.leaf.held) == ["link-2", "link-3"]
    assert [row.link_status for row in play.ledger.rows("spring")] == ["revoked", "live", "live"]


def test_a_link_that_made_room_before_its_time_is_revoked_with_the_other(stage):
    """Handed on by export, then replaced because the row asked for another: a new round leaves neither of them open."""
    play = stage([grower(1, provider="Stara")], ("channels: [email, sms]", "channels: []"))
    play.run()
    sending = stage([], when("when: [expired, used up]"))
    play.campaign = sending.campaign
    play.rows.cells[0]["provider"] = "Trimble"
    play.run()
    assert sorted(play.leaf.held) == ["link-1", "link-2"]
    play.clock.advance(10 * DAY)
    play.leaf.held["link-2"] = replace(play.leaf.held["link-2"], usage_count=3, max_usage=3)

    reinvited(play)

    assert reasons(play.shown) == {"G-1": "used up"}
    assert sorted(play.leaf.held) == ["link-3"]


def test_used_up_is_named_where_the_campaign_does_not_ask_for_it(stage):
    """The reason says what stands in the way and what would change it."""
    play = ran(stage, after=10 * DAY)
    play.leaf.held["link-1"] = replace(play.leaf.held["link-1"], usage_count=3, max_usage=3)
    reinvited(play)
    assert play.shown[0].why_not is WhyNot.NOT_ASKED
    assert "reinvite.when does not name" in play.shown[0].words


def test_soon_before_expiry_the_link_is_replaced_when_too_little_is_left(stage):
    """Three days before its end it may still serve; a day before it does not, and is replaced."""
    play = ran(stage, when("when: 3d before expiry"), after=28 * DAY + 3600)
    reinvited(play)
    assert {one.link for one in play.shown} == {LinkPlan.REPLACE}
    assert len(play.leaf.held) == 2
    early = ran(stage, when("when: 3d before expiry"), after=27 * DAY + 3600)
    reinvited(early)
    assert {one.link for one in early.shown} == {LinkPlan.REUSE}
    assert len(early.leaf.requests) == 2


def test_broken_credentials_are_a_cause_of_their_own(stage):
    """A grower whose connection stopped working is asked again, with a cause that the words can name."""
    subject = ('subject: "Connect your data"', 'subject: "Connect your data: {{ cause or round }}"')
    play = ran(stage, when("when: credentials broken"), subject, after=10 * DAY)
    play.leaf.connects("G-1", "JohnDeere", "UNAUTHENTICATED")
    reinvited(play)
    assert reasons(play.shown) == {"G-1": "credentials broken", "G-2": "still live"}
    [standing, _] = play.ledger.standings("spring")
    assert standing.rounds[-1].cause == "credentials broken"
    subjects = [message.subject for message in play.email.sent]
    assert subjects == ["Connect your data: 0", "Connect your data: 0", "Connect your data: credentials broken"]


# ------------------------------------------------------------------------------------------------ stopped and continued


def test_leaf_out_of_reach_means_that_nobody_is_written_to(stage):
    """Who is connected is not guessed."""
    play = ran(stage)
    play.leaf.trouble = Outcome(Verdict.PAUSE, "http-503", "it is out of reach")
    with pytest.raises(RunStopped, match="out of reach"):
        reinvited(play)
    assert len(play.email.sent) == 2


def test_a_no_plans_nothing(stage):
    """What was shown and refused leaves no trace in the ledger."""
    play = ran(stage)

    def no(due):
        raise Interrupted("no")

    with pytest.raises(Interrupted):
        reinvited(play, ask=no)
    assert [row.round for row in play.ledger.rows("spring")] == [0, 0]


def test_a_round_that_was_cut_off_is_continued_and_judged_again(stage):
    """Planned and not sent: the next `reinvite`, of whatever slot, sends it once; who connected is skipped."""
    play = ran(stage, growers=12)
    script(play, *([STOP] for _ in range(12)))
    assert reinvited(play, "s1").exit_code is ExitCode.STOPPED
    script(play)
    sent = len(play.email.taken)
    play.leaf.connects("G-3", "JohnDeere")

    assert reinvited(play, "s2").exit_code is ExitCode.DONE

    assert reasons(play.shown)["G-3"] == "connected"
    rows = {row.external_id: row for row in play.ledger.rows("spring") if row.round == 1}
    assert (rows["G-3"].message_status, rows["G-3"].error) == ("skipped", "connected")
    assert sum(row.message_status == "accepted" for row in rows.values()) == 11
    assert len(play.email.taken) == sent + 11
    assert {one.slot for one in play.ledger.standings("spring")[0].rounds} == {"", "s1"}
    reinvited(play, "s3")
    assert len(play.email.taken) == sent + 11


def test_limit_and_only_narrow_a_round(stage):
    """The rest is due the next time."""
    play = ran(stage, growers=5)
    reinvited(play, limit=2)
    reinvited(play, only=frozenset({"G-5"}))
    assert [row.external_id for row in play.ledger.rows("spring") if row.round] == ["G-1", "G-2", "G-5"]
    reinvited(play)
    assert sum(row.round == 1 for row in play.ledger.rows("spring")) == 5


def test_an_old_link_that_leaf_keeps_means_no_new_one(stage):
    """Rather none than two: the grower is named, and everybody else gets theirs."""
    play = ran(stage, when("when: [expired, used up]"), after=10 * DAY)
    for key in ("link-1", "link-2"):
        play.leaf.held[key] = replace(play.leaf.held[key], usage_count=3, max_usage=3)
    real = play.leaf.delete

    class Keeping:
        def __getattr__(self, name):
            return getattr(leaf, name)

        async def delete(self, kind, link_id):
            no = Outcome(Verdict.REFUSED, "http-400", "it would not")
            return no if link_id == "link-1" else await real(kind, link_id)

    leaf = play.leaf
    play.leaf = Keeping()
    report = reinvited(play)
    assert report.kept == ("G-1",)
    assert report.exit_code is ExitCode.INCOMPLETE
    assert sorted(leaf.held) == ["link-1", "link-3"]


def test_a_recalled_campaign_is_over(stage):
    """`reinvite` after a recall writes to nobody."""
    from .test_recall import recalled

    play = ran(stage)
    recalled(play)
    report = reinvited(play)
    assert (play.shown, len(play.email.sent), report.exit_code) == ([], 2, ExitCode.DONE)


def test_run_does_not_touch_rounds_and_sends_none_of_them(stage):
    """An unfinished round waits for `reinvite`; `run` and `retry` leave it alone."""
    play = ran(stage, growers=1)
    script(play, [STOP])
    reinvited(play)
    script(play)
    play.run()
    play.retry()
    assert [row.message_status for row in play.ledger.rows("spring")] == ["accepted", "planned"]
    assert play.ledger.counts("spring").by_channel[Channel.EMAIL, "planned"] == 1


@pytest.mark.parametrize(("after", "words"), [(10, "the link works until"), (LIFE + 1, "the link is dead")])
def test_a_campaign_of_links_alone_speaks_of_links(stage, after, words):
    """`channels: []`: nobody was written to, so nobody was "never reached"; what is told is how the link stands."""
    play = ran(stage, ("channels: [email, sms]", "channels: []"), after=after)
    report = reinvited(play)
    assert set(reasons(play.shown).values()) == {"links only"}
    assert all(words in one.words for one in play.shown)
    assert (len(play.leaf.requests), report.exit_code) == (2, ExitCode.DONE)


def test_who_was_never_written_to_is_told_why(stage):
    """A suppressed grower is called suppressed, and not just one whom nothing reached."""
    play = stage([grower(1), grower(2)])
    play.ledger.begin("spring", "sync")
    play.ledger.record(Suppress((Suppression(Channel.EMAIL, "g1@farm.example", "asked", "by hand"),)))
    play.run()
    reinvited(play)
    assert reasons(play.shown)["G-1"] == "suppressed"
