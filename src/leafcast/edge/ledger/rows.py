"""What the queries of the ledger give, as values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from leafcast.decide.following import CONNECTED_WORD, link_word
from leafcast.decide.ledger.wording import error_shown
from leafcast.edge.ledger import sql
from leafcast.model import Channel, Connection, Doubt, LedgerRow, LinkDoubt, LinkType, MessageState, Shown, Sought


def ledger_row(campaign: str, row: tuple[Any, ...]) -> LedgerRow:
    """One row of the query `export_rows`."""
    external_id, name, email, phone, cells, round_number, *rest = row
    kind, providers, leaf_user_id, leaf_link_id, url, expires_at, link_state, *rest = rest
    channel, to, state, delivery, message_id, attempts, error_code, error, not_before, created_at, updated_at, *rest = (
        rest
    )
    seen, connection, code = rest
    if to is not None:
        # The line tells what happened: an address that changed later is not where this message went.
        email = to if channel == Channel.EMAIL else email
        phone = to if channel == Channel.SMS else phone
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
        link_status=link_word(link_state or "", seen),
        channel=channel and Channel(channel),
        message_status=state and MessageState(state),
        delivery=delivery or "",
        message_id=message_id,
        attempts=attempts,
        error_code=error_code or code or "",
        error=error_shown(error, not_before and sql.to_moment(not_before)),
        connected=CONNECTED_WORD[Connection(connection)] if connection else "",
        created_at=sql.to_moment(created_at),
        updated_at=sql.to_moment(updated_at),
        cells=MappingProxyType(extra),
    )


def doubt(row: tuple[Any, ...]) -> Doubt:
    """One row of the query `doubts`."""
    external_id, round_number, channel, attempt, *of, code, reason, ended, first_absent, looked, showed, why = row
    return Doubt(
        external_id=external_id,
        round=round_number,
        channel=Channel(channel),
        attempt=attempt,
        sought=sought(*of),
        code=code,
        reason=reason,
        ended_at=ended and sql.to_moment(ended),
        first_absent_at=first_absent and sql.to_moment(first_absent),
        looked_at=looked and sql.to_moment(looked),
        showed=Shown(showed) if showed else None,
        why=why or "",
    )


def sought(message_id: str, to: str, link_id: str | None, url: str | None, left_at: str) -> Sought:
    """One row of the query `witness`."""
    return Sought(message_id, to, link_id or "", url or "", sql.to_moment(left_at))


def link_doubt(row: tuple[Any, ...]) -> LinkDoubt:
    """One row of the query `links_in_doubt`."""
    external_id, round_number, generation, kind, providers, expires_in, left_at, leaf_user_id = row
    return LinkDoubt(
        external_id,
        round_number,
        generation,
        LinkType(kind),
        tuple(json.loads(providers)),
        expires_in,
        leaf_user_id,
        sql.to_moment(left_at),
    )
