"""`leafcast run --wait`: passes of a run with waits between them, and the person's one yes over all of them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from leafcast.cli.job import Job
from leafcast.cli.printing import Voice
from leafcast.cli.services import conduct, minding_signals
from leafcast.decide.summary import due_sentence
from leafcast.edge import eventloop
from leafcast.edge.system import SystemClock
from leafcast.errors import Interrupted, ListError
from leafcast.model import Due
from leafcast.stories.brake import Brake
from leafcast.stories.prepare import Survey
from leafcast.stories.run import Confirm, Options, RunReport, run
from leafcast.stories.waiting import run_on, until

if TYPE_CHECKING:
    from leafcast.stories.world import World


class Agreement:
    """What the person said yes to: so many messages, those that are held included. More than that is asked again."""

    def __init__(self, voice: Voice, *, yes: bool) -> None:
        self._voice, self._yes = voice, yes
        self._left: int | None = None

    def confirm(self, due: Due) -> None:
        """Ask, where the answer does not cover this yet. Raises Interrupted for a no."""
        now = sum(due.messages.values())
        self._voice.note(f"About to send {due_sentence(due)}.")
        if self._left is not None and now <= self._left:
            return
        question = f"Go ahead, and wait for the {due.held:,} that are held?" if due.held else "Go ahead?"
        self._ask(question, now + due.held)

    def wait(self, held: int) -> None:
        """Ask, before a wait that nobody was asked about because nothing could go at once."""
        if self._left is None:
            self._ask(f"Wait for the {held:,} that are held, and send them then?", held)

    def sent(self, ended: int) -> None:
        """So many are done."""
        if self._left is not None:
            self._left -= ended

    def _ask(self, question: str, messages: int) -> None:
        if not self._yes and not self._voice.ask(question):
            raise Interrupted("Nothing was sent.", fix="Run the same command again when you are ready.")
        self._left = messages


def run_and_wait(
    voice: Voice, job: Job, ledger: str, survey: Survey, options: Options, *, yes: bool, skip_invalid: bool
) -> RunReport:
    """Run until nothing is held any more. Ctrl-C and SIGTERM end a wait at once and a run in order."""
    agreement, surveys = Agreement(voice, yes=yes), [survey]
    held = 0

    async def once(options: Options) -> RunReport:
        nonlocal held
        seen = surveys.pop() if surveys else _surveyed_again(job, skip_invalid=skip_invalid)

        async def story(world: World, brake: Brake, confirm: Confirm) -> RunReport:
            return await run(world, job.examiner, seen, brake, options, confirm)

        report = await conduct(voice, job, ledger, story, agreement.confirm)
        agreement.sent(report.tally.ended.total())
        held = report.due.held + report.tally.held
        return report

    async def wait(moment: datetime) -> None:
        agreement.wait(held)
        if moment > SystemClock().now():
            voice.note(f"Waiting until {moment:%Y-%m-%dT%H:%M:%SZ} for what is held. Ctrl-C ends the wait.")
        brake = Brake()
        with minding_signals(voice, brake):
            await until(moment, SystemClock(), brake)

    return eventloop.run(run_on(once, wait, options))


def _surveyed_again(job: Job, *, skip_invalid: bool) -> Survey:
    """The list as it is by now. Raises ListError for rows that have become bad meanwhile, like a run that begins."""
    survey = job.survey()
    if survey.rejected and not skip_invalid:
        raise ListError(survey.problems, fix="Mend these rows, or leave them out: --skip-invalid.")
    return survey
