"""What a command needs of its surroundings: time, the list, and somebody who watches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from leafcast.model import Channel, Grower, Outcome, Rejected, Row


class Clock(Protocol):
    """Time, given in and never reached for."""

    def now(self) -> datetime:
        """The wall clock, aware, UTC."""

    def monotonic(self) -> float:
        """Seconds that never go backwards and count suspended time where the system can."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class ListSource(Protocol):
    """The list of growers."""

    def rows(self) -> Iterator[Row | Rejected]:
        """Every row, in order; one that cannot even be cut into cells comes as rejected. May be called again."""


class Shelf(Protocol):
    """Growers put away in order, each with the channels whose address an earlier row has. A plain list is one."""

    def append(self, item: tuple[Grower, tuple[Channel, ...]], /) -> None:
        """Put one behind the others."""

    def __iter__(self) -> Iterator[tuple[Grower, tuple[Channel, ...]]]:
        """All of them from the first on; may be called again."""


class Progress(Protocol):
    """What a person sees while waiting."""

    def planned(self, messages: int) -> None:
        """How many messages this command will handle."""

    def settled(self, channel: Channel, outcome: Outcome) -> None:
        """One message ended for now."""

    def notice(self, text: str) -> None:
        """One plain sentence that is worth a line."""
