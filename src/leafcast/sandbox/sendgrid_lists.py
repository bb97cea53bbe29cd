"""The stand-in of SendGrid's Email Logs and suppression lists.

Sources: the OpenAPI descriptions `tsg_logs_v3` and `tsg_suppressions_v3`, 2026-01.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from leafcast.sandbox.clock import iso_seconds
from leafcast.sandbox.desk import Desk
from leafcast.sandbox.exchange import Answer, Call, Malformed, json_answer
from leafcast.sandbox.fates import Event
from leafcast.sandbox.mail_rules import refusal
from leafcast.sandbox.state import BLOCKS, BOUNCES, INVALID, SPAM, UNSUBSCRIBES, Email, Suppression

MOST_LOGS, USUAL_LOGS = 1_000, 10
MOST_LISTED = 500

Condition = Callable[[Email], bool]

_STATUS = {
    "processed": "processed",
    "dropped": "dropped",
    "deferred": "deferred",
    "bounce": "bounced",
    "blocked": "blocked",
}
_QUOTED = r"""(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')"""
_EQUALS = re.compile(rf"(?P<field>sg_message_id|subject|to_email|reason)\s*=\s*{_QUOTED}")
_IN = re.compile(r"(?P<field>status|categories)\s+IN\s*\((?P<values>.*)\)", re.DOTALL)
_TIME = re.compile(rf"sg_message_id_created_at\s*(?P<sign>>=|<=|>|<)\s*TIMESTAMP\s+{_QUOTED}")
_AND = re.compile(r"""\s+AND\s+(?=(?:[^"']|"[^"]*"|'[^']*')*$)""")
_VALUE = re.compile(_QUOTED)
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


class SendGridLists:
    """What SendGrid tells about mail that it has taken."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    # --------------------------------------------------------------------------------------------------------- logs

    def search_logs(self, call: Call) -> Answer:
        """`POST /v3/logs`: the newest first, `limit` of them (1 to 1000, 10 when left out), no paging."""
        try:
            body = call.json_object()
        except Malformed:
            return refusal(400, (None, "Bad Request"))
        limit, query = body.get("limit", USUAL_LOGS), body.get("query", "")
        if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= MOST_LOGS:
            return refusal(400, ("limit", "The limit must be an integer from 1 to 1000."))
        try:
            conditions = [self._condition(part) for part in _AND.split(query.strip())] if query.strip() else []
        except (ValueError, AttributeError):
            return refusal(400, ("query", "The query could not be understood."))
        found = []
        for email in self._logged(query):
            if all(condition(email) for condition in conditions):
                found.append(self._summary(email))
                if len(found) == limit:
                    break
        return json_answer({"messages": found})

    def get_log(self, call: Call) -> Answer:
        """`GET /v3/logs/{sg_message_id}`: one message with its events and its custom_args."""
        email = self._desk.state.emails.get(call.params["id"])
        if email is None or email.at + self._desk.settings.log_lag > self._desk.clock.now():
            return refusal(404, (None, "message not found"))
        now = self._desk.clock.now()
        summary = self._summary(email)
        del summary["sg_message_id_created_at"]
        return json_answer(
            summary
            | {
                "api_key_id": "sandbox",
                "client_ip": "127.0.0.1",
                "category": list(email.categories),
                "custom_args": email.custom_args,
                "events": [_shown_event(event) for event in email.events if event.at <= now],
            }
        )

    def _logged(self, query: str) -> Iterable[Email]:
        """The mails that the logs know of by now, the newest first; those to one address where the query names it."""
        state = self._desk.state
        named = re.search(rf"to_email\s*=\s*{_QUOTED}", query)
        known = state.emails_to.get(_unquoted(named), []) if named else list(state.emails.values())
        until = self._desk.clock.now() - self._desk.settings.log_lag
        return (email for email in reversed(known) if email.at <= until)

    def _condition(self, text: str) -> Condition:
        """One condition of a query as a test. Raises ValueError for what the query language does not have."""
        if match := _EQUALS.fullmatch(text.strip()):
            field, value = match["field"], _unquoted(match)
            return lambda email: self._value(email, field) == value
        if match := _TIME.fullmatch(text.strip()):
            compare = _SIGNS[match["sign"]]
            instant = datetime.fromisoformat(_unquoted(match)).timestamp()
            return lambda email: compare(int(email.at), instant)
        if match := _IN.fullmatch(text.strip()):
            field = match["field"]
            values = {_unquoted(found) for found in _VALUE.finditer(match["values"])}
            if not values:
                raise ValueError(text)
            return lambda email: bool(values & set(self._values(email, field)))
        raise ValueError(text)

    def _value(self, email: Email, field: str) -> str:
        match field:
            case "sg_message_id":
                return email.id
            case "subject":
                return email.subject
            case "to_email":
                return email.to
            case _:
                return email.latest(self._desk.clock.now()).reason

    def _values(self, email: Email, field: str) -> tuple[str, ...]:
        return email.categories if field == "categories" else (self._status(email),)

    def _status(self, email: Email) -> str:
        return _STATUS.get(email.latest(self._desk.clock.now()).name, "delivered")

    def _summary(self, email: Email) -> dict[str, Any]:
        return {
            "from_email": email.sender,
            "sg_message_id": email.id,
            "subject": email.subject,
            "to_email": email.to,
            "reason": email.latest(self._desk.clock.now()).reason,
            "status": self._status(email),
            "sg_message_id_created_at": iso_seconds(email.at),
        }

    # ------------------------------------------------------------------------------------------------- suppressions

    def list_suppressed(self, call: Call) -> Answer:
        """`GET /v3/suppression/{list}` with `start_time`, `end_time` (unix, inclusive), `limit` up to 500, `offset`."""
        entries = self._current(call.params["list"])
        if entries is None:
            return refusal(404, (None, "resource not found"))
        try:
            start, end, limit, offset = (
                int(call.query.get(name, usual))
                for name, usual in (("start_time", "0"), ("end_time", "99999999999"), ("limit", "500"), ("offset", "0"))
            )
        except ValueError:
            return refusal(400, (None, "start_time, end_time, limit and offset must be integers"))
        if not 1 <= limit <= MOST_LISTED or offset < 0:
            return refusal(400, ("limit", "The limit must be from 1 to 500."))
        kept = [entry for entry in entries if start <= int(entry.created) <= end]
        return json_answer([_shown(call.params["list"], entry) for entry in kept[offset : offset + limit]])

    def get_suppressed(self, call: Call) -> Answer:
        """`GET /v3/suppression/{list}/{email}`: an array with the address, or an empty one."""
        entries = self._current(call.params["list"])
        if entries is None:
            return refusal(404, (None, "resource not found"))
        wanted = call.params["email"].lower()
        return json_answer([_shown(call.params["list"], entry) for entry in entries if entry.email.lower() == wanted])

    def get_global(self, call: Call) -> Answer:
        """`GET /v3/asm/suppressions/global/{email}`: the address, or an empty object."""
        wanted = call.params["email"]
        entries = self._current(UNSUBSCRIBES) or []
        found = any(entry.email.lower() == wanted.lower() for entry in entries)
        return json_answer({"recipient_email": wanted} if found else {})

    def search_group(self, call: Call) -> Answer:
        """`POST /v3/asm/groups/{id}/suppressions/search`: those of the asked addresses that are in the group."""
        try:
            asked = call.json_object().get("recipient_emails")
        except Malformed:
            asked = None
        if not isinstance(asked, list):
            return refusal(400, ("recipient_emails", "Must be an array of addresses."))
        group = self._desk.state.groups.get(int(call.params["group"]), set())
        return json_answer([address for address in asked if str(address).lower() in group])

    def list_group(self, call: Call) -> Answer:
        """`GET /v3/asm/groups/{id}/suppressions`: every address of the group."""
        return json_answer(sorted(self._desk.state.groups.get(int(call.params["group"]), set())))

    def _current(self, name: str) -> list[Suppression] | None:
        """The entries of a list that stand by now, the newest first; None where there is no such list."""
        entries = self._desk.state.suppressed.get(name)
        if entries is None:
            return None
        now = self._desk.clock.now()
        current = (entry for entry in entries.values() if entry.created <= now)
        return sorted(current, key=lambda entry: entry.created, reverse=True)


def _shown(name: str, entry: Suppression) -> dict[str, Any]:
    shown: dict[str, Any] = {"created": int(entry.created), "email": entry.email}
    match name:
        case _ if name in (BOUNCES, BLOCKS):
            return shown | {"reason": entry.reason, "status": entry.status}
        case _ if name == INVALID:
            return shown | {"reason": entry.reason}
        case _ if name == SPAM:
            return shown | {"ip": "127.0.0.1"}
        case _:
            return shown


def _shown_event(event: Event) -> dict[str, Any]:
    shown: dict[str, Any] = {"event": "bounce" if event.name == "blocked" else event.name, "timestamp": int(event.at)}
    if event.name == "blocked":
        shown["type"] = "blocked"
    return shown | ({"reason": event.reason} if event.reason else {}) | ({"status": event.code} if event.code else {})


def _unquoted(match: re.Match[str]) -> str:
    return match["double"] if match["double"] is not None else match["single"] or ""
