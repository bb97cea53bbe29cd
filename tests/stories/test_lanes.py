"""Each channel has a lane of its own: none waits for a slower one, and nothing piles up between its ends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from leafcast.edge.memory import ScriptedLeaf, ScriptedSender, VirtualClock
from leafcast.errors import ExitCode
from leafcast.model import Channel, Outcome, Verdict

from .conftest import grower, phone_only

EMAIL, SMS = Channel.EMAIL, Channel.SMS
REFUSED = Outcome(Verdict.REFUSED, "400", "the address was refused")
SLOW = ("twilio: unlimited", "twilio: 1")
ALL = ("channels: [email, sms]", "channels: [email, sms]\ndeliver: all")


@dataclass(slots=True)
class Paced(ScriptedSender):
    """A service that takes one message a second, and notes when."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    times: list[float] = field(default_factory=list)
    _line: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ready(self):
        async with self._line:
            await self.clock.sleep(1)
        return await ScriptedSender.ready(self)

    async def send(self, message, turn):
        self.times.append(self.clock.monotonic())
        return await ScriptedSender.send(self, message, turn)


@dataclass(slots=True)
class Distant(ScriptedLeaf):
    """Leaf at a distance of 50 ms, which notes how many links it has made and never had to send."""

    ahead: list[int] = field(default_factory=list)
    sent: list[object] = field(default_factory=list)

    async def create(self, request, turn):
        await self.clock.sleep(0.05)
        self.ahead.append(len(self.requests) - len(self.sent))
        return await ScriptedLeaf.create(self, request, turn)


def paced(play):
    play.sms = Paced(clock=play.clock)
    return play


def test_emails_do_not_wait_for_texts(stage):
    """Texts at one a second are all still to come when the last of the emails among them has left."""
    rows = [phone_only(number) if number % 2 else grower(number) for number in range(400)]
    play = paced(stage(rows, SLOW))
    emails: list[float] = []

    class Noting(ScriptedSender):
        async def send(self, message, turn):
            emails.append(play.clock.monotonic())
            return await super().send(message, turn)

    play.email = Noting()

    assert play.run().exit_code is ExitCode.DONE

    assert (len(emails), len(play.sms.times)) == (200, 200)
    assert emails[-1] < play.sms.times[10]


def test_a_link_is_made_when_its_text_is_about_to_leave(stage):
    """Never more links lie about than the pace takes in a few seconds, however long the list is."""
    play = paced(stage([phone_only(number) for number in range(150)], SLOW))
    play.leaf = Distant(play.clock, sent=play.sms.sent)

    play.run()

    assert len(play.sms.taken) == 150
    assert max(play.leaf.ahead) <= 5
    assert play.clock.monotonic() < 150 * 1.05


def test_both_messages_of_a_grower_share_one_link(stage):
    """Under `all` the lanes come to a grower at their own times, the slow one long after; there is one link all the
    same."""
    rows = [grower(number, phone=f"+1515555{number:04d}") for number in range(120)]
    play = paced(stage(rows, SLOW, ALL))

    assert play.run().exit_code is ExitCode.DONE

    assert len(play.leaf.requests) == 120
    assert set(play.states().values()) == {"accepted"}
    assert len(play.states()) == 240


def test_a_link_that_aged_between_the_lanes_is_made_anew_once(stage):
    """The text leaves hours after the email, with a link of its own age; the messages still share what they can."""
    rows = [grower(number, phone=f"+1515555{number:04d}") for number in range(700)]
    play = paced(stage(rows, SLOW, ALL, ("expiresIn: 30d", "expiresIn: 15m")))

    assert play.run().exit_code is ExitCode.DONE

    assert set(play.states().values()) == {"accepted"}
    assert 700 < len(play.leaf.requests) < 1400


def test_who_is_refused_by_email_gets_a_text_wherever_the_text_lane_stands(stage):
    """Refusals in front of the slow lane's place and behind it both come up, once each."""
    rows = [grower(number, phone=f"+1515555{number:04d}") for number in range(200)]
    rows[1:1] = [phone_only(number) for number in range(500, 530)]
    play = paced(stage(rows, SLOW))
    refused = [*range(0, 200, 7)]
    play.email.script = {f"g{number}@farm.example": [REFUSED] for number in refused}

    assert play.run().exit_code is ExitCode.INCOMPLETE

    texted = [message.to for message in play.sms.taken]
    assert sorted(texted) == sorted(f"+1515555{number:04d}" for number in [*refused, *range(500, 530)])
    assert list(play.states().values()).count("planned") == 0


def test_a_retry_that_is_refused_goes_on_to_the_next_channel(stage):
    """What follows a refusal belongs to the retry, even when the retry is stopped before it gets there."""
    play = stage([grower(number, phone=f"+1515555{number:04d}") for number in range(3)])
    failed = Outcome(Verdict.FAILED, "413", "too large")
    play.email.script = {f"g{number}@farm.example": [failed, REFUSED] for number in range(3)}
    play.sms.script = {f"+1515555{number:04d}": [Outcome(Verdict.STOP, "401", "no")] for number in range(3)}
    play.run()

    assert play.retry().exit_code is ExitCode.STOPPED
    play.sms.script = {}
    play.sms._answers.clear()
    play.retry()
    play.retry()

    assert [state for (_, channel), state in play.states().items() if channel is SMS] == ["accepted"] * 3
    assert len(play.sms.taken) == 3


def test_a_limit_counts_growers_for_all_lanes_together(stage):
    """`--limit 10` touches the first ten growers of the list, whichever channel they are on."""
    rows = [phone_only(number) if number % 2 else grower(number) for number in range(300)]
    play = stage(rows)

    play.run(limit=10)

    touched = {external_id for (external_id, _), state in play.states().items() if state == "accepted"}
    assert touched == {f"G-{number}" for number in range(10)}
