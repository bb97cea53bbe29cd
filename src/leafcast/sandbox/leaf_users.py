"""The stand-in of Leaf's users: who is connected to what. Source: docs.withleaf.io, Leaf user pages, 2026-11."""

from __future__ import annotations

import re
import uuid
from typing import Any

from leafcast.sandbox.clock import iso_millis
from leafcast.sandbox.desk import Desk
from leafcast.sandbox.exchange import Answer, Call, Malformed, json_answer
from leafcast.sandbox.leaf import api_path
from leafcast.sandbox.leaf_rules import invalid, problem, user_faults
from leafcast.sandbox.settings import PROVIDERS
from leafcast.sandbox.state import Credential, User

LARGEST_PAGE = 100
MONTH = 30 * 86_400
_FIELDS = {"externalId": "external_id", "name": "name", "email": "email", "phone": "phone", "address": "address"}
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")


def credential_field(provider: str) -> str:
    """`JohnDeere` -> `johnDeereCredentials`, `CNHIFieldOps` -> `cnhiFieldOpsCredentials`."""
    first, *rest = _WORD.findall(provider)
    return "".join((first.lower(), *rest, "Credentials"))


def credential_path(provider: str) -> str:
    """`JohnDeere` -> `john-deere-credentials`, `CNHIFieldOps` -> `cnhi-field-ops-credentials`."""
    return "-".join(word.lower() for word in (*_WORD.findall(provider), "credentials"))


_BY_PATH = {credential_path(name): name for name in PROVIDERS}
_BY_FIELD = {credential_field(name): name for name in PROVIDERS}


class LeafUsers:
    """Leaf's user management."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def list_users(self, call: Call) -> Answer:
        """`GET /users`, filtered by `externalId`, `email`, `name`; `page` from 0, `size` up to 100."""
        try:
            page, size = int(call.query.get("page", "0")), int(call.query.get("size", "20"))
        except ValueError:
            return invalid(api_path(call), [("page", "page and size must be integers")])
        if page < 0 or not 1 <= size <= LARGEST_PAGE:
            return invalid(api_path(call), [("size", f"must be from 1 to {LARGEST_PAGE}")])
        found = self._matching(call)
        shown = [shown_user(user) for user in found[page * size : (page + 1) * size]]
        return json_answer(shown, headers=((b"x-total-count", str(len(found)).encode()),))

    def get_user(self, call: Call) -> Answer:
        """`GET /users/{id}`."""
        user = self._desk.state.users.get(call.params["user"])
        return json_answer(shown_user(user)) if user else _no_user(call)

    def create_user(self, call: Call) -> Answer:
        """`POST /users`. An externalId can be taken once."""
        body, refused = self._body(call)
        if refused is not None:
            return refused
        if body.get("externalId") in self._desk.state.by_external_id:
            return problem(400, api_path(call), "A user with this externalId exists", "externalIdExists")
        user = User(str(uuid.uuid4()), self._desk.clock.now())
        _take_over(user, body)
        self._desk.state.add_user(user)
        return json_answer(shown_user(user), 201)

    def patch_user(self, call: Call) -> Answer:
        """`PATCH /users/{id}`: what is left out stays."""
        body, refused = self._body(call)
        if refused is not None:
            return refused
        user = self._desk.state.users.get(call.params["user"])
        if user is None:
            return _no_user(call)
        self._rewrite(user, body)
        return json_answer(shown_user(user))

    def put_user(self, call: Call) -> Answer:
        """`PUT /users`: what is left out is gone, credentials too."""
        body, refused = self._body(call)
        if refused is not None:
            return refused
        user = self._desk.state.users.get(str(body.get("id", "")))
        if user is None:
            return _no_user(call)
        repeated = {_BY_FIELD[name] for name in body if name in _BY_FIELD and body[name]}
        user.credentials = {name: kept for name, kept in user.credentials.items() if name in repeated}
        self._rewrite(user, {name: body.get(name) for name in _FIELDS})
        return json_answer(shown_user(user))

    def get_credentials(self, call: Call) -> Answer:
        """`GET /users/{id}/{provider}-credentials`."""
        credential = self._credential(call)
        return json_answer(shown_credential(credential)) if credential else _no_credentials(call)

    def list_events(self, call: Call) -> Answer:
        """`GET /users/{id}/{provider}-credentials/events`: the last 30 days."""
        credential = self._credential(call)
        if credential is None:
            return _no_credentials(call)
        since = self._desk.clock.now() - MONTH
        return json_answer(
            [{"createdTime": iso_millis(at), "status": status} for at, status in credential.events if at >= since]
        )

    # ------------------------------------------------------------------------------------------------------- helpers

    def _matching(self, call: Call) -> list[User]:
        external_id = call.query.get("externalId")
        if external_id is not None:
            known = self._desk.state.by_external_id.get(external_id)
            users = [known] if known else []
        else:
            users = list(self._desk.state.users.values())
        for name in ("email", "name"):
            wanted = call.query.get(name)
            users = users if wanted is None else [user for user in users if getattr(user, name) == wanted]
        return users

    def _rewrite(self, user: User, fields: dict[str, Any]) -> None:
        self._desk.state.by_external_id.pop(user.external_id or "", None)
        _take_over(user, fields)
        self._desk.state.add_user(user)

    def _body(self, call: Call) -> tuple[dict[str, Any], Answer | None]:
        try:
            body = call.json_object()
        except Malformed as broken:
            return {}, problem(400, api_path(call), f"error.http.400: {broken}")
        faults = list(user_faults(body))
        return body, invalid(api_path(call), faults) if faults else None

    def _credential(self, call: Call) -> Credential | None:
        user = self._desk.state.users.get(call.params["user"])
        provider = _BY_PATH.get(call.params["credentials"])
        return user.credentials.get(provider) if user and provider else None


def shown_user(user: User) -> dict[str, Any]:
    """A Leaf user as Leaf shows it: one object per connected provider, none for the others."""
    shown: dict[str, Any] = {"id": user.id} | {name: getattr(user, field) for name, field in _FIELDS.items()}
    return shown | {credential_field(name): shown_credential(kept) for name, kept in user.credentials.items()}


def shown_credential(credential: Credential) -> dict[str, Any]:
    """Credentials as Leaf shows them, with (made-up) secrets that nobody may keep."""
    return {
        "id": credential.id,
        "status": credential.status,
        "createdTime": iso_millis(credential.created),
        "clientKey": "sandbox-provider-client-key",
        "clientSecret": "sandbox-provider-client-secret",
        "refreshToken": f"sandbox-provider-secret-{credential.id}",
        "clientEnvironment": "STAGE",
    }


def _take_over(user: User, body: dict[str, Any]) -> None:
    for name, field in _FIELDS.items():
        if name in body:
            setattr(user, field, body[name])


def _no_user(call: Call) -> Answer:
    return problem(404, api_path(call), "error.http.404: no such Leaf user")


def _no_credentials(call: Call) -> Answer:
    return problem(404, api_path(call), "error.http.404: no such credentials")
