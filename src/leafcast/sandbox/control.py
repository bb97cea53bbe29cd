"""The control interface: what tests and demonstrations ask of the sandbox itself.

GET  /control/state       everything received, with counts (`?only=counts` for the counts alone)
GET  /control/snapshot    the inbox as one HTML file to save
GET  /control/requests    every request in order of arrival (`?service=`), and the busiest sliding second
GET  /control/faults      the fault switches with how often each matched and struck
POST /control/faults      replace them by a list of rules (`?add=1` to append)
POST /control/clock       {"advance": seconds}
POST /control/reset       forget everything but the journal
POST /control/users     [{"externalId", "name"?, "email"?, "phone"?, "credentials"?: {provider: status}}]: Leaf users
POST /control/connect     {"externalId" or "leafUserId", "provider", "status"?}: the grower connects, or it breaks
POST /control/disconnect  {"externalId" or "leafUserId", "provider"}
POST /control/click       {"link" or "externalId", "times"?}: somebody or something opens the link
POST /control/suppress    {"list", "email", "reason"?} or {"group", "email"}
POST /control/stop        {"phone", "sender"?}: the grower replies STOP
"""

from __future__ import annotations

import uuid
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from leafcast.sandbox.clock import iso_seconds
from leafcast.sandbox.desk import Desk, busiest_second
from leafcast.sandbox.exchange import Answer, Call, Handler, Malformed, html_answer, json_answer
from leafcast.sandbox.fates import Event
from leafcast.sandbox.faults import Rule
from leafcast.sandbox.settings import PROVIDERS
from leafcast.sandbox.snapshot import snapshot
from leafcast.sandbox.state import Suppression, Text, User, connect
from leafcast.sandbox.telling import told_email, told_link, told_notice, told_text, told_user

_RULES = TypeAdapter(list[Rule])


class _Person(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)

    external_id: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    credentials: dict[str, str] = {}


_PEOPLE = TypeAdapter(list[_Person])


class Wrong(Exception):
    """What was asked of control makes no sense; the message says why."""


def sensible(handle: Handler) -> Handler:
    """The same handler, with what makes no sense answered by 400 and a sentence."""

    def checked(call: Call) -> Answer:
        try:
            return handle(call)
        except (Wrong, Malformed, ValidationError) as wrong:
            return json_answer({"error": str(wrong)}, 400)

    return checked


class Control:
    """The hand that moves the sandbox."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    # ------------------------------------------------------------------------------------------------------- looking

    def state(self, call: Call) -> Answer:
        """Everything that was received."""
        state, now = self._desk.state, self._desk.clock.now()
        counts = {
            "users": len(state.users),
            "links": sum(not link.deleted for link in state.links.values()),
            "deletedLinks": sum(link.deleted for link in state.links.values()),
            "emails": len(state.emails),
            "texts": len(state.texts),
            "inApp": len(state.notices),
            "requests": dict(self._desk.counts),
        }
        told: dict[str, Any] = {"now": iso_seconds(now), "counts": counts}
        if call.query.get("only") != "counts":
            told["users"] = [told_user(user) for user in state.users.values()]
            told["links"] = [told_link(self._desk, link) for link in state.links.values()]
            told["emails"] = [told_email(self._desk, email, now) for email in state.emails.values()]
            told["texts"] = [told_text(self._desk, text, now) for text in state.texts.values()]
            told["inApp"] = [told_notice(notice) for notice in state.notices.values()]
        return json_answer(told)

    def snapshot(self, _call: Call) -> Answer:
        """The inbox as a lasting copy."""
        return html_answer(snapshot(self._desk), headers=((b"cache-control", b"no-store"),))

    def requests(self, call: Call) -> Answer:
        """Every request in order of arrival, `at` in seconds of real monotonic time."""
        wanted = call.query.get("service")
        seen = sorted((one for one in self._desk.requests if wanted in (None, one.service)), key=lambda one: one.at)
        rows = [
            {"at": entry.at, "service": entry.service, "operation": entry.operation, "status": entry.status}
            | ({"fault": entry.fault} if entry.fault else {})
            for entry in seen
        ]
        return json_answer({"busiestSecond": busiest_second([entry.at for entry in seen]), "requests": rows})

    def list_faults(self, _call: Call) -> Answer:
        """The switches."""
        return json_answer(
            [
                {
                    "rule": switch.rule.model_dump(mode="json", by_alias=True, exclude_defaults=True),
                    "matched": switch.matched,
                    "struck": switch.struck,
                }
                for switch in self._desk.faults.switches
            ]
        )

    # -------------------------------------------------------------------------------------------------------- moving

    def set_faults(self, call: Call) -> Answer:
        """Replace the switches, or append to them."""
        rules = _RULES.validate_json(call.body)
        if "add" in call.query:
            self._desk.faults.add(rules)
        else:
            self._desk.faults.set(rules)
        return json_answer({"switches": len(self._desk.faults.switches)})

    def clock(self, call: Call) -> Answer:
        """Let time pass."""
        seconds = call.json_object().get("advance")
        if not isinstance(seconds, int | float) or seconds < 0:
            raise Wrong('say {"advance": seconds}, and not backwards')
        self._desk.clock.advance(seconds)
        return json_answer({"now": iso_seconds(self._desk.clock.now())})

    def reset(self, _call: Call) -> Answer:
        """Forget."""
        self._desk.reset()
        return json_answer({})

    def users(self, call: Call) -> Answer:
        """Leaf users of earlier seasons, connected or not."""
        state, now = self._desk.state, self._desk.clock.now()
        for person in _PEOPLE.validate_json(call.body):
            user = state.find_user(person.external_id) or User(str(uuid.uuid4()), now, person.external_id)
            user.name, user.email, user.phone = person.name, person.email, person.phone
            state.add_user(user)
            for provider, status in person.credentials.items():
                connect(user, self._provider({"provider": provider}), now, status)
        return json_answer({"users": len(state.users)})

    def connect(self, call: Call) -> Answer:
        """A grower connects a provider, or the connection changes its status."""
        body = call.json_object()
        user, provider = self._user(body), self._provider(body)
        credential = connect(user, provider, self._desk.clock.now(), body.get("status", "AUTHENTICATED"))
        return json_answer({"leafUserId": user.id, "provider": provider, "status": credential.status})

    def disconnect(self, call: Call) -> Answer:
        """A grower takes a connection back."""
        body = call.json_object()
        user = self._user(body)
        user.credentials.pop(self._provider(body), None)
        return json_answer({"leafUserId": user.id})

    def click(self, call: Call) -> Answer:
        """Somebody opens a link, up to its limit."""
        body = call.json_object()
        link = self._desk.state.links.get(str(body.get("link", "")))
        if link is None and "externalId" in body:
            user = self._user(body)
            link = next((known for known in reversed(self._desk.state.links.values()) if known.user is user), None)
        if link is None:
            raise Wrong("no such link")
        link.usage = min(link.max_usage, link.usage + int(body.get("times", 1)))
        link.accessed = self._desk.clock.now()
        return json_answer({"link": link.id, "usageCount": link.usage})

    def suppress(self, call: Call) -> Answer:
        """An address gets on one of SendGrid's lists."""
        body = call.json_object()
        address = str(body.get("email", "")).lower()
        if "group" in body:
            self._desk.state.groups.setdefault(int(body["group"]), set()).add(address)
        elif body.get("list") in self._desk.state.suppressed:
            entry = Suppression(address, self._desk.clock.now(), body.get("reason", ""), body.get("status", ""))
            self._desk.state.suppress(body["list"], entry)
        else:
            raise Wrong(f'"list" must be one of {", ".join(self._desk.state.suppressed)}')
        return json_answer({})

    def stop(self, call: Call) -> Answer:
        """A grower replies STOP, to one sender or to all of them."""
        body = call.json_object()
        state, now = self._desk.state, self._desk.clock.now()
        phone, sender = str(body.get("phone", "")), body.get("sender", "*")
        state.opted_out.add((sender, phone))
        received = (Event(now, "received"),)
        to = sender if sender != "*" else next((text.sender for text in state.texts_to.get(phone, ())), "")
        state.replies.append(
            Text(f"SM{uuid.uuid4().hex}", now, to, phone, None, "STOP", 1, "GSM-7", received, inbound=True)
        )
        return json_answer({})

    # ------------------------------------------------------------------------------------------------------- helpers

    def _user(self, body: dict[str, Any]) -> User:
        user = self._desk.state.find_user(str(body.get("leafUserId") or body.get("externalId") or ""))
        if user is None:
            raise Wrong("no such user: give the externalId or leafUserId of one")
        return user

    def _provider(self, body: dict[str, Any]) -> str:
        provider = str(body.get("provider", ""))
        if provider not in PROVIDERS:
            raise Wrong(f'"provider" must be one of {", ".join(PROVIDERS)}')
        return provider
