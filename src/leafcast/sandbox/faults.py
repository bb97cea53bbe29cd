"""Fault switches: which request something goes wrong for, and what. Set by control, obeyed by `operation`."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from leafcast.sandbox.exchange import Answer, Call, json_answer
from leafcast.sandbox.fates import share


class Kind(StrEnum):
    """What goes wrong."""

    STATUS = "status"
    """Another answer: `status`, `body`, `headers`, `code` (Twilio's). Not processed unless `processed`."""
    RESET = "reset"
    """The connection is reset, before processing or (`processed`) after it, without an answer."""
    HANG = "hang"
    """No answer, ever; before processing or (`processed`) after it."""
    SLOW = "slow"
    """The request waits `seconds`, then everything goes on as if nothing had been."""
    CUT = "cut"
    """Processed; the answer stops at a place (`at`) and the connection ends (`end`)."""
    BROKEN = "broken"
    """Processed; the answer's body is not what it should be (`how`)."""
    RATE = "rate"
    """429, not processed, for what exceeds `per_second`."""
    CROWD = "crowd"
    """429, not processed, for what exceeds `at_once` requests of a service under way, as Twilio counts them."""
    CONNECT = "connect"
    """The connection is reset when it is opened; service and operation cannot be known then."""


class End(StrEnum):
    """How a cut connection ends."""

    RESET = "reset"
    CLOSE = "close"
    HANG = "hang"


class Place(StrEnum):
    """Where an answer is cut."""

    STATUS_LINE = "status-line"
    HEADERS = "headers"
    AFTER_HEADERS = "after-headers"
    BODY = "body"


class How(StrEnum):
    """What is wrong with a broken answer."""

    HTML = "html"
    EMPTY = "empty"
    WRONG_JSON = "wrong-json"
    CUT_JSON = "cut-json"
    CONTENT_LENGTH = "content-length"
    """Content-Length promises more than comes; then the connection closes."""


class Rule(BaseModel):
    """One fault switch. Keys are camelCase in JSON; an unknown key is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    kind: Kind
    service: str | None = None
    operation: str | None = None
    contains: str | None = None
    """Only requests whose address or decoded body holds this text: an externalId, an email address, a number."""
    nth: int | tuple[int, ...] | None = None
    """Only the nth matching request, counted from 1; or several of them."""
    probability: float = Field(default=1.0, ge=0, le=1)
    seed: int = 0
    count: int | None = Field(default=None, ge=1)
    """How often it strikes before it is spent."""

    processed: bool = False
    status: int = Field(default=500, ge=200, le=599)
    code: int | None = None
    body: str | dict[str, Any] | list[Any] | None = None
    headers: Mapping[str, str] = Field(default_factory=dict)
    seconds: float = Field(default=1.0, ge=0)
    at: Place | int = Place.BODY
    end: End = End.RESET
    how: How = How.HTML
    per_second: float = Field(default=1.0, gt=0)
    at_once: int = Field(default=10, ge=1)

    @model_validator(mode="after")
    def _knows_nothing_at_connect(self) -> Rule:
        if self.kind is Kind.CONNECT and (self.service or self.operation or self.contains):
            raise ValueError("a connection has no service, operation or text yet: leave them out of a connect rule")
        return self

    def fits(self, service: str, operation: str, call: Call) -> bool:
        """Whether it is about this request."""
        return (
            self.service in (None, service)
            and self.operation in (None, operation)
            and (self.contains is None or call.mentions(self.contains))
        )


class Switch:
    """A rule with its counters."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.matched = 0
        self.struck = 0
        self._allowed: deque[float] = deque()

    def strikes(self, at: float) -> bool:
        """Count one matching request, which arrived at `at`, and say whether the fault happens to it."""
        rule = self.rule
        self.matched += 1
        wanted = (rule.nth,) if isinstance(rule.nth, int) else rule.nth
        if (
            (rule.count is not None and self.struck >= rule.count)
            or (wanted is not None and self.matched not in wanted)
            or share(rule.seed, "fault", str(self.matched)) >= rule.probability
            or (rule.kind is Kind.RATE and not self._too_fast(at))
        ):
            return False
        self.struck += 1
        return True

    def _too_fast(self, now: float) -> bool:
        """Whether this request would be one too many in its sliding window; if not, it takes its place there."""
        places, window = max(1, round(self.rule.per_second)), max(1.0, 1 / self.rule.per_second)
        while self._allowed and now - self._allowed[0] >= window:
            self._allowed.popleft()
        if len(self._allowed) >= places:
            return True
        self._allowed.append(now)
        return False


class Faults:
    """All switches, in the order in which they were set."""

    def __init__(self) -> None:
        self.switches: list[Switch] = []
        self.under_way: Counter[str] = Counter()
        """Requests of each service that are being served."""

    def set(self, rules: list[Rule]) -> None:
        """Put these rules in the place of all others."""
        self.switches = [Switch(rule) for rule in rules]

    def add(self, rules: list[Rule]) -> None:
        """Put these rules behind the others."""
        self.switches.extend(Switch(rule) for rule in rules)

    def clear(self) -> None:
        """No faults any more."""
        self.switches = []

    def strike(self, service: str, operation: str, call: Call, at: float) -> list[Rule]:
        """What happens to this request, which arrived at `at`: any number of slow rules, then at most one other."""
        struck: list[Rule] = []
        for switch in self.switches:
            if switch.rule.kind is Kind.CONNECT or not switch.rule.fits(service, operation, call):
                continue
            if switch.rule.kind is Kind.CROWD and self.under_way[service] <= switch.rule.at_once:
                continue
            if switch.strikes(at):
                struck.append(switch.rule)
                if switch.rule.kind is not Kind.SLOW:
                    break
        return struck

    def refuses_connection(self) -> bool:
        """Whether the connection that is being opened is reset."""
        now = time.monotonic()
        return any(switch.rule.kind is Kind.CONNECT and switch.strikes(now) for switch in self.switches)


# ------------------------------------------------------------------------------------------------- answers of faults


def fault_answer(rule: Rule, service: str) -> Answer:
    """The answer of a status or rate rule: what the rule says, else what the service itself would say."""
    status = 429 if rule.kind in (Kind.RATE, Kind.CROWD) else rule.status
    headers = tuple((name.lower().encode(), value.encode()) for name, value in rule.headers.items())
    if isinstance(rule.body, str):
        return Answer(status, rule.body.encode(), ((b"content-type", b"text/plain"), *headers))
    payload = rule.body if rule.body is not None else _usual_body(service, status, rule.code)
    return json_answer(payload, status, headers)


def _usual_body(service: str, status: int, code: int | None) -> Any:
    if service == "twilio":
        number = code or {401: 20003, 404: 20404, 429: 20429, 503: 20503}.get(status, 20500 if status >= 500 else 20001)
        more = f"https://www.twilio.com/docs/errors/{number}"
        return {"code": number, "message": "A fault switch of the sandbox", "more_info": more, "status": status}
    if service == "sendgrid":
        message = "too many requests" if status == 429 else "A fault switch of the sandbox"
        return {"errors": [{"field": None, "message": message}]}
    kind = "https://www.jhipster.tech/problem/problem-with-message"
    return {"type": kind, "title": "A fault switch of the sandbox", "status": status, "message": f"error.http.{status}"}


def broken(answer: Answer, how: How) -> Answer:
    """A good answer with its body spoiled. `content-length` is spoiled on the wire, not here."""
    plain = tuple(header for header in answer.headers if header[0] != b"content-type")
    as_json = (*plain, (b"content-type", b"application/json"))
    match how:
        case How.HTML:
            page = b"<html><head><title>Gateway</title></head><body>An answer from something in between</body></html>"
            return Answer(answer.status, page, (*plain, (b"content-type", b"text/html")))
        case How.EMPTY:
            return Answer(answer.status, b"", plain)
        case How.WRONG_JSON:
            return Answer(answer.status, b'{"unexpected":["shape"]}', as_json)
        case How.CUT_JSON:
            return Answer(answer.status, answer.body[: len(answer.body) // 2] or b'{"id":"', as_json)
        case How.CONTENT_LENGTH:
            return answer


def cut_position(raw: bytes, place: Place | int) -> int:
    """How many bytes of a rendered answer are let through."""
    line = raw.index(b"\r\n")
    head = raw.index(b"\r\n\r\n") + 4
    match place:
        case Place.STATUS_LINE:
            return min(line, len(b"HTTP/1.1 2"))
        case Place.HEADERS:
            return (line + 2 + head) // 2
        case Place.AFTER_HEADERS:
            return head
        case Place.BODY:
            return head + (len(raw) - head) // 2
        case int():
            return min(place, len(raw))
