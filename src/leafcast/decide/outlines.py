"""What the messages of many growers have in common, written once, with each grower's own words set in.

A template is read a second time, and whatever it only prints of a row (`{{ grower.name }}`, `{{ link.url }}`) becomes a
gap. All else that it can depend on makes the key: two rows with the same key have the same text around the same gaps.
The text is the one that Jinja makes, to the letter. A template of which that cannot be known beforehand has no outline,
and a row with which anything goes wrong is rendered as ever, which also words the trouble.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from jinja2 import nodes
from markupsafe import escape

from leafcast.decide.languages import local_day
from leafcast.decide.views import View

LIMIT = 128
"""Outlines kept of one template; more kinds of rows than that, and few rows of each, are not worth it."""
_ROW_WISE = frozenset({"grower", "link", "unsubscribe"})
"""The variables that differ from row to row."""
_CHAINS = frozenset({"capitalize", "lower", "plain", "title", "trim", "upper", "urlencode"})
"""Filters that make one text of another, and look at nothing else."""
_OPAQUE = nodes.AssignBlock, nodes.CallBlock, nodes.FromImport, nodes.Import, nodes.Macro, nodes.EvalContextModifier
_MARK = re.compile("\ufdd0([0-9]+)\ufdd1")
"""Noncharacters, which no text may hold."""
_EXPIRY = ("link", "expiresAt")
_ABSENT = object()

Filter = Callable[[Any], Any]
Context = Mapping[str, object]
Place = tuple[str, str]
"""A variable and the name after its dot; ('', the variable) where it is used by itself."""
Sources = Mapping[str, Mapping[str, object]]
"""Where the values of places are, by the first part of the place."""


class _Unclear(Exception):
    """What a template depends on cannot be told from its text."""


class Gap(NamedTuple):
    """What a template prints of a row."""

    place: Place
    filters: tuple[Filter, ...]
    safe: bool
    """Whether it is written for HTML."""

    def filled(self, sources: Sources) -> str:
        owner, part = self.place
        value = sources[owner][part]
        for each in self.filters:
            value = each(value)
        return escape(value) if self.safe else str(value)


class Outliner:
    """Makes the gaps in the trees of a template and of those that it builds on, and gathers what makes the key."""

    def __init__(self, filters: Mapping[str, Filter], escapes: Callable[[str | None], bool]) -> None:
        self.gaps: list[Gap] = []
        self.names: set[str] = {"language"}
        """Plain variables; filters ask for the language by themselves."""
        self.tested: set[Place] = set()
        self.valued: set[Place] = set()
        self.dated = False
        self.references: list[str] = []
        self.clear = True
        self._filters = filters
        self._escapes = escapes
        self._around: tuple[Filter, ...] = ()
        self._safe = False

    def __call__(self, tree: nodes.Template, name: str | None) -> nodes.Template:
        """The tree with its gaps."""
        self._safe = self._escapes(name)
        try:
            self._walk(tree)
        except _Unclear:
            self.clear = False
        return tree

    def _walk(self, node: nodes.Node, *, tested: bool = False) -> None:
        place = _place(node)
        if place:
            (self.tested if tested else self.valued).add(place)
        elif isinstance(node, nodes.Output):
            node.nodes = [self._printed(child) for child in node.nodes]
        elif isinstance(node, nodes.Name):
            self._name(node)
        elif isinstance(node, nodes.FilterBlock):
            self._filter_block(node)
        elif isinstance(node, _OPAQUE) or _holds_mark(node):
            raise _Unclear
        else:
            self._within(node, tested)

    def _within(self, node: nodes.Node, tested: bool) -> None:
        if isinstance(node, nodes.Extends | nodes.Include):
            name = node.template.value if isinstance(node.template, nodes.Const) else None
            blind = isinstance(node, nodes.Include) and not node.with_context
            if not isinstance(name, str) or blind or self._around:
                raise _Unclear
            self.references.append(name)
        dated = isinstance(node, nodes.Filter) and node.name == "day" and _place(node.node) == _EXPIRY
        self.dated |= dated
        tested = tested and isinstance(node, nodes.And | nodes.Or | nodes.Not)
        for child in node.iter_child_nodes():
            if dated and isinstance(node, nodes.Filter) and child is node.node:
                continue
            asked = isinstance(node, nodes.If | nodes.CondExpr) and child is node.test
            self._walk(child, tested=tested or asked)

    def _name(self, node: nodes.Name) -> None:
        if node.name in _ROW_WISE or node.name in {"self", "super", "caller"}:
            raise _Unclear
        self.names.add(node.name)

    def _filter_block(self, node: nodes.FilterBlock) -> None:
        """`plain` treats every letter for itself, so it may be applied to the gaps one by one."""
        kind = node.filter
        unsure = self._around or kind.name != "plain" or kind.node is not None or kind.args or kind.kwargs
        if unsure or self._safe or any(True for _ in node.find_all((nodes.Block, nodes.Call))):
            raise _Unclear
        self._around = (self._filters["plain"],)
        for child in node.body:
            self._walk(child)
        self._around = ()

    def _printed(self, node: nodes.Expr) -> nodes.Expr:
        if _is_block_call(node):
            return node
        inner, filters = node, []
        while isinstance(inner, nodes.Filter) and inner.name in _CHAINS and inner.node is not None and _is_bare(inner):
            filters.append(self._filters[inner.name])
            inner = inner.node
        place = _place(inner)
        if place is None:
            self._walk(node)
            return node
        self.gaps.append(Gap(place, (*reversed(filters), *self._around), self._safe))
        return nodes.TemplateData(f"\ufdd0{len(self.gaps) - 1}\ufdd1", lineno=node.lineno)


class Outline:
    """The texts of one template so far, by their keys."""

    def __init__(self, outliner: Outliner, render: Callable[[Context], str], whole: Callable[[Context], str]) -> None:
        """`render` writes the template with its gaps, `whole` without them: the first row of each kind is written both
        ways and compared."""
        self._gaps = outliner.gaps
        self._names = tuple(sorted(outliner.names))
        self._tested = tuple(sorted(outliner.tested))
        self._valued = tuple(sorted(outliner.valued))
        self._dated = outliner.dated
        self._render = render
        self._whole = whole
        self._kept: dict[tuple[object, ...], list[str | Gap]] = {}
        self._asked = 0

    def written(self, context: Context) -> str:
        """The text of this row. Raises anything where it has to be rendered as ever."""
        sources = _sources(context)
        key = self._key(context, sources)
        parts = self._kept.get(key)
        if parts is None:
            parts = self._learn(key, context, sources)
        self._asked += 1
        return _put_together(parts, sources)

    @property
    def is_idle(self) -> bool:
        """Whether it has been of little use: full, and most rows were of a new kind."""
        return len(self._kept) >= LIMIT and self._asked < 4 * LIMIT

    def _learn(self, key: tuple[object, ...], context: Context, sources: Sources) -> list[str | Gap]:
        if len(self._kept) >= LIMIT:
            self._kept.clear()
            self._asked = 0
        found = _MARK.split(self._render(context))
        parts: list[str | Gap] = [self._gaps[int(part)] if at % 2 else part for at, part in enumerate(found)]
        if _put_together(parts, sources) != self._whole(context):
            raise _Unclear
        self._kept[key] = parts
        return parts

    def _key(self, context: Context, sources: Sources) -> tuple[object, ...]:
        key: list[object] = [context.get(name, _ABSENT) for name in self._names]
        for owner, part in self._tested:
            key.append(not sources[owner][part])
        for owner, part in self._valued:
            value = sources[owner][part]
            key += (value.__class__, value, getattr(value, "zone", None))
        if self._dated:
            moment = sources["link"]["expiresAt"]
            key.append(local_day(moment) if isinstance(moment, datetime) else moment)
        return tuple(key)


def _put_together(parts: list[str | Gap], sources: Sources) -> str:
    return "".join([part if part.__class__ is str else part.filled(sources) for part in parts])  # type: ignore[union-attr]


def places_of(tree: nodes.Node) -> tuple[Place, ...] | None:
    """What of a row an expression depends on; None where that cannot be told."""
    outliner = Outliner({}, lambda _name: False)
    try:
        outliner._walk(tree)
    except _Unclear:
        return None
    return tuple(sorted(outliner.valued | outliner.tested)) if outliner.names == {"language"} else None


def values_of(context: Context, places: tuple[Place, ...]) -> tuple[object, ...]:
    """The values at those places. Raises KeyError where there is none."""
    sources = _sources(context)
    return tuple([sources[owner][part] for owner, part in places])


def _sources(context: Context) -> Sources:
    sources = {"": context}
    for owner in ("grower", "link"):
        view = context.get(owner)
        if isinstance(view, View):
            sources[owner] = view.values
    return sources


def _place(node: nodes.Node | None) -> Place | None:
    """`grower.name`, `grower['name']` and `unsubscribe` as a place; None for all else."""
    if isinstance(node, nodes.Name):
        return ("", "unsubscribe") if node.name == "unsubscribe" and node.ctx == "load" else None
    if not isinstance(node, nodes.Getattr | nodes.Getitem) or not isinstance(node.node, nodes.Name):
        return None
    if node.node.name not in {"grower", "link"}:
        return None
    if isinstance(node, nodes.Getattr):
        return node.node.name, node.attr
    part = node.arg.value if isinstance(node.arg, nodes.Const) else None
    return (node.node.name, part) if isinstance(part, str) and part else None


def _holds_mark(node: nodes.Node) -> bool:
    text = node.data if isinstance(node, nodes.TemplateData) else node.value if isinstance(node, nodes.Const) else ""
    return isinstance(text, str) and ("\ufdd0" in text or "\ufdd1" in text)


def _is_bare(node: nodes.Filter) -> bool:
    return not (node.args or node.kwargs or node.dyn_args or node.dyn_kwargs)


def _is_block_call(node: nodes.Expr) -> bool:
    """`{{ self.title() }}` and `{{ super() }}`, printed as they are: the gaps of the block are printed with it."""
    if not isinstance(node, nodes.Call) or node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
        return False
    called = node.node.node if isinstance(node.node, nodes.Getattr) else node.node
    wanted = "self" if isinstance(node.node, nodes.Getattr) else "super"
    return isinstance(called, nodes.Name) and called.name == wanted
