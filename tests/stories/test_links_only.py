"""`channels: []`: links and no message, in memory and in virtual time."""

from __future__ import annotations

from typing import Any

from leafcast.errors import ExitCode, LedgerStopped
from leafcast.model import Due, Outcome, Verdict

from .conftest import Stage, grower

FAILED = Outcome(Verdict.FAILED, "400", "not accepted")
STOP = Outcome(Verdict.STOP, "401", "the credentials are not accepted")
DOUBT = Outcome(Verdict.IN_DOUBT, "no-answer", "no answer came")
LATER = Outcome(Verdict.PAUSE, "429", "too many requests", retry_after=2.0)


def links_only(stage: Any, growers: int = 30) -> Stage:
    rows = [grower(number, email="") for number in range(growers)]  # nobody is written to, so no address is needed
    play: Stage = stage(rows, ("channels: [email, sms]", "channels: []"))
    play.examiner  # noqa: B018 - the campaign compiles
    return play


def with_link(play: Stage) -> set[str]:
    return {row.external_id for row in play.ledger.rows("spring") if row.link_status == "live"}


def test_everybody_gets_a_link_once_and_nobody_a_message(stage: Any) -> None:
    """The count is confirmed, the exit code is 0, and a second run makes nothing."""
    play = links_only(stage)

    report = play.run()

    assert play.confirmed == [Due(30, {}, 30)]
    assert (report.exit_code, report.tally.links, report.counts.links["created"]) == (ExitCode.DONE, 30, 30)
    assert play.email.sent == play.sms.sent == []
    assert len(with_link(play)) == len(play.leaf.requests) == 30

    again = play.run()
    assert len(play.leaf.requests) == 30
    assert len(play.confirmed) == 1
    assert again.exit_code is ExitCode.DONE


def test_limit_and_only_narrow_it_and_a_later_run_does_the_rest(stage: Any) -> None:
    """As with messages."""
    play = links_only(stage)
    play.run(limit=4)
    play.run(only=frozenset({"G-20"}))
    assert with_link(play) == {"G-0", "G-1", "G-2", "G-3", "G-20"}
    play.run()
    assert len(play.leaf.requests) == 30


def test_a_failed_link_is_for_retry(stage: Any) -> None:
    """Exit code 4, the reason in the line, and only `retry` asks again."""
    play = links_only(stage)
    play.leaf.script = {"G-9": [FAILED]}

    report = play.run()

    assert report.exit_code is ExitCode.INCOMPLETE
    assert len(with_link(play)) == 29
    assert [row.error for row in play.ledger.rows("spring") if row.external_id == "G-9"] == ["not accepted"]
    play.run()
    assert len(play.leaf.requests) == 30
    play.retry()
    assert len(with_link(play)) == 30


def test_a_pause_or_a_lost_answer_is_asked_again(stage: Any) -> None:
    """A 429 waits; a link whose answer was lost is asked for once more, as it was never shown to anybody."""
    play = links_only(stage)
    play.leaf.script = {"G-3": [LATER], "G-7": [DOUBT]}
    assert play.run().exit_code is ExitCode.DONE
    assert len(with_link(play)) == 30
    assert len(play.leaf.requests) == 32


def test_what_is_wrong_for_everybody_stops_it_early(stage: Any) -> None:
    """Refused credentials cost one request, and the same command continues."""
    play = links_only(stage)
    play.leaf.script = {f"G-{number}": [STOP] for number in range(30)}
    assert play.run().exit_code is ExitCode.STOPPED
    assert len(play.leaf.requests) == 1


def test_a_ledger_that_stops_ends_it_in_order(stage: Any) -> None:
    """A full disk is the reason of the end, and not a bug."""
    play = links_only(stage, 8)
    record = play.ledger.record

    def full(*changes: Any) -> Any:
        if len(play.leaf.requests) >= 3:
            raise LedgerStopped("the disk is full")
        return record(*changes)

    play.ledger.record = full  # type: ignore[method-assign]
    report = play.run()
    assert isinstance(report.stopped, LedgerStopped)
    assert len(play.leaf.requests) == 3
