"""The Jinja that campaigns may use: sandboxed, strict, with no way to reach anything but the words given.

What a list's cells hold is only ever a value here; it is never compiled. Templates come from a mapping of names to
texts, so nothing is read from disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from jinja2 import FunctionLoader, StrictUndefined, Template, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import BlockReference, Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Cycler
from markupsafe import escape

from leafcast.decide.languages import ENGLISH, written_day, written_time
from leafcast.decide.providers import in_words
from leafcast.decide.segments import plain
from leafcast.decide.views import View

Rewrite = Callable[[nodes.Template, str | None], nodes.Template]

FILTERS = (
    "abs", "capitalize", "count", "d", "default", "e", "escape", "first", "float", "int", "join", "last",
    "length", "list", "lower", "max", "min", "replace", "round", "sort", "string", "striptags", "title", "trim",
    "truncate", "unique", "upper", "urlencode", "wordwrap",
)  # fmt: skip
OWN_FILTERS = ("day", "plain", "provider_names", "time")
_CALLABLE: Mapping[type, frozenset[str]] = {
    str: frozenset(
        {"capitalize", "endswith", "lower", "lstrip", "rstrip", "split", "startswith", "strip", "title", "upper"}
    ),
    datetime: frozenset({"date", "isoformat", "strftime", "time"}),
}
"""The methods that a template may call, by the type they belong to; everything else is done with filters."""


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


def escapes(name: str | None) -> bool:
    """Whether what a template of this name prints is made safe for HTML."""
    return name is not None and name.endswith(".html.j2")


class CampaignEnvironment(ImmutableSandboxedEnvironment):
    """Jinja with everything taken out that a message does not need."""

    template_class = _QuickTemplate
    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(
        self, read: Callable[[str], str | None] = lambda _name: None, *, rewrite: Rewrite | None = None
    ) -> None:
        """`read` gives the text of a template by its name, None for one that is not there; `rewrite` has a say in
        the tree of each that is loaded."""
        self.read = read
        self._rewrite = rewrite
        super().__init__(
            loader=FunctionLoader(read),
            autoescape=escapes,
            undefined=_Unknown,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
        )
        self.globals.clear()
        self.filters = {name: self.filters[name] for name in FILTERS}
        self.filters |= {"day": _day, "time": _time, "plain": plain, "provider_names": _provider_names}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """Jinja's own step from text to tree."""
        tree = super()._parse(source, name, filename)
        return self._rewrite(tree, name) if self._rewrite else tree

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
