"""The making of links as SQL. Runs on the writer's thread, within its transaction."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import apsw

from leafcast.decide.fitting import fits
from leafcast.decide.ledger.transitions import link_state_after
from leafcast.decide.ledger.wording import check_own, must, no_invitation
from leafcast.edge.ledger import sql
from leafcast.edge.ledger.operations import Stamp
from leafcast.edge.ledger.runs import Run
from leafcast.errors import LeafcastError
from leafcast.model import LinkIntent, LinkRequest, LinkSettled, LinkType, Verdict


class LinkChanges:
    """Applies what a run does about links."""

    def __init__(self, connection: apsw.Connection, run: Run) -> None:
        self._connection = connection
        self._run = run
        self._q: Any = sql.queries()

    def intent(self, change: LinkIntent, stamp: Stamp) -> None:
        """Note that a link is about to be asked for."""
        invitation, crowded = self._place(change)
        if crowded:
            key = {"invitation_id": invitation, "now": stamp.now}
            self._retire(invitation, change.request, stamp)
            self._q.expire_dead_links(self._connection, **key)
            self._q.supersede_links(self._connection, **key, generation=change.generation)
        link = self._q.insert_link(
            self._connection,
            campaign_id=self._run.campaign_id,
            invitation_id=invitation,
            generation=change.generation,
            type=change.request.type,
            providers=sql.to_json(change.request.providers),
            expires_in=change.request.expires_in,
            leaf_user_id=change.request.leaf_user_id or "",
            epoch=self._run.epoch,
            now=stamp.now,
        )
        self._q.insert_attempt(
            self._connection, message_id=None, link_id=link, number=1, epoch=self._run.epoch, now=stamp.now
        )

    def _place(self, change: LinkIntent) -> tuple[int, bool]:
        """The invitation, and whether another link may stand in the way: looked up in one step, for nearly all growers
        get their first."""
        check_own(change.campaign, self._run.campaign)
        found = self._q.place_for_link(
            self._connection,
            campaign_id=self._run.campaign_id,
            external_id=change.external_id,
            round=change.round,
        )
        invitation, crowded = must(found, no_invitation(change.external_id, change.round))
        return int(invitation), bool(crowded)

    def settled(self, change: LinkSettled, invitation: int, stamp: Stamp) -> None:
        """Note what came of asking for a link."""
        outcome, made = change.result.outcome, change.result.link
        key = {"invitation_id": invitation, "generation": change.generation, "now": stamp.now}
        if (outcome.verdict is Verdict.ACCEPTED) != (made is not None):
            raise LeafcastError("a link outcome is accepted exactly when it carries a link")
        if made is not None:
            link = self._q.link_made(
                self._connection,
                **key,
                leaf_link_id=made.id,
                url=made.url,
                leaf_user_id=made.leaf_user_id,
                expires_at=sql.to_text(made.expires_at),
                type=made.type,
                providers=sql.to_json(made.providers),
            )
        else:
            state = link_state_after(outcome.verdict)
            link = self._q.settle_link(
                self._connection, **key, state=state, error_code=outcome.code, error=outcome.reason
            )
        must(link, f"link generation {change.generation} of {change.external_id!r} was not being asked for")
        self._q.end_attempt_of_link(
            self._connection,
            link_id=link,
            verdict=outcome.verdict,
            code=outcome.code,
            reason=outcome.reason,
            now=stamp.now,
        )

    def _retire(self, invitation: int, request: LinkRequest, stamp: Stamp) -> None:
        """A live link makes room for the next one when that is another kind of link, or will live at least twice as
        long as this one still does; a fresher one stands in the way."""
        live = self._q.live_link(self._connection, invitation_id=invitation)
        if live is None:
            return
        link, expires_at, kind, providers, leaf_user_id = live
        worn = sql.to_moment(expires_at) - stamp.moment <= timedelta(seconds=request.expires_in / 2)
        if worn or not fits(request, LinkType(kind), json.loads(providers), leaf_user_id):
            self._q.expire_link(self._connection, id=link, now=stamp.now)
