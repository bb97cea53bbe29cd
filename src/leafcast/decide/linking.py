"""Which magic link a grower gets.

A row's own columns come first, each for itself: `leafUserId`, `linkType`, `provider`, `allowedProviders`, `brand`. The
rules of the campaign fill in what the row leaves open; the first one that holds decides.

- Without `linkType`, the first rule that holds decides the type. With it, only rules of that type are asked, and only
  for the providers that the row does not name itself.
- A row that names its one `provider` gets an authentication link for it where the rule (or no rule) would let it choose
  from several; one that names `allowedProviders` gets a provider link where the rule would give it a single one.
- A rule that asks for files is not overruled by either: the columns then only say what the team knows of the grower.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import assert_never

from leafcast.decide.analysis import Analysis
from leafcast.decide.campaign import Brand, Campaign, Rule
from leafcast.decide.gaps import places_of
from leafcast.decide.providers import provider_problem
from leafcast.decide.suggest import did_you_mean
from leafcast.decide.templating import CampaignEnvironment, Piece, UnusableTemplate, compile_condition, compile_text
from leafcast.decide.views import grower_view, grower_words
from leafcast.errors import CampaignError, ListError
from leafcast.model import Grower, LinkRequest, LinkType, Problem, ProblemKind, Where

_USER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
"""Leaf's ids are UUIDs; whatever else a cell holds must not change the path of the request."""

Context = Mapping[str, object]
_Settled = tuple[LinkType, tuple[str, ...], Mapping[str, str | bool]]
"""Type, providers and settings of a request."""
REQUESTS_KEPT = 1_000
"""So many kinds of rows are remembered with what they ask for: most rows of a list are of the same few."""


class _Unfit(Exception):
    """The row's own cells do not make a link: the column, what is wrong, what to write."""

    def __init__(self, column: str, what: str, fix: str) -> None:
        self.column, self.what, self.fix = column, what, fix
        super().__init__(what)


@dataclass(frozen=True, slots=True)
class _CompiledRule:
    rule: Rule
    key: str
    holds: Callable[[Context], bool]
    provider: Piece | None

    def provider_for(self, context: Context) -> str:
        """The rule's one provider, its template filled in."""
        return self.provider.render(context).strip() if self.provider else ""


class Linker:
    """Decides links for the growers of one campaign. One for a whole run."""

    def __init__(self, campaign: Campaign, columns: Sequence[str] | None = None) -> None:
        """`columns` are the headings of the list; None leaves names after `grower.` to be found out row by row. Raises
        CampaignError when a rule cannot be used with this list."""
        self._campaign = campaign
        self._settings_of: dict[tuple[str, LinkType], Mapping[str, str | bool]] = {}
        environment = CampaignEnvironment()
        words = None if columns is None else grower_words(columns)
        problems: list[Problem] = []
        self._alike: dict[tuple[object, ...], _Settled] = {}
        self._rules: list[_CompiledRule] = []
        for number, rule in enumerate(campaign.link.rules, start=1):
            problems += _unknown_columns(environment, rule, f"link.rules[{number}]", words)
            self._rules.append(_compiled(environment, rule, f"link.rules[{number}]"))
        if problems:
            raise CampaignError(problems)
        self._words = _words_of_rules(environment, campaign.link.rules)

    def request(self, grower: Grower) -> LinkRequest:
        """What to ask Leaf for. Raises ListError for a row that `decide` finds a problem with."""
        decided = self.decide(grower)
        if isinstance(decided, LinkRequest):
            return decided
        raise ListError(decided)

    def decide(self, grower: Grower) -> LinkRequest | tuple[Problem, ...]:
        """The same as a value: the request, or why this row makes none."""
        try:
            return self._request(grower)
        except _Unfit as error:
            where = Where(self._campaign.list.label, row=grower.row, column=self._heading(error.column))
            return (Problem(ProblemKind.LINK, error.what, error.fix, where),)

    def _request(self, grower: Grower) -> LinkRequest:
        view = grower_view(grower)
        key = self._key(grower, view.values)
        settled = self._alike.get(key) if key else None
        if settled is None:
            user, settled = self._settle(grower, {"grower": view})
            if key:
                self._remember(key, settled)
        else:
            user = self._leaf_user(grower)
        link_type, providers, settings = settled
        own = None if user else grower.name or None, None if user else grower.email
        expires_in = self._campaign.link.expires_in
        return LinkRequest(link_type, grower.external_id, expires_in, providers, user, *own, settings)

    def _settle(self, grower: Grower, context: Context) -> tuple[str | None, _Settled]:
        """The grower's Leaf user, and the rest of the request, which is the same for all rows with the same key."""
        link_type, rule = self._type(grower, context)
        user = self._leaf_user(grower)
        brand = self._campaign.brand_of(grower.cell("brand"))
        if brand is None:
            fix = (
                did_you_mean(grower.cell("brand"), self._campaign.brands)
                if self._campaign.brands
                else "Leave it empty."
            )
            raise _Unfit("brand", f"the campaign has no brand {grower.cell('brand')!r}", fix)
        providers = self._providers(link_type, grower, rule, context)
        return user, (link_type, providers, self._settings(grower.cell("brand"), brand, link_type))

    def _key(self, grower: Grower, words: Mapping[str, object]) -> tuple[object, ...] | None:
        """Everything of a row that its type, providers and settings depend on; None where that cannot be told."""
        if self._words is None:
            return None
        cell = grower.cells.get
        try:
            asked = [words[word] for word in self._words]
        except KeyError:
            return None
        return (cell("linkType"), cell("provider"), cell("allowedProviders"), cell("brand"), *asked)

    def _remember(self, key: tuple[object, ...], settled: _Settled) -> None:
        if len(self._alike) >= REQUESTS_KEPT:
            self._alike.clear()
        self._alike[key] = settled

    def _settings(self, name: str, brand: Brand, link_type: LinkType) -> Mapping[str, str | bool]:
        """What Leaf is told about the brand of that name, put together once for all rows."""
        key = name, link_type
        if key not in self._settings_of:
            self._settings_of[key] = MappingProxyType(dict(brand.leaf_settings(link_type)))
        return self._settings_of[key]

    def _type(self, grower: Grower, context: Context) -> tuple[LinkType, _CompiledRule | None]:
        """The link type, and the rule that fills in the providers; the row's own word needs no rule."""
        written = grower.cell("linkType")
        if written:
            if written not in set(LinkType):
                fix = did_you_mean(written, [str(kind) for kind in LinkType])
                raise _Unfit("linkType", f"{written!r} is not a link type", fix)
            link_type = LinkType(written)
            return link_type, next(self._holding(context, link_type), None)
        rule = next(self._holding(context), None)
        if own := _type_of_own_columns(grower, rule.rule.type if rule else None):
            return own, rule
        if rule is None:
            fix = "Fill in linkType, or end link.rules with a rule that has no `when`."
            raise _Unfit("linkType", "no rule of the campaign fits this row", fix)
        return rule.rule.type, rule

    def _holding(self, context: Context, link_type: LinkType | None = None) -> Iterator[_CompiledRule]:
        for rule in self._rules:
            if link_type not in (None, rule.rule.type):
                continue
            try:
                holds = rule.holds(context)
            except UnusableTemplate as error:
                raise _Unfit("", f"{rule.key}.when fails for this row: {error.what}", error.fix) from error
            if holds:
                yield rule

    def _providers(
        self, link_type: LinkType, grower: Grower, rule: _CompiledRule | None, context: Context
    ) -> tuple[str, ...]:
        match link_type:
            case LinkType.FILE_UPLOAD:
                return ()
            case LinkType.AUTHENTICATION:
                return (self._one_provider(grower, rule, context),)
            case LinkType.PROVIDER:
                return self._allowed_providers(grower, rule)
            case _:
                assert_never(link_type)

    def _one_provider(self, grower: Grower, rule: _CompiledRule | None, context: Context) -> str:
        provider = grower.cell("provider")
        if not provider and rule is not None:
            try:
                provider = rule.provider_for(context)
            except UnusableTemplate as error:
                raise _Unfit("", f"{rule.key}.provider fails for this row: {error.what}", error.fix) from error
        if not provider:
            what = "an authentication link is for one provider, and the row names none"
            raise _Unfit("provider", what, "Fill in provider, for example JohnDeere.")
        self._known("provider", provider)
        return provider

    def _allowed_providers(self, grower: Grower, rule: _CompiledRule | None) -> tuple[str, ...]:
        written = [name.strip() for name in grower.cell("allowedProviders").split(";")]
        names = tuple(dict.fromkeys(name for name in written if name))
        for name in names:
            self._known("allowedProviders", name)
        return names or (rule.rule.allowed_providers if rule else ())

    def _known(self, column: str, name: str) -> None:
        if fix := provider_problem(name, self._campaign.link.extra_providers):
            raise _Unfit(column, f"{name!r} is not a provider that Leaf knows", fix)

    def _leaf_user(self, grower: Grower) -> str | None:
        user = grower.cell("leafUserId")
        if user and not _USER_ID.fullmatch(user):
            raise _Unfit(
                "leafUserId", f"{user!r} is not a Leaf user id", "Copy the id from Leaf, or leave the cell empty."
            )
        return user or None

    def _heading(self, column: str) -> str | None:
        """The user's own heading for a column of ours."""
        return self._campaign.list.columns.get(column, column) or None


def _type_of_own_columns(grower: Grower, ruled: LinkType | None) -> LinkType | None:
    """The type that `provider` or `allowedProviders` of the row asks for where the rules say otherwise."""
    one, several = grower.cell("provider"), grower.cell("allowedProviders")
    if one and not several and ruled in (None, LinkType.PROVIDER):
        return LinkType.AUTHENTICATION
    if several and not one and ruled in (None, LinkType.AUTHENTICATION):
        return LinkType.PROVIDER
    return None


def _compiled(environment: CampaignEnvironment, rule: Rule, key: str) -> _CompiledRule:
    holds = compile_condition(environment, rule.when) if rule.when else lambda _context: True
    provider = compile_text(environment, rule.provider) if rule.provider else None
    return _CompiledRule(rule, key, holds, provider)


def _words_of_rules(environment: CampaignEnvironment, rules: Sequence[Rule]) -> tuple[str, ...] | None:
    """The words after `grower.` that rules ask for; None where that cannot be told."""
    words: set[str] = set()
    for rule in rules:
        for text in (f"{{% if {rule.when} %}}{{% endif %}}" if rule.when else "", rule.provider or ""):
            places = places_of(environment.parse(text), environment.filters)
            if places is None or any(owner != "grower" for owner, _ in places):
                return None
            words.update(word for _, word in places)
    return tuple(sorted(words))


def _unknown_columns(
    environment: CampaignEnvironment, rule: Rule, key: str, words: frozenset[str] | None
) -> Iterator[Problem]:
    """Columns that a rule asks for and the list does not have."""
    texts = {"when": f"{{{{ ({rule.when}) }}}}" if rule.when else "", "provider": rule.provider or ""}
    for part, text in texts.items():
        for unknown in Analysis.of(environment, text, "").unknown(words, only_grower=True):
            yield unknown.problem(Where(key=f"{key}.{part}"), ProblemKind.CAMPAIGN)
