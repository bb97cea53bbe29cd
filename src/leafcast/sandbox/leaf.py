"""The stand-in of Leaf: authentication and the fifteen calls about magic links.

Source: docs.withleaf.io, API reference, 2026-11. Leaf promises no more than a 2xx; here a link for a known user is
answered with 200 and one that may create its user with 201, so that a client has to take both.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from typing import Any

from leafcast.sandbox.clock import iso_millis, iso_nanos
from leafcast.sandbox.desk import Desk
from leafcast.sandbox.exchange import Answer, Call, Handler, Malformed, json_answer
from leafcast.sandbox.leaf_rules import (
    ANY_PROVIDER,
    OTHER_PROVIDER,
    SHORTEST,
    TYPES,
    invalid,
    link_faults,
    problem,
)
from leafcast.sandbox.settings import PROVIDERS
from leafcast.sandbox.state import MagicLink, User

DAY = 86_400


class Leaf:
    """Leaf's side of the magic links."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    # ----------------------------------------------------------------------------------------------- authentication

    def authenticate(self, call: Call) -> Answer:
        """`POST /api/authenticate`: a token for 24 hours, or for 30 days with `rememberMe` the string `true`."""
        try:
            body = call.json_object()
        except Malformed as broken:
            return problem(400, "/api/authenticate", f"error.http.400: {broken}")
        remember = body.get("rememberMe", "false")
        if remember not in ("true", "false"):
            return invalid("/api/authenticate", [("rememberMe", 'must be the string "true" or "false"')])
        settings = self._desk.settings
        if (body.get("username"), body.get("password")) != (settings.leaf_username, settings.leaf_password):
            return problem(401, "/api/authenticate", "error.http.401: Bad credentials")
        expires = self._desk.clock.now() + (30 * DAY if remember == "true" else DAY)
        token = _token(settings.leaf_username, expires)
        self._desk.state.tokens[token] = expires
        return json_answer({"id_token": token})

    def guarded(self, handle: Handler) -> Handler:
        """The same handler behind the bearer check."""

        def checked(call: Call) -> Answer:
            token = call.bearer()
            if token is None:
                return problem(401, api_path(call), "error.http.401: Full authentication is required")
            if token != self._desk.settings.leaf_token:
                expires = self._desk.state.tokens.get(token)
                if expires is None or expires <= self._desk.clock.now():
                    return problem(401, api_path(call), "error.http.401: The token is unknown or has expired")
            return handle(call)

        return checked

    # ----------------------------------------------------------------------------------------------------- the calls

    def list_links(self, call: Call) -> Answer:
        """`GET /magic-link/{type}`: all of them, expired ones included; no paging is documented."""
        links = self._desk.state.links.values()
        kind = call.params["type"]
        return json_answer([self._shown(link) for link in links if link.type == kind and not link.deleted])

    def get_link(self, call: Call) -> Answer:
        """`GET /magic-link/{type}/{id}`."""
        link = self._find(call)
        return json_answer(self._shown(link)) if link else _not_found(call, "magic link")

    def delete_link(self, call: Call) -> Answer:
        """`DELETE /magic-link/{type}/{id}`."""
        link = self._find(call)
        if link is None:
            return _not_found(call, "magic link")
        self._desk.journal.write("link.deleted", at=self._desk.clock.now(), id=link.id, leafUserId=link.user.id)
        link.deleted = True
        return Answer(204)

    def create_link(self, call: Call) -> Answer:
        """`POST /magic-link/{type}` and `POST /magic-link/users/{leafUserId}/{type}`."""
        kind, user_id = call.params["type"], call.params.get("user")
        if call.content_type != "application/json":
            return problem(415, api_path(call), "error.http.415: send application/json")
        try:
            body = call.json_object()
        except Malformed as broken:
            return problem(400, api_path(call), f"error.http.400: {broken}")
        user = self._desk.state.users.get(user_id) if user_id is not None else None
        if user_id is not None and user is None:
            return _not_found(call, "Leaf user")
        faults = link_faults(kind, body, for_known_user=user_id is not None)
        if faults:
            return invalid(api_path(call), faults)
        if not self._registered(kind, body):
            return problem(400, api_path(call), "The provider application is not registered", "appNotRegistered")
        link = self._made(kind, body, user or self._user_for(body))
        payload = {
            "id": link.id,
            "leafUserId": link.user.id,
            "link": self._address(link),
            "expiresAt": iso_nanos(link.expires),
        }
        return json_answer(payload, 200 if user_id is not None else 201)

    # ------------------------------------------------------------------------------------------------------- helpers

    def _registered(self, kind: str, body: Mapping[str, Any]) -> bool:
        """Whether the provider applications that the link needs are registered."""
        registered = self._desk.settings.registered_providers
        if kind == "file-upload":
            return True
        names = [body["provider"]] if kind == "authentication" else body.get("allowedProviders", [ANY_PROVIDER])
        return all(
            bool(registered) if name == ANY_PROVIDER else name == OTHER_PROVIDER or name in registered for name in names
        )

    def _user_for(self, body: Mapping[str, Any]) -> User:
        """The user of this externalId: reused as it is, or made, name and email falling back to the externalId."""
        external_id = body["externalId"]
        known = self._desk.state.by_external_id.get(external_id)
        if known is not None:
            return known
        user = User(
            id=str(uuid.uuid4()),
            created=self._desk.clock.now(),
            external_id=external_id,
            name=body.get("name") or external_id,
            email=body.get("email") or external_id,
        )
        self._desk.state.add_user(user)
        return user

    def _made(self, kind: str, body: Mapping[str, Any], user: User) -> MagicLink:
        now = self._desk.clock.now()
        if kind == "authentication":
            providers: tuple[str, ...] | None = (body["provider"],)
        else:
            providers = tuple(body["allowedProviders"]) if "allowedProviders" in body else None
        link = MagicLink(
            id=str(uuid.uuid4()),
            type=kind,
            user=user,
            created=now,
            expires=now + body.get("expiresIn", SHORTEST),
            max_usage=self._desk.settings.max_usage,
            providers=providers,
            settings=dict(body.get("settings", {})),
        )
        self._desk.journal.write(
            "link.created",
            at=now,
            id=link.id,
            link=self._address(link),
            type=kind,
            externalId=user.external_id,
            leafUserId=user.id,
            providers=providers,
            expiresAt=link.expires,
        )
        self._desk.state.add_link(link)
        return link

    def _find(self, call: Call) -> MagicLink | None:
        link = self._desk.state.links.get(call.params["id"])
        return link if link and link.type == call.params["type"] and not link.deleted else None

    def _address(self, link: MagicLink) -> str:
        return f"{self._desk.url}/magic/{link.id}"

    def _shown(self, link: MagicLink) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": link.id,
            "link": self._address(link),
            "createdAt": iso_millis(link.created),
            "expiresAt": iso_millis(link.expires),
            "lastAccessedAt": iso_millis(link.accessed) if link.accessed is not None else None,
            "leafUserId": link.user.id,
            "maxUsage": link.max_usage,
            "usageCount": link.usage,
            "widget": TYPES[link.type],
            "settings": link.settings,
        }
        if link.type == "authentication" and link.providers:
            shown["provider"] = link.providers[0]
        elif link.type == "provider":
            shown["allowedProviders"] = list(link.providers or (ANY_PROVIDER,))
        return shown


def typed(handle: Handler) -> Handler:
    """The same handler for paths whose `type` is one of the three; any other is not found."""

    def checked(call: Call) -> Answer:
        return handle(call) if call.params["type"] in TYPES else _not_found(call, "type of magic link")

    return checked


def offered(link: MagicLink, registered: tuple[str, ...]) -> tuple[str, ...]:
    """The providers that a grower can connect through this link."""
    if link.type == "file-upload":
        return ()
    if link.providers is None or ANY_PROVIDER in link.providers:
        return tuple(name for name in PROVIDERS if name in registered)
    return tuple(name for name in link.providers if name in PROVIDERS)


def api_path(call: Call) -> str:
    """The path as Leaf's own services see it, from `/api` on."""
    at = call.path.find("/api/")
    return call.path[at:] if at >= 0 else call.path


def _not_found(call: Call, what: str) -> Answer:
    return problem(404, api_path(call), f"error.http.404: no such {what}")


def _token(username: str, expires: float) -> str:
    """Something that looks like a token of Leaf's and proves nothing."""
    parts = ({"alg": "none"}, {"sub": username, "exp": int(expires), "jti": uuid.uuid4().hex})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join((*encoded, "sandbox"))
