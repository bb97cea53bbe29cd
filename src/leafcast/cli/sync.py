"""`leafcast sync`: what became of messages and links, and who is connected."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leafcast.cli.calling import command
from leafcast.cli.failing import say, speaking
from leafcast.cli.options import CampaignFile, Json, LedgerUrl, Quiet, Verbose, behind, ledger_url
from leafcast.cli.printing import Voice, error_document
from leafcast.cli.surroundings import environment
from leafcast.errors import ExitCode

if TYPE_CHECKING:
    from leafcast.decide.campaign import Campaign
    from leafcast.model import Orphan
    from leafcast.stories.deliveries import Tracked
    from leafcast.stories.following import Looked
    from leafcast.stories.orphans import Orphans
    from leafcast.stories.sync import SyncReport

RevokeOrphans = Annotated[
    bool, typer.Option("--revoke-orphans", help="Delete the orphan links at Leaf: those that nobody was ever shown.")
]


def sync(
    campaign: CampaignFile,
    revoke_orphans: RevokeOrphans = False,
    ledger: LedgerUrl = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Ask Leaf, SendGrid and Twilio what became of links and messages, and who is connected. Nothing is sent.

    A message that its service shows becomes accepted; one that it does not show stays in doubt, unless the campaign
    says `inDoubt: resend-if-absent` and the service was asked twice. Orphan links are reported.
    """
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice):
        from leafcast.edge.campaignfile import read_campaign

        loaded, url = read_campaign(campaign), ledger_url(ledger)
        report = asyncio.run(_synced(voice, loaded.campaign, url, revoke_orphans=revoke_orphans))
        _tell(voice, loaded.campaign.name, behind(campaign, url), report)


async def _synced(voice: Voice, campaign: Campaign, ledger_place: str, *, revoke_orphans: bool) -> SyncReport:
    """Wire the story: the ledger held, the services open, Ctrl-C minded."""
    from leafcast.cli.progress import PlainProgress
    from leafcast.cli.services import clients, minding_signals, read_settings
    from leafcast.edge.ledger import open_existing
    from leafcast.edge.system import SystemClock, new_id
    from leafcast.model import Channel
    from leafcast.ports import Searcher, Tracker
    from leafcast.stories.brake import Brake
    from leafcast.stories.deliveries import Tracking
    from leafcast.stories.doubts import Evidence
    from leafcast.stories.following import Watch
    from leafcast.stories.sync import sync as story

    clock, access, settle = SystemClock(), read_settings(campaign), settle_seconds()
    with open_existing(ledger_place, clock, new_id) as ledger:
        ledger.counts(campaign.name)  # it must know the campaign: there is nothing to settle in a new one
        async with clients(campaign, access, clock) as made:
            brake, searchers, trackers = Brake(), dict[Channel, Searcher](), dict[Channel, Tracker]()
            if made.email is not None:
                searchers[Channel.EMAIL] = trackers[Channel.EMAIL] = made.email
            if made.sms is not None:
                searchers[Channel.SMS] = trackers[Channel.SMS] = made.sms
            progress = PlainProgress(voice, clock)
            world = Evidence(ledger, ledger, ledger, searchers, made.leaf, clock, progress, settle)
            with minding_signals(voice, brake):
                watch = Watch(ledger, ledger, made.leaf, clock)
                tracking = Tracking(ledger, ledger, trackers, clock)
                return await story(
                    world, campaign, brake, watch=watch, tracking=tracking, revoke_orphans=revoke_orphans
                )


def settle_seconds() -> float:
    """LEAFCAST_SETTLE, of the environment or of `.env`."""
    from leafcast.edge import settings

    return settings.settle_seconds(environment())


def _tell(voice: Voice, name: str, rest: str, report: SyncReport) -> None:
    from leafcast.decide.summary import document, lines

    told: dict[str, Any] = {"settled": _settled(report), "orphans": orphans_document(report.orphans)}
    told |= _seen(report.looked) | _heard(report)
    if report.stopped is not None:
        told |= error_document(report.stopped)
    voice.document({**document(name, report.counts), **told})
    voice.result(
        "\n".join(
            [
                *lines(name, report.counts),
                *_leaf_lines(report.looked),
                *_news_lines(report.tracked),
                *_doubt_lines(report),
                *_orphan_lines(report.orphans),
            ]
        )
    )
    if report.stopped is not None:
        say(voice, report.stopped)
    for blind in report.tracked.blind:
        voice.note(f"{blind}.")
    for hint in _hints(rest, report):
        voice.note(hint)
    if report.exit_code is not ExitCode.DONE:
        raise typer.Exit(report.exit_code)


def _settled(report: SyncReport) -> dict[str, Any]:
    from leafcast.decide.settling import Ending

    return {ending.value: report.settled.endings[ending] for ending in Ending}


def _seen(looked: Looked) -> dict[str, Any]:
    from leafcast.model import Connection, LinkStanding

    return {
        "connections": {standing.value: looked.connections[standing] for standing in Connection},
        "linkStanding": {standing.value: looked.links[standing] for standing in LinkStanding},
        "unseen": looked.unseen,
    }


def _leaf_lines(looked: Looked) -> list[str]:
    from leafcast.model import Connection, LinkStanding

    people = [f"{count:,} {one.replace('_', ' ')}" for one in Connection if (count := looked.connections[one])]
    people += [f"{looked.unseen:,} not shown by Leaf"] if looked.unseen else []
    links = [f"{count:,} {one.replace('_', ' ')}" for one in LinkStanding if (count := looked.links[one])]
    heads = [f"  at Leaf   {', '.join(people)}"] if people else []
    return heads + ([f"  links now {', '.join(links)}"] if links else [])


def _heard(report: SyncReport) -> dict[str, Any]:
    tracked = report.tracked
    news = {delivery.value: count for delivery, count in tracked.moved.items()}
    return {"news": news, "barred": dict(tracked.barred), "notSeen": tracked.blind}


def _news_lines(tracked: Tracked) -> list[str]:
    news = [f"{count:,} {delivery}" for delivery, count in tracked.moved.items()]
    return [f"  news      {', '.join(news)}"] if news else []


def orphans_document(orphans: Orphans) -> dict[str, Any]:
    """Without the links' ids: who has one can open the link."""
    return {
        "found": len(orphans.found),
        "revoked": len(orphans.revoked),
        "links": [
            {
                "externalId": orphan.doubt.external_id,
                "round": orphan.doubt.round,
                "type": orphan.doubt.type,
                "createdAt": _clock(orphan.created_at),
                "revoked": orphan in orphans.revoked,
            }
            for orphan in orphans.found
        ],
    }


def _doubt_lines(report: SyncReport) -> list[str]:
    from leafcast.decide.settling import Ending

    words = {
        Ending.FOUND: "found, now accepted",
        Ending.RESENDABLE: "not found twice, planned again",
        Ending.ABSENT: "not found, still in doubt",
        Ending.UNKNOWN: "could not be seen, still in doubt",
        Ending.TOO_YOUNG: "too young to settle",
    }
    parts = [f"{count:,} {words[ending]}" for ending in words if (count := report.settled.endings[ending])]
    return [f"  settled   {'; '.join(parts)}"] if parts else []


def _orphan_lines(orphans: Orphans) -> list[str]:
    if not orphans.found:
        return []
    count = len(orphans.found)
    revoked = f", {len(orphans.revoked):,} revoked" if orphans.revoked else ""
    heads = [f"  orphans   {count:,} link{'s' if count > 1 else ''} that nobody was shown{revoked}"]
    return heads + [f"    {_line(orphan)}" for orphan in orphans.found]


def _line(orphan: Orphan) -> str:
    return f"{orphan.doubt.external_id}, {orphan.doubt.type}, made {_clock(orphan.created_at)}"


def _hints(rest: str, report: SyncReport) -> list[str]:
    from leafcast.decide.settling import Ending

    endings, orphans, hints = report.settled.endings, report.orphans, []
    if report.settled.next_at is not None:
        hints.append(f"Too young ones: {command()} sync {rest}, from {_clock(report.settled.next_at)} on")
    if endings[Ending.ABSENT] or endings[Ending.UNKNOWN]:
        hints.append(f"What is known of those in doubt, and your word on them: {command()} resolve {rest}")
    if endings[Ending.RESENDABLE]:
        hints.append(f"Send what was not found: {command()} run {rest}")
    if len(orphans.found) > len(orphans.revoked):
        hints.append(f"Revoke the orphan links: {command()} sync {rest} --revoke-orphans")
    return hints


def _clock(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
