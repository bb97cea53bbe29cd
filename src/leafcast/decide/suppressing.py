"""Who must not be written to: addresses as typed, files of them, what services' answers mean. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from leafcast.decide import addresses
from leafcast.decide.addresses import Fault
from leafcast.decide.columnnames import could_be, plain
from leafcast.decide.suppressed import key_of
from leafcast.decide.texts import quoted, trimmed
from leafcast.model import Channel, Problem, ProblemKind, Suppression, Where

REASON_LIMIT = 200
"""Characters: what a mail server said in full tells nothing more."""
_ANY = frozenset({"address", "recipient", "to", "contact", "suppressed"})
_REASONS = frozenset({"reason", "why", "motivo", "motif"})
_DATES = frozenset({"created", "createdat", "date", "since", "fecha", "data"})
_SOURCES = frozenset({"source"})


def reported(channel: Channel, address: str, reason: str, source: str, since: datetime | None = None) -> Suppression:
    """What a service reports. Even an address that no list could have is kept, as it stands."""
    judged = _judged(channel, address, None)
    return Suppression(channel, judged if isinstance(judged, str) else key_of(trimmed(address)), reason, source, since)


def typed(text: str, region: str | None) -> tuple[Channel, str] | Fault:
    """An address as a person types it: an email has an @, everything else is a phone number. It is judged as the cells
    of a list are; `region` is for numbers without a country code."""
    text = trimmed(text)
    channel = Channel.EMAIL if "@" in text else Channel.SMS
    judged = _judged(channel, text, region)
    return judged if isinstance(judged, Fault) else (channel, judged)


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """What all lines of one file share."""

    name: str
    region: str | None = None
    reason: str = ""
    """For lines that give none."""

    def read(self, records: Iterable[tuple[int, Sequence[str]]]) -> Iterator[Suppression | Problem]:
        """Each address of a file, or what is wrong with it. `records` are (row, cells), the headings included where
        the file has some: a column called email, phone or address; reason, created and source where there are such.
        Without headings the first cell of each line is the address; lines that begin with # say nothing."""
        columns: _Columns | None = None
        for row, written in records:
            cells = [trimmed(cell) for cell in written]
            if not any(cells) or cells[0].startswith("#"):
                continue
            if columns is None:
                columns = _columns(cells)
                if columns is not None:
                    continue
                columns = _Columns((0,))
            yield from self._of_row(row, cells, columns)

    def _of_row(self, row: int, cells: Sequence[str], columns: _Columns) -> Iterator[Suppression | Problem]:
        found = [cell for cell in (_at(cells, index) for index in columns.addresses) if cell]
        if not found:
            yield self._problem(row, "The line has no address", "Write one, or take the line out")
        reason = _at(cells, columns.reason)[:REASON_LIMIT] or self.reason or f"imported from {self.name}"
        source = _at(cells, columns.source)[:REASON_LIMIT] or self.name
        for text in found:
            judged = typed(text, self.region)
            if isinstance(judged, Fault):
                yield self._problem(row, judged.what, judged.fix)
            else:
                yield Suppression(*judged, reason, source, _moment(_at(cells, columns.since)))

    def _problem(self, row: int, what: str, fix: str) -> Problem:
        return Problem(ProblemKind.SUPPRESSION, what, fix, Where(file=self.name, row=row))


@dataclass(frozen=True, slots=True)
class _Columns:
    addresses: tuple[int, ...]
    reason: int | None = None
    since: int | None = None
    source: int | None = None


def _columns(headings: Sequence[str]) -> _Columns | None:
    """Which column is what, None for a line that is no heading row."""
    words = [plain(heading) for heading in headings]
    known = [
        index
        for index, heading in enumerate(headings)
        if could_be("email", heading) or could_be("phone", heading) or words[index] in _ANY
    ]
    if not known or any("@" in heading for heading in headings):
        return None
    return _Columns(tuple(known), _find(words, _REASONS), _find(words, _DATES), _find(words, _SOURCES))


def _find(words: Sequence[str], wanted: frozenset[str]) -> int | None:
    return next((index for index, word in enumerate(words) if word in wanted), None)


def _at(cells: Sequence[str], index: int | None) -> str:
    return cells[index] if index is not None and index < len(cells) else ""


def _moment(text: str) -> datetime | None:
    """Seconds since 1970, as SendGrid's exports have them, or ISO 8601; None for anything else."""
    try:
        if text.isdigit():
            return datetime.fromtimestamp(int(text), UTC)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _judged(channel: Channel, text: str, region: str | None) -> str | Fault:
    if not text:
        return Fault("There is no address", "Write an email address or a phone number")
    judged = addresses.email(text) if channel is Channel.EMAIL else addresses.phone(text, region, texts=False)
    if isinstance(judged, Fault):
        return judged
    return key_of(judged.value)


def not_listed(text: str) -> str:
    """What to say of an address that should be removed and is not there."""
    return f"{quoted(text)} is not on the list"
