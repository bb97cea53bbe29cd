"""Leaf's token: asked for once, however many requests need it, and once again when it is refused, never in a loop.

`POST /api/authenticate`; `rememberMe` is a text, and "false" gives a token for 24 hours (docs.withleaf.io, 2026-11).
"""

from __future__ import annotations

import asyncio

from leafcast.decide.replies import Answer, Reply
from leafcast.decide.verdicts import leaf_verdict
from leafcast.decide.verdicts.common import ruled
from leafcast.decide.verdicts.leaf import STATUSES
from leafcast.edge.http import Door, Retrier
from leafcast.edge.settings import LeafAccess, Secret
from leafcast.model import Outcome, Verdict

_REFUSED = ruled(STATUSES[401], "http-401")


class Login:
    """Holds the token of one client."""

    def __init__(self, door: Door, access: LeafAccess, retrier: Retrier) -> None:
        self._door = door
        self._access = access
        self._retrier = retrier
        self._lock = asyncio.Lock()
        self._token = access.token
        self._proven = False
        self._final: Outcome | None = None

    @property
    def current(self) -> Secret | None:
        """The token, where there is one."""
        return self._token if self._final is None else None

    def accepted(self) -> None:
        """Leaf answered a request that carried the token with something else than 401."""
        self._proven = True

    async def token(self) -> Secret | Outcome:
        """The token, asked for if need be; or why there is none."""
        return self.current or await self.renewed(None)

    async def renewed(self, stale: Secret | None) -> Secret | Outcome:
        """Another token than the refused one. A fixed token has no successor, and a token that was refused at once
        shows that the next would be too: both are final."""
        async with self._lock:
            if self._final is not None:
                return self._final
            if self._token is not None and self._token is not stale:
                return self._token
            if self._access.token is not None or (stale is not None and not self._proven):
                self._final = _REFUSED
                return _REFUSED
            return await self._ask()

    async def _ask(self) -> Secret | Outcome:
        reply = await self._retrier.read(self._authenticate)
        if isinstance(reply, Outcome):
            return reply
        body = reply.json() if isinstance(reply, Answer) and reply.ok else None
        token = body.get("id_token") if isinstance(body, dict) else None
        if isinstance(token, str) and token.isascii() and token.isprintable() and token:
            self._token, self._proven = Secret(token), False
            return self._token
        return self._trouble(reply)

    async def _authenticate(self) -> Reply:
        username, password = self._access.username, self._access.password
        assert username is not None  # noqa: S101 - settings give a token or both of these
        assert password is not None  # noqa: S101
        body = {"username": username.reveal(), "password": password.reveal(), "rememberMe": "false"}
        return await self._door.request("POST", "/api/authenticate", json=body)

    def _trouble(self, reply: Reply) -> Outcome:
        """Why there is no token. A login that was lost is no doubt about the request that needed it: that one never
        left."""
        outcome = leaf_verdict(reply)
        match outcome.verdict:
            case Verdict.PAUSE:
                return outcome
            case Verdict.IN_DOUBT:
                return Outcome(Verdict.PAUSE, "login", "Leaf did not answer the login; leafcast tries again")
            case _ if isinstance(reply, Answer) and reply.status in (400, 401):
                self._final = _REFUSED
                return _REFUSED
            case _:
                return Outcome(
                    Verdict.STOP, "login", "Leaf's login gave no token; check LEAF_API_URL and the credentials"
                )
