"""Decisions out of bytes: the fuzzer changes the bytes, and with them what is decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """Each question takes a byte; when they are used up, the answer is the first one."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def number(self, below: int) -> int:
        """One of 0, 1, … below - 1; at most 256 of them."""
        self._place += 1
        return self._data[self._place - 1] % below if self._place <= len(self._data) else 0

    def one(self, known: Sequence[T]) -> T:
        """One of these."""
        return known[self.number(len(known))]

    def chance(self, of: int) -> bool:
        """Once in so many times."""
        return self.number(of) == of - 1

    def text(self) -> str:
        """Up to 15 bytes as text, whatever they are."""
        length = self.number(16)
        self._place += length
        return self._data[self._place - length : self._place].decode("utf-8", "surrogateescape")

    @property
    def rest(self) -> bytes:
        """What was not asked for."""
        return self._data[self._place :]
