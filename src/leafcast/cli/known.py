"""Is everything as it was when all of a campaign was examined and planned? Then a run goes on at once."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from leafcast.errors import LedgerUnusable

if TYPE_CHECKING:
    from leafcast.edge.campaignfile import LoadedCampaign


class Known:
    """What the ledger knows of a campaign as it is now."""

    def __init__(self, ledger: str, only: list[str], *, skip_invalid: bool) -> None:
        self._ledger = ledger
        self._only = only
        self._skip_invalid = skip_invalid
        self.fingerprint = ""
        """Everything that a plan is made from but the ledger, in one word; '' before it was looked for, and where the
        list is no file."""
        self.holds = False
        """Whether all of that was examined and planned before."""

    def look(self, loaded: LoadedCampaign) -> bool:
        """Find out. What is wrong with the ledger is told later, by those who hold it. Raises UsageError for a list
        that cannot be read."""
        self.fingerprint = self._word(loaded)
        with suppress(LedgerUnusable):
            self.holds = bool(self.fingerprint) and self._examined(loaded.campaign.name)
        return self.holds

    def unchanged(self, loaded: LoadedCampaign) -> bool:
        """Whether the files are still what they were at that look."""
        return self._word(loaded) == self.fingerprint

    def _word(self, loaded: LoadedCampaign) -> str:
        from leafcast.edge.fingerprint import one_word

        return one_word(loaded, skip_invalid=self._skip_invalid)

    def _examined(self, campaign: str) -> bool:
        from leafcast.edge.ledger import is_current, open_reader

        if not is_current(self._ledger):
            return False
        with open_reader(self._ledger) as reader:
            return reader.examined(campaign, self.fingerprint, self._only)
