"""SendGrid's Email Logs: finding an email that left and got no answer.

`POST /v3/logs` answers at most 1,000 emails and has no pages and no filter for custom_args; `GET /v3/logs/{id}` gives
the custom_args of one. Both reach back 30 days (OpenAPI description `tsg_logs_v3`, 2026-01). How far the logs lag is
published nowhere.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from leafcast.decide.deliveries import sendgrid_delivery, smtp_code
from leafcast.decide.replies import Answer, Reply
from leafcast.decide.verdicts.looking import not_shown
from leafcast.model import Absent, Found, Look, Outcome, Report, Service, Sought, Taken, Unknown

LOGS = "/v3/logs"
MOST = 1_000
MARGIN = timedelta(hours=1)
"""SendGrid's clock and ours may differ by so much."""

EARLY = timedelta(minutes=5)
SILENCE = timedelta(hours=6)

Ask = Callable[[str, str, Any], Awaitable[Reply | Outcome]]
"""Method, path and JSON body in; asked again until there is an answer worth having."""


@dataclass(frozen=True, slots=True)
class _Hit:
    id: str
    status: str
    created: datetime
    reason: str = ""


class LogSearch:
    """Looks emails up by the id that leafcast gave them. `key` is its name among the custom_args."""

    def __init__(self, ask: Ask, key: str) -> None:
        self._ask = ask
        self._key = key
        self._ids: dict[str, str] = {}

    async def find(self, sought: Sought) -> Look:
        """Every email to the address since the message left, until one carries its id."""
        if any(sign in sought.to for sign in "\"'\\") or not sought.to.isprintable():
            return Unknown("this address cannot be looked up in SendGrid's logs; look there by hand")
        # The logs tell capitals from small letters, and nobody says which of them they keep.
        for address in dict.fromkeys((sought.to, sought.to.lower())):
            hits = await self._hits(address, sought.left_at - MARGIN, None)
            if isinstance(hits, Unknown):
                return hits
            for hit in sorted(hits, key=lambda hit: abs(hit.created - sought.left_at)):
                carried = await self._carried(hit.id)
                if isinstance(carried, Unknown):
                    return carried
                if carried == sought.message_id:
                    return Found(hit.id.partition(".")[0], sendgrid_delivery(hit.status))
        return Absent()

    async def reports(self, wanted: Sequence[Taken]) -> AsyncIterator[Sequence[Report] | Unknown]:
        """What the logs say of the emails of the times at which these left."""
        for since, until in _windows(sorted(taken.left_at for taken in wanted)):
            hits = await self._hits(None, since, until)
            if isinstance(hits, Unknown):
                yield hits
                return
            yield [_report(hit) for hit in hits]

    async def _hits(self, address: str | None, since: datetime, until: datetime | None) -> list[_Hit] | Unknown:
        """The emails of a time. As many as fit into one answer may be too few, so then the time is cut in two."""
        conditions = [f"sg_message_id_created_at >= {_timestamp(since)}"]
        if address is not None:
            conditions.insert(0, f'to_email="{address}"')
        if until is not None:
            conditions.append(f"sg_message_id_created_at < {_timestamp(until)}")
        reply = await self._ask("POST", LOGS, {"query": " AND ".join(conditions), "limit": MOST})
        hits = _read(reply)
        if hits is None:
            return not_shown(Service.SENDGRID, reply)
        if len(hits) < MOST:
            return hits
        newest = max(hit.created for hit in hits) + timedelta(seconds=1)
        end = newest if until is None else until
        middle = since + timedelta(seconds=int((end - since).total_seconds()) // 2)
        if middle <= since:
            return Unknown("SendGrid's logs have too many emails in one second to show them all")
        early = await self._hits(address, since, middle)
        late = await self._hits(address, middle, until) if isinstance(early, list) else early
        return early + late if isinstance(early, list) and isinstance(late, list) else late

    async def _carried(self, log_id: str) -> str | Unknown:
        """Our id in one logged email, '' where it carries none. It never changes, so it is asked for once."""
        if log_id in self._ids:
            return self._ids[log_id]
        reply = await self._ask("GET", f"{LOGS}/{quote(log_id, safe='')}", None)
        body = reply.json() if isinstance(reply, Answer) and reply.ok else None
        if isinstance(reply, Answer) and reply.status == 404:
            return Unknown("SendGrid's logs show an email to this address and not yet which one it is")
        if not isinstance(body, dict) or not isinstance(body.get("custom_args"), dict | None):
            return not_shown(Service.SENDGRID, reply)
        carried = (body.get("custom_args") or {}).get(self._key)
        self._ids[log_id] = carried if isinstance(carried, str) else ""
        return self._ids[log_id]


def _read(reply: Reply | Outcome) -> list[_Hit] | None:
    """The emails of an answer; None where it is not a whole one."""
    body = reply.json() if isinstance(reply, Answer) and reply.ok else None
    items = body.get("messages") if isinstance(body, dict) else None
    if not isinstance(items, list):
        return None
    hits = [_hit(item) for item in items]
    whole = [hit for hit in hits if hit is not None]
    return whole if len(whole) == len(hits) else None


def _hit(item: Any) -> _Hit | None:
    if not isinstance(item, dict) or not isinstance(item.get("sg_message_id"), str):
        return None
    try:
        created = datetime.fromisoformat(item["sg_message_id_created_at"])
    except (KeyError, TypeError, ValueError):
        return None
    aware = created if created.tzinfo else created.replace(tzinfo=UTC)
    return _Hit(item["sg_message_id"], str(item.get("status")), aware, str(item.get("reason") or ""))


def _windows(times: Sequence[datetime]) -> Iterator[tuple[datetime, datetime]]:
    """Times in order -> the spans to ask about: a long silence between two emails divides them."""
    first = last = None
    for moment in times:
        if last is not None and first is not None and moment - last > SILENCE:
            yield first - EARLY, last + MARGIN
            first = moment
        first, last = first or moment, moment
    if first is not None and last is not None:
        yield first - EARLY, last + MARGIN


def _report(hit: _Hit) -> Report:
    return Report(hit.id.partition(".")[0], sendgrid_delivery(hit.status), smtp_code(hit.reason))


def _timestamp(moment: datetime) -> str:
    return f'TIMESTAMP "{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"'
