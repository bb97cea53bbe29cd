"""What came back from a network, as values: an answer, proof that nothing left, or silence after something did."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Fault(StrEnum):
    """What went wrong below HTTP."""

    NAME = "name not found"
    REFUSED = "connection refused"
    TLS = "no trusted encryption"
    CONNECT_TIMEOUT = "no connection in time"
    CLOSED = "connection closed before the answer"
    TIMEOUT = "no answer in time"
    GARBLED = "answer is not HTTP"


@dataclass(frozen=True, slots=True)
class Answer:
    """A full status line and full headers came. The body may still have been cut off."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Looked up by lower-case name."""
    body: bytes = field(repr=False)
    body_complete: bool = True
    retry_after: float | None = None
    """Seconds that the service asked us to wait, 0 to 900; None where it said nothing that can be read."""

    @property
    def ok(self) -> bool:
        """Whether the status says success."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body as JSON; None where it is cut off or none."""
        if not self.body_complete:
            return None
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class NotSent:
    """Provably no byte of the request left: asking again is safe."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Something left and no status line came back: nobody can say whether it was done."""

    fault: Fault


Reply = Answer | NotSent | Unanswered
