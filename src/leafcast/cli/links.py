"""`leafcast links list|get|revoke`: Leaf's own list, get and delete, for all three types."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from leafcast.cli.failing import speaking
from leafcast.cli.options import Json, Quiet, Verbose, Yes
from leafcast.cli.printing import Voice
from leafcast.cli.surroundings import environment
from leafcast.errors import Interrupted, LeafcastError, RunStopped, UsageError
from leafcast.model import LinkType, Outcome, Service, Verdict

if TYPE_CHECKING:
    from leafcast.edge.leaf import LeafClient

links = typer.Typer(help="Leaf's own list of magic links: look, and revoke.", no_args_is_help=True)


def _given(link_id: str) -> str:
    """Without an id the request would be about every link of the type."""
    if not link_id.strip():
        raise typer.BadParameter("the id of a link is needed")
    return link_id


Kind = Annotated[LinkType, typer.Argument(metavar="TYPE", help="provider, authentication or file-upload.")]
LinkId = Annotated[str, typer.Argument(metavar="ID", help="The magic link's id.", callback=_given)]
PACE = 5.0
"""Requests per second here, where no campaign sets a pace."""
T = TypeVar("T")


@links.command("list")
def list_links(kind: Kind, as_json: Json = False, quiet: Quiet = False, verbose: Verbose = False) -> None:
    """List the magic links of a type. Their ids are secrets: who has one can open the link."""
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice):
        found = _answered(asyncio.run(_asked(lambda leaf: leaf.links(kind))))
        voice.document({"type": kind, "links": [_document(link) for link in found]})
        for link in found:
            voice.result(_line(link))
        voice.note(f"{len(found):,} {kind} links.")


@links.command("get")
def get_link(
    kind: Kind, link_id: LinkId, as_json: Json = False, quiet: Quiet = False, verbose: Verbose = False
) -> None:
    """Show one magic link."""
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice):
        link = _answered(asyncio.run(_asked(lambda leaf: leaf.link(kind, link_id))))
        voice.document(_document(link))
        voice.result(_line(link))


@links.command("revoke")
def revoke_link(
    kind: Kind, link_id: LinkId, yes: Yes = False, as_json: Json = False, quiet: Quiet = False, verbose: Verbose = False
) -> None:
    """Delete one magic link, so that it opens nothing any more."""
    voice = Voice(as_json, quiet, verbose)
    with speaking(voice):
        if not yes and not voice.person:
            raise UsageError("This revokes a link, and there is nobody at a terminal to ask", fix="Add --yes.")
        if not yes and not voice.ask("Revoke this link?"):
            raise Interrupted("Nothing was revoked.")
        outcome = asyncio.run(_asked(lambda leaf: leaf.delete(kind, link_id)))
        if outcome.verdict is not Verdict.ACCEPTED:
            raise _refusal(outcome)
        voice.document({"revoked": True, "wasThere": outcome.code != "not-there"})
        voice.result("The link was not there any more." if outcome.code == "not-there" else "The link is revoked.")


async def _asked(question: Callable[[LeafClient], Awaitable[T]]) -> T:
    async with _leaf() as leaf:
        return await question(leaf)


def _answered(answer: T | Outcome) -> T:
    """What was looked for; raises with Leaf's reason where the answer is an outcome instead."""
    if isinstance(answer, Outcome):
        raise _refusal(answer)
    return answer


def _refusal(outcome: Outcome) -> LeafcastError:
    if outcome.verdict in (Verdict.PAUSE, Verdict.IN_DOUBT, Verdict.STOP):
        return RunStopped(f"Leaf: {outcome.reason}", fix="Run the same command again.")
    if outcome.code.startswith("http-404"):
        return UsageError("Leaf has no such link", fix="Look at the type and the id.")
    return UsageError(f"Leaf: {outcome.reason}", fix="Look at the type and the id.")


@asynccontextmanager
async def _leaf() -> AsyncIterator[LeafClient]:
    from leafcast.edge import settings
    from leafcast.edge.http import Door, Retrier, open_network
    from leafcast.edge.leaf import LeafClient
    from leafcast.edge.system import SystemClock

    access = settings.leaf_access(environment())
    clock = SystemClock()
    async with open_network() as network:
        door = Door(Service.LEAF, access.url, network, rate=PACE, clock=clock)
        yield LeafClient(door, access, clock, Retrier(clock))


def _line(link: Any) -> str:
    state = f"expires {link.expires_at:%Y-%m-%d %H:%M}Z" if link.expires_at else "no expiry given"
    used = f"opened {link.usage_count}" + (f" of {link.max_usage}" if link.max_usage else "")
    return f"{link.id}  {state}  {used}  {';'.join(link.providers)}"


def _document(link: Any) -> dict[str, Any]:
    return {
        "id": link.id,
        "leafUserId": link.leaf_user_id,
        "providers": list(link.providers),
        "createdAt": link.created_at,
        "expiresAt": link.expires_at,
        "lastAccessedAt": link.last_accessed_at,
        "usageCount": link.usage_count,
        "maxUsage": link.max_usage,
    }
