"""What SendGrid's answers to `POST /v3/mail/send` mean. It has no numeric codes: status first, then the words
(sendgrid-oai tsg_mail_v3 at dbe0e0d, twilio.com/docs/sendgrid "errors" and "rate limits", 2026-11)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from leafcast.decide.replies import Answer, Reply
from leafcast.decide.verdicts.common import Ruling, by_status, no_answer, ruled
from leafcast.model import Outcome, Verdict

STATUSES: Mapping[int, Ruling] = {
    202: Ruling(Verdict.ACCEPTED, ""),
    401: Ruling(Verdict.STOP, "SendGrid does not accept the key; check SENDGRID_API_KEY"),
    403: Ruling(Verdict.STOP, "SendGrid does not let this key send from this address; verify the sender, or give the "
                "key the permission Mail Send"),
    404: Ruling(Verdict.STOP, "this is not SendGrid's address; check SENDGRID_API_URL"),
    405: Ruling(Verdict.STOP, "this is not SendGrid's address; check SENDGRID_API_URL"),
    413: Ruling(Verdict.FAILED, "the email is too large for SendGrid; make the template smaller"),
}  # fmt: skip
CREDITS = Ruling(
    Verdict.STOP, "SendGrid's sending limit of this account is used up; run again when it is renewed, or raise the plan"
)
RECIPIENT = Ruling(Verdict.REFUSED, "SendGrid does not accept the recipient's address; correct it in the list")
CONFIGURATION = Ruling(
    Verdict.STOP, "SendGrid does not accept a part that every email has; check sender, replyTo, subject and template"
)

_TO = re.compile(r"personalizations(\.|\[)\d+(\]?)\.to\b")


def sendgrid_verdict(reply: Reply) -> Outcome:
    """What a reply to one email means. Exactly 202 is an acceptance, whatever became of its body, which is empty."""
    if not isinstance(reply, Answer):
        return no_answer(reply)
    if reply.status == 202:
        return ruled(STATUSES[202], "", provider_id=reply.headers.get("x-message-id"))
    errors = _errors(reply)
    if reply.status == 401 and any("credits exceeded" in str(error.get("message")).lower() for error in errors):
        return ruled(CREDITS, "credits-exceeded")
    if reply.status == 400 and errors:
        to_blame = all(_TO.match(str(error.get("field") or "")) for error in errors)
        return ruled(RECIPIENT, "bad-recipient") if to_blame else ruled(CONFIGURATION, "http-400")
    return by_status(reply, STATUSES)


def _errors(answer: Answer) -> list[dict[str, Any]]:
    body = answer.json()
    found = body.get("errors") if isinstance(body, dict) else None
    return [error for error in found if isinstance(error, dict)] if isinstance(found, list) else []
