"""Looking at Leaf in memory: who counts as connected, what a link's sight says, and what trouble at Leaf leaves."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from leafcast.decide.following import connection_of, good
from leafcast.errors import Interrupted
from leafcast.model import Connection, LeafUser, LinkStanding, LinkType, Outcome, Verdict
from leafcast.stories.brake import Brake
from leafcast.stories.following import FEW, MISSED, Looked, Watch, look_at_leaf

TORN = Outcome(Verdict.FAILED, "unusable-answer", "Leaf's answer is not what its documentation says")


def grower(number: int, **cells: str) -> dict[str, str]:
    return {"externalId": f"G-{number}", "name": f"Grower {number}", "email": f"g{number}@farm.example"} | cells


class Odd:
    """Leaf with answers of its own to some questions."""

    def __init__(self, leaf: Any, **answers: Any) -> None:
        self._leaf = leaf
        self.__dict__.update(answers)

    def __getattr__(self, question: str) -> Any:
        return getattr(self._leaf, question)


def looked(play: Any, *, brake: Brake | None = None, leaf: Any = None, **options: Any) -> Looked:
    async def go() -> Looked:
        play.ledger.begin("spring", "sync")
        return await look_at_leaf(
            Watch(play.ledger, play.ledger, leaf or play.leaf, play.clock), "spring", brake or Brake(), **options
        )

    return asyncio.run(go())


def invited(stage: Any, count: int, **cells: str) -> Any:
    play = stage([grower(number, **cells) for number in range(count)])
    play.run()
    return play


def connected(play: Any) -> dict[str, str]:
    return {row.external_id: row.connected for row in play.ledger.rows("spring")}


def use(play: Any, number: int, **seen: Any) -> None:
    key = f"link-{number}"
    play.leaf.held[key] = replace(play.leaf.held[key], **seen)


# ------------------------------------------------------------------------------------------------ who is connected


@pytest.mark.parametrize(
    ("kind", "asked", "held", "expected"),
    [
        (LinkType.AUTHENTICATION, ("CNHIFieldOps",), {"CNHIFieldOps": "AUTHENTICATED"}, Connection.CONNECTED),
        (LinkType.AUTHENTICATION, ("CNHIFieldOps",), {"CNHI": "AUTHENTICATED"}, Connection.NOT_CONNECTED),
        (LinkType.AUTHENTICATION, ("JohnDeere",), {"JohnDeere": "UNAUTHENTICATED"}, Connection.BROKEN),
        (LinkType.PROVIDER, ("JohnDeere", "Trimble"), {"Trimble": ""}, Connection.CONNECTED),
        (LinkType.PROVIDER, ("JohnDeere", "Trimble"), {"Stara": ""}, Connection.NOT_CONNECTED),
        (LinkType.PROVIDER, ("JohnDeere", "Trimble"), {"JohnDeere": "EXPIRED", "Trimble": "OK"}, Connection.CONNECTED),
        (LinkType.PROVIDER, (), {"Valley": ""}, Connection.CONNECTED),
        (LinkType.PROVIDER, ("All",), {"Valley": ""}, Connection.CONNECTED),
        (LinkType.PROVIDER, ("AgLeader",), {}, Connection.NOT_CONNECTED),
        (LinkType.FILE_UPLOAD, (), {"JohnDeere": "AUTHENTICATED"}, Connection.NOT_CONNECTED),
    ],
)
def test_connected_means_with_what_the_link_asked_for(kind, asked, held, expected):
    """The asked provider, or any allowed one; a file-upload link has no such mark."""
    assert connection_of(kind, asked, LeafUser("u", "e", "", "", held)).standing is expected


def test_a_user_that_leaf_does_not_have_is_gone():
    """Nothing can be connected to it."""
    assert connection_of(LinkType.PROVIDER, (), None).standing is Connection.USER_GONE


@pytest.mark.parametrize(
    ("status", "expected"),
    [("", True), ("AUTHENTICATED", True), ("CONNECTED", True), ("a word of next year", True)]
    + [(word, False) for word in ("UNAUTHENTICATED", "NOT_AUTHENTICATED", "LIMITED_PERMISSION", "expired", "REVOKED")],
)
def test_an_unknown_status_counts_as_good(status, expected):
    """Leaf documents no words: only one that plainly says so breaks a connection."""
    assert good(status) is expected


def test_leaf_says_who_is_connected(stage):
    """Each grower by their own user; the ledger and its export have it afterwards, and nothing was sent for it."""
    play = invited(stage, 4)
    play.leaf.connects("G-1", "JohnDeere")
    play.leaf.connects("G-2", "ClimateFieldView", "UNAUTHENTICATED")
    play.leaf.connects("G-3", "Trimble")

    result = looked(play)

    assert result.connections == {Connection.CONNECTED: 1, Connection.BROKEN: 1, Connection.NOT_CONNECTED: 2}
    assert connected(play) == {"G-0": "no", "G-1": "yes", "G-2": "broken", "G-3": "no"}
    assert len(play.email.sent) == 4


@pytest.mark.parametrize(("count", "pages"), [(FEW, 0), (100, 1), (250, 3), (1_000, 10)])
def test_many_growers_come_by_the_page(stage, count, pages):
    """A hundred users a question, and none where a few are asked for one by one."""
    play = invited(stage, count)
    play.leaf.connects(f"G-{count - 1}", "JohnDeere")
    result = looked(play)
    assert sorted(play.leaf.pages) == list(range(pages))
    assert (result.connections[Connection.CONNECTED], result.connections.total()) == (1, count)


def test_other_users_of_the_account_are_passed_by(stage):
    """Pages go on until everybody was seen, and no further."""
    play = invited(stage, 30)
    strangers = {f"x{number}": LeafUser(f"x{number}", f"X{number}", "", "") for number in range(350)}
    play.leaf._users = {**strangers, **play.leaf._users}
    assert looked(play).connections == {Connection.NOT_CONNECTED: 30}
    assert play.leaf.pages == [0, 1, 2, 3]


def test_whom_no_page_showed_is_asked_for_alone(stage):
    """Pages shift while users come and go; a user that is gone is told from one that was missed."""
    play = invited(stage, 150)
    play.leaf.leaves("G-7")
    result = looked(play)
    assert result.connections == {Connection.NOT_CONNECTED: 149, Connection.USER_GONE: 1}
    assert result.unseen == 0


@pytest.mark.parametrize("count", [3, MISSED + 1])
def test_an_account_that_knows_nobody_is_the_wrong_one(stage, count):
    """Then nothing is noted, nobody counts as gone, and the sentence says what to look at."""
    play = invited(stage, count)
    play.leaf._users = {}
    result = looked(play)
    assert result.trouble is not None
    assert "same account" in str(result.trouble.message)
    assert set(connected(play).values()) == {""}


def test_only_some_growers_are_asked_about(stage):
    """Whoever is not named keeps what was known."""
    play = invited(stage, 5)
    assert looked(play, only=frozenset({"G-2"})).connections == {Connection.NOT_CONNECTED: 1}
    assert connected(play)["G-2"] == "no"
    assert connected(play)["G-1"] == ""


# ----------------------------------------------------------------------------------------------------------- links


def test_links_are_seen_as_leaf_has_them(stage):
    """Open, opened too often, expired, or gone: the last only on Leaf's word about this very link."""
    play = invited(stage, 5)
    use(play, 2, usage_count=3, max_usage=3)
    use(play, 3, expires_at=play.clock.now())
    del play.leaf.held["link-4"]
    result = looked(play)
    assert result.links == {
        LinkStanding.OPEN: 2,
        LinkStanding.USED_UP: 1,
        LinkStanding.EXPIRED: 1,
        LinkStanding.GONE: 1,
    }
    statuses = [row.link_status for row in play.ledger.rows("spring")]
    assert statuses == ["live", "used_up", "expired", "gone", "live"]


def test_an_expired_link_that_leaf_forgot_is_expired(stage):
    """Its own time is over: nobody has to be asked."""
    play = invited(stage, 2)
    play.clock.advance(31 * 86_400)
    play.leaf.held.clear()
    assert looked(play).links == {LinkStanding.EXPIRED: 2}


# --------------------------------------------------------------------------------------------------------- trouble


def test_a_torn_page_is_asked_for_again(stage):
    """Half an answer is no answer: the page comes again, and nobody is lost."""
    play = invited(stage, 150)
    play.leaf.torn = [TORN, TORN]
    assert looked(play).connections.total() == 150


def test_a_page_that_stays_torn_keeps_what_was_seen(stage):
    """What the pages before showed stays; the trouble is told, and the next look has the rest."""
    play = invited(stage, 450)

    async def page(number: int) -> Any:
        return TORN if number == 4 else await play.leaf.user_page(number)

    result = looked(play, leaf=Odd(play.leaf, user_page=page))
    assert result.trouble is not None
    assert result.connections.total() == 400
    assert looked(play).connections.total() == 450


def test_leaf_that_answers_with_somebody_else_is_not_believed(stage):
    """Asked for one user, another came: nothing is noted of it."""
    play = invited(stage, 2)

    async def other(_: str) -> Any:
        return LeafUser("somebody", "S", "", "", {"JohnDeere": ""})

    assert "another" in looked(play, leaf=Odd(play.leaf, user=other)).trouble.message
    assert set(connected(play).values()) == {""}


def test_a_list_that_never_ends_is_left(stage):
    """A service that shows the same page for ever is not asked for ever."""
    play = invited(stage, 150)
    everybody = tuple(play.leaf._users.values())[:100]

    async def page(number: int) -> Any:
        play.leaf.pages.append(number)
        return everybody

    assert looked(play, leaf=Odd(play.leaf, user_page=page)).connections.total() == 100 + MISSED
    assert len(play.leaf.pages) < 10


def test_a_pulled_brake_ends_the_look(stage):
    """Nothing more is asked after Ctrl-C, and that is no trouble of Leaf's."""
    play = invited(stage, 150)
    brake = Brake()

    async def page(number: int) -> Any:
        brake.pull(Interrupted())
        return ()

    result = looked(play, brake=brake, leaf=Odd(play.leaf, user_page=page))
    assert (result.trouble, result.connections.total()) == (None, 0)
