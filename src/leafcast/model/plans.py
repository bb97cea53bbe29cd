"""What a run would do, row by row."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from leafcast.model.sets import Channel


class Step(StrEnum):
    """What a run would do with a message."""

    SEND = "send"
    HOLD = "hold"
    """Sent by a run at or after its time, not by one that starts now."""
    SKIP = "skip"
    NOTHING = "nothing"
    """It has its end already, or is nobody's of this list."""


class LinkStep(StrEnum):
    """Where the link of a message would come from."""

    CREATE = "create"
    REUSE = "reuse"


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One message of a plan."""

    external_id: str
    name: str = field(repr=False)
    channel: Channel | None
    """None where the campaign makes links only."""
    step: Step
    why: str = ""
    """Why it is skipped, or how it ended already."""
    link: LinkStep | None = None
    link_type: str = ""
    until: datetime | None = None
    """Until when it is held."""
    segments: int = 0
    """What a text costs; 0 for anything else."""
    costly: str = ""
    """The first letter that makes a text cost more, as it is outside the plain alphabet."""
