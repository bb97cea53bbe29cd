"""What a template prints of a row, and what else it depends on: read off its text, so that rows can share the rest."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from jinja2 import nodes
from markupsafe import escape

from leafcast.decide.views import View

_ROW_WISE = frozenset({"grower", "link", "unsubscribe"})
"""The variables that differ from row to row."""
_CHAINS = frozenset({"capitalize", "lower", "plain", "title", "trim", "upper", "urlencode"})
"""Filters that make one text of another, and look at nothing else."""
_OPAQUE = nodes.AssignBlock, nodes.CallBlock, nodes.FromImport, nodes.Import, nodes.Macro, nodes.EvalContextModifier
MARK = re.compile("\ufdd0([0-9]+)\ufdd1")
"""Noncharacters, which no text may hold."""
_EXPIRY = ("link", "expiresAt")

Filter = Callable[[Any], Any]
Context = Mapping[str, object]
Place = tuple[str, str]
"""A variable and the name after its dot; ('', the variable) where it is used by itself."""
Sources = Mapping[str, Mapping[str, object]]
"""Where the values of places are, by the first part of the place."""


class Unclear(Exception):
    """What a template depends on cannot be told from its text."""


class Gap(NamedTuple):
    """What a template prints of a row."""

    place: Place
    filters: tuple[Filter, ...]
    safe: bool
    """Whether it is written for HTML."""

    def filled(self, sources: Sources) -> str:
        """What stands there for this row."""
        (owner, part), filters, safe = self
        value = sources[owner][part]
        for each in filters:
            value = each(value)
        return escape(value) if safe else str(value)


class Outliner:
    """Makes the gaps in the trees of a template and of those that it builds on, and gathers what makes the key."""

    def __init__(self, filters: Mapping[str, Filter], escapes: Callable[[str | None], bool]) -> None:
        self.gaps: list[Gap] = []
        self.names: set[str] = {"language"}
        """Plain variables; filters ask for the language by themselves."""
        self.assigned: set[str] = {"language", "loop"}
        """Those that may be none of the context."""
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
        except Unclear:
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
            raise Unclear
        else:
            self._within(node, tested)

    def _within(self, node: nodes.Node, tested: bool) -> None:
        if isinstance(node, nodes.Extends | nodes.Include):
            name = node.template.value if isinstance(node.template, nodes.Const) else None
            blind = isinstance(node, nodes.Include) and not node.with_context
            if not isinstance(name, str) or blind or self._around:
                raise Unclear
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
            raise Unclear
        (self.names if node.ctx == "load" else self.assigned).add(node.name)

    def _filter_block(self, node: nodes.FilterBlock) -> None:
        """`plain` treats every letter for itself, so it may be applied to the gaps one by one."""
        kind = node.filter
        unsure = self._around or kind.name != "plain" or kind.node is not None or kind.args or kind.kwargs
        if unsure or self._safe or any(True for _ in node.find_all((nodes.Block, nodes.Call))):
            raise Unclear
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
        gap = Gap(place, (*reversed(filters), *self._around), self._safe)
        if gap not in self.gaps:
            self.gaps.append(gap)
        return nodes.TemplateData(f"\ufdd0{self.gaps.index(gap)}\ufdd1", lineno=node.lineno)


def places_of(tree: nodes.Node, filters: Mapping[str, Filter] = MappingProxyType({})) -> tuple[Place, ...] | None:
    """What of a row an expression or a text depends on; None where that cannot be told."""
    outliner = Outliner(filters, lambda _name: False)
    try:
        outliner._walk(tree)
    except (Unclear, KeyError):
        return None
    places = outliner.valued | outliner.tested | {gap.place for gap in outliner.gaps}
    return tuple(sorted(places)) if outliner.names == {"language"} else None


def values_of(context: Context, places: tuple[Place, ...]) -> tuple[object, ...]:
    """The values at those places. Raises KeyError where there is none."""
    sources = sources_of(context)
    return tuple([sources[owner][part] for owner, part in places])


def sources_of(context: Context) -> Sources:
    """Where the values of this row are."""
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
