"""The Leaf client against a service on loopback."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from leafcast.edge.leaf import LeafClient, LeafLink, LeafUser
from leafcast.edge.leaf.client import creation_body, creation_path
from leafcast.edge.leaf.records import instant, leaf_user
from leafcast.model import LinkOutcome, LinkRequest, LinkType, Outcome, Verdict

WIDGETS = "/services/widgets/api/magic-link"


def create(lab: Any, answer: Any, request: LinkRequest | None = None, **options: Any) -> tuple[LinkOutcome, Any]:
    async def use(client: LeafClient) -> LinkOutcome:
        return await client.create(request or lab.request(), await client.ready())

    return lab.leaf(answer, use, **({"token": "t"} | options))  # type: ignore[no-any-return]


# ------------------------------------------------------------------------------------------------------------ requests


@pytest.mark.parametrize("kind", LinkType)
@pytest.mark.parametrize("user", [None, "u/../1"])
def test_all_six_creations(lab: Any, kind: LinkType, user: str | None) -> None:
    """Each type has its path, a Leaf user's id as one part of it if there is one, and exactly Leaf's fields."""
    request = lab.request(kind, leaf_user_id=user, name="Ann", settings={"showLeafUserName": True})
    outcome, service = create(lab, lambda asked: lab.made(asked, leafUserId=user or "u-1"), request)
    (asked,) = service.asked
    middle = "/users/u%2F%2E%2E%2F1" if user else ""
    assert (asked.method, asked.target) == ("POST", f"/prefix{WIDGETS}{middle}/{kind.value}")
    assert asked.headers["authorization"] == "Bearer t"
    assert outcome.outcome.verdict is Verdict.ACCEPTED
    own = {"provider": "JohnDeere"} if kind is LinkType.AUTHENTICATION else {}
    new = {} if user else {"externalId": "G-1", "name": "Ann"}
    assert asked.json == {"expiresIn": 900, "settings": {"showLeafUserName": True}, **own, **new}


def test_providers_go_where_leaf_expects_them() -> None:
    """A provider link allows a list of them; with none it names none, which means all."""
    request = LinkRequest(LinkType.PROVIDER, "G-1", 900, ("JohnDeere", "Stara"))
    assert creation_body(request)["allowedProviders"] == ["JohnDeere", "Stara"]
    assert "allowedProviders" not in creation_body(LinkRequest(LinkType.PROVIDER, "G-1", 900))
    assert creation_path(request) == f"{WIDGETS}/provider"


# ------------------------------------------------------------------------------------------------------------- answers


def test_a_made_link(lab: Any) -> None:
    """A good answer becomes a link, its time to the microsecond."""
    outcome, _ = create(lab, lab.made)
    assert outcome.link is not None
    assert (outcome.link.id, outcome.link.leaf_user_id) == ("m-1", "u-1")
    assert outcome.link.expires_at == (lab.now + timedelta(days=30)).replace(microsecond=123456)
    assert "m-1" not in repr(outcome)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""},
        {"id": 7},
        {"link": None},
        {"link": "http://magic.example/m-1"},
        {"link": "javascript:alert(1)"},
        {"link": "https://ok.example/'><script>"},
        {"link": "https://a:b@evil.example/"},
        {"link": "https:///m-1"},
        {"link": "https://[bad"},
        {"leafUserId": None},
        {"expiresAt": "2010-10-10T10:10:10.000000000Z"},
        {"expiresAt": "soon"},
        {"expiresAt": 1_900_000_000},
    ],
)
def test_an_answer_that_cannot_be_believed_is_a_doubt(lab: Any, changes: dict[str, Any]) -> None:
    """A success whose content is not usable means that a link may exist that nobody has."""
    is_local = str(changes.get("link")).startswith("http://")
    outcome, _ = create(lab, lambda asked: lab.made(asked, **changes))
    if is_local:  # the service is on loopback here, so http is allowed; the rule itself is tested below
        assert outcome.link is not None
        return
    assert (outcome.outcome.verdict, outcome.outcome.code) == (Verdict.IN_DOUBT, "unusable-answer")
    assert outcome.link is None


def test_http_links_are_for_loopback_only(lab: Any) -> None:
    """From the real Leaf an http link is not believed."""
    from leafcast.edge.leaf.records import made_link

    body = lab.made(None, link="http://magic.example/m-1")[1]
    assert made_link(body, lab.request(), lab.now, local=False) is None
    assert made_link(body, lab.request(), lab.now, local=True) is not None
    assert made_link([body], lab.request(), lab.now, local=True) is None


def test_a_link_for_somebody_else_is_a_doubt(lab: Any) -> None:
    """Where a Leaf user was asked for, the link must be that user's."""
    outcome, _ = create(lab, lab.made, lab.request(leaf_user_id="u-2"))
    assert outcome.outcome.verdict is Verdict.IN_DOUBT


@pytest.mark.parametrize("payload", [b"<html>", b"", b"[]", b'{"id":'])
def test_a_success_without_json_is_a_doubt(lab: Any, payload: bytes) -> None:
    """A gateway's page with status 200 proves nothing."""
    assert create(lab, lambda _: (200, payload))[0].outcome.verdict is Verdict.IN_DOUBT


@pytest.mark.parametrize("status", [500, 502, 503, 504, -1])
def test_a_lost_answer_is_one_request(lab: Any, status: int) -> None:
    """A creation is never repeated by the client: a second one would be a second link."""
    outcome, service = create(lab, lambda _: (status, {}))
    assert outcome.outcome.verdict is Verdict.IN_DOUBT
    assert len(service.asked) == 1


# --------------------------------------------------------------------------------------------------------------- login


def login_then(lab: Any, tokens: list[str], good: set[str]) -> Any:
    """A service that gives these tokens in turn and takes the good ones."""
    left = iter(tokens)

    def answer(asked: Any) -> tuple[int, Any]:
        if asked.path.endswith("/api/authenticate"):
            return 200, {"id_token": next(left)}
        return lab.made(asked) if asked.headers["authorization"][7:] in good else (401, {})  # type: ignore[no-any-return]

    return answer


def count(service: Any, end: str) -> int:
    return sum(asked.path.endswith(end) for asked in service.asked)


def test_one_login_for_any_number_of_requests(lab: Any) -> None:
    """Requests that start together share one login."""

    async def use(client: LeafClient) -> list[LinkOutcome]:
        async def one() -> LinkOutcome:
            return await client.create(lab.request(), await client.ready())

        return await asyncio.gather(*(one() for _ in range(50)))

    outcomes, service = lab.leaf(login_then(lab, ["a"], {"a"}), use)
    assert {found.outcome.verdict for found in outcomes} == {Verdict.ACCEPTED}
    assert (count(service, "authenticate"), len(service.asked)) == (1, 51)
    assert service.asked[0].json == {"username": "ops@x.example", "password": "pass word", "rememberMe": "false"}


def test_an_expired_token_is_renewed_once(lab: Any) -> None:
    """When a token that worked is refused, all who were refused wait for one new login and go on."""
    good = {"a"}

    async def use(client: LeafClient) -> list[LinkOutcome]:
        async def one() -> LinkOutcome:
            return await client.create(lab.request(), await client.ready())

        first = await one()
        good.clear()
        good.add("b")
        return [first, *await asyncio.gather(*(one() for _ in range(20)))]

    outcomes, service = lab.leaf(login_then(lab, ["a", "b"], good), use)
    assert {found.outcome.verdict for found in outcomes} == {Verdict.ACCEPTED}
    assert count(service, "authenticate") == 2


def test_a_login_never_loops(lab: Any) -> None:
    """Tokens that are given and then refused end the run after one more try, for all requests together."""

    async def use(client: LeafClient) -> list[LinkOutcome]:
        async def one() -> LinkOutcome:
            return await client.create(lab.request(), await client.ready())

        return [*await asyncio.gather(*(one() for _ in range(20))), await one(), await one()]

    outcomes, service = lab.leaf(login_then(lab, [*"abcdefgh"], set()), use)
    assert {found.outcome.verdict for found in outcomes} == {Verdict.STOP}
    assert count(service, "authenticate") <= 2


def test_wrong_credentials_stop(lab: Any) -> None:
    """A refused login is asked once, whoever comes later, and names the variables."""

    async def use(client: LeafClient) -> list[Any]:
        return [await client.create(lab.request(), await client.ready()) for _ in range(3)]

    outcomes, service = lab.leaf(lambda _: (401, {"message": "Bad credentials"}), use)
    assert {found.outcome.verdict for found in outcomes} == {Verdict.STOP}
    assert "LEAF_USERNAME" in outcomes[0].outcome.reason
    assert len(service.asked) == 1


def test_a_fixed_token_that_is_refused_stops(lab: Any) -> None:
    """Nothing can renew LEAF_TOKEN."""
    outcome, service = create(lab, lambda _: (401, {}))
    assert (outcome.outcome.verdict, len(service.asked)) == (Verdict.STOP, 1)


def test_a_lost_login_is_no_doubt_about_the_link(lab: Any) -> None:
    """Where the login gets no answer, the link was surely not asked for: later, not in doubt."""
    outcome, service = create(lab, lambda _: (lab.CUT, {}), token=None)
    assert outcome.outcome.verdict is Verdict.PAUSE
    assert count(service, "provider") == 0


def test_the_last_place_at_the_door_cannot_lock_out_the_login(lab: Any) -> None:
    """A turn taken before the login is handed back for it."""

    async def use(client: LeafClient) -> LinkOutcome:
        client._door._places = asyncio.Semaphore(1)
        turn = await client._door.ready()
        return await asyncio.wait_for(client.create(lab.request(), turn), 60)

    outcome, _ = lab.leaf(login_then(lab, ["a"], {"a"}), use)
    assert outcome.outcome.verdict is Verdict.ACCEPTED


# ------------------------------------------------------------------------------------------------------------- looking


LISTED = {
    "id": "m.1",
    "leafUserId": "u-1",
    "allowedProviders": ["JohnDeere", 3],
    "createdAt": "2026-03-01T00:00:00.000000001Z",
    "expiresAt": "2026-04-01T00:00:00+02:00",
    "lastAccessedAt": None,
    "usageCount": 2,
    "maxUsage": 3,
    "widget": "PROVIDER",
}


@pytest.mark.parametrize("kind", LinkType)
def test_list_get_and_delete_of_each_type(lab: Any, kind: LinkType) -> None:
    """The other nine calls: an id is one part of the path, whatever is in it."""

    def answer(asked: Any) -> tuple[int, Any]:
        if asked.method == "DELETE":
            return 204, b""
        return (200, LISTED) if asked.path.endswith("1") else (200, [LISTED])

    async def use(client: LeafClient) -> tuple[Any, ...]:
        return await client.links(kind), await client.link(kind, "m.1"), await client.delete(kind, "m/1")

    (links, link, deleted), service = lab.leaf(answer, use, token="t")
    assert links == (link,)
    assert isinstance(link, LeafLink)
    assert (link.providers, link.usage_count, link.max_usage, link.type) == (("JohnDeere",), 2, 3, kind)
    assert link.expires_at is not None
    assert link.expires_at.isoformat() == "2026-03-31T22:00:00+00:00"
    assert deleted == Outcome(Verdict.ACCEPTED)
    base = f"/prefix{WIDGETS}/{kind.value}"
    assert [asked.target for asked in service.asked] == [base, f"{base}/m%2E1", f"{base}/m%2F1"]


def test_a_delete_may_be_repeated(lab: Any) -> None:
    """A delete whose answer was lost is asked again, and a link that is gone counts as revoked."""
    replies = iter([(lab.CUT, {}), (503, {}), (404, {})])

    async def use(client: LeafClient) -> Outcome:
        return await client.delete(LinkType.PROVIDER, "m")

    outcome, service = lab.leaf(lambda _: next(replies), use, token="t")
    assert (outcome.verdict, outcome.code, len(service.asked)) == (Verdict.ACCEPTED, "not-there", 3)


@pytest.mark.parametrize("payload", [{}, "x", [1], [LISTED, {}], b"<html>"])
def test_a_list_that_cannot_be_read_is_no_empty_list(lab: Any, payload: Any) -> None:
    """An odd answer must not look like "there are no links"."""

    async def use(client: LeafClient) -> Any:
        return await client.links(LinkType.PROVIDER)

    found, _ = lab.leaf(lambda _: (200, payload), use, token="t")
    assert isinstance(found, Outcome)
    assert found.verdict is not Verdict.ACCEPTED


def test_users_are_read_page_by_page(lab: Any) -> None:
    """Every page of a hundred is asked for until one is not full."""
    everybody = [{"id": f"u-{number}", "externalId": f"G-{number}"} for number in range(250)]

    def answer(asked: Any) -> tuple[int, Any]:
        page, size = int(asked.query["page"][0]), int(asked.query["size"][0])
        return 200, everybody[page * size : (page + 1) * size]

    async def use(client: LeafClient) -> Any:
        return await client.users()

    found, service = lab.leaf(answer, use, token="t")
    assert [user.id for user in found] == [user["id"] for user in everybody]
    assert len(service.asked) == 3


def test_a_user_by_external_id(lab: Any) -> None:
    """Only an exact match counts, should the service match by beginnings."""

    async def use(client: LeafClient) -> Any:
        return await client.users("G-1")

    payload = [{"id": "u-1", "externalId": "G-1"}, {"id": "u-2", "externalId": "G-10"}]
    found, service = lab.leaf(lambda _: (200, payload), use, token="t")
    assert [user.id for user in found] == ["u-1"]
    assert service.asked[0].query["externalId"] == ["G-1"]


def test_a_users_secrets_stay_outside() -> None:
    """Of credentials only presence and status come in; null means not connected."""
    user = leaf_user(
        {
            "id": "u-1",
            "externalId": "G-1",
            "name": "Ann",
            "johnDeereCredentials": {"status": "OK", "clientSecret": "canary", "tokenId": "canary"},
            "cnhiFieldOpsCredentials": {"refreshToken": "canary"},
            "cnhiCredentials": {"status": "OK"},
            "staraCredentials": None,
        }
    )
    assert isinstance(user, LeafUser)
    assert user.credentials == {"JohnDeere": "OK", "CNHIFieldOps": "", "CNHI": "OK"}
    kept = [user.id, user.external_id, user.name, user.email, dict(user.credentials), repr(user)]
    assert "canary" not in repr(kept)
    assert "Ann" not in repr(user)


def test_a_user_by_id(lab: Any) -> None:
    """One user, or the refusal."""

    async def use(client: LeafClient) -> Any:
        return await client.user("u-1"), await client.user("gone")

    def answer(asked: Any) -> tuple[int, Any]:
        return (200, {"id": "u-1"}) if asked.path.endswith("/u-1") else (404, {})

    (user, gone), _ = lab.leaf(answer, use, token="t")
    assert user.id == "u-1"
    assert (gone.verdict, gone.code) == (Verdict.FAILED, "http-404")


@pytest.mark.parametrize("text", ["", "x", None, 3, "9999-99-99", "0001-01-01T00:00:00+23:59"])
def test_odd_times_are_no_times(text: Any) -> None:
    """A time that cannot be read is missing, not a crash."""
    assert instant(text) is None


def test_the_probe(lab: Any) -> None:
    """A good account has no problems; a bad one has one that says what to do."""

    async def use(client: LeafClient) -> Any:
        return await client.probe()

    assert lab.leaf(lambda _: (200, []), use, token="t")[0] == ()
    (problem,) = lab.leaf(lambda _: (401, {}), use, token="t")[0]
    assert "LEAF_TOKEN" in problem.fix
