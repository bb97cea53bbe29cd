"""Settling doubts in memory: the same rules as the SQL of the ledger has."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from leafcast.decide.ledger.looking import shown_by
from leafcast.decide.ledger.wording import BY_WORD, RECALLED, refused
from leafcast.edge.memory.rows import MessageRow, OrphanRow, Trial
from leafcast.edge.memory.tables import Tables
from leafcast.model import (
    Absent,
    Channel,
    Doubt,
    DoubtLifted,
    DoubtLooked,
    DoubtResolved,
    Found,
    LinkDoubt,
    LinkState,
    Look,
    MessageState,
    Orphan,
    Settlement,
    Sought,
)


@dataclass(frozen=True, slots=True)
class MemorySettler:
    """Applies the changes that settle doubts at one moment."""

    tables: Tables
    now: datetime

    def message(self, message: MessageRow, change: DoubtLooked | DoubtLifted | DoubtResolved) -> None:
        """Note what was seen or said of a message in doubt, and settle it where that is enough."""
        trial = message.trial
        if trial is None or message.attempts != change.attempt:
            raise refused(f"attempt {change.attempt} of {message.id} is not in doubt")
        match change:
            case DoubtLooked(look=look):
                self._looked(message, trial, look)
            case DoubtLifted():
                if len(set(trial.absent_at)) < 2:
                    raise refused("a doubt is settled by what a service shows or by a person")
                self._replan(message)
            case DoubtResolved():
                self._resolved(message, change)

    def orphan_noted(self, orphan: Orphan, place: int) -> None:
        """Write an orphan down beside the link in doubt that it came from."""
        row = self.tables.links.get((place, orphan.doubt.generation))
        if row is None or row.state is not LinkState.IN_DOUBT:
            raise refused("an orphan comes from a link in doubt")
        if orphan.link_id in claimed(self.tables):
            raise refused("a link that a grower has is no orphan")
        if orphan.link_id not in self.tables.orphans:
            self.tables.put(self.tables.orphans, orphan.link_id, OrphanRow(place, orphan.doubt.generation))

    def orphan_revoked(self, orphan: Orphan) -> None:
        """Write down that an orphan is gone; the link in doubt is settled with it."""
        row = self.tables.orphans.get(orphan.link_id)
        if row is None or row.revoked:
            raise refused("this orphan was not noted, or is revoked already")
        self.tables.put(self.tables.orphans, orphan.link_id, replace(row, revoked=True))
        link = self.tables.links[row.place, row.generation]
        if link.state is LinkState.IN_DOUBT:
            self.tables.move_link(row.place, link, LinkState.REVOKED)

    def _looked(self, message: MessageRow, trial: Trial, look: Look) -> None:
        showed, why = shown_by(look)
        absent_at = (*trial.absent_at, self.now) if isinstance(look, Absent) else trial.absent_at
        noted = replace(trial, looked_at=self.now, showed=showed, why=why, absent_at=absent_at)
        seen = replace(message, trial=noted)
        if isinstance(look, Found):
            told = replace(seen, delivery=look.delivery, provider_id=look.provider_id or message.provider_id)
            self.tables.move(told, MessageState.ACCEPTED, self.now)
        else:
            self.tables.put(self.tables.messages, seen.id, seen)

    def _resolved(self, message: MessageRow, change: DoubtResolved) -> None:
        if change.settlement not in (Settlement.ASSUMED_SENT, Settlement.RESEND):
            raise refused(f"{change.settlement} is nobody's word")
        actions = self.tables.actions
        self.tables.put(actions, len(actions) + 1, (change.who, message.id, change.settlement))
        if change.settlement is Settlement.RESEND:
            self._replan(message)
        else:
            self.tables.move(message, MessageState.ASSUMED_SENT, self.now, error=BY_WORD)

    def _replan(self, message: MessageRow) -> None:
        """Let the next run send it, unless it was recalled meanwhile."""
        self.tables.move(message, MessageState.PLANNED, self.now)
        if self.tables.recalled(message.invitation):
            self.tables.move(self.tables.messages[message.id], MessageState.CANCELLED, self.now, error=RECALLED)


# ------------------------------------------------------------------------------------------------------------ reading


def doubts(tables: Tables, campaign: str) -> list[Doubt]:
    """Every message in doubt, in list order, with its evidence."""
    found = [one for one in tables.messages_in(campaign) if one.state is MessageState.IN_DOUBT]

    def order(message: MessageRow) -> tuple[int, int]:
        invitation = tables.invitations[message.invitation]
        return tables.growers[campaign, invitation.external_id].place, invitation.round

    return [_doubt(tables, message, message.trial) for message in sorted(found, key=order) if message.trial]


def witness(tables: Tables, campaign: str, channel: Channel, left_at: datetime) -> Sought | None:
    """The accepted message of a channel that left next at or after a time, else the last one before it."""
    accepted = [
        sought(tables, one, one.trial)
        for one in tables.messages_in(campaign)
        if one.channel is channel and one.state is MessageState.ACCEPTED and one.trial
    ]
    later = [one for one in accepted if one.left_at >= left_at]
    if later:
        return min(later, key=lambda one: one.left_at)
    return max(accepted, key=lambda one: one.left_at, default=None)


def links_in_doubt(tables: Tables, campaign: str) -> Iterator[LinkDoubt]:
    """Every link whose answer was lost, with its Leaf user where one of the grower's links names it."""
    users: dict[str, str] = {}
    for (place, _), row in tables.links.items():
        invitation = tables.invitations[place]
        if invitation.campaign == campaign and row.link is not None:
            users[invitation.external_id] = row.link.leaf_user_id
    for (place, generation), row in sorted(tables.links.items()):
        invitation = tables.invitations[place]
        if invitation.campaign == campaign and row.state is LinkState.IN_DOUBT:
            request = row.request
            yield LinkDoubt(
                invitation.external_id,
                invitation.round,
                generation,
                request.type,
                request.providers,
                request.expires_in,
                request.leaf_user_id or users.get(invitation.external_id, ""),
                row.intent_at,
            )


def claimed(tables: Tables) -> Collection[str]:
    """The ids of all links that the ledger knows as its own."""
    return {row.link.id for row in tables.links.values() if row.link is not None}


def sought(tables: Tables, message: MessageRow, trial: Trial) -> Sought:
    """What a service is asked to show of a message."""
    row = tables.links.get((message.invitation, trial.generation))
    link = row.link if row else None
    return Sought(message.id, message.to or "", link.id if link else "", link.url if link else "", trial.left_at)


def _doubt(tables: Tables, message: MessageRow, trial: Trial) -> Doubt:
    invitation = tables.invitations[message.invitation]
    return Doubt(
        external_id=invitation.external_id,
        round=invitation.round,
        channel=message.channel,
        attempt=message.attempts,
        sought=sought(tables, message, trial),
        code=trial.code,
        reason=trial.reason,
        ended_at=trial.ended_at,
        first_absent_at=min(trial.absent_at, default=None),
        looked_at=trial.looked_at,
        showed=trial.showed,
        why=trial.why,
    )
