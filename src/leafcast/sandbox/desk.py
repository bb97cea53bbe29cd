"""What every part of one sandbox works with: its settings, clock, memory, journal, faults and open connections."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from leafcast.sandbox.clock import SandboxClock
from leafcast.sandbox.faults import Faults
from leafcast.sandbox.journal import Journal
from leafcast.sandbox.settings import SandboxSettings
from leafcast.sandbox.state import State, User, connect
from leafcast.sandbox.wire import Wires

KEPT_REQUESTS = 500_000


@dataclass(slots=True)
class Seen:
    """One request that reached a stand-in. `at` is monotonic seconds, real time, when its head had arrived."""

    at: float
    service: str
    operation: str
    status: int | None = None
    fault: str = ""


@dataclass(slots=True)
class Desk:
    """One sandbox from the inside. Everything here lives on the server's one thread."""

    settings: SandboxSettings
    url: str
    journal: Journal
    state: State = field(default_factory=State)
    faults: Faults = field(default_factory=Faults)
    wires: Wires = field(default_factory=Wires)
    clock: SandboxClock = field(default_factory=SandboxClock)
    requests: deque[Seen] = field(default_factory=lambda: deque(maxlen=KEPT_REQUESTS))
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._settle_in()

    def arrived(self, at: float, service: str, operation: str) -> Seen:
        """Note a request, before anything else happens to it."""
        seen = Seen(at, service, operation)
        self.requests.append(seen)
        self.counts[f"{service}.{operation}"] += 1
        return seen

    def reset(self) -> None:
        """Forget everything: state, requests, faults, and how far the clock was pushed. The journal stays."""
        self.state = State()
        self.faults.clear()
        self.requests.clear()
        self.counts.clear()
        self.clock = SandboxClock(self.settings.speed)
        self._settle_in()

    def _settle_in(self) -> None:
        """Know whom the settings name."""
        now = self.clock.now()
        for known in self.settings.users:
            user = User(known.id, now, known.external_id, known.name, known.email)
            for provider in known.connected:
                connect(user, provider, now)
            self.state.add_user(user)


def busiest_second(instants: list[float]) -> int:
    """The most instants that lie in any sliding second."""
    most, first = 0, 0
    for last, instant in enumerate(instants):
        while instant - instants[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most
