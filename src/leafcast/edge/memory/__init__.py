"""Twins of the outside world that live in memory: the ledger, the services and the clock. For dry runs and tests."""

from leafcast.edge.memory.clock import VirtualClock
from leafcast.edge.memory.ledger import MemoryLedger
from leafcast.edge.memory.services import ScriptedLeaf, ScriptedSender

__all__ = ["MemoryLedger", "ScriptedLeaf", "ScriptedSender", "VirtualClock"]
