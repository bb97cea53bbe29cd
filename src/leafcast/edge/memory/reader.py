"""The ledger in memory for those who only look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from leafcast.decide.ledger.tallying import counts_of
from leafcast.decide.ledger.wording import error_shown
from leafcast.edge.memory import deliveries, following, linkless, settling, steps, suppressing
from leafcast.edge.memory.rounds import MemoryRoundReading
from leafcast.edge.memory.rows import LinkRow, MessageRow
from leafcast.model import (
    Channel,
    Counts,
    Doubt,
    Followed,
    LedgerRow,
    LinkDoubt,
    LinkState,
    Sought,
    Steps,
    Suppression,
    Taken,
    ToCall,
)


class MemoryReader(MemoryRoundReading):
    """Fulfils `LedgerReader`, `DoubtLedger` and `RoundLedger`: a part of the ledger in memory."""

    def campaigns(self) -> Sequence[str]:
        """The names of every campaign in the ledger."""
        return sorted(self._tables.campaigns)

    def counts(self, campaign: str) -> Counts:
        """The campaign in numbers."""
        tables = self._tables
        row = tables.known(campaign)
        messages = tables.messages_in(campaign)
        groups = Counter((one.channel, one.state, one.delivery) for one in messages)
        places = [place for place, _ in tables.invitations_of(campaign)]
        newest = [links[-1] for place in places if (links := tables.links_of(place))]
        return counts_of(
            [(*key, number) for key, number in groups.items()],
            created=sum(any(link.link and not link.carried for link in tables.links_of(place)) for place in places),
            reused=sum(_carried_only(tables.links_of(place)) for place in places),
            failed=sum(link.state is LinkState.FAILED for link in newest),
            growers=sum(key[0] == campaign for key in tables.growers),
            excluded=len(row.excluded),
            held_until=min((one.not_before for one in messages if one.not_before is not None), default=None),
            recalled_at=row.recalled_at,
        )

    def rows(self, campaign: str) -> Iterator[LedgerRow]:
        """Every message, in list order, then by round and channel."""
        self._tables.known(campaign)
        tables = self._tables

        def order(message: MessageRow) -> tuple[int, int, str]:
            invitation = tables.invitations[message.invitation]
            return tables.growers[campaign, invitation.external_id].place, invitation.round, message.channel

        alone = (linkless.alone(tables, place) for place in linkless.without_messages(tables, campaign))
        lines = [*tables.messages_in(campaign), *alone]
        return iter([linkless.shown(self._row(campaign, message)) for message in sorted(lines, key=order)])

    def columns(self, campaign: str) -> Sequence[str]:
        """The list's own further columns, in the list's order."""
        return list(self._tables.known(campaign).columns)

    def excluded(self, campaign: str) -> Sequence[tuple[int, str]]:
        """The rows of the last list that a run went on without: (row number, what is wrong) each."""
        return sorted(self._tables.known(campaign).excluded, key=lambda row: row[0])

    def doubts(self, campaign: str) -> Sequence[Doubt]:
        """Every message in doubt, in list order, with its evidence."""
        self._tables.known(campaign)
        return settling.doubts(self._tables, campaign)

    def witness(self, campaign: str, channel: Channel, left_at: datetime) -> Sought | None:
        """The accepted message of a channel that left next at or after a time, else the last one before it."""
        self._tables.known(campaign)
        return settling.witness(self._tables, campaign, channel, left_at)

    def links_in_doubt(self, campaign: str) -> Sequence[LinkDoubt]:
        """Every link whose answer was lost."""
        self._tables.known(campaign)
        return list(settling.links_in_doubt(self._tables, campaign))

    def unclaimed(self, link_ids: Collection[str]) -> frozenset[str]:
        """Which of these links of Leaf's no campaign of the ledger knows as its own."""
        return frozenset(link_ids) - frozenset(settling.claimed(self._tables))

    def followed(self, campaign: str) -> Sequence[Followed]:
        """Every invitation that has a link, in list order, with what Leaf last showed of it."""
        self._tables.known(campaign)
        return list(following.followed(self._tables, campaign))

    def taken(self, campaign: str, channel: Channel) -> Sequence[Taken]:
        """Every accepted message of a channel, in the order in which they left."""
        self._tables.known(campaign)
        return list(deliveries.taken(self._tables, campaign, channel))

    def watermark(self, campaign: str, source: str) -> datetime | None:
        """How far a service's list was read."""
        self._tables.known(campaign)
        return self._tables.watermarks.get((campaign, source))

    def suppressions(self) -> Sequence[Suppression]:
        """Who must not be written to, by channel and address."""
        return suppressing.suppressions(self._tables)

    def steps(self, campaign: str, column: str | None = None) -> Sequence[Steps]:
        """Growers counted for every step that they reached, by the text of a list column, the largest group first."""
        self._tables.known(campaign)
        return steps.steps(self._tables, campaign, column)

    def to_call(self, campaign: str) -> Sequence[ToCall]:
        """Growers with a phone number of whom Leaf does not say that they are connected, in list order."""
        self._tables.known(campaign)
        return list(steps.to_call(self._tables, campaign))

    def _row(self, campaign: str, message: MessageRow) -> LedgerRow:
        tables, invitation = self._tables, self._tables.invitations[message.invitation]
        grower = tables.growers[campaign, invitation.external_id].grower
        newest = next(reversed(tables.links_of(message.invitation)), None)
        return message.exported(
            campaign,
            grower,
            invitation.round,
            newest,
            tables.connections.get(message.invitation),
            error_shown(message.error, message.not_before),
        )


def _carried_only(links: Sequence[LinkRow]) -> bool:
    return any(link.carried for link in links) and not any(link.link and not link.carried for link in links)
