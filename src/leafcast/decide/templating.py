"""Templates and rules compiled and rendered: bounded, and every trouble with them in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice

from jinja2 import Template, TemplateSyntaxError
from jinja2.exceptions import SecurityError, TemplateError

from leafcast.decide.environment import FILTERS, OWN_FILTERS, CampaignEnvironment, escapes
from leafcast.decide.gaps import Outliner, Place, places_of, values_of
from leafcast.decide.outlines import Outline
from leafcast.decide.views import NoName
from leafcast.model import Problem, ProblemKind, Where

__all__ = ["CampaignEnvironment", "Piece", "UnusableTemplate", "compile_condition", "compile_template", "compile_text"]

OUTPUT_LIMIT = 1_000_000
"""Characters that one rendering may produce."""
WORTH_AN_OUTLINE = 20
"""So many times a template is rendered before it is worth reading it a second time."""
CONDITIONS_KEPT = 1_000
"""Answers that one rule keeps, at most."""
PIECES_AT_ONCE = 1_000
"""So many pieces of a rendering are taken before its length is looked at again."""


class UnusableTemplate(Exception):
    """A template or expression that cannot be compiled or rendered. `what` and `fix` are sentences without any cell of
    the list; `line` counts from 1 within the template."""

    def __init__(self, what: str, fix: str, *, file: str = "", line: int | None = None) -> None:
        self.what, self.fix, self.file, self.line = what, fix, file, line
        super().__init__(what)

    def problem(self, where: Where | None = None, kind: ProblemKind = ProblemKind.TEMPLATE) -> Problem:
        """As a Problem; `where` is used when the template itself does not say."""
        return Problem(kind, self.what, self.fix, where or Where(self.file, line=self.line))


class Piece:
    """A compiled template, rendered again and again."""

    __slots__ = ("_file", "_outline", "_outlined", "_rendered", "_template")

    def __init__(self, template: Template, file: str, outlined: Callable[[], Outline | None] = lambda: None) -> None:
        self._template = template
        self._file = file
        self._outlined = outlined
        self._outline: Outline | None = None
        self._rendered = 0

    def render(self, context: Mapping[str, object]) -> str:
        """The text. Raises UnusableTemplate, also when the text grows beyond OUTPUT_LIMIT."""
        if self._outline is not None:
            try:
                text = self._outline.written(context)
            except Exception:
                return self.whole(context)
            if self._outline.is_idle:
                self._outline = None
            return text if len(text) <= OUTPUT_LIMIT else self.whole(context)
        self._rendered += 1
        if self._rendered == WORTH_AN_OUTLINE:
            self._outline = self._outlined()
        return self.whole(context)

    @property
    def outline(self) -> Outline | None:
        """What rows have in common, once it was worth finding out."""
        return self._outline

    def whole(self, context: Mapping[str, object]) -> str:
        """The same from Jinja alone."""
        try:
            return self._render(context)
        except UnusableTemplate as error:
            error.file = error.file or self._file
            raise
        except Exception as error:  # a template can raise anything that its filters can
            raise explain(error, self._file) from error

    def _render(self, context: Mapping[str, object]) -> str:
        """As Template.generate does it, without its generator around every piece."""
        template = self._template
        try:
            return _bounded(template.root_render_func(template.new_context(dict(context))))
        except UnusableTemplate:
            raise
        except Exception:
            template.environment.handle_exception()


def compile_text(environment: CampaignEnvironment, text: str, file: str = "") -> Piece:
    """A template that stands in the campaign file. Raises UnusableTemplate."""
    try:
        return Piece(environment.from_string(text), file, lambda: _outline(environment, file, text))
    except TemplateError as error:
        raise explain(error, file) from error


def compile_template(environment: CampaignEnvironment, name: str) -> Piece:
    """A template of the environment's sources. Raises UnusableTemplate."""
    try:
        return Piece(environment.get_template(name), name, lambda: _outline(environment, name))
    except TemplateError as error:
        raise explain(error, name) from error


def _outline(environment: CampaignEnvironment, name: str, text: str | None = None) -> Outline | None:
    """What rows have in common in the template of that name (or in this text); None where it cannot be known."""
    outliner = Outliner(environment.filters, escapes)
    gapped = CampaignEnvironment(environment.read, rewrite=outliner)
    try:
        whole = environment.get_template(name) if text is None else environment.from_string(text)
        template = gapped.get_template(name) if text is None else gapped.from_string(text)
        for reference in outliner.references:  # it grows while they are loaded
            gapped.get_template(reference)
    except TemplateError:
        return None
    return Outline(outliner, Piece(template, name).whole, Piece(whole, name).whole) if outliner.clear else None


def compile_condition(environment: CampaignEnvironment, expression: str) -> Callable[[Mapping[str, object]], bool]:
    """A rule's `when`: true or false for a context. Raises UnusableTemplate now, and when it is asked."""
    if "{{" in expression or "{%" in expression:
        raise UnusableTemplate("`when` is an expression and takes no braces", "Write it without {{ and }}.")
    try:
        compiled = environment.compile_expression(expression, undefined_to_none=False)
    except TemplateError as error:
        hint = "Write it like grower.upload == 'yes', with == to compare and quotes around texts."
        raise UnusableTemplate(f"{expression!r} is not an expression", hint) from error

    def holds(context: Mapping[str, object]) -> bool:
        try:
            return bool(compiled(context))
        except Exception as error:
            raise explain(error, "") from error

    places = places_of(environment.parse(f"{{% if {expression} %}}{{% endif %}}"))
    return holds if places is None else _remembering(holds, places)


def _remembering(
    holds: Callable[[Mapping[str, object]], bool], places: tuple[Place, ...]
) -> Callable[[Mapping[str, object]], bool]:
    """The same condition, asked once for the same cells: most rows of a list have the same few."""
    known: dict[tuple[object, ...], bool] = {}

    def remembered(context: Mapping[str, object]) -> bool:
        try:
            key = values_of(context, places)
            answer = known.get(key)
        except (KeyError, TypeError):
            return holds(context)
        if answer is None:
            if len(known) >= CONDITIONS_KEPT:
                known.clear()
            answer = known[key] = holds(context)
        return answer

    return remembered


def _bounded(pieces: Iterator[str]) -> str:
    """All of it, taken a handful at a time so that a loop that goes on and on is left in time."""
    whole = ""
    while some := "".join(islice(pieces, PIECES_AT_ONCE)):
        whole += some
        if len(whole) > OUTPUT_LIMIT:
            raise UnusableTemplate(
                f"the template makes more than {OUTPUT_LIMIT:,} characters", "Look for a loop that goes on and on."
            )
    return whole


def explain(error: Exception, file: str) -> UnusableTemplate:
    """Jinja's own errors in words for somebody who has never read its manual."""
    what = (getattr(error, "message", None) or str(error)).rstrip(".")
    if isinstance(error, TemplateSyntaxError):
        fix = "Look at the braces and quotes on that line."
        if what.startswith("No filter named"):
            fix = f"Filters that can be used: {', '.join(sorted([*FILTERS, *OWN_FILTERS]))}."
        return UnusableTemplate(what, fix, file=error.name or file, line=error.lineno)
    line = _line(error, file)
    if isinstance(error, SecurityError):
        return UnusableTemplate(
            "the template calls something that is not allowed", "Use filters.", file=file, line=line
        )
    if isinstance(error, TemplateError | NoName):
        return UnusableTemplate(what, "Correct the name, or use | default('…').", file=file, line=line)
    # The text of other exceptions can hold a grower's cell.
    return UnusableTemplate(
        f"the template fails here ({type(error).__name__})", "Mend that line.", file=file, line=line
    )


def _line(error: BaseException, file: str) -> int | None:
    """The template line that a rendering error comes from: Jinja rewrites the traceback to template lines."""
    found, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in {"<template>", "<unknown>", file}:
            found = trace.tb_lineno
        trace = trace.tb_next
    return found
