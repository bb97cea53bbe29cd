"""What every ledger decides and says alike, wherever it keeps its rows."""
