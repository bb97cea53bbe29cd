"""Values that may be too many for memory."""

from __future__ import annotations

import errno
from typing import IO

import pytest

from leafcast.edge.pilefile import PileFile
from leafcast.errors import UsageError


@pytest.mark.parametrize("count", [0, 1, 3, 4, 6, 7, 20])
def test_what_is_piled_up_comes_back_in_order(count: int) -> None:
    """However many there are, held or written, as often as they are asked for, and by several at once."""
    pile: PileFile[tuple[int, str]] = PileFile(held=3)
    for number in range(count):
        pile.append((number, "José \ud800"))
    expected = [(number, "José \ud800") for number in range(count)]
    assert len(pile) == count
    assert list(pile) == expected
    assert list(zip(pile, pile, strict=True)) == list(zip(expected, expected, strict=True))
    pile.append((count, "one more"))
    assert list(pile)[-1] == (count, "one more")
    assert len(pile) == count + 1


def test_a_full_disk_is_told_in_words() -> None:
    """No room for a temporary file: what to do about it, and no traceback."""

    def full() -> IO[bytes]:
        raise OSError(errno.ENOSPC, "No space left on device")

    pile: PileFile[int] = PileFile(held=1, opened=full)
    pile.append(1)
    with pytest.raises(UsageError, match="temporary file: No space"):
        pile.append(2)
