"""The templates of a campaign on their shelf: found by name and language, judged before any row."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from leafcast.decide.analysis import Analysis
from leafcast.decide.suggest import nearest
from leafcast.decide.templating import CampaignEnvironment, Piece, UnusableTemplate, compile_template
from leafcast.model import Problem, ProblemKind, Severity, Where


class Shelf:
    """Templates by name. `words` are the names that may follow `grower.`, None where the list is not known."""

    def __init__(self, sources: Mapping[str, str], words: Collection[str] | None) -> None:
        self._sources = sources
        self._words = words
        self._found: dict[tuple[str, str], Piece] = {}
        self._analyses: dict[str, Analysis] = {}
        self.environment = CampaignEnvironment(sources)

    def find(self, name: str, locale: str) -> Piece:
        """The template of that name in the grower's language: `es-MX/name`, then `es/name`, then `name`. Raises
        UnusableTemplate."""
        piece = self._found.get((name, locale))
        if piece is None:
            best = next((option for option in _options(name, locale, self._sources) if option), name)
            piece = self._found[name, locale] = compile_template(self.environment, best)
        return piece

    def judge(self, wanted: Iterable[str]) -> Iterator[Problem]:
        """Every problem of the templates with these names, in all of their languages, and of what they build on."""
        judged: set[str] = set()
        for name in wanted:
            if name not in self._sources:
                yield self._missing(name)
            languages = [other for other in sorted(self._sources) if other == name or other.endswith(f"/{name}")]
            for language in languages:
                yield from self._judge(language, judged)
                if not self._shows_link(language, set()):
                    fix = "Print {{ link.url }}: without it the grower has nothing to open."
                    yield _problem(language, "the template does not use the link", fix)
        yield from self._half_translated(list(wanted))

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


def _options(name: str, locale: str, sources: Mapping[str, str]) -> Iterator[str | None]:
    """Where to look for a grower's language, best first. Folders are compared without regard to case and to - or _."""
    folders = {
        known.rpartition("/")[0].replace("_", "-").lower(): known for known in sources if known.endswith(f"/{name}")
    }
    tag = locale.replace("_", "-").lower()
    while tag:
        yield folders.get(tag)
        tag = tag.rpartition("-")[0]


def _problem(name: str, what: str, fix: str, severity: Severity = Severity.ERROR) -> Problem:
    return Problem(ProblemKind.TEMPLATE, what, fix, Where(name), severity)
