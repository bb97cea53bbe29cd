"""Twilio: the official client, with our door in the place of its transport.

Its own asynchronous transport has no time limit and, told to retry, sends a text again after any 5xx
(twilio 9.13.0, read and tried 2026-11). What the client makes of an answer is not used either: a 201 with a broken body
ends in a JSON error there, and a refusal without its headers. The answer itself is judged instead.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from leafcast.decide.replies import Answer, Reply
from leafcast.decide.segments import count_segments
from leafcast.decide.verdicts import twilio_verdict
from leafcast.decide.verdicts.looking import not_shown
from leafcast.edge.http import Door, PacedTurn, Retrier, basic
from leafcast.edge.settings import TwilioAccess
from leafcast.edge.twiliolist import PAGE, STOP, find_text, pages, report, stopped
from leafcast.model import (
    Barred,
    Look,
    Outcome,
    Problem,
    ProblemKind,
    Report,
    Service,
    Severity,
    SmsMessage,
    Sought,
    Taken,
    Unknown,
    Where,
)
from leafcast.ports import Turn

FEW = 20
"""So many texts are asked for one by one; more of them come by the page."""
WHOLE_PAGE = 500
"""Texts in one answer; Twilio allows 1,000 (its OpenAPI description, Message list, read 2026-11)."""


@dataclass(slots=True)
class _Call:
    """One call of the SDK: the turn on its way down, the reply on its way up."""

    turn: Turn | None
    reply: Reply | None = None


_call: ContextVar[_Call] = ContextVar("_call")


class _Unanswered(Exception):
    """There is no answer that the SDK could read; the reply is in the call."""


class _DoorTransport(AsyncHttpClient):  # type: ignore[misc, unused-ignore]
    """What the SDK calls instead of the network. Its address and headers are left behind; the door has its own."""

    def __init__(self, door: Door, authorization: str) -> None:
        self._door = door
        self._headers = {"Authorization": authorization}
        self.is_async = True

    async def request(self, method: str, uri: str, params: Any = None, data: Any = None, **_unused: Any) -> Response:
        """Pass one request on."""
        call = _call.get()
        path = urlsplit(uri).path
        call.reply = await self._door.request(
            method.upper(), path, params=params or None, data=data or None, turn=call.turn, headers=self._headers
        )
        call.turn = None
        if not isinstance(call.reply, Answer):
            raise _Unanswered
        return Response(call.reply.status, call.reply.body.decode("utf-8", "replace"), call.reply.headers)


class TwilioClient:
    """Twilio over one door. Fulfils `ports.Sender`, `ports.Searcher` and `ports.Tracker`."""

    def __init__(
        self, door: Door, access: TwilioAccess, retrier: Retrier, *, segments_per_second: float | None = None
    ) -> None:
        """With `segments_per_second` each text holds the line for as long as its segments take the sender."""
        self._retrier = retrier
        self._segment = 1 / segments_per_second if segments_per_second else 0.0
        secret = access.secret.reveal()
        self._account = access.account
        self._keyed = access.user != access.account
        self._client = Client(
            access.user,
            secret,
            account_sid=access.account,
            http_client=_DoorTransport(door, basic(access.user, secret)),
            environment={"TWILIO_EDGE": ""},  # an empty mapping would make it read the process's own
        )
        self._door = door

    async def ready(self) -> PacedTurn:
        """Wait until the pace lets one request go."""
        return await self._door.ready()

    async def send(self, message: SmsMessage, turn: Turn) -> Outcome:
        """Hand over one text, once. Links stay as they are: shortened ones would pass through one more host and could
        not be found again in Twilio's list."""
        sender: dict[str, str] = (
            {"messaging_service_sid": message.messaging_service}
            if message.messaging_service is not None
            else {"from_": message.sender or ""}
        )
        if self._segment:
            self._door.owe((count_segments(message.body).segments - 1) * self._segment)
        create = self._client.messages.create_async
        encoded = {"smart_encoded": True} if message.smart_encoded else {}
        asked = create(
            to=message.to,
            body=message.body,
            validity_period=message.validity,
            shorten_urls=False,
            **encoded,
            **sender,
        )
        return twilio_verdict(await _reply_to(asked, turn))

    async def find(self, sought: Sought) -> Look:
        """Look for one text in Twilio's list, page by page."""
        page = self._client.messages.page_async

        async def ask(to: str, place: Mapping[str, str]) -> Reply | Outcome:
            return await self._look(lambda: page(to=to, page_size=PAGE, **place))

        return await find_text(ask, sought)

    @property
    def sources(self) -> Sequence[str]:
        """Twilio lists nobody who opted out, but it lists what they replied."""
        return (STOP,)

    async def reports(self, wanted: Sequence[Taken]) -> AsyncIterator[Sequence[Report] | Unknown]:
        """What Twilio says of the texts since the first of these left: a few by their ids, more by the page."""
        missing = {taken.provider_id for taken in wanted if taken.provider_id}
        if len(missing) > FEW:
            async for page in pages(self._texts, min(taken.left_at for taken in wanted)):
                if isinstance(page, Unknown):
                    yield page
                    return
                found = [one for one in map(report, page) if one is not None]
                missing -= {one.provider_id for one in found}
                yield found
                if not missing:
                    return
        for sid in sorted(missing)[:FEW]:
            reply = await self._look(lambda sid=sid: self._client.messages(sid).fetch_async())
            text = reply.json() if isinstance(reply, Answer) and reply.ok else None
            one = report(text) if isinstance(text, dict) else None
            if one is not None:
                yield [one]
            elif not isinstance(reply, Answer) or reply.status != 404:
                yield not_shown(Service.TWILIO, reply)
                return

    async def barred(self, source: str, since: datetime) -> AsyncIterator[Sequence[Barred] | Unknown]:  # noqa: ARG002
        """Whoever replied STOP since a time."""
        async for page in pages(self._texts, since):
            yield page if isinstance(page, Unknown) else [one for one in map(stopped, page) if one is not None]

    async def _texts(self, place: Mapping[str, str]) -> Reply | Outcome:
        return await self._look(lambda: self._client.messages.page_async(page_size=WHOLE_PAGE, **place))

    async def probe(self, sender: str | None = None, messaging_service: str | None = None) -> tuple[Problem, ...]:
        """What keeps texts from being sent: harmless questions only. `messaging_service` lives on another host of
        Twilio's and is left to the first text; a sender is looked for among the account's numbers."""
        account = await self._look(lambda: self._client.api.accounts(self._account).fetch_async())
        if self._keyed and isinstance(account, Answer) and account.status in (401, 403):
            # A Standard key may text but not look at its account (twilio.com/docs/iam/api-keys, November 2026).
            account = await self._look(lambda: self._client.messages.page_async(page_size=1))
        body = account.json() if isinstance(account, Answer) and account.ok else None
        if not isinstance(body, dict):
            outcome = account if isinstance(account, Outcome) else twilio_verdict(account)
            return (_problem("Twilio cannot be used", f"{outcome.reason}."),)
        if body.get("status", "active") != "active":
            return (_problem("The Twilio account is not active", "See Twilio's console."),)
        problems: list[Problem] = []
        if body.get("type") == "Trial":
            fix = "It texts verified numbers only; upgrade it before a real run."
            problems.append(_problem("This is a Twilio trial account", fix, Severity.WARNING))
        if sender is not None and messaging_service is None and sender.startswith("+"):
            problems += await self._owned(sender)
        return tuple(problems)

    async def _owned(self, sender: str) -> list[Problem]:
        numbers = self._client.incoming_phone_numbers
        reply = await self._look(lambda: numbers.list_async(phone_number=sender, limit=1, page_size=1))
        body = reply.json() if isinstance(reply, Answer) and reply.ok else None
        found = body.get("incoming_phone_numbers") if isinstance(body, dict) else None
        if not isinstance(found, list) or found:
            return []
        return [_problem("The campaign's text sender is not a number of this Twilio account", "Correct sms.from.")]

    async def _look(self, ask: Any) -> Reply | Outcome:
        return await self._retrier.read(lambda: _reply_to(ask(), None))


async def _reply_to(asked: Any, turn: Turn | None) -> Reply:
    """Let the SDK make its request and give what came back. What it raises about an answer is in the answer."""
    call = _Call(turn)
    token = _call.set(call)
    try:
        await asked
    except Exception:
        if call.reply is None:  # it never got as far as asking: a bug of ours
            raise
    finally:
        _call.reset(token)
    assert call.reply is not None  # noqa: S101 - the SDK cannot end well without its transport
    return call.reply


def _problem(what: str, fix: str, severity: Severity = Severity.ERROR) -> Problem:
    return Problem(ProblemKind.SERVICE, what, fix, Where(key="Twilio"), severity)
