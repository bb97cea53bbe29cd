"""A request and its answer as values: all that the stand-ins of the services see of HTTP."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

Headers = tuple[tuple[bytes, bytes], ...]


class Malformed(Exception):
    """The body is not what its content type says."""


@dataclass(frozen=True)
class Call:
    """One request, read whole. `path` and `query` are as they came, `params` are the named parts of the path."""

    method: str
    path: str
    query_string: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)

    @cached_property
    def query(self) -> dict[str, str]:
        """The query's fields; of a repeated one, the last."""
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    @cached_property
    def content_type(self) -> str:
        """The media type without its parameters, in lower case."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object. Raises Malformed."""
        try:
            parsed = json.loads(self.body)
        except (ValueError, UnicodeDecodeError) as broken:
            raise Malformed("not JSON") from broken
        if not isinstance(parsed, dict):
            raise Malformed("not a JSON object")
        return parsed

    def form(self) -> dict[str, str]:
        """The body as form fields. Raises Malformed."""
        try:
            return dict(parse_qsl(self.body.decode("utf-8"), keep_blank_values=True, strict_parsing=bool(self.body)))
        except ValueError as broken:
            raise Malformed("not a form") from broken

    def bearer(self) -> str | None:
        """The bearer token, None where there is none."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None

    def basic(self) -> tuple[str, str] | None:
        """User and password of basic authentication, None where there is none or it is garbled."""
        scheme, _, encoded = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, colon, password = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return (user, password) if colon else None

    def mentions(self, text: str) -> bool:
        """Whether the address or the body says this, whatever the encoding."""
        body = self.body.decode("utf-8", "replace")
        if self.content_type == "application/x-www-form-urlencoded":
            body = unquote_plus(body)
        return text in body or text in unquote_plus(f"{self.path}?{self.query_string}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Headers = field(default=(), repr=False)


Handler = Callable[[Call], Answer]


def json_answer(payload: Any, status: int = 200, headers: Headers = (), media: bytes = b"application/json") -> Answer:
    """An answer whose body is JSON."""
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(status, body, ((b"content-type", media), *headers))


def html_answer(page: str, status: int = 200, headers: Headers = ()) -> Answer:
    """An answer whose body is a page."""
    return Answer(status, page.encode(), ((b"content-type", b"text/html; charset=utf-8"), *headers))
