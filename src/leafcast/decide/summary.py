"""A campaign's numbers as the one JSON object that schedulers read, and as the lines that people read."""

from __future__ import annotations

from typing import Any

from leafcast.model import Channel, Counts, Delivery, Due, MessageState

_PENDING = (MessageState.PLANNED, MessageState.SENDING)
_SAID = (
    MessageState.ACCEPTED,
    MessageState.REFUSED,
    MessageState.FAILED,
    MessageState.IN_DOUBT,
    MessageState.ASSUMED_SENT,
    MessageState.SKIPPED,
    MessageState.CANCELLED,
)
CHANNEL_WORDS = {
    Channel.EMAIL: ("email", "emails"),
    Channel.SMS: ("text", "texts"),
    Channel.WEBHOOK: ("in-app message", "in-app messages"),
}


def document(campaign: str, counts: Counts) -> dict[str, Any]:
    """What `--json` prints: each message once under `messages`, each accepted one once under `delivery`."""
    messages = {state.value: counts.messages.get(state, 0) for state in _SAID}
    messages["pending"] = sum(counts.messages.get(state, 0) for state in _PENDING)
    return {
        "campaign": campaign,
        "growers": counts.growers,
        "excluded": counts.excluded,
        "links": dict(counts.links),
        "messages": messages,
        "delivery": {delivery.value: counts.delivery.get(delivery, 0) for delivery in Delivery},
        "heldUntil": counts.held_until.isoformat().replace("+00:00", "Z") if counts.held_until else None,
        "recalledAt": counts.recalled_at.isoformat().replace("+00:00", "Z") if counts.recalled_at else None,
    }


def lines(campaign: str, counts: Counts) -> list[str]:
    """The same for people, only what is not zero."""
    numbers = document(campaign, counts)
    said = {**numbers["messages"]}
    parts = [f"{count:,} {word.replace('_', ' ')}" for word, count in said.items() if count]
    links = [f"{count:,} {word}" for word, count in numbers["links"].items() if count]
    rows = [
        f"{campaign}: {_many(counts.growers, 'grower')}"
        + (f", {_many(counts.excluded, 'row')} excluded" if counts.excluded else ""),
        f"  links     {', '.join(links) or 'none'}",
        f"  messages  {', '.join(parts) or 'none'}",
    ]
    for channel in Channel:
        by_state = [
            f"{count:,} {state.replace('_', ' ')}"
            for state in MessageState
            if (count := counts.by_channel.get((channel, state), 0))
        ]
        if by_state:
            rows.append(f"    {CHANNEL_WORDS[channel][1]:<7} {', '.join(by_state)}")
    delivery = [
        f"{count:,} {word}" for word, count in numbers["delivery"].items() if count and word != Delivery.UNKNOWN
    ]
    if delivery:
        rows.append(f"  delivery  {', '.join(delivery)}")
    if counts.held_until:
        rows.append(f"  held until {numbers['heldUntil']}")
    if counts.recalled_at:
        rows.append(f"  recalled on {counts.recalled_at:%Y-%m-%d}: it invites nobody any more")
    return rows


def due_sentence(due: Due) -> str:
    """What is about to happen, for the person who confirms it."""
    held = f" ({due.held:,} more held until later)" if due.held else ""
    messages = [_many(count, *CHANNEL_WORDS[channel]) for channel in Channel if (count := due.messages.get(channel, 0))]
    if not messages and due.links:
        return f"no messages, making {_many(due.links, 'magic link')} for {_many(due.growers, 'grower')}"
    if not messages:
        return f"nothing{held}"
    links = f", making {_many(due.links, 'magic link')}" if due.links else ""
    return f"{' and '.join(messages)} to {_many(due.growers, 'grower')}{links}{held}"


def _many(count: int, one: str, more: str = "") -> str:
    return f"{count:,} {one if count == 1 else more or one + 's'}"
