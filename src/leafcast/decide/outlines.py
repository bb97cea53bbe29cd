"""What the messages of many growers have in common, written once, with each grower's own words set in.

A template is read a second time, and whatever it only prints of a row (`{{ grower.name }}`, `{{ link.url }}`) becomes a
gap. All else that it can depend on makes the key: two rows with the same key have the same text around the same gaps.
The text is the one that Jinja makes, to the letter. A template of which that cannot be known beforehand has no outline,
and a row with which anything goes wrong is rendered as ever, which also words the trouble.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from leafcast.decide.gaps import MARK, Context, Gap, Outliner, Place, Sources, Unclear, sources_of
from leafcast.decide.languages import local_day

LIMIT = 128
"""Outlines kept of one template; more kinds of rows than that, and few rows of each, are not worth it."""
_ABSENT = object()
_nothing: Callable[[Any], object] = lambda _context: None  # noqa: E731


class Parts(NamedTuple):
    """What is around the gaps, and in their place the number of the gap."""

    texts: list[str | int]
    gaps: list[Gap]

    def put_together(self, sources: Sources) -> str:
        """The whole text of a row."""
        filled = [gap.filled(sources) for gap in self.gaps]
        return "".join([filled[part] if isinstance(part, int) else part for part in self.texts])

    def length(self, sources: Sources) -> int:
        """How long the text of a row is."""
        filled = [len(gap.filled(sources)) for gap in self.gaps]
        return sum([filled[part] if isinstance(part, int) else len(part) for part in self.texts])

    def with_all_but(self, left: Callable[[Gap], bool], sources: Sources) -> Parts:
        """The same with every gap filled that is not to be left: shorter, for rows that have the others in common."""
        gaps = [gap for gap in self.gaps if left(gap)]
        texts: list[str | int] = [""]
        for part in self.texts:
            gap = self.gaps[part] if isinstance(part, int) else None
            if gap is not None and left(gap):
                texts += [gaps.index(gap), ""]
            else:
                texts[-1] = f"{texts[-1]}{part if gap is None else gap.filled(sources)}"
        return Parts([text for text in texts if text != ""], gaps)


class Outline:
    """The texts of one template so far, by their keys."""

    def __init__(self, outliner: Outliner, render: Callable[[Context], str], whole: Callable[[Context], str]) -> None:
        """`render` writes the template with its gaps, `whole` without them: the first row of each kind is written both
        ways and compared."""
        self._gaps = outliner.gaps
        given = sorted(outliner.names - outliner.assigned)
        self._given = itemgetter(*given) if given else _nothing
        self._maybe = tuple(sorted(outliner.names & outliner.assigned))
        self._tested = tuple(sorted(outliner.tested))
        self._valued = tuple(sorted(outliner.valued))
        self._dated = outliner.dated
        self._render = render
        self._whole = whole
        self._kept: dict[tuple[object, ...], Parts] = {}
        self._asked = 0

    def written(self, context: Context) -> str:
        """The text of this row. Raises anything where it has to be rendered as ever."""
        sources = sources_of(context)
        key = self._key(context, sources)
        parts = self._kept.get(key)
        if parts is None:
            parts = self._learn(key, context, sources)
        self._asked += 1
        return parts.put_together(sources)

    def parts(self, context: Context) -> Parts | None:
        """What is around the gaps of this row, where that is known already."""
        return self._kept.get(self._key(context, sources_of(context)))

    @property
    def depends_on(self) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
        """The places of a row that decide about the text elsewhere than in gaps: those of which only counts whether
        there is anything, and those whose value counts."""
        return self._tested, self._valued

    @property
    def is_idle(self) -> bool:
        """Whether it has been of little use: full, and most rows were of a new kind."""
        return len(self._kept) >= LIMIT and self._asked < 4 * LIMIT

    def _learn(self, key: tuple[object, ...], context: Context, sources: Sources) -> Parts:
        if len(self._kept) >= LIMIT:
            self._kept.clear()
            self._asked = 0
        found = MARK.split(self._render(context))
        used = sorted({int(number) for number in found[1::2]})
        texts = [used.index(int(part)) if at % 2 else part for at, part in enumerate(found)]
        parts = Parts(texts, [self._gaps[number] for number in used])
        if parts.put_together(sources) != self._whole(context):
            raise Unclear
        self._kept[key] = parts
        return parts

    def _key(self, context: Context, sources: Sources) -> tuple[object, ...]:
        key: list[object] = [self._given(context)]
        for name in self._maybe:
            key.append(context.get(name, _ABSENT))
        for owner, part in self._tested:
            key.append(not sources[owner][part])
        for owner, part in self._valued:
            value = sources[owner][part]
            key.append(value)
            if value.__class__ is not str:
                key += (value.__class__, getattr(value, "zone", None))
        if self._dated:
            moment = sources["link"]["expiresAt"]
            key.append(local_day(moment) if isinstance(moment, datetime) else moment)
        return tuple(key)
