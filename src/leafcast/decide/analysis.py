"""What a template uses, read off its text: unknown names are told before any row is rendered."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeGuard, TypeVar, cast

from jinja2 import meta, nodes
from jinja2.exceptions import TemplateError

from leafcast.decide.suggest import did_you_mean
from leafcast.decide.templating import CampaignEnvironment, UnusableTemplate, explain
from leafcast.decide.views import BRAND_WORDS, COLOUR_WORDS, LINK_WORDS

N = TypeVar("N", bound=nodes.Node)

WORDS = ("grower", "brand", "link", "campaign", "round", "cause", "language", "direction", "unsubscribe")
"""The variables of every template."""
_PARTS: Mapping[str, Collection[str]] = {"brand": (*BRAND_WORDS, *COLOUR_WORDS), "link": LINK_WORDS}


@dataclass(frozen=True, slots=True)
class Analysis:
    """One template, parsed. `references` are the templates that it extends, includes or imports."""

    name: str
    tree: nodes.Template
    undeclared: frozenset[str]
    references: tuple[str | None, ...]
    _by_kind: Mapping[type, Sequence[nodes.Node]]
    """Every node, gathered once for all that is asked of the tree."""

    @classmethod
    @lru_cache(maxsize=512)
    def of(cls, environment: CampaignEnvironment, text: str, name: str) -> Analysis:
        """Parse a template. Raises UnusableTemplate."""
        try:
            tree = environment.parse(text, name)
            undeclared = frozenset(meta.find_undeclared_variables(tree))
        except TemplateError as error:
            raise explain(error, name) from error
        by_kind: dict[type, list[nodes.Node]] = {}
        for node in tree.find_all(nodes.Node):
            by_kind.setdefault(type(node), []).append(node)
        return cls(name, tree, undeclared, tuple(meta.find_referenced_templates(tree)), by_kind)

    def _all(self, kind: type[N]) -> Sequence[N]:
        return cast("Sequence[N]", self._by_kind.get(kind, ()))

    @property
    def uses_url(self) -> bool:
        """Whether the text of the link appears in it."""
        return any(owner == "link" and part == "url" for owner, part, _ in self._parts())

    @property
    def assigned(self) -> frozenset[str]:
        """The names that it sets itself, for its blocks and for the files that it includes."""
        targets = [node.target for node in self._all(nodes.Assign)]
        targets += [node.target for node in self._all(nodes.AssignBlock)]
        stored = {name.name for target in targets for name in (target, *target.find_all(nodes.Name)) if _is_name(name)}
        macros = {node.name for node in self._all(nodes.Macro)}
        return frozenset(stored | macros | {node.target for node in self._all(nodes.Import)})

    def unknown(
        self, columns: Collection[str] | None, *, only_grower: bool = False, assigned: Collection[str] = ()
    ) -> Iterator[UnusableTemplate]:
        """Every name that nothing defines. `columns` are the names after `grower.`; None where the list is not known.
        `assigned` are names that the templates around this one set. Names under `| default(…)` and `is defined` are
        asked about on purpose, and pass."""
        known = ("grower",) if only_grower else WORDS
        # Jinja counts what a block uses as undeclared even when the same file sets it.
        free = self.undeclared - set(known) - self.assigned - set(assigned)
        for node in self._all(nodes.Name):
            if node.name in free and node.ctx == "load":
                yield self._unknown(node.name, did_you_mean(node.name, known), node.lineno)
        pardoned = {id(node) for node in self._pardoned()}
        for owner, part, place in self._parts():
            words = columns if owner == "grower" else _PARTS.get(owner, ())
            if words is None or part in words or id(place) in pardoned:
                continue
            fix = did_you_mean(part, sorted(words)) if words else f"{owner} is a plain value: write {{{{ {owner} }}}}."
            yield self._unknown(f"{owner}.{part}", fix, place.lineno)

    def _unknown(self, what: str, fix: str, line: int) -> UnusableTemplate:
        return UnusableTemplate(f"there is no {what}", fix, file=self.name, line=line)

    def _parts(self) -> Iterator[tuple[str, str, nodes.Node]]:
        """`grower.name` and `grower['name']` alike, as (grower, name, node)."""
        for attribute in self._all(nodes.Getattr):
            if owner := self._owner(attribute.node):
                yield owner, attribute.attr, attribute
        for item in self._all(nodes.Getitem):
            owner = self._owner(item.node)
            if owner and isinstance(item.arg, nodes.Const) and isinstance(item.arg.value, str):
                yield owner, item.arg.value, item

    def _owner(self, node: nodes.Expr) -> str:
        """The variable's name where the node is one of `WORDS` and not a name of the template's own."""
        named = node.name if isinstance(node, nodes.Name) else ""
        return named if named in WORDS and named in self.undeclared else ""

    def _pardoned(self) -> Iterator[nodes.Node]:
        for kind in (nodes.Filter, nodes.Test):
            for node in self._all(kind):
                if node.node is not None and node.name in {"default", "d", "defined", "undefined"}:
                    yield node.node


def _is_name(node: nodes.Node) -> TypeGuard[nodes.Name]:
    return isinstance(node, nodes.Name)
