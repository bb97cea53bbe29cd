"""The ledger for those who only look."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import apsw

from leafcast.edge.ledger import sql
from leafcast.edge.ledger.connect import reading
from leafcast.edge.ledger.tallying import counts_of, error_shown, unknown_campaign
from leafcast.model import (
    Channel,
    Counts,
    LedgerRow,
    MessageState,
)


class SqliteReader:
    """Fulfils `LedgerReader` on a connection of its own. Use it from one thread."""

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
        with reading(self._path):
            return [name for (name,) in self._q.campaign_names(self._read)]

    def counts(self, campaign: str) -> Counts:
        """The campaign in numbers, all of one moment."""
        with reading(self._path), _one_moment(self._read):
            key = self._campaign_id(campaign)
            held = self._q.held_until(self._read, campaign_id=key)
            return counts_of(
                list(self._q.count_messages(self._read, campaign_id=key)),
                created=self._q.count_links_made(self._read, campaign_id=key),
                failed=self._q.count_links_failed(self._read, campaign_id=key),
                growers=self._q.count_growers(self._read, campaign_id=key),
                excluded=self._q.count_excluded(self._read, campaign_id=key),
                held_until=held and sql.to_moment(held),
            )

    def rows(self, campaign: str) -> Iterator[LedgerRow]:
        """Every message, in list order, then by round and channel."""
        with reading(self._path):
            for row in self._q.export_rows(self._read, campaign_id=self._campaign_id(campaign)):
                yield _ledger_row(campaign, row)

    def columns(self, campaign: str) -> Sequence[str]:
        """The list's own further columns, in the list's order."""
        with reading(self._path):
            return list(json.loads(self._q.list_columns(self._read, campaign_id=self._campaign_id(campaign))))

    def excluded(self, campaign: str) -> Sequence[tuple[int, str]]:
        """The rows of the last list that a run went on without: (row number, what is wrong) each."""
        with reading(self._path):
            return list(self._q.excluded_rows(self._read, campaign_id=self._campaign_id(campaign)))

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


def _ledger_row(campaign: str, row: tuple[Any, ...]) -> LedgerRow:
    external_id, name, email, phone, cells, round_number, *rest = row
    kind, providers, leaf_user_id, leaf_link_id, url, expires_at, link_state, *rest = rest
    channel, to, state, delivery, message_id, attempts, error_code, error, not_before, created_at, updated_at = rest
    if to is not None:
        # The line tells what happened: an address that changed later is not where this message went.
        email, phone = (to, phone) if channel == Channel.EMAIL else (email, to)
    extra: Mapping[str, str] = json.loads(cells)
    return LedgerRow(
        campaign=campaign,
        external_id=external_id,
        name=name,
        email=email,
        phone=phone,
        round=round_number,
        link_type=kind or "",
        providers=tuple(json.loads(providers or "[]")),
        leaf_user_id=leaf_user_id or "",
        magic_link_id=leaf_link_id or "",
        link=url or "",
        expires_at=expires_at and sql.to_moment(expires_at),
        link_status=link_state or "",
        channel=Channel(channel),
        message_status=MessageState(state),
        delivery=delivery or "",
        message_id=message_id,
        attempts=attempts,
        error_code=error_code,
        error=error_shown(error, not_before and sql.to_moment(not_before)),
        connected="",
        created_at=sql.to_moment(created_at),
        updated_at=sql.to_moment(updated_at),
        cells=MappingProxyType(extra),
    )
