"""Judging messages without writing them: most rows of a list are like one that was written before.

A message that is only tried out has the same link for everybody, so two rows of the same kind (channels, language,
brand, zone, link, and whatever else their templates ask about) differ in the words of the grower alone. Of the bodies
of an email only the length can still go wrong then, and what a filter makes of a word; subject, text and unsubscribe
address are put together and judged as ever, once for all rows whose words are of the same lengths and of nothing but
plain letters. Whatever is not as it should be gives no verdict: then the row is written,
which also words the trouble. tests/rendering/test_alike.py holds the two ways against each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

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
Judgement = Callable[[dict[str, Mapping[str, object]]], Note | None]
"""Judges one channel's message of a row. Raises anything where it has to be written."""

# Each is one character wherever it is counted, in a body, a line or a text; none is escaped or of a link's id.
_LETTER = "[A-Za-zéñüäöåøæÉÑÜÄÖÅØÆàèìòù]"
PLAIN_WORDS = re.compile(f"(?:{_LETTER}+(?:[ .-]{_LETTER}+)*)?")
LENGTHS_KEPT = 10_000


class NotAlike(Exception):
    """Of this message nothing is known beforehand."""


class Trial(NamedTuple):
    """How the messages of one channel are tried, for rows of one kind."""

    judge: Judgement
    texts: Sequence[Parts] | None
    """All of them; None where more than their words' lengths counts."""


class Alike:
    """The kinds of rows of one list, by their keys."""

    def __init__(self) -> None:
        self._kinds: dict[Key, _Kind] = {}
        self._tested: tuple[str, ...] = ()
        self._valued: tuple[str, ...] = ()
        self._hits = 0
        self._useless = False

    def key(self, given: Key, words: Words) -> Key:
        """What decides about the kind: `given`, and those words of the row that templates ask about."""
        if not self._tested and not self._valued:
            return given
        return (*given, *[not words[word] for word in self._tested], *[words[word] for word in self._valued])

    def notes(self, given: Key, words: Words) -> Sequence[Note] | None:
        """What is worth saying about the messages of a row that may all go out; None where they have to be written."""
        if self._useless:
            return None
        try:
            notes = self._kinds[self.key(given, words)].notes(words)
        except Exception:
            return None
        self._hits += 1
        return notes

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
        self._kinds[self.key(given, words)] = _Kind(trials)

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


class _Kind:
    """Rows of one kind."""

    __slots__ = ("_judgements", "_settled", "_words")

    def __init__(self, trials: Iterable[Trial]) -> None:
        trials = tuple(trials)
        self._judgements = [trial.judge for trial in trials]
        self._words = _plain_gaps(trials)
        self._settled: dict[tuple[int, ...], Sequence[Note]] = {}

    def notes(self, words: Words) -> Sequence[Note]:
        """What is worth saying of a row. Raises anything where it has to be written."""
        if self._words is None:
            return self._tried(words)
        values: list[Any] = [words[word] for word in self._words]
        if not all(map(PLAIN_WORDS.fullmatch, values)):
            return self._tried(words)
        lengths = tuple(map(len, values))
        found = self._settled.get(lengths)
        if found is None:
            if len(self._settled) >= LENGTHS_KEPT:
                self._settled.clear()
            found = self._settled[lengths] = self._tried(words)
        return found

    def _tried(self, words: Words) -> Sequence[Note]:
        sources = {"grower": words}
        notes = [judge(sources) for judge in self._judgements]
        return [note for note in notes if note]


def _plain_gaps(trials: Iterable[Trial]) -> tuple[str, ...] | None:
    """The words of the grower that the messages show, where all that counts of plain words is their lengths: nothing is
    done to them but leaving accents off."""
    found: set[str] = set()
    for trial in trials:
        if trial.texts is None:
            return None
        for gap in (gap for text in trial.texts for gap in text.gaps):
            if gap.place[0] != "grower" or any(each is not plain for each in gap.filters):
                return None
            found.add(gap.place[1])
    return tuple(sorted(found))


def _whole_links_only(parts: Parts, link: Link) -> bool:
    """Whether the id of the link stands nowhere but in the whole link, which then no word can complete or break."""
    texts = [part for part in parts.texts if isinstance(part, str)]
    ids = len(re.findall(f"(?={re.escape(link.id)})", "".join(texts)))
    return ids == sum(text.count(link.url) for text in texts)


class EmailTexts(NamedTuple):
    """The texts of an email."""

    html: Parts
    text: Parts
    subject: Parts
    unsubscribe: Parts | None


def email_trial(texts: EmailTexts, link: Link) -> Trial:
    """Judges emails like this one, which was good."""
    html, text, subject, unsubscribe = texts

    def judge(sources: dict[str, Mapping[str, object]]) -> Note | None:
        if unsubscribe is not None:
            sources[""] = {"unsubscribe": good_unsubscribe(_text(unsubscribe, sources).strip(), link)}
        if html.length(sources) > OUTPUT_LIMIT or text.length(sources) > OUTPUT_LIMIT:
            raise NotAlike
        return subject_note(good_subject(_text(subject, sources).strip(), link))

    simple = unsubscribe is None and _whole_links_only(subject, link)
    return Trial(judge, (html, text, subject) if simple else None)


def sms_trial(body: Parts, link: Link, *, transliterated: bool) -> Trial:
    """Judges texts like this one, which was good."""

    def judge(sources: Sources) -> Note | None:
        text = _text(body, sources).strip()
        if transliterated:
            text = plain(text)
        judge_body(text, link)
        return text_note(text)

    return Trial(judge, (body,) if _whole_links_only(body, link) else None)


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
