"""Values as the queries of the ledger take them. The order counts too: statements over many rows read them by place."""

from __future__ import annotations

from leafcast.edge.ledger import sql
from leafcast.model import Grower, MessageState, PlannedMessage


def of_grower(grower: Grower) -> dict[str, object]:
    """What a grower's row of the list says."""
    return {
        "list_row": grower.row,
        "name": grower.name,
        "email": grower.email,
        "phone": grower.phone,
        "cells": sql.to_json(grower.cells),
    }


def of_message(planned: PlannedMessage) -> dict[str, object]:
    """How a message begins."""
    state = MessageState.SKIPPED if planned.skip else MessageState.PLANNED
    return {"channel": planned.channel, "to_address": planned.to, "state": state, "error": planned.skip or ""}
