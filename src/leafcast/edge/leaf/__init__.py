"""Leaf: magic links, Leaf users, and the login for both."""

from leafcast.edge.leaf.client import LeafClient
from leafcast.model import LeafLink, LeafUser

__all__ = ["LeafClient", "LeafLink", "LeafUser"]
