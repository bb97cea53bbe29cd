"""The one door to the network: connections, pace, what failed and how, and the only retries of the program."""

from leafcast.decide.replies import Answer, Fault, NotSent, Reply, Unanswered
from leafcast.edge.http.door import Door, PacedTurn, basic
from leafcast.edge.http.network import Network, Timeouts, open_network, quiet_loggers
from leafcast.edge.http.retrier import Retrier

__all__ = [
    "Answer",
    "Door",
    "Fault",
    "Network",
    "NotSent",
    "PacedTurn",
    "Reply",
    "Retrier",
    "Timeouts",
    "Unanswered",
    "basic",
    "open_network",
    "quiet_loggers",
]
