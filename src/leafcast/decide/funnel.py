"""Growers counted by step -> the funnel that people read, and the same for programs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from leafcast.decide.columnnames import plain
from leafcast.decide.suggest import nearest
from leafcast.model import Connection, Delivery, MessageState, Steps, ToCall

WIDTH = 30
"""Signs of a whole bar."""
MOST_GROUPS = 40
FUNNEL = ("growers", "linked", "accepted", "delivered", "opened", "connected")
BESIDE: Mapping[str, str] = {
    "pending": "still to be written to",
    "in_doubt": "in doubt",
    "failed": "failed",
    "refused": "refused",
    "undelivered": "did not receive it",
    "broken": "connected before, now broken",
    "left_out": "left out by rule",
}
_KNOWN_BY = {"delivered": "heard", "connected": "asked"}
"""What is known only where somebody was asked."""


def funnel(steps: Steps, bar: str = "#") -> list[str]:
    """A line for each step of the way, with a bar of `bar`s; below them what went another way."""
    rows = [_row(steps, step, bar) for step in FUNNEL]
    beside = [f"{count:,} {words}" for step, words in BESIDE.items() if (count := getattr(steps, step))]
    return rows + ([f"  of these  {', '.join(beside)}"] if beside else [])


def _row(steps: Steps, step: str, bar: str) -> str:
    count, whole = int(getattr(steps, step)), steps.growers
    if step in _KNOWN_BY and steps.accepted and not getattr(steps, _KNOWN_BY[step]):
        return f"  {step:<10}{'?':>9}  not asked yet: leafcast sync"
    share = f"{_percent(count, whole):>5}" if whole else ""
    drawn = bar * max(1 if count else 0, round(WIDTH * count / whole)) if whole else ""
    note = ""
    if step == "opened" and steps.scanned:
        note = f"  and {steps.scanned:,} within seconds: mail scanners"
    return f"  {step:<10}{count:>9,} {share}  {drawn}{note}".rstrip()


def _percent(count: int, whole: int) -> str:
    """Never 0 % for somebody, nor 100 % with somebody missing."""
    exact = 100 * count / whole
    shown = min(99, max(1, round(exact))) if 0 < count < whole else round(exact)
    return f"{shown}%"


def grouped(column: str, groups: Sequence[Steps]) -> list[str]:
    """A table with a line for each text of a list column."""
    shown = groups[:MOST_GROUPS]
    names = [_short(group.group) for group in shown]
    width = max(map(len, [column, *names]), default=0)
    heads = "".join(f"{step:>11}" for step in FUNNEL)
    rows = [f"  {column:<{width}}{heads}{'':>6}"]
    for name, group in zip(names, shown, strict=True):
        cells = "".join(f"{getattr(group, step):>11,}" for step in FUNNEL)
        rows.append(f"  {name:<{width}}{cells}{_percent(group.connected, group.growers):>6}")
    if len(groups) > len(shown):
        rows.append(f"  and {len(groups) - len(shown):,} more; --json has all")
    return [row.rstrip() for row in rows]


def _short(text: str) -> str:
    words = " ".join(text.split()) or "(empty)"
    return words if len(words) <= 28 else f"{words[:27]}…"


def why_call(one: ToCall) -> str:
    """What is known of a grower who is not connected, for whoever calls."""
    if one.connection is Connection.BROKEN:
        return "the connection no longer works"
    if one.deliveries & {Delivery.UNSUBSCRIBED, Delivery.COMPLAINED}:
        return "asked for no more messages"
    if one.opened:
        return "opened the link and did not connect"
    arrived = one.deliveries & {Delivery.DELIVERED, Delivery.OPENED}
    if not arrived and one.deliveries & {Delivery.BOUNCED, Delivery.UNDELIVERED, Delivery.DROPPED}:
        return "the message did not arrive"
    if MessageState.ACCEPTED in one.states or not one.states:
        return "no reaction"
    if one.states & {MessageState.PLANNED, MessageState.SENDING}:
        return "not written to yet"
    if one.states & {MessageState.IN_DOUBT, MessageState.ASSUMED_SENT}:
        return "perhaps written to"
    return "could not be written to"


def call_list(people: Sequence[ToCall]) -> list[str]:
    """A line for each grower to call."""
    rows = [
        (
            one.external_id,
            " ".join(one.name.split()),
            one.phone,
            f"{one.written_at:%Y-%m-%d}" if one.written_at else "",
            why_call(one),
        )
        for one in people
    ]
    widths = [min(40, max((len(row[index]) for row in rows), default=0)) for index in range(4)]
    return [
        "  ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)), row[4]]).rstrip()
        for row in rows
    ]


def steps_document(steps: Steps) -> dict[str, Any]:
    """The same for programs: every count."""
    counts = asdict(steps)
    counts.pop("group")
    return {_camel(name): count for name, count in counts.items()}


def call_document(people: Sequence[ToCall]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [
        {
            "externalId": one.external_id,
            "name": one.name,
            "phone": one.phone,
            "rounds": one.rounds,
            "writtenAt": f"{one.written_at:%Y-%m-%dT%H:%M:%SZ}" if one.written_at else None,
            "why": why_call(one),
        }
        for one in people
    ]


def column_meant(given: str, known: Sequence[str]) -> tuple[str | None, str | None]:
    """The list column that a person means, else None and the nearest one that there is."""
    if given in known:
        return given, None
    found = next((column for column in known if plain(column) == plain(given)), None)
    return found, None if found else nearest(given, list(known))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
