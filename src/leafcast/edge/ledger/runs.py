"""The beginning and the end of a run as SQL. Runs on the writer's thread, within its transaction."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from importlib.metadata import version

import apsw

from leafcast.decide.ledger.wording import INTERRUPTED, INTERRUPTED_REASON
from leafcast.edge.ledger import sql
from leafcast.edge.ledger.operations import Stamp


@dataclass(frozen=True, slots=True)
class Run:
    """The run that holds the ledger."""

    id: str
    campaign: str
    campaign_id: int
    epoch: int


def begin(connection: apsw.Connection, campaign: str, command: str, run_id: str, stamp: Stamp) -> tuple[Run, int]:
    """Open a run; say how many messages an earlier one left in doubt."""
    queries = sql.queries()
    epoch = queries.next_epoch(connection)
    queries.add_campaign(connection, name=campaign, now=stamp.now)
    key = queries.take_campaign(connection, name=campaign, epoch=epoch)
    run = Run(run_id, campaign, key, epoch)
    queries.insert_run(
        connection,
        id=run.id,
        campaign_id=key,
        epoch=epoch,
        command=command,
        host=socket.gethostname(),
        pid=os.getpid(),
        version=version("leafcast"),
        now=stamp.now,
    )
    return run, _doubt(connection, run, stamp)


def end(connection: apsw.Connection, run: Run, exit_reason: str, stamp: Stamp) -> None:
    """Note how a run ended."""
    sql.queries().end_run(connection, id=run.id, exit_reason=exit_reason, now=stamp.now)


def is_last(connection: apsw.Connection, run: Run) -> bool:
    """Whether no later run took the campaign over."""
    return bool(sql.queries().fence(connection, campaign_id=run.campaign_id, epoch=run.epoch))


def _doubt(connection: apsw.Connection, run: Run, stamp: Stamp) -> int:
    """Whatever was under way when an earlier run ended may have left: nobody knows."""
    key = {
        "campaign_id": run.campaign_id,
        "epoch": run.epoch,
        "code": INTERRUPTED,
        "reason": INTERRUPTED_REASON,
        "now": stamp.now,
    }
    queries = sql.queries()
    queries.doubt_attempts_of_links(connection, **key)
    queries.doubt_links(connection, **key)
    queries.doubt_attempts_of_messages(connection, **key)
    return len(list(queries.doubt_messages(connection, **key)))
