"""The templates of a campaign on their shelf: found by name and language, judged before any row."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from leafcast.decide.analysis import Analysis
from leafcast.decide.inlining import NotInlined, inlined, sheet_for
from leafcast.decide.languages import ENGLISH, is_language, tag_of
from leafcast.decide.suggest import nearest
from leafcast.decide.templating import CampaignEnvironment, Piece, UnusableTemplate, compile_template
from leafcast.model import Problem, ProblemKind, Severity, Where

SUBJECT = ".subject.j2"
"""The ending of a template for the subject line, used where the campaign names no subject."""


class Found(NamedTuple):
    """A template, compiled, and the language that it speaks."""

    piece: Piece
    language: str


class Shelf:
    """Templates by name. `words` are the names that may follow `grower.`, None where the list is not known. `language`
    is that of growers whose row names none."""

    def __init__(self, sources: Mapping[str, str], words: Collection[str] | None, language: str = "") -> None:
        self._sources = sources
        self._words = words
        self._language = language
        self._found: dict[tuple[str, str], Found] = {}
        self._analyses: dict[str, Analysis] = {}
        self.environment = _environment(frozenset(sources.items()))

    def find(self, name: str, locale: str) -> Found:
        """The template of that name in the grower's language: `es-MX/name`, then `es/name`, then the same for the
        campaign's own language, then `name`. Raises UnusableTemplate."""
        found = self._found.get((name, locale))
        if found is None:
            best, language = next(self._options(name, locale))
            found = Found(compile_template(self.environment, best), language)
            self._found[name, locale] = found
        return found

    def judge(self, wanted: Iterable[str]) -> tuple[Problem, ...]:
        """Every problem of the templates with these names, in all of their languages, and of what they build on."""
        words = None if self._words is None else frozenset(self._words)
        return _judged(frozenset(self._sources.items()), words, tuple(wanted))

    def judge_all(self, wanted: Iterable[str]) -> Iterator[Problem]:
        """As `judge`, worked out anew."""
        judged: set[str] = set()
        for name in wanted:
            if name not in self._sources:
                yield self._missing(name)
            languages = [other for other in sorted(self._sources) if other == name or other.endswith(f"/{name}")]
            for language in languages:
                yield from self._judge(language, judged)
                yield from self._judge_link(language)
        yield from self._half_translated(list(wanted))

    def _options(self, name: str, locale: str) -> Iterator[tuple[str, str]]:
        """Where to look for a grower's language, best first, each with the language found there. Folders are compared
        without regard to case and to - or _."""
        folders = {tag_of(known.rpartition("/")[0]): known for known in self._sources if known.endswith(f"/{name}")}
        for wish in (locale, self._language):
            tag = tag_of(wish)
            while tag:
                if tag in folders:
                    yield folders[tag], wish if is_language(wish) else tag
                tag = tag.rpartition("-")[0]
        yield name, self._language or (locale if tag_of(locale).partition("-")[0] == ENGLISH else ENGLISH)

    def _sheet_notes(self, name: str) -> Iterator[Problem]:
        try:
            inlined(self._sources[name], sheet_for(name, self._sources))
        except NotInlined:
            what = "its stylesheet cannot be written into its tags, and many mail programs ignore stylesheets"
            fix = "Close every tag inside the same {% if %}, and use Jinja inside of tags in quotes only."
            yield _problem(name, what, fix, Severity.WARNING)

    def unknown_in(self, text: str) -> Iterator[UnusableTemplate]:
        """Unknown names in a template that stands in the campaign file."""
        try:
            yield from Analysis.of(self.environment, text, "").unknown(self._words)
        except UnusableTemplate as error:
            yield error

    def _judge(self, name: str, judged: set[str], assigned: frozenset[str] = frozenset()) -> Iterator[Problem]:
        if name in judged:
            return
        judged.add(name)
        try:
            analysis = self._analyses[name] = Analysis.of(self.environment, self._sources[name], name)
            compile_template(self.environment, name)
        except UnusableTemplate as error:
            yield error.problem()
            return
        assigned = assigned | analysis.assigned
        for unknown in analysis.unknown(self._words, assigned=assigned):
            yield unknown.problem()
        if name.endswith(".html.j2"):
            yield from self._sheet_notes(name)
        for reference in analysis.references:
            yield from self._judge_reference(name, reference, judged, assigned)

    def _judge_reference(
        self, name: str, reference: str | None, judged: set[str], assigned: frozenset[str]
    ) -> Iterator[Problem]:
        if reference is None:
            yield _problem(name, "the template builds on another whose name is computed", "Write the name out.")
        elif reference not in self._sources:
            guess = nearest(reference, self._sources)
            yield _problem(name, f"there is no template {reference}", f"Did you mean {guess}?" if guess else "Add it.")
        elif name.endswith(".html.j2") and not reference.endswith(".html.j2"):
            what = f"{reference} is not written for HTML, so names in it would not be made safe"
            yield _problem(name, what, "Build .html.j2 files on .html.j2 files only.")
        else:
            yield from self._judge(reference, judged, assigned)

    def _judge_link(self, name: str) -> Iterator[Problem]:
        shown = self._shows_link(name, set())
        if name.endswith(SUBJECT):
            if shown and name in self._analyses:
                fix = "Whoever sees the subject could use it: keep link.url in the body."
                yield _problem(name, "the subject uses the link", fix)
        elif not shown:
            fix = "Print {{ link.url }}: without it the grower has nothing to open."
            yield _problem(name, "the template does not use the link", fix)

    def _shows_link(self, name: str, seen: set[str]) -> bool:
        """Whether the template, or one that it builds on, prints link.url. A broken one is blamed elsewhere."""
        analysis = self._analyses.get(name)
        if analysis is None:
            return True
        seen.add(name)
        references = [other for other in analysis.references if other in self._sources and other not in seen]
        return analysis.uses_url or any(self._shows_link(str(other), seen) for other in references)

    def _missing(self, name: str) -> Problem:
        guess = nearest(name, [known for known in self._sources if "/" not in known])
        fix = f"Did you mean {guess}?" if guess else "Put it into templates/ beside the campaign file."
        return _problem(name, "there is no such template", fix)

    def _half_translated(self, wanted: list[str]) -> Iterator[Problem]:
        """An email whose HTML speaks one language and its text another."""
        for name in wanted:
            other = name.replace(".html.j2", ".txt.j2")
            for found in sorted(self._sources):
                folder, _, file = found.rpartition("/")
                if other != name and file == name and folder and f"{folder}/{other}" not in self._sources:
                    what = f"there is no {folder}/{other} beside it"
                    fix = f"Translate {other} too: until then the plain part of these emails is not in that language."
                    yield _problem(found, what, fix, Severity.WARNING)


@lru_cache(maxsize=32)
def _judged(
    items: frozenset[tuple[str, str]], words: frozenset[str] | None, wanted: tuple[str, ...]
) -> tuple[Problem, ...]:
    return tuple(Shelf(dict(items), words).judge_all(wanted))


@lru_cache(maxsize=32)
def _environment(items: frozenset[tuple[str, str]]) -> CampaignEnvironment:
    """One for the same templates: what it compiled once serves every renderer after the first."""
    sources = dict(items)

    def read(name: str) -> str | None:
        """The text of a template for Jinja, its stylesheet in its tags."""
        text = sources.get(name)
        if text is None or not name.endswith(".html.j2"):
            return text
        try:
            return inlined(text, sheet_for(name, sources))
        except NotInlined:
            return text

    return CampaignEnvironment(read)


def _problem(name: str, what: str, fix: str, severity: Severity = Severity.ERROR) -> Problem:
    return Problem(ProblemKind.TEMPLATE, what, fix, Where(name), severity)
