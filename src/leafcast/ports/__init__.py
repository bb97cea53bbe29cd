"""What the stories need of the world, as Protocols; the rooms under `edge` fulfil them, the twins in memory too."""

from leafcast.ports.reading import (
    DeliveryLedger,
    DoubtLedger,
    FollowingLedger,
    LedgerReader,
    RecallLedger,
    RoundLedger,
    StepsReader,
    SuppressionList,
)
from leafcast.ports.running import AgainLedger, BarringLedger, Ledger, LinklessLedger, RunLedger
from leafcast.ports.services import LeafWatch, LinkKeeper, LinkMaker, Patience, Searcher, Sender, Tracker, Turn
from leafcast.ports.surroundings import Clock, Crew, ListSource, Pile, Progress, Shelf, Stretch

__all__ = [
    "AgainLedger",
    "BarringLedger",
    "Clock",
    "Crew",
    "DeliveryLedger",
    "DoubtLedger",
    "FollowingLedger",
    "LeafWatch",
    "Ledger",
    "LedgerReader",
    "LinkKeeper",
    "LinkMaker",
    "LinklessLedger",
    "ListSource",
    "Patience",
    "Pile",
    "Progress",
    "RecallLedger",
    "RoundLedger",
    "RunLedger",
    "Searcher",
    "Sender",
    "Shelf",
    "StepsReader",
    "Stretch",
    "SuppressionList",
    "Tracker",
    "Turn",
]
