"""What a command needs of its surroundings: time, the list, and somebody who watches."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from leafcast.model import Channel, Outcome, Rejected, Row

if TYPE_CHECKING:
    from leafcast.decide.bundles import Bundle, Pack  # loads half of the program, for commands that need no row


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


T = TypeVar("T")


class Pile(Protocol[T]):
    """Values kept in order, perhaps more of them than fit into memory. A plain list is one."""

    def append(self, item: T, /) -> None:
        """Put one behind the others."""

    def __iter__(self) -> Iterator[T]:
        """All of them from the first on; may be called again."""

    def __len__(self) -> int:
        """How many there are."""


class Shelf(Protocol):
    """Growers put away in order, in packs. A plain list is one."""

    def append(self, pack: Pack, /) -> None:
        """Put one behind the others."""

    def __iter__(self) -> Iterator[Pack]:
        """All of them from the first on; may be called again."""


Stretch = Sequence[Row | Rejected]
"""Rows that follow one another."""


class Crew(Protocol):
    """Helpers with a long list."""

    def examine(
        self, stretches: Iterator[Stretch], alone: Callable[[Sequence[Row]], Bundle], *, pack: bool
    ) -> Generator[tuple[Stretch, Bundle], None, None]:
        """Examine stretches of rows, several at once, and give each with what came of it, in order. `alone` does it
        without help; whatever befalls a helper, it comes out the same."""


class Progress(Protocol):
    """What a person sees while waiting."""

    def planned(self, messages: int) -> None:
        """How many messages this command will handle."""

    def settled(self, channel: Channel, outcome: Outcome) -> None:
        """One message ended for now."""

    def notice(self, text: str) -> None:
        """One plain sentence that is worth a line."""
