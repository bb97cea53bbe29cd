"""The scripted services and the virtual clock: they behave as their ports say, so that tests may trust them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from leafcast.edge.memory import ScriptedLeaf, ScriptedSender, VirtualClock
from leafcast.model import EmailMessage, LinkRequest, LinkType, Outcome, Verdict


def test_sleepers_wake_in_the_order_of_their_times():
    """Virtual time passes at once and in order, whoever lay down first."""
    clock = VirtualClock()
    woken = []

    async def sleeper(seconds):
        await clock.sleep(seconds)
        woken.append((seconds, clock.monotonic()))

    async def all_of_them():
        await asyncio.gather(*(sleeper(seconds) for seconds in (30, 10, 3600, 20)))

    start = clock.now()
    asyncio.run(all_of_them())
    assert woken == [(10, 10.0), (20, 20.0), (30, 30.0), (3600, 3600.0)]
    assert clock.now() - start == timedelta(hours=1)


def test_a_sleeper_that_is_cancelled_keeps_nobody_asleep():
    """Cancelling one sleeper leaves the others to wake in time."""
    clock = VirtualClock()

    async def two():
        first = asyncio.ensure_future(clock.sleep(5))
        second = asyncio.ensure_future(clock.sleep(10))
        await asyncio.sleep(0)
        first.cancel()
        await second
        return clock.monotonic()

    assert asyncio.run(two()) == 10.0


def test_leaf_answers_by_script_then_accepts():
    """A scripted grower is answered in turn; later calls and other growers are accepted with a link each."""
    clock = VirtualClock()
    leaf = ScriptedLeaf(clock, {"G1": [Outcome(Verdict.PAUSE, "429"), Outcome(Verdict.IN_DOUBT, "timeout")]})

    async def calls():
        turn = await leaf.ready()
        names = ("G1", "G2", "G1", "G1")
        return [await leaf.create(LinkRequest(LinkType.FILE_UPLOAD, name, 900), turn) for name in names]

    answers = asyncio.run(calls())
    assert [answer.outcome.verdict.value for answer in answers] == ["pause", "accepted", "in_doubt", "accepted"]
    assert [answer.link is not None for answer in answers] == [False, True, False, True]
    assert answers[1].link.expires_at == clock.now() + timedelta(seconds=900)
    assert len({answer.link.id for answer in answers if answer.link}) == 2


def test_a_lost_answer_is_a_message_taken():
    """The scripted sender keeps what was handed over apart from what the service has."""

    def email(name):
        return EmailMessage(f"m-{name}", f"{name}@x.example", name, "a@b.example", "A", None, "s", "<p>", "t")

    sender = ScriptedSender({"a@x.example": [Outcome(Verdict.IN_DOUBT)], "b@x.example": [Outcome(Verdict.REFUSED)]})

    async def calls():
        turn = await sender.ready()
        return [await sender.send(email(name), turn) for name in "abc"]

    assert [outcome.verdict.value for outcome in asyncio.run(calls())] == ["in_doubt", "refused", "accepted"]
    assert [message.message_id for message in sender.sent] == ["m-a", "m-b", "m-c"]
    assert [message.message_id for message in sender.taken] == ["m-a", "m-c"]
