"""What Leaf demands of a request for a magic link, and how it says no.

Stricter than Leaf itself in two ways, so that a client's mistake shows: a field that the call does not know is refused
(Leaf would pass over a misspelt one), and `disconnectEnabled` is refused for file uploads, where it means nothing.
Source: docs.withleaf.io, magic link pages, 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from leafcast.sandbox.exchange import Answer, json_answer
from leafcast.sandbox.settings import PROVIDERS

SHORTEST, LONGEST = 900, 31_536_000
ANY_PROVIDER, OTHER_PROVIDER = "All", "Other"
TYPES = {"provider": "PROVIDER", "authentication": "AUTHENTICATION", "file-upload": "FILE_UPLOAD"}
"""The word in the path, and the `widget` in the answers."""

_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_TEXT_SETTINGS = ("backgroundColor", "companyLogo", "headerImage", "companyName")
_PROBLEM = "https://www.jhipster.tech/problem"
_TITLES = {400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed", 415: "Unsupported"}

Fault = tuple[str, str]
"""A field and what is wrong with it."""


def problem(status: int, path: str, message: str, error_key: str = "") -> Answer:
    """An error as Leaf's services write it."""
    payload = {
        "type": f"{_PROBLEM}/problem-with-message",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "path": path,
        "message": message,
    }
    return json_answer(
        payload | ({"errorKey": error_key} if error_key else {}), status, media=b"application/problem+json"
    )


def invalid(path: str, faults: Collection[Fault]) -> Answer:
    """A 400 that names each field."""
    payload = {
        "type": f"{_PROBLEM}/constraint-violation",
        "title": "Method argument not valid",
        "status": 400,
        "path": path,
        "message": "error.validation",
        "fieldErrors": [{"objectName": "magicLink", "field": field, "message": message} for field, message in faults],
    }
    return json_answer(payload, 400, media=b"application/problem+json")


def link_faults(kind: str, body: Mapping[str, Any], *, for_known_user: bool) -> list[Fault]:
    """Everything that is wrong with the body of a request for a link."""
    return [
        *_unknown(kind, body, for_known_user=for_known_user),
        *_expiry(body),
        *_providers(kind, body),
        *([] if for_known_user else user_faults(body, need_external_id=True)),
        *_settings(kind, body),
    ]


def user_faults(body: Mapping[str, Any], *, need_external_id: bool = False) -> Iterator[Fault]:
    """What is wrong with the fields that make a Leaf user."""
    external_id = body.get("externalId")
    if need_external_id and external_id is None:
        yield "externalId", "must not be null: without a Leaf user id in the path Leaf finds or makes the user by it"
    for name in ("externalId", "name", "email", "phone", "address"):
        value = body.get(name)
        if value is not None and not (isinstance(value, str) and value.strip()):
            yield name, "must be a string that is not blank"
        elif name == "email" and value is not None and not _EMAIL.fullmatch(value):
            yield name, "must be a well-formed email address"


def _unknown(kind: str, body: Mapping[str, Any], *, for_known_user: bool) -> Iterator[Fault]:
    known = {"expiresIn", "settings"}
    known |= {"provider": {"allowedProviders"}, "authentication": {"provider"}}.get(kind, set())
    known |= set() if for_known_user else {"externalId", "name", "email"}
    for name in body:
        if name not in known:
            yield name, f"is not a field of this call, which takes {', '.join(sorted(known))}"


def _expiry(body: Mapping[str, Any]) -> Iterator[Fault]:
    expires_in = body.get("expiresIn", SHORTEST)
    if not isinstance(expires_in, int) or isinstance(expires_in, bool):
        yield "expiresIn", "must be an integer, in seconds"
    elif not SHORTEST <= expires_in <= LONGEST:
        yield "expiresIn", f"must be from {SHORTEST} to {LONGEST} seconds"


def _providers(kind: str, body: Mapping[str, Any]) -> Iterator[Fault]:
    if kind == "authentication":
        name = body.get("provider")
        if not isinstance(name, str):
            yield "provider", "must not be null: an authentication link is for one provider"
        elif name not in PROVIDERS:
            yield "provider", f"is not a provider that Leaf knows: {name}"
    elif kind == "provider" and "allowedProviders" in body:
        names = body["allowedProviders"]
        if not isinstance(names, list) or not names:
            yield "allowedProviders", "must be a list of at least one provider"
            return
        for name in names:
            if name not in PROVIDERS and name not in (ANY_PROVIDER, OTHER_PROVIDER):
                yield "allowedProviders", f"is not a provider that Leaf knows: {name}"
        if len({str(name) for name in names}) != len(names):
            yield "allowedProviders", "names a provider twice"


def _settings(kind: str, body: Mapping[str, Any]) -> Iterator[Fault]:
    settings = body.get("settings", {})
    if not isinstance(settings, dict):
        yield "settings", "must be an object"
        return
    switches = ("showLeafUserName",) if kind == "file-upload" else ("showLeafUserName", "disconnectEnabled")
    for name, value in settings.items():
        if name in _TEXT_SETTINGS:
            if not isinstance(value, str):
                yield f"settings.{name}", "must be a string"
            elif name == "backgroundColor" and not _HEX.fullmatch(value):
                yield f"settings.{name}", "must be a hex colour such as #27ae60"
            elif name in ("companyLogo", "headerImage") and not value.startswith(("https://", "http://")):
                yield f"settings.{name}", "must be the URL of an image"
        elif name in switches:
            if not isinstance(value, bool):
                yield f"settings.{name}", "must be true or false"
        else:
            yield f"settings.{name}", f"is not a setting of {kind} links"
