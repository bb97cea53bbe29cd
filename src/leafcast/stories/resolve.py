"""Settle doubts by a person's word, which is written down with who said it and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from leafcast.decide.settling import ripe
from leafcast.errors import ExitCode
from leafcast.model import Counts, Doubt, DoubtResolved, MessageState, Settlement
from leafcast.ports import Clock, DoubtLedger, Ledger, LedgerReader

Confirm = Callable[[Sequence[Doubt]], None]
"""Asks the person about exactly these; raises when the answer is no."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What was settled, and what is left in doubt."""

    counts: Counts
    settled: tuple[Doubt, ...]
    left: tuple[Doubt, ...]

    @property
    def exit_code(self) -> ExitCode:
        """Done when nothing of the campaign is in doubt any more."""
        return ExitCode.INCOMPLETE if self.counts.messages.get(MessageState.IN_DOUBT) else ExitCode.DONE


def chosen(doubts: Sequence[Doubt], only: frozenset[str]) -> list[Doubt]:
    """The doubts of these growers; of all where none is named."""
    return [doubt for doubt in doubts if not only or doubt.external_id in only]


async def resolve(
    ledger: Ledger,
    doubts: DoubtLedger,
    reader: LedgerReader,
    clock: Clock,
    campaign: str,
    *,
    word: Settlement,
    who: str,
    only: frozenset[str],
    settle: float,
    confirm: Confirm,
) -> Resolution:
    """Settle the chosen doubts that are old enough; a younger one may still be answered for by its service.

    Raises what `Ledger` raises when it cannot be written, and whatever `confirm` raises for a no.
    """
    ledger.begin(campaign, "resolve")
    now = clock.now()
    ripe_ones = [doubt for doubt in chosen(doubts.doubts(campaign), only) if ripe(doubt, now, settle)]
    if ripe_ones:
        confirm(ripe_ones)
        await ledger.record(*(DoubtResolved(doubt.sought.message_id, doubt.attempt, word, who) for doubt in ripe_ones))
    left = chosen(doubts.doubts(campaign), only)
    return Resolution(reader.counts(campaign), tuple(ripe_ones), tuple(left))
