"""What concerns several rows of a list: the same externalId twice, one address on several rows.

A million rows must fit, so each value is kept as its hash in flat arrays: 18 to 42 bytes, not a Python object. That two
different values are taken for one has a probability of about 1 in 30 million for a list of a million rows.
"""

from __future__ import annotations

import unicodedata
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from leafcast.decide.campaignlinks import SharedAddress
from leafcast.decide.texts import quoted, trimmed
from leafcast.model import Channel, Grower, Problem, ProblemKind, Row, Where


@dataclass(frozen=True, slots=True)
class Standing:
    """How a grower stands beside the rows before it."""

    problems: tuple[Problem, ...] = ()
    """Why the row cannot be taken: each names both rows."""
    duplicate_of: Mapping[Channel, int] = field(default_factory=lambda: MappingProxyType({}))
    """Channels that are to be skipped as duplicates (`sharedAddress: first`), each with the row that comes first."""


_ALONE = Standing()


class Seen:
    """The growers of one list so far. Give it each good grower once, in list order."""

    def __init__(
        self,
        shared_address: SharedAddress,
        *,
        file: str = "",
        heading_of: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`heading_of` gives the user's heading of each of our columns, for the messages."""
        self._shared_address = shared_address
        self._file = file
        self._heading_of = heading_of
        self._ids = _FirstRows(spelled=True)
        self._addresses = {Channel.EMAIL: _FirstRows(), Channel.SMS: _FirstRows()}

    def add(self, grower: Grower) -> Standing:
        """Say how the grower stands beside the earlier rows, and remember it."""
        return self.add_person(grower.row, grower.external_id, grower.email, grower.phone)

    def add_person(self, row: int, external_id: str, email: str | None, phone: str | None) -> Standing:
        """The same of a grower of whom no more is at hand."""
        problems = self._same_id(external_id, row)
        duplicate_of: dict[Channel, int] = {}
        for channel, address in ((Channel.EMAIL, email), (Channel.SMS, phone)):
            first = self._addresses[channel].first(address.lower(), row) if address else None
            if first is None or address is None:
                continue
            match self._shared_address:
                case SharedAddress.STOP:
                    problems += (self._shared(row, channel, address, first[0]),)
                case SharedAddress.FIRST:
                    duplicate_of[channel] = first[0]
                case SharedAddress.SEND_EACH:
                    pass
        return Standing(problems, MappingProxyType(duplicate_of)) if problems or duplicate_of else _ALONE

    def add_refused(self, row: Row) -> tuple[Problem, ...]:
        """Remember the externalId of a row that is refused for something else: mended, it is a grower of that id, so
        that a later row must not have it as well. Gives the problem where an earlier row has it."""
        external_id = trimmed(row.cells.get("externalId", ""))
        return self._same_id(external_id, row.number) if external_id else ()

    def _same_id(self, external_id: str, row: int) -> tuple[Problem, ...]:
        first = self._ids.first(_folded(external_id), row, spelling=external_id)
        if first is None:
            return ()
        earlier, same_spelling = first
        how = "is already in" if same_spelling else "differs only in case, width or blanks from the one in"
        return (
            Problem(
                ProblemKind.DUPLICATE_ID,
                f"The externalId {quoted(external_id)} of row {row} {how} row {earlier}",
                "Keep one row for each grower, or give each its own id",
                self._where(row, "externalId"),
            ),
        )

    def _shared(self, row: int, channel: Channel, address: str, first: int) -> Problem:
        word = "email" if channel is Channel.EMAIL else "phone"
        return Problem(
            ProblemKind.SHARED_ADDRESS,
            f"The {word} {quoted(address)} of row {row} is already in row {first}",
            "Correct one of them, or say in the campaign file what to do, under list: "
            "`sharedAddress: send-each` (write for each) or `sharedAddress: first` (write for the first only)",
            self._where(row, word),
        )

    def _where(self, row: int, word: str) -> Where:
        return Where(file=self._file, row=row, column=self._heading_of.get(word, word))


def _folded(external_id: str) -> str:
    if external_id.isascii():
        return "".join(external_id.lower().split())
    return "".join(unicodedata.normalize("NFKC", external_id).casefold().split())


_MASK = 0xFFFF_FFFF_FFFF_FFFF
_SPELLING_MASK = 0xFFFF


class _FirstRows:
    """Text -> the row it first stood in: a hash table in flat arrays, open addressing, at most two thirds full."""

    def __init__(self, *, spelled: bool = False) -> None:
        """`spelled`: whether it is asked for spellings as well."""
        self._filled = 0
        self._spelled = spelled
        self._make_room(1 << 10)

    def first(self, text: str, row: int, *, spelling: str = "") -> tuple[int, bool] | None:
        """The earlier row with this text and whether its spelling was the same; None (and remembered) if there is
        none."""
        key = hash(text) & _MASK or 1
        keys, last = self._keys, self._last
        slot = key & last
        while keys[slot] and keys[slot] != key:
            slot = (slot + 1) & last
        if keys[slot]:
            same = not self._spelled or self._spellings[slot] == hash(spelling) & _SPELLING_MASK
            return self._rows[slot], same
        keys[slot] = key
        self._rows[slot] = row
        if self._spelled:
            self._spellings[slot] = hash(spelling) & _SPELLING_MASK
        self._filled += 1
        if self._filled * 3 > len(keys) * 2:
            self._grow()
        return None

    def _grow(self) -> None:
        keys, rows, spellings = self._keys, self._rows, self._spellings
        self._make_room(len(keys) * 2)
        for old, key in enumerate(keys):
            if key:
                slot = key & self._last
                while self._keys[slot]:
                    slot = (slot + 1) & self._last
                self._keys[slot], self._rows[slot] = key, rows[old]
                if self._spelled:
                    self._spellings[slot] = spellings[old]

    def _make_room(self, slots: int) -> None:
        self._keys = array("Q", [0]) * slots
        self._rows = array("I", [0]) * slots
        self._spellings = array("H", [0]) * (slots if self._spelled else 0)
        self._last = slots - 1
