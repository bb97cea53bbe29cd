"""The stand-in of SendGrid: accepting mail, and the questions that a check asks about the account."""

from __future__ import annotations

import re
import uuid
from typing import Any

from leafcast.sandbox.desk import Desk
from leafcast.sandbox.exchange import Answer, Call, Handler, Malformed, json_answer
from leafcast.sandbox.fates import Event, dropped_fate, email_fate
from leafcast.sandbox.mail_rules import MOST_BYTES, mail_faults, refusal
from leafcast.sandbox.state import BLOCKS, BOUNCES, INVALID, SPAM, UNSUBSCRIBES, Email, Suppression

BAD_KEY = "The provided authorization grant is invalid, expired, or revoked"
NOT_VERIFIED = (
    "The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved."
)
_ENDS_ON = {
    "bounce": BOUNCES,
    "blocked": BLOCKS,
    "dropped": INVALID,
    "spamreport": SPAM,
    "unsubscribe": UNSUBSCRIBES,
}
_PERSONAL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|https?://|\+\d{7,}")


class SendGrid:
    """SendGrid's side of an email."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def guarded(self, handle: Handler, scope: str = "") -> Handler:
        """The same handler behind the check of the key, and of what the key may do."""

        def checked(call: Call) -> Answer:
            settings = self._desk.settings
            if call.bearer() != settings.sendgrid_api_key or (scope and scope not in settings.sendgrid_scopes):
                return refusal(401, (None, BAD_KEY))
            return handle(call)

        return checked

    def readable(self, handle: Handler, scope: str) -> Handler:
        """The same handler for keys that may look at this; a good key that may not is answered with 403."""

        def checked(call: Call) -> Answer:
            if scope not in self._desk.settings.sendgrid_scopes:
                return refusal(403, (None, "access forbidden"))
            return handle(call)

        return checked

    # ------------------------------------------------------------------------------------------------------ sending

    def send(self, call: Call) -> Answer:
        """`POST /v3/mail/send`: 202 with an empty body, 200 in sandbox mode."""
        if len(call.body) > MOST_BYTES:
            return refusal(413, (None, "The total size of the mail must be less than 30 MB."))
        if call.content_type != "application/json":
            return refusal(415, (None, "Content-Type should be application/json."))
        try:
            body = call.json_object()
        except Malformed:
            return refusal(400, (None, "Bad Request"))
        faults = mail_faults(body, self._desk.clock.now())
        if faults:
            return refusal(400, *faults)
        if not self._verified(body["from"]["email"]):
            return refusal(403, ("from", NOT_VERIFIED))
        request_id = uuid.uuid4().hex[:22]
        header = (b"x-message-id", request_id.encode())
        if body.get("mail_settings", {}).get("sandbox_mode", {}).get("enable"):
            return Answer(200, headers=(header,))
        self._accept(body, request_id)
        return Answer(202, headers=(header,))

    def _verified(self, address: str) -> bool:
        domain = address.lower().rpartition("@")[2]
        for allowed in self._desk.settings.verified_senders:
            ending = allowed.removeprefix("*")
            if allowed.lower() in (address.lower(), domain) or (allowed != ending and domain.endswith(ending.lower())):
                return True
        return False

    def _accept(self, body: dict[str, Any], request_id: str) -> None:
        """One email for each recipient."""
        recipients = [
            (part, entry)
            for part in body["personalizations"]
            for field in ("to", "cc", "bcc")
            for entry in part.get(field) or []
        ]
        for number, (part, entry) in enumerate(recipients):
            email = self._email(body, part, entry, f"{request_id}.recvd-sandbox-0-{number}.0", request_id)
            self._desk.journal.write(
                "email",
                at=email.at,
                id=email.id,
                to=email.to,
                subject=email.subject,
                customArgs=email.custom_args,
                links=[link.id for link in self._desk.state.links_in(email.html or email.text)],
            )
            self._desk.state.add_email(email)
            self._consequences(email)

    def _email(
        self, body: dict[str, Any], part: dict[str, Any], entry: dict[str, Any], mail_id: str, request_id: str
    ) -> Email:
        now, state, settings = self._desk.clock.now(), self._desk.state, self._desk.settings
        contents = {content["type"]: content["value"] for content in body.get("content", ())}
        reason = state.drop_reason(entry["email"], (body.get("asm") or {}).get("group_id"), now)
        fate = (
            dropped_fate(now, reason)
            if reason
            else email_fate(entry["email"], now, settings.seed, settings.bounce_rate)
        )
        return Email(
            id=mail_id,
            request_id=request_id,
            at=now,
            to=entry["email"],
            to_name=entry.get("name", ""),
            sender=body["from"]["email"],
            sender_name=body["from"].get("name", ""),
            reply_to=(body.get("reply_to") or {}).get("email", ""),
            subject=part.get("subject") or body.get("subject", ""),
            html=contents.get("text/html", ""),
            text=contents.get("text/plain", ""),
            custom_args={**body.get("custom_args", {}), **part.get("custom_args", {})},
            categories=tuple(body.get("categories", ())),
            headers={**body.get("headers", {}), **part.get("headers", {})},
            events=fate,
            notes=self._notes(body, part),
        )

    def _notes(self, body: dict[str, Any], part: dict[str, Any]) -> tuple[str, ...]:
        """What SendGrid would accept without a word and the sender would regret."""
        tracking = body.get("tracking_settings", {})
        notes = []
        for name, what in (("click_tracking", "rewrite every link"), ("open_tracking", "add a tracking picture")):
            setting = tracking.get(name, {})
            on = setting.get("enable", self._desk.settings.click_tracking)
            if on or (name == "click_tracking" and setting.get("enable_text", on)):
                notes.append(f"{name} is not switched off: SendGrid would {what}")
        args = {**body.get("custom_args", {}), **part.get("custom_args", {})}
        if any(_PERSONAL.search(value) for value in args.values()):
            notes.append("custom_args hold an address, a number or a link: SendGrid keeps them for years, in the clear")
        return tuple(notes)

    def _consequences(self, email: Email) -> None:
        """Put the address on the list that its fate leads to, from that instant on."""
        for event in email.events[1:]:
            name = _ENDS_ON.get(event.name)
            if name and event.reason not in (
                "Bounced Address",
                "Unsubscribed Address",
                "Spam Reporting Address",
                "Invalid",
            ):
                self._desk.state.suppress(name, _listed(email.to, event))

    # --------------------------------------------------------------------------------------------- about the account

    def scopes(self, _call: Call) -> Answer:
        """`GET /v3/scopes`: what the key may do."""
        return json_answer({"scopes": list(self._desk.settings.sendgrid_scopes)})

    def verified_senders(self, _call: Call) -> Answer:
        """`GET /v3/verified_senders`: the single senders."""
        addresses = [sender for sender in self._desk.settings.verified_senders if "@" in sender]
        return json_answer(
            {
                "results": [
                    {"id": number, "nickname": address, "from_email": address, "verified": True, "locked": False}
                    for number, address in enumerate(addresses, start=1)
                ]
            }
        )

    def domains(self, _call: Call) -> Answer:
        """`GET /v3/whitelabel/domains`: the authenticated domains. An ending such as `*.example` is shown as it is."""
        domains = [sender for sender in self._desk.settings.verified_senders if "@" not in sender]
        return json_answer(
            [{"id": number, "domain": name, "valid": True} for number, name in enumerate(domains, start=1)]
        )

    def click_tracking(self, _call: Call) -> Answer:
        """`GET /v3/tracking_settings/click`: the account's default."""
        on = self._desk.settings.click_tracking
        return json_answer({"enabled": on, "enable_text": on})

    def tracking(self, _call: Call) -> Answer:
        """`GET /v3/tracking_settings`."""
        on = self._desk.settings.click_tracking
        names = (("click", "Click Tracking"), ("open", "Open Tracking"))
        return json_answer({"result": [{"name": name, "title": title, "enabled": on} for name, title in names]})


def _listed(address: str, event: Event) -> Suppression:
    return Suppression(address, event.at, event.reason, event.code)
