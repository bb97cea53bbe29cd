"""What a run takes out of the ledger in memory: the next invitations, and how much there is to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from leafcast.decide.ledger.tallying import count_due
from leafcast.edge.memory import linkless
from leafcast.edge.memory.rows import MessageRow
from leafcast.edge.memory.tables import Tables
from leafcast.model import Channel, Due, Invitation, Message, MessageState, Scope


@dataclass(frozen=True, slots=True)
class MemoryBacklog:
    """The planned messages of one scope, as seen at one moment."""

    tables: Tables
    campaign: str
    epoch: int
    scope: Scope
    now: datetime

    def invitations(
        self, *, after: int, limit: int, only: frozenset[str], channel: Channel | None
    ) -> Sequence[tuple[int, Invitation]]:
        """The next ones in list order, with their places."""
        places = {
            message.invitation
            for message in self._planned(only)
            if message.invitation > after and not message.held(self.now) and channel in (None, message.channel)
        }
        return [(place, self._invitation(place)) for place in sorted(places)[:limit]]

    def linkless(self, *, again: bool, after: int, limit: int) -> Sequence[tuple[int, Invitation]]:
        """The next ones without messages that have no link yet, or (`again`) whose newest link failed."""
        found = linkless.linkless(self.tables, self.campaign, None if again else self.epoch)
        return [(place, self._invitation(place)) for place in [one for one in found if one > after][:limit]]

    def due(self, *, limit: int | None, only: frozenset[str]) -> Due:
        """How much that is: at most `limit` invitations of it."""
        lines = (
            (
                message.invitation,
                self.tables.invitations[message.invitation].external_id,
                message.channel,
                message.not_before if message.held(self.now) else None,
                self.tables.live_link(message.invitation) is not None,
            )
            for message in sorted(self._planned(only), key=lambda message: message.invitation)
        )
        return count_due(lines, limit=limit)

    def _planned(self, only: frozenset[str]) -> Iterator[MessageRow]:
        for message in self.tables.messages_in(self.campaign):
            external_id = self.tables.invitations[message.invitation].external_id
            if (
                message.state is MessageState.PLANNED
                and self._wanted(message)
                and (not only or external_id in only)
                and not self.tables.recalled(message.invitation)
            ):
                yield message

    def _wanted(self, message: MessageRow) -> bool:
        invitation = self.tables.invitations[message.invitation]
        listed = self.tables.growers[self.campaign, invitation.external_id].listed_epoch == self.epoch
        match self.scope:
            case Scope.LISTED:
                return listed and invitation.round == 0
            case Scope.REINVITED:
                return listed and invitation.round > 0
            case Scope.REOPENED:
                return message.reopened_epoch == self.epoch

    def _invitation(self, place: int) -> Invitation:
        tables, invitation = self.tables, self.tables.invitations[place]
        messages, live = tables.messages_of(place), tables.live_link(place)
        return Invitation(
            grower=tables.growers[invitation.campaign, invitation.external_id].grower,
            round=invitation.round,
            messages=tuple(
                Message(one.id, one.channel, one.to or "", one.attempts)
                for one in messages
                if one.state is MessageState.PLANNED
                and not one.held(self.now)
                and (self.scope is not Scope.REOPENED or one.reopened_epoch == self.epoch)
            ),
            channels_used=frozenset(one.channel for one in messages),
            link=live.link if live else None,
            generation=max((link.generation for link in tables.links_of(place)), default=0),
            cause=invitation.cause,
        )
