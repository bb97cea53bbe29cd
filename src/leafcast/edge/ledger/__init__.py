"""The ledger: the only truth about what happened. `open_ledger` for a run, `open_reader` for those who only look."""

from leafcast.edge.ledger.copying import copy_ledger
from leafcast.edge.ledger.keeping import SuppressionKeeper, open_suppressions
from leafcast.edge.ledger.opening import (
    check_free,
    is_current,
    ledger_exists,
    open_existing,
    open_ledger,
    open_reader,
)
from leafcast.edge.ledger.reader import SqliteReader
from leafcast.edge.ledger.store import SqliteLedger

__all__ = [
    "SqliteLedger",
    "SqliteReader",
    "SuppressionKeeper",
    "check_free",
    "copy_ledger",
    "is_current",
    "ledger_exists",
    "open_existing",
    "open_ledger",
    "open_reader",
    "open_suppressions",
]
