"""`run --test-to`: a few messages to the person at the keyboard. Nothing is written down, and nothing counts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from leafcast.decide.stopping import NAMES
from leafcast.errors import ExitCode, LeafcastError, RunStopped
from leafcast.model import Channel, Outcome, Service, Verdict
from leafcast.ports import Turn
from leafcast.stories.brake import Brake, Braked


@dataclass(frozen=True, slots=True)
class Try:
    """One test message, written and marked."""

    external_id: str
    channel: Channel
    service: Service
    ready: Callable[[], Awaitable[Turn]]
    send: Callable[[Turn], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class TryReport:
    """What the services answered, in order; fewer than were to be sent after a stop."""

    ended: tuple[tuple[Try, Outcome], ...]
    stopped: LeafcastError | None

    @property
    def exit_code(self) -> ExitCode:
        """Stopped beats refused beats done."""
        if self.stopped is not None:
            return self.stopped.exit_code
        taken = all(outcome.verdict is Verdict.ACCEPTED for _, outcome in self.ended)
        return ExitCode.DONE if taken else ExitCode.INCOMPLETE


async def try_out(tries: Sequence[Try], brake: Brake) -> TryReport:
    """Send each once, one after the other, at the services' pace. What fails is told and not repeated."""
    ended: list[tuple[Try, Outcome]] = []
    for one in tries:
        try:
            async with brake.waiting():
                turn = await one.ready()
        except Braked:
            break
        outcome = await one.send(turn)
        ended.append((one, outcome))
        if outcome.verdict is Verdict.STOP:
            brake.pull(RunStopped(f"{NAMES[one.service]}: {outcome.reason}"))
            break
    return TryReport(tuple(ended), brake.reason)
