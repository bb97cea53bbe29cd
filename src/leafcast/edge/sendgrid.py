"""SendGrid: bodies by the official SDK's helpers, requests through our own door.

The SDK's own client is not used: it is synchronous, opens a connection per request, has no time limit and prints key
and body at DEBUG (sendgrid 6.12.5 with python-http-client 3.3.7, read and tried 2026-11).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sendgrid.helpers.mail import (
    Asm,
    ClickTracking,
    Content,
    CustomArg,
    From,
    Ganalytics,
    GroupId,
    Header,
    Mail,
    OpenTracking,
    Personalization,
    ReplyTo,
    Subject,
    SubscriptionTracking,
    To,
    TrackingSettings,
)

from leafcast.decide.replies import Answer, Reply
from leafcast.decide.verdicts import sendgrid_verdict
from leafcast.decide.verdicts.common import ruled
from leafcast.decide.verdicts.sendgrid import RECIPIENT
from leafcast.edge.http import Door, PacedTurn, Retrier
from leafcast.edge.sendgridlists import LISTS, barred
from leafcast.edge.sendgridlogs import LogSearch
from leafcast.edge.settings import SendGridAccess
from leafcast.model import (
    Barred,
    EmailMessage,
    Look,
    Outcome,
    Problem,
    ProblemKind,
    Report,
    Sought,
    Taken,
    Unknown,
    Where,
)
from leafcast.ports import Turn

SEND, SCOPES = "/v3/mail/send", "/v3/scopes"
MESSAGE_ID = "leafcast_message_id"
"""Our id among `custom_args`, which come back in events and logs. SendGrid keeps them for long and in the clear, and
cannot blacken them (its documentation of unique arguments, read 2026-11), so nothing else of ours may stand there."""

LARGEST_LOG = 16_000_000
"""Bytes: a thousand emails in one answer."""

_NAME_BREAKERS = re.compile(r"[,;\x00-\x1f\x7f]+")


def _tracking() -> TrackingSettings:
    """All of it off: click tracking would put SendGrid's host in the place of the magic link, in the text part too, and
    would hand the link on in its events."""
    tracking = TrackingSettings()
    tracking.click_tracking = ClickTracking(enable=False, enable_text=False)
    tracking.open_tracking = OpenTracking(enable=False)
    tracking.subscription_tracking = SubscriptionTracking(enable=False)
    tracking.ganalytics = Ganalytics(enable=False)
    return tracking


_TRACKING_OFF = _tracking()


def mail_body(message: EmailMessage) -> dict[str, Any] | None:
    """One email to one recipient, as `POST /v3/mail/send` wants it; None where the helpers, which rewrite or drop odd
    addresses without a word, would not send it to exactly the address that was given."""
    recipient = To(message.to, _name(message.to_name))
    if "@" not in message.to or recipient.email != message.to:
        return None
    person = Personalization()
    person.add_to(recipient)
    person.add_custom_arg(CustomArg(MESSAGE_ID, message.message_id))
    if message.unsubscribe:  # RFC 8058; not among the headers that SendGrid keeps for itself
        person.add_header(Header("List-Unsubscribe", f"<{message.unsubscribe}>"))
        person.add_header(Header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return {
        **_frame(message.sender, message.sender_name, message.reply_to, message.asm_group),
        "subject": Subject(message.subject).get(),
        "personalizations": [person.get()],
        "content": [Content("text/plain", message.text).get(), Content("text/html", message.html).get()],
    }


@lru_cache(maxsize=64)
def _frame(sender: str, sender_name: str, reply_to: str | None, asm_group: int | None) -> Mapping[str, Any]:
    """What all emails of a sender have in common: written once, for the helpers take longer than the rest of a send."""
    mail = Mail()
    mail.from_email = From(sender, _name(sender_name))
    if asm_group is not None:
        mail.asm = Asm(GroupId(asm_group))
    if reply_to:
        mail.reply_to = ReplyTo(reply_to)
    mail.tracking_settings = _TRACKING_OFF
    frame: dict[str, Any] = mail.get()
    return frame


def _name(text: str) -> str | None:
    """A name without the signs that SendGrid does not allow in one (mail/send limitations, 2026-11)."""
    return " ".join(_NAME_BREAKERS.sub(" ", text).split()) or None


class SendGridClient:
    """SendGrid over one door. Fulfils `ports.Sender`, `ports.Searcher` and `ports.Tracker`."""

    def __init__(self, door: Door, access: SendGridAccess, retrier: Retrier) -> None:
        self._door = door
        self._retrier = retrier
        self._headers = {"Authorization": f"Bearer {access.key.reveal()}"}
        self._logs = LogSearch(self._ask, MESSAGE_ID)

    async def ready(self) -> PacedTurn:
        """Wait until the pace lets one request go."""
        return await self._door.ready()

    async def send(self, message: EmailMessage, turn: Turn) -> Outcome:
        """Hand over one email, once."""
        body = mail_body(message)
        if body is None:
            return ruled(RECIPIENT, "bad-recipient")
        return sendgrid_verdict(await self._door.request("POST", SEND, json=body, turn=turn, headers=self._headers))

    async def find(self, sought: Sought) -> Look:
        """Look for one email in SendGrid's logs."""
        return await self._logs.find(sought)

    @property
    def sources(self) -> Sequence[str]:
        """The lists of addresses that SendGrid keeps."""
        return tuple(LISTS)

    def reports(self, wanted: Sequence[Taken]) -> AsyncIterator[Sequence[Report] | Unknown]:
        """What the logs say of the emails of the times at which these left."""
        return self._logs.reports(wanted)

    def barred(self, source: str, since: datetime) -> AsyncIterator[Sequence[Barred] | Unknown]:
        """What came on a list since a time."""
        return barred(self._ask_list, source, since)

    async def probe(self, sender: str | None = None) -> tuple[Problem, ...]:
        """What keeps emails from being sent, from `sender` if one is given: harmless questions only. What the key may
        not look at is not reported, because a key that may only send is the right one to have."""
        scopes = await self._look(SCOPES)
        if not isinstance(scopes, Answer) or not scopes.ok:
            outcome = scopes if isinstance(scopes, Outcome) else sendgrid_verdict(scopes)
            return (_problem("SendGrid cannot be used", f"{outcome.reason}."),)
        told = scopes.json()
        allowed = told.get("scopes") if isinstance(told, dict) else None
        if isinstance(allowed, list) and "mail.send" not in allowed:
            return (_problem("SendGrid's key may not send", "Give the key the permission Mail Send."),)
        if sender is not None and await self._verified(sender) is False:
            fix = "Verify the sender or authenticate its domain in SendGrid's settings, or change email.from."
            return (_problem("SendGrid does not know the campaign's sender", fix),)
        return ()

    async def _verified(self, sender: str) -> bool | None:
        """Whether the address is a verified sender or of an authenticated domain; None where that cannot be seen."""
        address, domain = sender.casefold(), sender.casefold().rpartition("@")[2]
        domains = await self._list("/v3/whitelabel/domains", None, "domain")
        senders = await self._list("/v3/verified_senders", "results", "from_email")
        if address in (senders or ()) or any(_covers(known, domain) for known in domains or ()):
            return True
        return None if senders is None or domains is None else False

    async def _list(self, path: str, inside: str | None, key: str) -> frozenset[str] | None:
        """The values of verified entries; None where the key may not see them."""
        reply = await self._look(path)
        body = reply.json() if isinstance(reply, Answer) and reply.ok else None
        items = body.get(inside) if inside is not None and isinstance(body, dict) else body
        if not isinstance(items, list):
            return None
        return frozenset(
            str(item.get(key)).casefold()
            for item in items
            if isinstance(item, dict) and item.get("valid", item.get("verified", True))
        )

    async def _look(self, path: str) -> Reply | Outcome:
        return await self._ask("GET", path)

    async def _ask_list(self, path: str, query: Mapping[str, int]) -> Reply | Outcome:
        return await self._ask("GET", path, params=query)

    async def _ask(
        self, method: str, path: str, body: Any = None, params: Mapping[str, int] | None = None
    ) -> Reply | Outcome:
        """Ask what may be asked again."""
        return await self._retrier.read(
            lambda: self._door.request(
                method, path, json=body, params=params, headers=self._headers, largest=LARGEST_LOG
            )
        )


def _covers(known: str, domain: str) -> bool:
    """Whether an authenticated domain is this one or stands above it."""
    known = known.removeprefix("*.")
    return domain == known or domain.endswith(f".{known}")


def _problem(what: str, fix: str) -> Problem:
    return Problem(ProblemKind.SERVICE, what, fix, Where(key="SendGrid"))
