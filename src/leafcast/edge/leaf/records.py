"""Leaf's answers, read with distrust: a value comes out only where everything that leafcast relies on is right.

Fields as docs.withleaf.io and Leaf's Postman collection show them (2026-11).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from leafcast.model import LeafLink, LeafUser, Link, LinkRequest, LinkType

LONGEST_URL = 2048
_SUFFIX = "Credentials"
_ABBREVIATED = {"cnhi": "CNHI", "cnhiFieldOps": "CNHIFieldOps"}


def made_link(body: Any, request: LinkRequest, now: datetime, *, local: bool) -> Link | None:
    """The link of a creation's answer, None where the answer cannot be believed: no id, no usable https address, no
    end in the future, or another user than the one asked for. `local` also lets http:// through."""
    if not isinstance(body, Mapping):
        return None
    link_id, user_id, url = _text(body, "id"), _text(body, "leafUserId"), _text(body, "link")
    expires = instant(body.get("expiresAt"))
    if not link_id or not user_id or not _usable(url, local=local) or expires is None or expires <= now:
        return None
    if request.leaf_user_id is not None and user_id != request.leaf_user_id:
        return None
    return Link(link_id, url, user_id, expires, request.type, request.providers)


def listed_link(body: Any, kind: LinkType) -> LeafLink | None:
    """One link of a list or a get; None where it has no id."""
    if not isinstance(body, Mapping) or not _text(body, "id"):
        return None
    allowed = body.get("allowedProviders")
    providers = allowed if isinstance(allowed, list) else [body.get("provider")]
    return LeafLink(
        id=_text(body, "id"),
        type=kind,
        leaf_user_id=_text(body, "leafUserId"),
        providers=tuple(name for name in providers if isinstance(name, str) and name),
        created_at=instant(body.get("createdAt")),
        expires_at=instant(body.get("expiresAt")),
        last_accessed_at=instant(body.get("lastAccessedAt")),
        usage_count=_count(body, "usageCount") or 0,
        max_usage=_count(body, "maxUsage"),
    )


def leaf_user(body: Any) -> LeafUser | None:
    """One user; None where it has no id. Of a provider's credentials only presence and status are taken over."""
    if not isinstance(body, Mapping) or not _text(body, "id"):
        return None
    credentials = {
        provider_of(key): _text(value, "status")
        for key, value in body.items()
        if isinstance(key, str) and key.endswith(_SUFFIX) and isinstance(value, Mapping)
    }
    return LeafUser(
        _text(body, "id"),
        _text(body, "externalId"),
        _text(body, "name"),
        _text(body, "email"),
        MappingProxyType(credentials),
        _text(body, "phone"),
    )


def provider_of(key: str) -> str:
    """The provider's name out of `johnDeereCredentials`."""
    short = key.removesuffix(_SUFFIX)
    return _ABBREVIATED.get(short, short[:1].upper() + short[1:])


def instant(text: Any) -> datetime | None:
    """A time of Leaf's (`2010-10-10T10:10:10.000000000Z`, nine digits of which Python keeps six), aware, UTC."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text.strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _usable(url: str, *, local: bool) -> bool:
    """Whether a link may be put into a message: an https address of some host, and no sign that could break out of the
    place where a template puts it."""
    if not url or len(url) > LONGEST_URL or any(sign in "\"'<>\\" or not sign.isprintable() for sign in url):
        return False
    if any(sign.isspace() for sign in url):
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and parts.username is None and (parts.scheme == "https" or (local and parts.scheme == "http"))


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    return value if isinstance(value, str) else ""


def _count(body: Mapping[str, Any], key: str) -> int | None:
    value = body.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
