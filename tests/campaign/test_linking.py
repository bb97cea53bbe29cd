"""Which link a grower gets: a row's own columns first, then the first rule that holds."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leafcast.decide.campaign import Campaign, load
from leafcast.decide.linking import Linker
from leafcast.errors import CampaignError, ListError
from leafcast.model import Grower, LinkRequest, LinkType, Problem

HEAD = """\
campaign: a
list: {file: g.csv, columns: {provider: System}}
brand: {companyName: Prairie, disconnectEnabled: true}
brands: {north: {companyName: North}}
channels: [email]
email: {from: "P <p@prairie.example>", subject: Hi}
link:
  expiresIn: 30d
  extraProviders: [NewOne]
  rules:
"""
RULES = """\
    - {when: "grower.upload == 'yes'", type: file-upload}
    - {when: grower.provider, type: authentication, provider: "{{ grower.provider }}"}
    - {type: provider, allowedProviders: [JohnDeere, ClimateFieldView]}
"""
COLUMNS = ["externalId", "name", "email", "provider", "Upload", "Farm size (ac)"]


def campaign(rules: str = RULES) -> Campaign:
    return load(HEAD + rules, "c.yaml")


def grower(**cells: str) -> Grower:
    cells = {
        "externalId": "G-1",
        "name": "Maria",
        "email": "m@farm.example",
        "Upload": "",
        "Farm size (ac)": "7",
    } | cells
    return Grower(2, "G-1", cells["name"], cells["email"] or None, None, MappingProxyType(cells))


def linked(**cells: str) -> LinkRequest:
    return Linker(campaign(), COLUMNS).request(grower(**cells))


def blamed(rules: str = RULES, **cells: str) -> Problem:
    decided = Linker(campaign(rules), COLUMNS).decide(grower(**cells))
    assert isinstance(decided, tuple)
    [problem] = decided
    return problem


CASES = [
    ({}, "provider", ("JohnDeere", "ClimateFieldView")),
    ({"Upload": "yes"}, "file-upload", ()),
    ({"Upload": "yes", "provider": "Stara"}, "file-upload", ()),
    ({"provider": "Stara"}, "authentication", ("Stara",)),
    ({"provider": "NewOne"}, "authentication", ("NewOne",)),
    ({"linkType": "file-upload", "provider": "Stara"}, "file-upload", ()),
    ({"linkType": "provider"}, "provider", ("JohnDeere", "ClimateFieldView")),
    ({"linkType": "provider", "provider": "Stara"}, "provider", ("JohnDeere", "ClimateFieldView")),
    ({"linkType": "provider", "allowedProviders": "CNHI; Stara ;CNHI;"}, "provider", ("CNHI", "Stara")),
    ({"allowedProviders": "Trimble"}, "provider", ("Trimble",)),
    ({"linkType": "authentication", "provider": "CNHIFieldOps"}, "authentication", ("CNHIFieldOps",)),
    ({"Upload": "yes", "linkType": "authentication", "provider": "CNHI"}, "authentication", ("CNHI",)),
]


@pytest.mark.parametrize(("cells", "kind", "providers"), CASES)
def test_a_rows_own_columns_beat_the_rules(cells: dict[str, str], kind: str, providers: tuple[str, ...]) -> None:
    """linkType decides the type; provider and allowedProviders speak for the type that they belong to."""
    request = linked(**cells)
    assert (str(request.type), request.providers) == (kind, providers)


def test_a_rows_provider_beats_the_rules_provider() -> None:
    """An authentication rule for everybody still lets a row name its own provider."""
    linker = Linker(campaign("    - {type: authentication, provider: CNHIFieldOps}\n"), COLUMNS)
    assert linker.request(grower()).providers == ("CNHIFieldOps",)
    assert linker.request(grower(provider="Stara")).providers == ("Stara",)
    assert linker.request(grower(linkType="authentication")).providers == ("CNHIFieldOps",)


PROBLEMS = [
    ({"provider": "JohnDeer"}, "System", "not a provider", "JohnDeere"),
    ({"provider": "John Deere"}, "System", "not a provider", "JohnDeere"),
    ({"linkType": "authentication"}, "System", "names none", "Fill in"),
    ({"linkType": "fileupload"}, "linkType", "not a link type", "file-upload"),
    ({"linkType": "File-Upload"}, "linkType", "not a link type", "file-upload"),
    ({"linkType": "provider", "allowedProviders": "CNHI;Starra"}, "allowedProviders", "Starra", "Stara"),
    ({"leafUserId": "a/../b"}, "leafUserId", "not a Leaf user id", "Copy"),
    ({"brand": "noth"}, "brand", "no brand", "north"),
]


@pytest.mark.parametrize(("cells", "column", "what", "fix"), PROBLEMS)
def test_a_row_that_makes_no_link_is_told(cells: dict[str, str], column: str, what: str, fix: str) -> None:
    """With its row, the user's own heading, and what to write."""
    problem = blamed(**cells)
    assert (problem.where.row, problem.where.column) == (2, column)
    assert what in problem.what
    assert fix in problem.fix


def test_a_row_that_no_rule_fits_is_told() -> None:
    """Nobody falls through the rules in silence."""
    assert "no rule" in blamed("    - {when: grower.upload, type: file-upload}\n").what


def test_an_expression_that_fails_for_a_row_is_a_problem_of_that_row() -> None:
    """`when` may be right for one row and impossible for another; the cell is not repeated."""
    problem = blamed('    - {when: "grower.farm_size_ac | int / 0", type: file-upload}\n')
    assert problem.where.row == 2
    assert "link.rules[1].when" in problem.what


def test_request_raises_what_decide_tells() -> None:
    """A run that meets such a row all the same stops with the row's problem."""
    with pytest.raises(ListError) as caught:
        linked(provider="JohnDeer")
    assert caught.value.problems[0].where.row == 2


def test_a_rule_over_a_column_that_the_list_lacks_is_told_before_any_row() -> None:
    """The nearest heading is suggested, the rule is named."""
    with pytest.raises(CampaignError) as caught:
        Linker(campaign("    - {when: grower.uplod, type: file-upload}\n"), COLUMNS)
    [problem] = caught.value.problems
    assert problem.where.key == "link.rules[1].when"
    assert "upload" in problem.fix.lower()


def test_name_and_email_are_for_new_leaf_users_only() -> None:
    """With a leafUserId the link is for that user, and Leaf is told nothing else about them."""
    request = linked(leafUserId="0f1d6b8e-1111-4222-8333-444455556666")
    assert (request.name, request.email) == (None, None)
    assert request.leaf_user_id == "0f1d6b8e-1111-4222-8333-444455556666"
    assert (linked().name, linked().email, linked().leaf_user_id) == ("Maria", "m@farm.example", None)
    assert linked(name="", email="").name is None


def test_settings_follow_the_link_type_and_the_rows_brand() -> None:
    """disconnectEnabled is for links with providers; a row may name another brand."""
    assert "disconnectEnabled" in linked().settings
    assert "disconnectEnabled" not in linked(Upload="yes").settings
    assert linked(brand="north").settings["companyName"] == "North"


@pytest.mark.parametrize("kind", list(LinkType))
def test_every_link_type_can_be_asked_for(kind: LinkType) -> None:
    """No member of the closed set is forgotten."""
    assert linked(linkType=kind.value, provider="Stara").type is kind
    assert linked(linkType=kind.value, provider="Stara").expires_in == 2_592_000


MORE_RULES = """\
    - {when: "grower.upload == 'yes' and grower.farm_size_ac | int > 5", type: file-upload}
    - {when: "grower['Farm size (ac)'] | int / 2 > 3", type: authentication, provider: "{{ grower.upload }}"}
    - {when: grower.name, type: authentication, provider: "{% if grower.upload %}CNHI{% endif %}"}
    - {type: provider}
"""
PRACTISED = {rules: Linker(campaign(rules), COLUMNS) for rules in (RULES, MORE_RULES)}
cells_of_a_row = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["", "Ana"]),
        "email": st.sampled_from(["", "a@farm.example"]),
        "Upload": st.sampled_from(["", "yes", "no", "CNHI", "Stara"]),
        "Farm size (ac)": st.sampled_from(["", "7", "x"]),
        "linkType": st.sampled_from(["", "provider", "file-upload", "authentication", "nonsense"]),
        "provider": st.sampled_from(["", "Stara", "Nobody", "NewOne"]),
        "allowedProviders": st.sampled_from(["", "Stara; CNHI", ";", "Nobody"]),
        "brand": st.sampled_from(["", "north", "south"]),
        "leafUserId": st.sampled_from(["", "u-1", "../x"]),
    },
)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from([RULES, MORE_RULES]), cells_of_a_row)
def test_a_row_like_others_asks_for_what_its_rules_say(rules: str, cells: dict[str, str]) -> None:
    """A linker that met many rows decides as one that never met any: the same request, or the same problem."""
    assert PRACTISED[rules].decide(grower(**cells)) == Linker(campaign(rules), COLUMNS).decide(grower(**cells))
