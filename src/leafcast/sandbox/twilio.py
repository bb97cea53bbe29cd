"""The stand-in of Twilio: accepting texts, listing them, and the questions that a check asks about the account.

Sources: the OpenAPI description `twilio_api_v2010` (v2.6.7, 2026-04), the error dictionary, and the pages on test
credentials and status callbacks, 2026.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import Any
from urllib.parse import urlencode

from leafcast.sandbox.clock import rfc2822
from leafcast.sandbox.desk import Desk
from leafcast.sandbox.exchange import Answer, Call, Handler, Headers, Malformed, json_answer
from leafcast.sandbox.fates import text_fate
from leafcast.sandbox.segments import count, encoding
from leafcast.sandbox.state import Text
from leafcast.sandbox.text_rules import ERRORS, Refused, check_text, check_window

USUAL_PAGE, LARGEST_PAGE = 50, 1_000
_FINAL = ("delivered", "undelivered", "failed", "canceled", "sent", "sending")
_UNSENT = ("accepted", "queued", "sending", "failed", "canceled")
_CONCURRENT: Headers = ((b"twilio-concurrent-requests", b"1"),)


def refusal(code: int, detail: str = "") -> Answer:
    """An error as Twilio writes it."""
    status, message = ERRORS[code]
    payload = {
        "code": code,
        "message": f"{message}: {detail}" if detail else message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return json_answer(payload, status, _CONCURRENT)


class Twilio:
    """Twilio's side of a text message."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def guarded(self, handle: Handler) -> Handler:
        """The same handler behind the check of the account's token or of an API key, and of the account in the path."""

        def checked(call: Call) -> Answer:
            settings = self._desk.settings
            known = (
                (settings.twilio_account_sid, settings.twilio_auth_token),
                (settings.twilio_api_key, settings.twilio_api_secret),
            )
            if call.basic() not in known:
                return refusal(20003)
            if call.params.get("account", settings.twilio_account_sid) != settings.twilio_account_sid:
                return refusal(20404, "no such account")
            return handle(call)

        return checked

    # ------------------------------------------------------------------------------------------------------ messages

    def send(self, call: Call) -> Answer:
        """`POST /Messages.json`: 201 and the message."""
        if call.content_type != "application/x-www-form-urlencoded":
            return refusal(415, "send application/x-www-form-urlencoded")
        try:
            form = call.form()
            check_text(form, self._desk.settings, self._desk.state.opted_out)
        except Malformed:
            return refusal(20001, "the body is not a form")
        except Refused as refused:
            return refusal(refused.code, refused.detail)
        return json_answer(self._shown(self._accepted(form)), 201, _CONCURRENT)

    def get_message(self, call: Call) -> Answer:
        """`GET /Messages/{sid}.json`."""
        text = self._desk.state.texts.get(call.params["sid"])
        return json_answer(self._shown(text), headers=_CONCURRENT) if text else refusal(20404, "no such message")

    def update_message(self, call: Call) -> Answer:
        """`POST /Messages/{sid}.json` with `Status=canceled`, while it has not been sent."""
        text = self._desk.state.texts.get(call.params["sid"])
        if text is None:
            return refusal(20404, "no such message")
        now = self._desk.clock.now()
        if call.form().get("Status") != "canceled" or text.latest(now).name in _FINAL:
            return refusal(30409)
        text.canceled = now
        return json_answer(self._shown(text), headers=_CONCURRENT)

    def list_messages(self, call: Call) -> Answer:
        """`GET /Messages.json` by `To`, `From`, `DateSent` (`<`, `>`), `PageSize`, `PageToken`; the newest first."""
        try:
            size = int(call.query.get("PageSize", USUAL_PAGE))
            start = int(call.query.get("PageToken", "PA0").removeprefix("PA"))
            window = check_window(call.query)
        except (ValueError, Refused):
            return refusal(20001, "PageSize, PageToken or DateSent")
        if not 1 <= size <= LARGEST_PAGE:
            return refusal(20001, "PageSize must be from 1 to 1000")
        state, now = self._desk.state, self._desk.clock.now()
        known = state.texts_to.get(call.query["To"], []) if "To" in call.query else list(state.texts.values())
        if state.replies:
            replies = [text for text in state.replies if call.query.get("To") in (None, text.to)]
            known = sorted([*known, *replies], key=lambda text: text.at)
        sender = call.query.get("From")
        found = [
            text
            for text in reversed(known)
            if text.at + self._desk.settings.list_lag <= now
            and sender in (None, text.sender)
            and (window is None or ((sent := _sent(text, now)) is not None and window(sent)))
        ]
        return self._page(call, found, start, size)

    def _page(self, call: Call, found: list[Text], start: int, size: int) -> Answer:
        account = self._desk.settings.twilio_account_sid
        base = f"/2010-04-01/Accounts/{account}/Messages.json"
        kept = {name: value for name, value in call.query.items() if name not in ("Page", "PageToken", "PageSize")}

        def uri(first: int) -> str:
            place = {"PageSize": size, "Page": first // size, "PageToken": f"PA{first}"}
            return f"{base}?{urlencode(kept | place)}"

        return json_answer(
            {
                "messages": [self._shown(text) for text in found[start : start + size]],
                "page": start // size,
                "page_size": size,
                "start": start,
                "end": min(start + size, len(found)) - 1,
                "uri": uri(start),
                "first_page_uri": uri(0),
                "next_page_uri": uri(start + size) if start + size < len(found) else None,
                "previous_page_uri": uri(max(0, start - size)) if start else None,
            },
            headers=_CONCURRENT,
        )

    def _accepted(self, form: dict[str, str]) -> Text:
        settings, now = self._desk.settings, self._desk.clock.now()
        service = form.get("MessagingServiceSid")
        sender = form.get("From") or settings.messaging_services[service or ""][0]
        body = form["Body"]
        text = Text(
            sid=f"SM{uuid.uuid4().hex}",
            at=now,
            to=form["To"],
            sender=sender,
            service=service,
            body=body,
            segments=count(body),
            encoding=encoding(body),
            events=text_fate(form["To"], now, settings.seed, settings.undelivered_rate, by_service=service is not None),
        )
        links = [link.id for link in self._desk.state.links_in(body)]
        self._desk.journal.write("text", at=now, sid=text.sid, to=text.to, sender=sender, body=body, links=links)
        self._desk.state.add_text(text)
        return text

    def _shown(self, text: Text) -> dict[str, Any]:
        now, account = self._desk.clock.now(), self._desk.settings.twilio_account_sid
        event = text.latest(now)
        chosen = event.name != "accepted"
        sent = _sent(text, now)
        return {
            "sid": text.sid,
            "account_sid": account,
            "messaging_service_sid": text.service,
            "status": event.name,
            "direction": "inbound" if text.inbound else "outbound-api",
            "to": text.to,
            "from": text.sender if chosen else None,
            "body": text.body,
            "num_segments": str(text.segments) if chosen else "0",
            "num_media": "0",
            "error_code": int(event.code) if event.code else None,
            "error_message": None,
            "price": None,
            "price_unit": "USD",
            "api_version": "2010-04-01",
            "date_created": rfc2822(text.at),
            "date_sent": rfc2822(sent) if sent is not None else None,
            "date_updated": rfc2822(max(text.at, event.at)),
            "uri": f"/2010-04-01/Accounts/{account}/Messages/{text.sid}.json",
            "subresource_uris": {"media": f"/2010-04-01/Accounts/{account}/Messages/{text.sid}/Media.json"},
        }

    # --------------------------------------------------------------------------------------------- about the account

    def account(self, _call: Call) -> Answer:
        """`GET /Accounts/{sid}.json`."""
        payload = {
            "sid": self._desk.settings.twilio_account_sid,
            "friendly_name": "leafcast sandbox",
            "status": "active",
            "type": "Full",
        }
        return json_answer(payload, headers=_CONCURRENT)

    def numbers(self, call: Call) -> Answer:
        """`GET /IncomingPhoneNumbers.json`, filtered by `PhoneNumber`."""
        wanted = call.query.get("PhoneNumber")
        owned = [number for number in self._desk.settings.owned_numbers if wanted in (None, number)]
        shown = [
            {
                "sid": _number_sid(number),
                "phone_number": number,
                "friendly_name": number,
                "capabilities": {"sms": True, "mms": True, "voice": True},
            }
            for number in owned
        ]
        return json_answer({"incoming_phone_numbers": shown, "page": 0, "page_size": 50, "next_page_uri": None})

    def service(self, call: Call) -> Answer:
        """`GET /v1/Services/{sid}`, on a real account at messaging.twilio.com."""
        sid = call.params["sid"]
        if sid not in self._desk.settings.messaging_services:
            return refusal(20404, "no such messaging service")
        return json_answer({"sid": sid, "friendly_name": "leafcast sandbox"})


def _sent(text: Text, now: float) -> float | None:
    """When it was sent, as far as it has been."""
    return next((event.at for event in text.events if event.name == "sent" and event.at <= now), None)


def _number_sid(number: str) -> str:
    return "PN" + hashlib.blake2b(number.encode(), digest_size=16).hexdigest()
