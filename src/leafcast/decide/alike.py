"""Judging messages without writing them: most rows of a list are like one that was written before.

A message that is only tried out has the same link for everybody, so two rows of the same kind (channels, language,
brand, zone, link, and whatever else their templates ask about) differ in the words of the grower alone. Of the bodies
of an email only the length can still go wrong then, and what a filter makes of a word; subject, text and unsubscribe
address are put together and judged as ever. Whatever is not as it should be gives no verdict: then the row is written,
which also words the trouble. tests/rendering/test_alike.py holds the two ways against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from leafcast.decide.fitness import Note, good_subject, good_unsubscribe, judge_body, subject_note, text_note
from leafcast.decide.gaps import Context, Place, Sources, sources_of
from leafcast.decide.outlines import Parts
from leafcast.decide.segments import plain
from leafcast.decide.templating import OUTPUT_LIMIT, Piece
from leafcast.model import Link

KINDS_KEPT = 4_096
"""Kinds of rows that are remembered; a list with more of them, and few rows of each, is not worth it."""

UNSUBSCRIBE: Place = ("", "unsubscribe")

Key = tuple[object, ...]
Words = Mapping[str, object]
Trial = Callable[[dict[str, Mapping[str, object]]], Note | None]
"""Judges one channel's message of a row. Raises anything where it has to be written."""


class NotAlike(Exception):
    """Of this message nothing is known beforehand."""


class Alike:
    """The kinds of rows of one list, by their keys."""

    def __init__(self) -> None:
        self._kinds: dict[Key, tuple[Trial, ...]] = {}
        self._tested: tuple[str, ...] = ()
        self._valued: tuple[str, ...] = ()
        self._hits = 0
        self._useless = False

    def key(self, given: Key, words: Words) -> Key:
        """What decides about the kind: `given`, and those words of the row that templates ask about."""
        if not self._tested and not self._valued:
            return given
        return (*given, *[not words[word] for word in self._tested], *[words[word] for word in self._valued])

    def notes(self, given: Key, words: Words) -> list[Note] | None:
        """What is worth saying about the messages of a row that may all go out; None where they have to be written."""
        if self._useless:
            return None
        try:
            trials = self._kinds[self.key(given, words)]
            sources = {"grower": words}
            notes = [trial(sources) for trial in trials]
        except Exception:
            return None
        self._hits += 1
        return [note for note in notes if note]

    def learn(self, given: Key, words: Words, trials: Iterable[Trial], asked: Iterable[Piece]) -> None:
        """Remember a kind by its first row, whose messages were written and are good. `asked` are their templates."""
        if self._useless:
            return
        for piece in asked:
            self._note_places(piece)
        if len(self._kinds) >= KINDS_KEPT:
            self._useless = self._hits < KINDS_KEPT
            self._kinds.clear()
            self._hits = 0
        self._kinds[self.key(given, words)] = tuple(trials)

    def _note_places(self, piece: Piece) -> None:
        if piece.outline is None:
            raise NotAlike
        tested, valued = piece.outline.depends_on
        if UNSUBSCRIBE in valued:
            raise NotAlike
        more_tested, more_valued = _words(tested, self._tested), _words(valued, self._valued)
        if (more_tested, more_valued) != (self._tested, self._valued):
            self._tested, self._valued = more_tested, more_valued
            self._kinds.clear()


class EmailTexts(NamedTuple):
    """The texts of an email."""

    html: Parts
    text: Parts
    subject: Parts
    unsubscribe: Parts | None


def email_trial(texts: EmailTexts, link: Link) -> Trial:
    """Judges emails like this one, which was good."""
    html, text, subject, unsubscribe = texts

    def trial(sources: dict[str, Mapping[str, object]]) -> Note | None:
        if unsubscribe is not None:
            sources[""] = {"unsubscribe": good_unsubscribe(_text(unsubscribe, sources).strip(), link)}
        if html.length(sources) > OUTPUT_LIMIT or text.length(sources) > OUTPUT_LIMIT:
            raise NotAlike
        return subject_note(good_subject(_text(subject, sources).strip(), link))

    return trial


def sms_trial(body: Parts, link: Link, *, transliterated: bool) -> Trial:
    """Judges texts like this one, which was good."""

    def trial(sources: Sources) -> Note | None:
        text = _text(body, sources).strip()
        if transliterated:
            text = plain(text)
        judge_body(text, link)
        return text_note(text)

    return trial


def common(piece: Piece, context: Context, *, own: frozenset[Place] = frozenset(), shows: str = "") -> Parts:
    """What a template's text has in common for rows of one kind, all but the words of the grower filled in; and `own`,
    which differ from row to row as well. Raises NotAlike, also where `shows` is not in it for every row."""
    found = piece.outline and piece.outline.parts(context)
    if not found:
        raise NotAlike
    parts = found.with_all_but(lambda gap: gap.place[0] == "grower" or gap.place in own, sources_of(context))
    if shows and not any(isinstance(text, str) and shows in text for text in parts.texts):
        raise NotAlike
    return parts


def _words(places: Iterable[Place], known: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*known, *(word for owner, word in places if owner == "grower")}))


def _text(parts: Parts, sources: Sources) -> str:
    text = parts.put_together(sources)
    if len(text) > OUTPUT_LIMIT:
        raise NotAlike
    return text
