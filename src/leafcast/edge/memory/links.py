"""The making of links in memory: the same rules as the SQL of the ledger has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from leafcast.decide.fitting import fits
from leafcast.decide.ledger.transitions import link_state_after
from leafcast.decide.ledger.wording import refused
from leafcast.edge.memory.rounds import expire_dead
from leafcast.edge.memory.rows import LinkRow
from leafcast.edge.memory.tables import Tables
from leafcast.errors import LeafcastError
from leafcast.model import LinkIntent, LinkRequest, LinkSettled, LinkState, Verdict


@dataclass(frozen=True, slots=True)
class MemoryLinks:
    """Applies what a run does about links at one moment."""

    tables: Tables
    epoch: int
    now: datetime

    def intent(self, change: LinkIntent, place: int) -> None:
        """Note that a link is about to be asked for."""
        if self.tables.recalled(place):
            raise refused("no link is made for what was recalled")
        self._retire(place, change.request)
        expire_dead(self.tables, place, self.now)
        links = self.tables.links_of(place)
        if any(
            link.state in (LinkState.SENDING, LinkState.LIVE)
            for link in (*links, *(row for _, row in self.tables.beside(place)))
        ):
            raise refused("the grower has a link already")
        if any(link.generation == change.generation for link in links):
            raise refused("this generation of the link was asked for already")
        row = LinkRow(change.generation, change.request, LinkState.SENDING, self.now, epoch=self.epoch)
        self.tables.put(self.tables.links, (place, change.generation), row)

    def settled(self, change: LinkSettled, place: int) -> None:
        """Note what came of asking for a link."""
        outcome, made = change.result.outcome, change.result.link
        if (outcome.verdict is Verdict.ACCEPTED) != (made is not None):
            raise LeafcastError("a link outcome is accepted exactly when it carries a link")
        row = self.tables.links.get((place, change.generation))
        if row is None or row.state is not LinkState.SENDING:
            raise refused(f"link generation {change.generation} of {change.external_id!r} was not being asked for")
        told = ("", "") if made is not None else (outcome.code, outcome.reason)
        settled = replace(row, link=made, error_code=told[0], error=told[1], updated_at=self.now)
        self.tables.move_link(place, settled, link_state_after(outcome.verdict))

    def _retire(self, place: int, request: LinkRequest) -> None:
        """As `LinkChanges` of the SQL ledger does."""
        live = self.tables.live_link(place)
        if live is not None and live.link is not None:
            left, made = live.link.expires_at - self.now, live.link
            worn = left <= timedelta(seconds=request.expires_in / 2)
            if worn or not fits(request, made.type, made.providers, made.leaf_user_id):
                self.tables.move_link(place, live, LinkState.EXPIRED)
