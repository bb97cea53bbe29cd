"""Leaf's magic links and users (docs.withleaf.io and Leaf's Postman collection, read 2026-11)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import quote

from leafcast.decide.replies import Answer, Reply
from leafcast.decide.verdicts import leaf_verdict
from leafcast.decide.verdicts.common import ruled
from leafcast.decide.verdicts.leaf import UNUSABLE
from leafcast.edge.http import Door, PacedTurn, Retrier
from leafcast.edge.leaf.login import Login
from leafcast.edge.leaf.records import leaf_user, listed_link, made_link
from leafcast.edge.settings import LeafAccess, Secret, is_loopback
from leafcast.model import (
    LeafLink,
    LeafUser,
    LinkOutcome,
    LinkRequest,
    LinkType,
    Outcome,
    Problem,
    ProblemKind,
    Verdict,
    Where,
)
from leafcast.ports import Clock, Turn

LINKS = "/services/widgets/api/magic-link"
USERS = "/services/usermanagement/api/users"
PAGE = 100
"""Users in one answer; Leaf allows no more (docs.withleaf.io, Users endpoints, read 2026-11)."""
LARGEST_LIST = 256_000_000
"""Bytes. The list of links comes whole: no paging is documented."""

T = TypeVar("T")


class LeafClient:
    """Leaf over one door. Fulfils `ports.LinkMaker`; the look-ups give a value, or the outcome that kept it away."""

    def __init__(self, door: Door, access: LeafAccess, clock: Clock, retrier: Retrier) -> None:
        self._door = door
        self._clock = clock
        self._retrier = retrier
        self._login = Login(door, access, retrier)
        self._local = is_loopback(access.url)

    # ---------------------------------------------------------------------------------------------------- making a link

    async def ready(self) -> PacedTurn:
        """Wait until the pace lets one request go, logged in, so that no login comes between a turn and its use."""
        await self._login.token()
        return await self._door.ready()

    async def create(self, request: LinkRequest, turn: Turn) -> LinkOutcome:
        """Ask for one link, once; a token that is refused is renewed first, since nothing was made then."""
        reply = await self._ask("POST", creation_path(request), json=creation_body(request), turn=turn)
        outcome = reply if isinstance(reply, Outcome) else leaf_verdict(reply)
        if outcome.verdict is not Verdict.ACCEPTED or not isinstance(reply, Answer):
            return LinkOutcome(outcome)
        link = made_link(reply.json(), request, self._clock.now(), local=self._local)
        return LinkOutcome(outcome, link) if link is not None else LinkOutcome(ruled(UNUSABLE, "unusable-answer"))

    # ------------------------------------------------------------------------------------------------- looking at links

    async def links(self, kind: LinkType) -> tuple[LeafLink, ...] | Outcome:
        """Every link of a type, expired ones too where Leaf keeps them."""
        reply = await self._look("GET", f"{LINKS}/{kind.value}", largest=LARGEST_LIST)
        return _items(reply, lambda item: listed_link(item, kind))

    async def link(self, kind: LinkType, link_id: str) -> LeafLink | Outcome:
        """One link; the outcome `failed`, `http-404`, where there is none."""
        reply = await self._look("GET", _one(kind, link_id))
        return _item(reply, lambda item: listed_link(item, kind))

    async def delete(self, kind: LinkType, link_id: str) -> Outcome:
        """Revoke one link. May be repeated: a link that is not there any more counts as revoked, code `not-there`."""
        reply = await self._look("DELETE", _one(kind, link_id))
        if isinstance(reply, Answer) and reply.status == 404:
            return Outcome(Verdict.ACCEPTED, "not-there", "Leaf does not have this link any more")
        if isinstance(reply, Answer) and reply.ok:
            return Outcome(Verdict.ACCEPTED)
        return reply if isinstance(reply, Outcome) else leaf_verdict(reply)

    # ------------------------------------------------------------------------------------------------- looking at users

    async def user(self, user_id: str) -> LeafUser | Outcome:
        """One Leaf user; the outcome `failed`, `http-404`, where there is none."""
        return _item(await self._look("GET", f"{USERS}/{segment(user_id)}"), leaf_user)

    async def user_page(
        self, page: int, wanted: Mapping[str, str] = MappingProxyType({})
    ) -> tuple[LeafUser, ...] | Outcome:
        """A hundred users from page 0 on, fewer on the last page; `wanted` are Leaf's filters."""
        reply = await self._look("GET", USERS, params={**wanted, "page": page, "size": PAGE})
        return _items(reply, leaf_user)

    async def users(self, external_id: str | None = None) -> tuple[LeafUser, ...] | Outcome:
        """Every user of the account, or those with exactly this externalId."""
        found: list[LeafUser] = []
        wanted = {} if external_id is None else {"externalId": external_id}
        for page in range(1_000_000):
            users = await self.user_page(page, wanted)
            if isinstance(users, Outcome):
                return users
            found += users
            if len(users) < PAGE:
                break
        return tuple(user for user in found if external_id is None or user.external_id == external_id)

    async def probe(self) -> tuple[Problem, ...]:
        """What keeps Leaf from being used: one harmless question."""
        reply = await self._look("GET", USERS, params={"page": 0, "size": 1})
        users = _items(reply, leaf_user)
        if not isinstance(users, Outcome):
            return ()
        return (Problem(ProblemKind.SERVICE, "Leaf cannot be used", f"{users.reason}.", Where(key="Leaf")),)

    # ----------------------------------------------------------------------------------------------------------- asking

    async def _look(
        self, method: str, path: str, params: Mapping[str, Any] | None = None, **options: Any
    ) -> Reply | Outcome:
        return await self._retrier.read(lambda: self._ask(method, path, params=params, **options))

    async def _ask(self, method: str, path: str, *, turn: Turn | None = None, **options: Any) -> Reply | Outcome:
        """One request with the token; once more with a new one where it is refused. The outcome instead of a reply
        means that there is no token, and so that nothing was asked."""
        token: Secret | Outcome | None = self._login.current
        if token is None:
            # Logging in needs a place at the door, which this turn might be the last to hold.
            if isinstance(turn, PacedTurn):
                turn.give_back()
            turn, token = None, await self._login.token()
        for _ in range(2):
            if isinstance(token, Outcome):
                return token
            headers = {"Authorization": f"Bearer {token.reveal()}"}
            reply = await self._door.request(method, path, turn=turn, headers=headers, **options)
            if not isinstance(reply, Answer):
                return reply
            if reply.status != 401:
                self._login.accepted()
                return reply
            turn, token = None, await self._login.renewed(token)
        return reply


def segment(text: str) -> str:
    """A value as one part of a path, dots included: an id of `..` must not lead elsewhere."""
    return quote(text, safe="").replace(".", "%2E")


def creation_path(request: LinkRequest) -> str:
    """Where a link of this kind is asked for."""
    user = f"/users/{segment(request.leaf_user_id)}" if request.leaf_user_id is not None else ""
    return f"{LINKS}{user}/{request.type.value}"


def creation_body(request: LinkRequest) -> dict[str, Any]:
    """Leaf's own fields and no others. `expiresIn` is always there: Leaf's default is fifteen minutes."""
    body: dict[str, Any] = {"expiresIn": int(request.expires_in)}
    match request.type:
        case LinkType.PROVIDER if request.providers:
            body["allowedProviders"] = list(request.providers)
        case LinkType.AUTHENTICATION:
            (body["provider"],) = request.providers
        case _:
            pass
    if request.leaf_user_id is None:
        body["externalId"] = request.external_id
        body |= {key: value for key, value in (("name", request.name), ("email", request.email)) if value}
    if request.settings:
        body["settings"] = dict(request.settings)
    return body


def _one(kind: LinkType, link_id: str) -> str:
    return f"{LINKS}/{kind.value}/{segment(link_id)}"


def _item(reply: Reply | Outcome, read: Callable[[Any], T | None]) -> T | Outcome:
    found = _items(reply, read, one=True)
    return found if isinstance(found, Outcome) else found[0]


def _items(reply: Reply | Outcome, read: Callable[[Any], T | None], *, one: bool = False) -> tuple[T, ...] | Outcome:
    """The things of an answer; what cannot be read as such is Leaf's trouble, not an empty list."""
    if isinstance(reply, Outcome):
        return reply
    outcome = leaf_verdict(reply)
    if outcome.verdict is not Verdict.ACCEPTED or not isinstance(reply, Answer):
        return outcome
    body = [reply.json()] if one else reply.json()
    read_items = [read(item) for item in body] if isinstance(body, list) else [None]
    items = tuple(item for item in read_items if item is not None)
    if len(items) < len(read_items):
        return Outcome(Verdict.FAILED, "unusable-answer", "Leaf's answer is not what its documentation says")
    return items
