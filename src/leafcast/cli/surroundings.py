"""The environment, read in one place."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

DOTENV = Path(".env")
_INSTEAD: ContextVar[Mapping[str, str] | None] = ContextVar("instead of the environment", default=None)


def environment() -> Mapping[str, str]:
    """The environment, and `.env` of this folder below it. Raises UsageError for a `.env` that cannot be read."""
    from leafcast.edge import settings

    given = _INSTEAD.get()
    return given if given is not None else settings.environment(os.environ, DOTENV)


@contextmanager
def instead(values: Mapping[str, str]) -> Iterator[None]:
    """Within this the environment is what was given and nothing else: nobody's real credentials are in it."""
    token = _INSTEAD.set(values)
    try:
        yield
    finally:
        _INSTEAD.reset(token)
