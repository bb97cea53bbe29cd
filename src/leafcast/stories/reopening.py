"""What a retry attempts again, held against the list as it is now: who is gone, who said no, who has a new address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from leafcast.decide.planning import message_anew
from leafcast.decide.suppressed import SuppressedAddresses
from leafcast.decide.texts import trimmed
from leafcast.model import (
    Change,
    Channel,
    Invitation,
    ListChanges,
    MessageSkipped,
    Rejected,
    Reopened,
    RowTakenOver,
    Scope,
)
from leafcast.stories.feed import AGES, Work
from leafcast.stories.linking import Linkless
from leafcast.stories.prepare import Examiner, Sound
from leafcast.stories.world import World


@dataclass(frozen=True, slots=True)
class TriedAgain:
    """Whom a retry is for."""

    growers: frozenset[str] = frozenset()
    changes: ListChanges = field(default_factory=ListChanges)
    """New addresses, and who is not in the list any more."""
    unfit: tuple[str, ...] = ()
    """Growers whose row has problems by now."""


async def reopen(world: World, examiner: Examiner, channel: Channel | None, only: frozenset[str]) -> TriedAgain:
    """Reopen what failed for growers whom the list still names with a good row, by what the row says now. The others
    stay failed. Raises what reading a list raises, and what `Ledger` raises when it cannot be written."""
    name = examiner.campaign.name
    failed = _failed(world, examiner, channel)
    failed = failed & only if only else failed
    if not failed:
        return TriedAgain()
    examiner = replace(examiner, suppressed=SuppressedAddresses(world.reader.suppressions()))
    rows, unfit = _rows(examiner, failed)
    moved: list[str] = []
    if rows:
        await world.ledger.record(Reopened(name, channel, frozenset(rows)))
    for invitation in Work(world.ledger, name, Scope.REOPENED, world.clock.now() + AGES).invitations():
        changes = _held_against(name, invitation, rows[invitation.grower.external_id], examiner.suppressed)
        if any(isinstance(change, RowTakenOver) and change.addresses for change in changes):
            moved.append(invitation.grower.external_id)
        world.ledger.record(*changes)
    await world.ledger.record()
    gone = tuple(sorted(failed - rows.keys() - unfit))
    return TriedAgain(frozenset(rows), ListChanges(moved=tuple(moved), vanished=gone), tuple(sorted(unfit)))


def _failed(world: World, examiner: Examiner, channel: Channel | None) -> frozenset[str]:
    name = examiner.campaign.name
    if examiner.campaign.channels:
        return world.ledger.failed(name, channel)
    links = Linkless(world.ledger, name, again=True, only=frozenset(), limit=None)
    return frozenset(invitation.grower.external_id for invitation in links)


def _rows(examiner: Examiner, wanted: frozenset[str]) -> tuple[dict[str, Sound], set[str]]:
    """The good rows of the wanted growers, and those of them whose row is none. The whole list is read, since what one
    row says can depend on the others."""
    rows: dict[str, Sound] = {}
    unfit: set[str] = set()
    for item in examiner.examine():
        if isinstance(item, Rejected):
            unfit.add(trimmed(item.row.cells.get("externalId", "")))
        elif item.grower.external_id in wanted:
            rows[item.grower.external_id] = item
    return rows, (unfit & wanted) - rows.keys()


def _held_against(
    campaign: str, invitation: Invitation, row: Sound, suppressed: SuppressedAddresses
) -> Sequence[Change]:
    """What the row as it is now changes: messages that must not go any more, and new addresses."""
    grower, closed = row.grower, suppressed.channels_of(row.grower)
    skipped: list[Change] = []
    addresses: list[tuple[str, str]] = []
    for message in invitation.messages:
        anew = message_anew(grower, message.channel, duplicates=row.duplicate_of, suppressed=closed)
        if anew.skip is not None:
            skipped.append(MessageSkipped(message.id, anew.skip))
        elif anew.to is not None and anew.to != message.to:
            addresses.append((message.id, anew.to))
    if not addresses and grower == replace(invitation.grower, row=grower.row):
        return skipped
    taken_over = RowTakenOver(campaign, grower.external_id, invitation.round, grower, tuple(addresses))
    return [*skipped, taken_over]
