"""The ledger for those who only look."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import apsw

from leafcast.decide.ledger.tallying import SCAN, counts_of
from leafcast.decide.ledger.wording import unknown_campaign
from leafcast.edge.ledger import sql
from leafcast.edge.ledger.connect import reading
from leafcast.edge.ledger.deliveries import taken
from leafcast.edge.ledger.following import followed
from leafcast.edge.ledger.rounds import RoundReading
from leafcast.edge.ledger.rows import doubt, ledger_row, link_doubt, sought
from leafcast.edge.ledger.steps import steps, to_call
from leafcast.edge.ledger.suppressing import suppression
from leafcast.model import (
    Channel,
    Counts,
    Doubt,
    Followed,
    LedgerRow,
    LinkDoubt,
    Sought,
    Steps,
    Suppression,
    Taken,
    ToCall,
)


class SqliteReader(RoundReading):
    """Fulfils `LedgerReader`, `DoubtLedger` and `RoundLedger` on a connection of its own. Use it from one thread."""

    def __init__(self, path: Path, connection: apsw.Connection) -> None:
        self._path = path
        self._read = connection
        self._q: Any = sql.queries()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._read.close()

    def campaigns(self) -> Sequence[str]:
        """The names of every campaign in the ledger."""
        with self._looking():
            return [name for (name,) in self._q.campaign_names(self._read)]

    def counts(self, campaign: str) -> Counts:
        """The campaign in numbers, all of one moment."""
        with self._looking(), _one_moment(self._read):
            key = self._campaign_id(campaign)
            held = self._q.held_until(self._read, campaign_id=key)
            recalled = self._q.recalled_at(self._read, campaign_id=key)
            return counts_of(
                list(self._q.count_messages(self._read, campaign_id=key)),
                created=self._q.count_links_made(self._read, campaign_id=key),
                reused=self._q.count_links_carried(self._read, campaign_id=key),
                failed=self._q.count_links_failed(self._read, campaign_id=key),
                growers=self._q.count_growers(self._read, campaign_id=key),
                excluded=self._q.count_excluded(self._read, campaign_id=key),
                held_until=held and sql.to_moment(held),
                recalled_at=recalled and sql.to_moment(recalled),
            )

    def rows(self, campaign: str) -> Iterator[LedgerRow]:
        """Every message, in list order, then by round and channel."""
        with self._looking():
            for row in self._q.export_rows(self._read, campaign_id=self._campaign_id(campaign)):
                yield ledger_row(campaign, row)

    def columns(self, campaign: str) -> Sequence[str]:
        """The list's own further columns, in the list's order."""
        with self._looking():
            return list(json.loads(self._q.list_columns(self._read, campaign_id=self._campaign_id(campaign))))

    def excluded(self, campaign: str) -> Sequence[tuple[int, str]]:
        """The rows of the last list that a run went on without: (row number, what is wrong) each."""
        with self._looking():
            return list(self._q.excluded_rows(self._read, campaign_id=self._campaign_id(campaign)))

    def doubts(self, campaign: str) -> Sequence[Doubt]:
        """Every message in doubt, in list order, with its evidence."""
        with self._looking():
            return [doubt(row) for row in self._q.doubts(self._read, campaign_id=self._campaign_id(campaign))]

    def witness(self, campaign: str, channel: Channel, left_at: datetime) -> Sought | None:
        """The accepted message of a channel that left next at or after a time, else the last one before it."""
        with self._looking():
            key = self._campaign_id(campaign)
            row = self._q.witness(self._read, campaign_id=key, channel=channel, left_at=sql.to_text(left_at))
            return sought(*row) if row else None

    def links_in_doubt(self, campaign: str) -> Sequence[LinkDoubt]:
        """Every link whose answer was lost."""
        with self._looking():
            key = self._campaign_id(campaign)
            return [link_doubt(row) for row in self._q.links_in_doubt(self._read, campaign_id=key)]

    def unclaimed(self, link_ids: Collection[str]) -> frozenset[str]:
        """Which of these links of Leaf's no campaign of the ledger knows as its own."""
        with self._looking(), _one_moment(self._read):
            return frozenset(one for one in link_ids if self._q.claimed(self._read, leaf_link_id=one) is None)

    def followed(self, campaign: str) -> Sequence[Followed]:
        """Every invitation that has a link, in list order, with what Leaf last showed of it."""
        with self._looking():
            return [followed(row) for row in self._q.followed(self._read, campaign_id=self._campaign_id(campaign))]

    def taken(self, campaign: str, channel: Channel) -> Sequence[Taken]:
        """Every accepted message of a channel, in the order in which they left."""
        with self._looking():
            key = self._campaign_id(campaign)
            return [taken(row) for row in self._q.taken(self._read, campaign_id=key, channel=channel)]

    def watermark(self, campaign: str, source: str) -> datetime | None:
        """How far a service's list was read."""
        with self._looking():
            upto = self._q.watermark(self._read, campaign_id=self._campaign_id(campaign), source=source)
            return sql.to_moment(upto) if upto else None

    def examined(self, campaign: str, fingerprint: str, only: Collection[str] = ()) -> bool:
        """Whether exactly this was examined and planned to the last row, and its plan still holds and names all of
        `only`."""
        with self._looking():
            key = self._q.campaign_id(self._read, name=campaign)
            return key is not None and examined_epoch(self._read, int(key), fingerprint, only) is not None

    def state(self) -> str:
        """A text that is another one after each run, and after each change to the suppressions; '' as long as nothing
        has happened in this ledger."""
        with self._looking():
            uuid, *happened = self._q.ledger_state(self._read) or ("",)
        return ":".join(map(str, (uuid, *happened))) if any(happened) else ""

    def suppressions(self) -> Sequence[Suppression]:
        """Who must not be written to, by channel and address."""
        with self._looking():
            return [suppression(row) for row in self._q.suppressions(self._read)]

    def steps(self, campaign: str, column: str | None = None) -> Sequence[Steps]:
        """Growers counted for every step that they reached, by the text of a list column, the largest group first."""
        with self._looking():
            key = self._campaign_id(campaign)
            return [steps(row) for row in self._q.steps(self._read, campaign_id=key, column=column, scan=SCAN)]

    def to_call(self, campaign: str) -> Sequence[ToCall]:
        """Growers with a phone number of whom Leaf does not say that they are connected, in list order."""
        with self._looking():
            key = self._campaign_id(campaign)
            return [to_call(row) for row in self._q.to_call(self._read, campaign_id=key, scan=SCAN)]

    def _looking(self) -> AbstractContextManager[None]:
        """What every look is wrapped in: errors of SQLite become one sentence."""
        return reading(self._path)

    def _campaign_id(self, campaign: str) -> int:
        found = self._q.campaign_id(self._read, name=campaign)
        if found is None:
            raise unknown_campaign(campaign, [name for (name,) in self._q.campaign_names(self._read)])
        return int(found)


@contextmanager
def _one_moment(connection: apsw.Connection) -> Iterator[None]:
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")


def examined_epoch(
    connection: apsw.Connection, campaign_id: int, fingerprint: str, only: Collection[str]
) -> int | None:
    """The run whose plan was made from exactly this, where it still holds and names all of `only`."""
    epoch = sql.queries().examined_epoch(connection, campaign_id=campaign_id, fingerprint=fingerprint)
    key = {"campaign_id": campaign_id, "epoch": epoch}
    if epoch is None or any(sql.queries().listed_grower(connection, **key, external_id=one) is None for one in only):
        return None
    return int(epoch)
