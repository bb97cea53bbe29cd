"""What a recall promises, in memory and in virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from leafcast.errors import ExitCode, Interrupted, UsageError
from leafcast.model import LinkState, MessageState, Outcome, Verdict
from leafcast.stories.brake import Brake
from leafcast.stories.doubts import Evidence
from leafcast.stories.recall import Extent, RecallReport, pick_run, recall

from .conftest import Silence, Stage, grower

LATER = Outcome(Verdict.PAUSE, "http-503", "it is out of reach")
NO = Outcome(Verdict.REFUSED, "http-400", "it would not")


def recalled(play: Stage, extent: Extent | None = None, run: str = "", confirm=None) -> RecallReport:
    asked = []

    async def go() -> RecallReport:
        world = Evidence(play.ledger, play.ledger, play.ledger, {}, play.leaf, play.clock, Silence(), 120)
        chosen = extent or Extent()
        if run:
            chosen = replace(chosen, run=pick_run(play.ledger.past_runs("spring"), run))
        return await recall(world, play.ledger, "spring", Brake(), chosen, "kim", confirm or asked.append)

    report = asyncio.run(go())
    play.asked = asked
    return report


def open_link(play: Stage, external_id: str) -> None:
    """Somebody opens the grower's link."""
    for key, link in play.leaf.held.items():
        if link.leaf_user_id == f"user-{external_id}":
            play.leaf.held[key] = replace(link, usage_count=2, last_accessed_at=play.clock.now())


def link_states(play: Stage) -> list[str]:
    return [row.link_status for row in play.ledger.rows("spring")]


def test_a_recall_revokes_cancels_and_names_who_had_opened(stage):
    """Every live link is gone from Leaf, what had not left never does, and who had opened is named by externalId."""
    play = stage([grower(number) for number in range(6)])
    play.run(limit=4)
    open_link(play, "G-2")
    seen = play.clock.now()

    report = recalled(play)

    assert play.leaf.held == {}
    assert (report.revoked, report.found.unsent, report.left) == (4, 2, 0)
    assert report.opened == {"G-2": seen}
    assert sorted(play.states().values()) == ["accepted"] * 4 + ["cancelled"] * 2
    assert report.exit_code is ExitCode.DONE
    assert (play.asked[0].growers, len(play.asked[0].links), play.asked[0].unsent) == (6, 4, 2)


def test_run_after_a_recall_invites_nobody_again(stage):
    """Neither the growers of before nor new ones of the list; retry finds nothing either."""
    play = stage([grower(number) for number in range(3)])
    play.run(limit=1)
    recalled(play)
    play.rows.cells += play.rows.__class__([grower(7)]).cells

    again, retried = play.run(), play.retry()

    assert len(play.email.sent) == 1
    assert len(play.leaf.requests) == 1
    assert (again.exit_code, retried.exit_code) == (ExitCode.DONE, ExitCode.DONE)
    assert ("G-7", "email") not in play.states()


def test_a_recall_that_leaf_stopped_is_continued(stage):
    """Nothing leaves from the first moment on; links that are left are revoked by the same command, and who had opened
    is still known."""
    play = stage([grower(number) for number in range(20)])
    play.run()
    open_link(play, "G-1")
    real, calls = play.leaf.delete, []

    async def delete(kind, link_id):
        calls.append(link_id)
        return await real(kind, link_id) if len(calls) <= 5 else LATER

    play.leaf = _Leaf(play.leaf, delete)
    stopped = recalled(play)
    assert stopped.exit_code is ExitCode.STOPPED
    assert 0 < stopped.revoked <= 5
    assert play.run().exit_code is ExitCode.DONE

    play.leaf = play.leaf.real
    done = recalled(play)
    assert done.exit_code is ExitCode.DONE
    assert play.leaf.held == {}
    assert set(link_states(play)) == {LinkState.REVOKED}
    assert stopped.revoked + done.revoked == 20
    assert list(done.opened) == ["G-1"]

    nothing = recalled(play)
    assert (nothing.revoked, nothing.exit_code, play.asked) == (0, ExitCode.DONE, [])


class _Leaf:
    """Leaf with another way to delete."""

    def __init__(self, real, delete):
        self.real, self.delete = real, delete

    def __getattr__(self, name):
        return getattr(self.real, name)


def test_a_link_that_leaf_will_not_delete_is_named(stage):
    """One refusal stops nobody else, and the end is not a clean one."""
    play = stage([grower(number) for number in range(3)])
    play.run()
    real = play.leaf.delete

    async def delete(kind, link_id):
        return NO if link_id == "link-2" else await real(kind, link_id)

    play.leaf = _Leaf(play.leaf, delete)
    report = recalled(play)
    assert (report.revoked, len(report.refused), report.left) == (2, 1, 1)
    assert report.exit_code is ExitCode.INCOMPLETE


def test_recalling_one_run_leaves_the_others(stage):
    """What that run made is revoked and what it planned is stopped; the campaign goes on for everybody else."""
    play = stage([grower(number) for number in range(4)])
    play.run(only=frozenset({"G-0", "G-1"}))
    play.rows.cells = play.rows.cells[:2] + play.rows.__class__([grower(8), grower(9)]).cells
    play.run(limit=1)
    run = play.ledger.past_runs("spring")[0]

    report = recalled(play, run=run.id)

    assert {one.external_id for one in report.found.invitations} == {"G-8", "G-9"}
    assert (report.revoked, report.found.unsent) == (1, 1)
    play.run()
    assert len(play.email.sent) == 3
    with pytest.raises(UsageError, match="no run 'nothing'"):
        recalled(play, run="nothing")


def test_only_and_limit_narrow_a_recall(stage):
    """Whoever is not named keeps the link and is written to; a limit takes the first ones, and the next one more."""
    play = stage([grower(number) for number in range(6)])
    play.run(limit=4)

    assert recalled(play, Extent(only=frozenset({"G-5"}))).found.unsent == 1
    assert recalled(play, Extent(limit=2)).revoked == 2
    assert recalled(play, Extent(limit=1)).revoked == 1
    play.run()
    assert [row.external_id for row in play.ledger.rows("spring") if row.link_status == "live"] == ["G-3", "G-4"]
    with pytest.raises(UsageError, match="G-77"):
        recalled(play, Extent(only=frozenset({"G-77"})))


def test_a_no_recalls_nothing(stage):
    """Until the person says yes, nothing is written and nothing revoked."""
    play = stage([grower(1)])
    play.run()

    def no(found):
        raise Interrupted("no")

    with pytest.raises(Interrupted):
        recalled(play, confirm=no)
    assert len(play.leaf.held) == 1
    assert play.ledger.recalled_at("spring") is None


def test_lost_links_are_found_and_revoked_too(stage):
    """A link whose answer was lost may open something: a whole recall looks for it at Leaf."""
    play = stage([grower(1)])
    play.leaf.script = {"G-1": [Outcome(Verdict.IN_DOUBT, "timeout", "no answer came")]}
    play.run()
    assert len(play.leaf.held) == 2
    play.clock.advance(180)

    report = recalled(play)

    assert play.leaf.held == {}
    assert len(report.orphans.revoked) == 1


def test_a_doubt_stays_one_and_keeps_the_end_from_being_clean(stage):
    """A message whose answer was lost is not called unsent: it may have arrived, with a link that opens nothing now."""
    play = stage([grower(1)])
    play.email.script = {"g1@farm.example": [Outcome(Verdict.IN_DOUBT, "timeout", "no answer came")]}
    play.run()
    report = recalled(play)
    assert report.counts.messages[MessageState.IN_DOUBT] == 1
    assert report.exit_code is ExitCode.INCOMPLETE
