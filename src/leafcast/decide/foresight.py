"""A plan in numbers and words. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from leafcast.decide.campaign import Campaign
from leafcast.decide.summary import CHANNEL_WORDS
from leafcast.model import Channel, LinkStep, PlanLine, Service, Step

_SERVICE = {Channel.EMAIL: Service.SENDGRID, Channel.SMS: Service.TWILIO, Channel.WEBHOOK: Service.WEBHOOK}


def plan_document(campaign: Campaign, lines: Sequence[PlanLine]) -> dict[str, Any]:
    """The sums of a plan, for other programs and for the lines below."""
    sent = [line for line in lines if line.step is Step.SEND]
    held = [line for line in lines if line.step is Step.HOLD]
    first_held = min((line.until for line in held if line.until), default=None)
    links = links_of(sent)
    texts = [line for line in sent if line.channel is Channel.SMS]
    return {
        "send": dict(Counter(line.channel.value for line in sent if line.channel)),
        "hold": dict(Counter(line.channel.value for line in held if line.channel)),
        "heldUntil": first_held.isoformat().replace("+00:00", "Z") if first_held else None,
        "skip": dict(Counter(line.why for line in lines if line.step is Step.SKIP)),
        "nothing": dict(Counter(line.why for line in lines if line.step is Step.NOTHING)),
        "links": {step.value: links[step] for step in LinkStep},
        "textSegments": sum(line.segments for line in texts),
        "textsOfSeveralSegments": sum(line.segments > 1 for line in texts),
        "seconds": round(seconds_of(campaign, sent)),
    }


def links_of(lines: Sequence[PlanLine]) -> Counter[LinkStep]:
    """How many links would be made or used again: one for each grower."""
    return Counter({line.external_id: line.link for line in lines if line.link}.values())


def seconds_of(campaign: Campaign, sent: Sequence[PlanLine]) -> float:
    """How long that takes at the campaign's pace. The services work side by side, so the slowest one counts."""
    requests = Counter(_SERVICE[line.channel] for line in sent if line.channel)
    requests[Service.LEAF] = links_of(sent)[LinkStep.CREATE]
    paces = ((count, campaign.pace.of(service)) for service, count in requests.items())
    return max((count / rate for count, rate in paces if rate), default=0.0)


def line_document(line: PlanLine) -> dict[str, Any]:
    """One message for other programs."""
    told: dict[str, Any] = {
        "externalId": line.external_id,
        "channel": line.channel,
        "step": line.step,
        "why": line.why,
        "link": line.link,
        "linkType": line.link_type,
        "until": line.until.isoformat().replace("+00:00", "Z") if line.until else None,
    }
    return told | ({"segments": line.segments, "costly": line.costly} if line.segments else {})


def line_text(line: PlanLine) -> str:
    """One message as a line of the table."""
    parts = [line.step.value]
    if line.step in (Step.SEND, Step.HOLD):
        until = f" until {line.until:%Y-%m-%dT%H:%M:%SZ}" if line.until else f" ({line.why})" if line.why else ""
        kind = f"{line.link_type} link" if line.link_type else "link"
        parts = [f"{line.step}{until}", f"{line.link} {kind}"] if line.channel else [f"{line.link} {kind}, no message"]
        if line.segments > 1:
            why = f", because of {line.costly!r}" if line.costly else ""
            parts.append(f"{line.segments} text segments{why}")
    elif line.why:
        parts.append(line.why)
    return f"{line.external_id:<16} {line.channel or 'link':<8} {', '.join(parts)}"


def sum_text(campaign: Campaign, lines: Sequence[PlanLine]) -> list[str]:
    """The sums of a plan for people."""
    told = plan_document(campaign, lines)
    rows = [
        (
            f"Would send now: {_messages(told['send'])}; links: {told['links']['create']:,} to create, "
            f"{told['links']['reuse']:,} to reuse."
        )
    ]
    if told["hold"]:
        rows.append(
            f"Held: {_messages(told['hold'])}, the first until {told['heldUntil'] or 'a service lets them go'}."
        )
    if told["skip"]:
        rows.append(f"Skipped: {', '.join(f'{count:,} {why}' for why, count in told['skip'].items())}.")
    if told["nothing"]:
        rows.append(f"Nothing to do: {', '.join(f'{count:,} {why}' for why, count in told['nothing'].items())}.")
    if told["textSegments"]:
        rows.append(
            f"Text segments: {told['textSegments']:,}; texts of more than one: {told['textsOfSeveralSegments']:,}."
        )
    rows.append(f"Time at the campaign's pace: {_span(told['seconds'])}.")
    return rows


def _messages(counts: dict[str, int]) -> str:
    words = (
        f"{count:,} {CHANNEL_WORDS[channel][count != 1]}" for channel in Channel if (count := counts.get(channel, 0))
    )
    return ", ".join(words) or "no messages"


def _span(seconds: int) -> str:
    hours, rest = divmod(seconds, 3_600)
    minutes, rest = divmod(rest, 60)
    parts = [f"{hours:,} h" if hours else "", f"{minutes} min" if minutes else "", f"{rest} s" if rest else ""]
    return " ".join(part for part in parts if part) or "under a second"
