"""A copy of a ledger, to try things out on: what a dry run works with."""

from __future__ import annotations

import apsw

from leafcast.edge.ledger import connect, place


def copy_ledger(url: str, target: str) -> None:
    """Copy the ledger as it is at this moment, also beside a run; nothing is copied where there is none yet. Raises
    `LedgerUnusable` for a file that is no ledger."""
    path, copy = place.path_of(url), place.path_of(target)
    place.check_file(path)
    if not path.exists():
        return
    source = connect.open_for_reading(path)
    try:
        place.make_private(copy)
        with apsw.Connection(str(copy)) as made, made.backup("main", source, "main") as backup:
            backup.step()
        made.close()
    finally:
        source.close()
