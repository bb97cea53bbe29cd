"""leafcast sends every grower the right Leaf magic link, once, and keeps the ledger that proves it."""

__version__ = "0.1.0"
