"""An audience from Leaf: who fits, what is known of whom, and what is wrong input."""

from __future__ import annotations

import asyncio
import textwrap
from typing import Any

import pytest

from leafcast.decide.audience import OWN, Wish, further_columns, rows
from leafcast.decide.campaign import Credentials, load
from leafcast.edge.leaf.audience import PAGE, audience, everybody
from leafcast.edge.listfile import ListFile
from leafcast.errors import CampaignError, ListError, RunStopped
from leafcast.model import LeafUser, Outcome, Verdict

MIGRATION = Wish(("CNHI",), ("CNHIFieldOps",))
TORN = Outcome(Verdict.FAILED, "unusable-answer", "Leaf's answer is not what its documentation says")


def user(name: str = "G-1", email: str = "", phone: str = "", **held: str) -> LeafUser:
    return LeafUser(f"leaf-{name}", name, f"Name of {name}", email or f"{name.lower()}@farm.example", held, phone)


@pytest.mark.parametrize(
    ("wish", "held", "expected"),
    [
        (Wish(), {}, True),
        (MIGRATION, {"CNHI": "AUTHENTICATED"}, True),
        (MIGRATION, {"CNHI": "UNAUTHENTICATED"}, True),
        (MIGRATION, {"CNHI": "", "CNHIFieldOps": ""}, False),
        (MIGRATION, {"CNHI": "", "CNHIFieldOps": "UNAUTHENTICATED"}, False),
        (MIGRATION, {"JohnDeere": ""}, False),
        (Wish(("JohnDeere", "Trimble")), {"Trimble": ""}, True),
        (Wish((), ("JohnDeere", "Trimble")), {"Trimble": ""}, False),
        (Wish((), ("JohnDeere",)), {}, True),
        (Wish(("JohnDeere",), (), Credentials.BROKEN), {"JohnDeere": "UNAUTHENTICATED", "Trimble": "OK"}, True),
        (Wish(("JohnDeere",), (), Credentials.BROKEN), {"JohnDeere": "AUTHENTICATED"}, False),
        (Wish((), (), Credentials.BROKEN), {"JohnDeere": "EXPIRED"}, True),
        (Wish((), (), Credentials.BROKEN), {}, False),
        (Wish((), (), Credentials.GOOD), {"JohnDeere": "EXPIRED", "Trimble": "OK"}, True),
        (Wish((), (), Credentials.GOOD), {}, False),
    ],
)
def test_who_fits(wish, held, expected):
    """Connected counts whatever the status; `credentials` tells what serves from what is broken."""
    assert wish.fits(user(**held)) is expected


def test_the_teams_own_list_goes_before_what_leaf_tells():
    """Its filled cells win, its empty ones do not; everybody is known by their existing Leaf user."""
    joined = {"G-1": {"externalId": "G-1", "phone": "+15155550101", "email": "", "locale": "es"}}
    people = [user("G-1", CNHI=""), user("G-2", phone="+15155550102", CNHI=""), user("G-3")]
    further = further_columns(joined["G-1"])
    assert further == ("locale",)
    assert list(rows(people, MIGRATION, joined, further)) == [
        ("G-1", "Name of G-1", "g-1@farm.example", "+15155550101", "leaf-G-1", "es"),
        ("G-2", "Name of G-2", "g-2@farm.example", "+15155550102", "leaf-G-2", ""),
    ]


def test_what_leaf_made_up_is_not_taken_for_an_address():
    """A user made without name and email shows the externalId for both; one without externalId has Leaf's own id."""
    filled = LeafUser("leaf-1", "G-1", "G-1", "G-1")
    nameless = LeafUser("leaf-2", "", "", "")
    assert list(rows([filled, nameless], Wish(), {}, ())) == [
        ("G-1", "", "", "", "leaf-1"),
        ("leaf-2", "", "", "", "leaf-2"),
    ]


def test_the_audience_is_a_list_like_any_other(tmp_path):
    """It has headings and rows, can be walked through twice, and says how it came about."""
    file = tmp_path / "phones.csv"
    file.write_text(
        "Grower ID,Name,Mobile,Branch\nG-1,,+15155550101,North\nG-9,,+15155550109,South\n", encoding="utf-8"
    )
    settings = load(_campaign("file: phones.csv, columns: {externalId: Grower ID, phone: Mobile}"), "a.yaml").list
    made = audience([user("G-1"), user("G-2")], Wish(), ListFile(file, settings))
    assert made.headings == (*OWN, "Branch")
    for _ in range(2):
        assert [(row.cells["externalId"], row.cells["phone"], row.cells["Branch"]) for row in made.rows()] == [
            ("G-1", "+15155550101", "North"),
            ("G-2", "", ""),
        ]
    assert str(made.style) == "2 of Leaf's 2 users fit (everybody), 1 of them in phones.csv"


def test_an_audience_of_nobody_is_said_in_one_sentence():
    """With how many users Leaf has and what was wanted of them."""
    with pytest.raises(ListError) as raised:
        audience([user()], MIGRATION, None)
    assert "1 users none fits (connected: CNHI, notConnected: CNHIFieldOps)" in str(raised.value.problems[0])


class Leaf:
    """So many users, a hundred a page; `broken` are the answers to come first."""

    def __init__(self, count: int, *broken: Outcome, stuck: bool = False) -> None:
        self.users = [user(f"G-{number}") for number in range(count)]
        self.broken, self.stuck, self.asked = list(broken), stuck, 0

    async def user_page(self, page: int) -> Any:
        self.asked += 1
        if self.broken:
            return self.broken.pop(0)
        page = 0 if self.stuck else page
        return tuple(self.users[page * PAGE : (page + 1) * PAGE])


@pytest.mark.parametrize(("count", "asked"), [(0, 1), (99, 1), (100, 2), (250, 3)])
def test_everybody_comes_by_the_page(count, asked):
    """A hundred a question; a page that is not full is the last."""
    leaf = Leaf(count)
    assert len(asyncio.run(everybody(leaf))) == count
    assert leaf.asked == asked


def test_a_torn_page_is_asked_for_again_and_never_left_out():
    """An audience with a hole would look like people who need no invitation."""
    assert len(asyncio.run(everybody(Leaf(250, TORN, TORN)))) == 250
    with pytest.raises(RunStopped):
        asyncio.run(everybody(Leaf(250, TORN, TORN, TORN)))
    with pytest.raises(RunStopped):
        asyncio.run(everybody(Leaf(250, Outcome(Verdict.STOP, "http-401", "no"))))


def test_a_page_that_comes_again_ends_it():
    """A service that shows the same page for ever is not asked for ever."""
    assert len(asyncio.run(everybody(Leaf(250, stuck=True)))) == PAGE


@pytest.mark.parametrize(
    ("listed", "says"),
    [
        ("from: leaf, connected: CNH", "Did you mean CNHI"),
        ("from: leaf, connected: [CNHI], notConnected: CNHI", "Keep one of the two"),
        ("from: leaf, connected: []", "no provider is named"),
        ("from: leaf, credentials: bad", "broken"),
        ("file: a.csv, connected: CNHI", "Add from: leaf"),
        ("region: US", "or from: leaf"),
        ("from: excel", "leaf"),
    ],
)
def test_a_wish_that_cannot_be_is_refused(listed, says):
    """Before anybody is asked, with the key and what to do."""
    with pytest.raises(CampaignError) as raised:
        load(_campaign(listed), "a.yaml")
    assert any(says in str(problem) for problem in raised.value.problems)


def test_one_provider_needs_no_brackets():
    """A single name and a list of one mean the same."""
    one, listed = (load(_campaign(f"from: leaf, connected: {text}"), "a.yaml").list for text in ("CNHI", "[CNHI]"))
    assert one.connected == listed.connected == ("CNHI",)


def _campaign(listed: str) -> str:
    return textwrap.dedent(f"""
        campaign: a
        list: {{{listed}}}
        link: {{expiresIn: 30d, rules: [{{type: authentication, provider: CNHIFieldOps}}]}}
        channels: [email]
        email: {{from: "A <a@b.example>", subject: "S"}}
    """)
