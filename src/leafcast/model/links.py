"""Magic links and Leaf users, as Leaf has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from leafcast.model.sets import LinkType


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """What leafcast asks Leaf for. With `leaf_user_id` the link is for that user; without, Leaf creates or reuses the
    user by `external_id`, and `name` and `email` are used only if it creates one."""

    type: LinkType
    external_id: str
    expires_in: int
    providers: tuple[str, ...] = ()
    """provider: the allowed ones, none meaning all enabled; authentication: exactly one; file-upload: none."""
    leaf_user_id: str | None = None
    name: str | None = None
    email: str | None = None
    settings: Mapping[str, str | bool] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Link:
    """A magic link that Leaf made. `id` and `url` are secrets: whoever has them is the grower."""

    id: str = field(repr=False)
    url: str = field(repr=False)
    leaf_user_id: str
    expires_at: datetime
    type: LinkType
    providers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeafLink:
    """A magic link as Leaf lists it. `id` is as secret as the link, which it is the last part of."""

    id: str = field(repr=False)
    type: LinkType
    leaf_user_id: str
    providers: tuple[str, ...]
    created_at: datetime | None
    expires_at: datetime | None
    last_accessed_at: datetime | None
    usage_count: int
    """Mail scanners open links too: more than 0 does not prove that a person came."""
    max_usage: int | None


@dataclass(frozen=True, slots=True)
class LeafUser:
    """A Leaf user without anything secret."""

    id: str
    external_id: str
    name: str = field(repr=False)
    email: str = field(repr=False)
    credentials: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Provider name -> the status that Leaf gives, '' where it gives none. A provider that is missing here is not
    connected."""
    phone: str = field(default="", repr=False)
