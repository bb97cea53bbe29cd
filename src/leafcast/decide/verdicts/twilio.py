"""What Twilio's answers to creating a message mean, by its own error codes
(twilio.com/docs/api/errors and the dictionary men232/twilio-error-codes at d31d168, read 2026-11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leafcast.decide.replies import Answer, Reply
from leafcast.decide.verdicts.common import PAUSE, Ruling, by_status, no_answer, ruled
from leafcast.model import Outcome, Verdict

OPTED_OUT = "21610"
"""The code of a recipient who answered STOP: nothing may be sent there again until they say START."""

_REFUSED, _FAILED, _STOP, _LATER = Verdict.REFUSED, Verdict.FAILED, Verdict.STOP, Verdict.PAUSE
_KEYS = "check TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN, or with TWILIO_API_KEY and TWILIO_API_SECRET"
_SENDER = "the campaign's text sender is not usable"
_OURS = "Twilio could not read leafcast's request; please report this"

CODES: Mapping[int, Ruling] = {
    20001: Ruling(_STOP, _OURS),
    20003: Ruling(_STOP, f"Twilio does not accept the credentials; {_KEYS}"),
    20005: Ruling(_STOP, "the Twilio account is not active; see Twilio's console"),
    20008: Ruling(_STOP, f"these are Twilio test credentials, which cannot send; {_KEYS}"),
    20404: Ruling(_STOP, "Twilio does not know this account or messaging service; check them and TWILIO_API_URL"),
    20429: PAUSE,
    20500: Ruling(Verdict.IN_DOUBT, "Twilio broke while it worked on this; the text may have been sent"),
    20503: Ruling(Verdict.IN_DOUBT, "Twilio broke while it worked on this; the text may have been sent"),
    21211: Ruling(_REFUSED, "this is not a phone number that Twilio can text; correct it in the list"),
    21212: Ruling(_STOP, f"{_SENDER}: Twilio finds the number invalid"),
    21408: Ruling(
        _FAILED, "texts to this country are switched off; allow it under Geo Permissions in Twilio's console"
    ),
    21601: Ruling(_STOP, f"{_SENDER}: the number cannot send texts"),
    21602: Ruling(_STOP, "the text has no words; check the sms template"),
    21603: Ruling(_STOP, f"{_SENDER}: there is none; set sms.from or sms.messagingService"),
    21604: Ruling(_STOP, _OURS),
    21606: Ruling(_FAILED, f"{_SENDER} for this number; check that it belongs to the account and reaches that country"),
    21608: Ruling(_STOP, "this is a Twilio trial account, which texts verified numbers only; upgrade it"),
    21609: Ruling(_STOP, _OURS),
    int(OPTED_OUT): Ruling(_REFUSED, "the recipient answered STOP and must not be texted"),
    21611: Ruling(_LATER, "the sender's queue at Twilio is full; leafcast waits"),
    21612: Ruling(_REFUSED, "this number cannot be reached from the campaign's text sender"),
    21614: Ruling(_REFUSED, "this is not a mobile number; correct it in the list"),
    21617: Ruling(_FAILED, "the text is longer than 1,600 characters; shorten the sms template"),
    21619: Ruling(Verdict.IN_DOUBT, "Twilio could not say whether it took the text"),
    21654: Ruling(_STOP, _OURS),
    21655: Ruling(_STOP, _OURS),
    21656: Ruling(_STOP, _OURS),
    21657: Ruling(_STOP, f"{_SENDER}: Twilio finds it invalid"),
    21658: Ruling(_STOP, _OURS),
    21659: Ruling(_STOP, f"{_SENDER}: the number does not belong to this Twilio account"),
    21660: Ruling(_STOP, f"{_SENDER}: the number does not belong to this Twilio account"),
    21701: Ruling(_STOP, f"{_SENDER}: Twilio does not know the messaging service"),
    21703: Ruling(_FAILED, "the messaging service has no sender for this number; add one in Twilio's console"),
    21704: Ruling(_STOP, f"{_SENDER}: the messaging service has no numbers"),
    21705: Ruling(_STOP, f"{_SENDER}: the messaging service is invalid"),
    30001: Ruling(_LATER, "the sender's queue at Twilio is full; leafcast waits"),
    30002: Ruling(_STOP, "the Twilio account is suspended; see Twilio's console"),
    35111: Ruling(_STOP, _OURS),
    35115: Ruling(_STOP, _OURS),
    35118: Ruling(_STOP, _OURS),
    35125: Ruling(_STOP, "Twilio holds 500,000 scheduled texts of this account already; run again later"),
    63038: Ruling(_STOP, "the Twilio account's daily limit of messages is reached; run again tomorrow"),
}
"""Each code that creating a message can answer. 21606, 21703 and 21408 may be about one destination only: the row fails
and can be retried, and a run in which everybody gets them is stopped by its own rule."""

STATUSES: Mapping[int, Ruling] = {
    401: Ruling(_STOP, f"Twilio does not accept the credentials; {_KEYS}"),
    403: Ruling(_STOP, "these Twilio credentials may not send; check the key's permissions"),
    404: Ruling(_STOP, "Twilio does not know this account; check TWILIO_ACCOUNT_SID and TWILIO_API_URL"),
    405: Ruling(_STOP, "this is not Twilio's address; check TWILIO_API_URL"),
    201: Ruling(Verdict.ACCEPTED, ""),
}


def twilio_verdict(reply: Reply) -> Outcome:
    """What a reply to one text means. 201 is an acceptance, whatever became of its body: without it the sid is unknown
    and is found later. A 5xx is a doubt, whatever code it carries."""
    if not isinstance(reply, Answer):
        return no_answer(reply)
    body = reply.json()
    told: Mapping[str, Any] = body if isinstance(body, dict) else {}
    if reply.status == 201:
        sid = told.get("sid")
        return ruled(STATUSES[201], "", provider_id=sid if isinstance(sid, str) else None)
    code = told.get("code")
    if not isinstance(code, int) or isinstance(code, bool) or not 400 <= reply.status < 500:
        return by_status(reply, STATUSES)
    if code in CODES:
        return ruled(CODES[code], str(code), reply)
    outcome = by_status(reply, STATUSES)
    return Outcome(outcome.verdict, str(code), outcome.reason, retry_after=outcome.retry_after)
