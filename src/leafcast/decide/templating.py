"""The Jinja that campaigns may use: sandboxed, strict, bounded, with no way to reach anything but the words given.

What a list's cells hold is only ever a value here; it is never compiled. Templates come from a mapping of names to
texts, so nothing is read from disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any

from jinja2 import FunctionLoader, StrictUndefined, Template, TemplateSyntaxError, pass_context
from jinja2.exceptions import SecurityError, TemplateError
from jinja2.runtime import BlockReference, Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Cycler
from markupsafe import escape

from leafcast.decide.languages import ENGLISH, written_day, written_time
from leafcast.decide.providers import in_words
from leafcast.decide.segments import plain
from leafcast.decide.views import NoName, View
from leafcast.model import Problem, ProblemKind, Where

OUTPUT_LIMIT = 1_000_000
"""Characters that one rendering may produce."""
FILTERS = (
    "abs", "capitalize", "count", "d", "default", "e", "escape", "first", "float", "int", "join", "last",
    "length", "list", "lower", "max", "min", "replace", "round", "sort", "string", "striptags", "title", "trim",
    "truncate", "unique", "upper", "urlencode", "wordwrap",
)  # fmt: skip
OWN_FILTERS = ("day", "plain", "provider_names", "time")
PIECES_AT_ONCE = 1_000
"""So many pieces of a rendering are taken before its length is looked at again."""
_CALLABLE: Mapping[type, frozenset[str]] = {
    str: frozenset(
        {"capitalize", "endswith", "lower", "lstrip", "rstrip", "split", "startswith", "strip", "title", "upper"}
    ),
    datetime: frozenset({"date", "isoformat", "strftime", "time"}),
}
"""The methods that a template may call, by the type they belong to; everything else is done with filters."""


class UnusableTemplate(Exception):
    """A template or expression that cannot be compiled or rendered. `what` and `fix` are sentences without any cell of
    the list; `line` counts from 1 within the template."""

    def __init__(self, what: str, fix: str, *, file: str = "", line: int | None = None) -> None:
        self.what, self.fix, self.file, self.line = what, fix, file, line
        super().__init__(what)

    def problem(self, where: Where | None = None, kind: ProblemKind = ProblemKind.TEMPLATE) -> Problem:
        """As a Problem; `where` is used when the template itself does not say."""
        return Problem(kind, self.what, self.fix, where or Where(self.file, line=self.line))


class _Unknown(StrictUndefined):
    """A name that is not there: any use of it is an error that says which name."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        name = self._undefined_name
        if isinstance(self._undefined_obj, View):
            return f"there is no {self._undefined_obj.label}.{name}"
        return f"{name} is not defined" if self._undefined_hint is None else self._undefined_hint


@pass_context
def _day(context: Context, moment: datetime, language: str = "") -> str:
    return written_day(moment, language or context.get("language", ENGLISH))


@pass_context
def _time(context: Context, moment: datetime, language: str = "") -> str:
    return written_time(moment, language or context.get("language", ENGLISH))


@pass_context
def _provider_names(context: Context, names: Iterable[str], language: str = "", last: str = "") -> str:
    return in_words(tuple(names), language or context.get("language", ENGLISH), last)


# A brand's words are escaped again and again for every email. `typed`: text that is safe already is another key.
_escape = lru_cache(maxsize=4096, typed=True)(escape)


class _QuickTemplate(Template):
    """A template whose escaping remembers what it escaped."""

    @classmethod
    def _from_namespace(cls, environment: Any, namespace: Any, globals: Any) -> Any:
        """Jinja's own hook between a compiled template and its use. Were it gone, only speed would be lost."""
        namespace["escape"] = _escape
        return super()._from_namespace(environment, namespace, globals)


class CampaignEnvironment(ImmutableSandboxedEnvironment):
    """Jinja with everything taken out that a message does not need."""

    template_class = _QuickTemplate
    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self, read: Callable[[str], str | None] = lambda _name: None) -> None:
        """`read` gives the text of a template by its name, None for one that is not there."""
        super().__init__(
            loader=FunctionLoader(read),
            autoescape=lambda name: name is not None and name.endswith(".html.j2"),
            undefined=_Unknown,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
        )
        self.globals.clear()
        self.filters = {name: self.filters[name] for name in FILTERS}
        self.filters |= {"day": _day, "time": _time, "plain": plain, "provider_names": _provider_names}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A view shows its values and nothing of itself; all else goes through the sandbox."""
        if type(obj) is View:
            try:
                return obj.values[attribute]
            except KeyError:
                return self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """The same for `grower['Farm size']`."""
        if type(obj) is not View:
            return super().getitem(obj, argument)
        try:
            return obj.values[argument]
        except (KeyError, TypeError):
            return self.undefined(obj=obj, name=argument)

    def is_safe_callable(self, obj: Any) -> bool:
        """Macros, blocks and the few methods of `_CALLABLE`; nothing else may be called."""
        if isinstance(obj, Macro | BlockReference | Cycler):
            return True
        owner, name = getattr(obj, "__self__", None), getattr(obj, "__name__", "")
        if type(owner).__name__ == "LoopContext":
            return name in {"cycle", "changed"}
        return any(isinstance(owner, type_) and name in allowed for type_, allowed in _CALLABLE.items())

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic on numbers; no `'a' * 10**9` and no `'%999999999d' % 1`."""
        if operator == "**" or not all(isinstance(side, int | float) for side in (left, right)):
            raise SecurityError(f"{operator} works on numbers only here" if operator != "**" else "** is not available")
        return super().call_binop(context, operator, left, right)


class Piece:
    """A compiled template, rendered again and again."""

    __slots__ = ("_file", "_template")

    def __init__(self, template: Template, file: str) -> None:
        self._template = template
        self._file = file

    def render(self, context: Mapping[str, object]) -> str:
        """The text. Raises UnusableTemplate, also when the text grows beyond OUTPUT_LIMIT."""
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
        return Piece(environment.from_string(text), file)
    except TemplateError as error:
        raise explain(error, file) from error


def compile_template(environment: CampaignEnvironment, name: str) -> Piece:
    """A template of the environment's sources. Raises UnusableTemplate."""
    try:
        return Piece(environment.get_template(name), name)
    except TemplateError as error:
        raise explain(error, name) from error


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

    return holds


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
