"""Who is due for another round and why, who is not and why not. Pure: what Leaf showed goes in, decisions come out."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from leafcast.decide.campaign import Campaign
from leafcast.decide.fitting import fits
from leafcast.decide.planning import plan_invitation
from leafcast.decide.rounddecisions import Contacts, Decision, Facts, LinkPlan, WhyNot
from leafcast.model import (
    Cause,
    Channel,
    Connection,
    Delivery,
    Grower,
    HeldLink,
    LinkStanding,
    LinkState,
    MessageState,
    PlannedInvitation,
    PlannedMessage,
    Round,
    SkipReason,
    Standing,
    Stood,
)

DAY = 86_400
REACHED = frozenset({MessageState.ACCEPTED, MessageState.ASSUMED_SENT})
DOUBTFUL = frozenset({MessageState.SENDING, MessageState.IN_DOUBT})
UNDELIVERED = frozenset({Delivery.BOUNCED, Delivery.UNDELIVERED, Delivery.DROPPED})
UNWANTED = frozenset({Delivery.COMPLAINED, Delivery.UNSUBSCRIBED})


class _No(Exception):
    def __init__(self, why: WhyNot, words: str, skip: SkipReason | None = None) -> None:
        super().__init__(words)
        self.why, self.words, self.skip = why, words, skip


@dataclass(frozen=True, slots=True)
class Reinviter:
    """Decides for one slot of one campaign at one moment."""

    campaign: Campaign
    slot: str
    now: datetime
    contacts: Contacts

    def decide(self, facts: Facts) -> Decision:
        """Whether this grower is due, and what happens then."""
        number, goes_on = self._number(facts.standing)
        who = facts.standing.external_id
        try:
            cause, words = self._judge(facts, goes_on)
            return self._due(facts, number, goes_on, cause, words)
        except _No as no:
            planned = None
            if goes_on is not None and no.skip is not None and facts.grower is not None:
                planned = plan_invitation(self.campaign, facts.grower, round_number=number, skip=no.skip)
                planned = _in_slot(planned, goes_on.slot, goes_on.cause)
            return Decision(who, number, why_not=no.why, words=no.words, planned=planned)

    def _number(self, standing: Standing) -> tuple[int, Round | None]:
        """The round that is decided about; with the round itself where an earlier command left it unfinished."""
        if not standing.rounds:
            return 0, None
        newest = standing.rounds[-1]
        open_one = newest.number > 0 and any(one.state is MessageState.PLANNED for one in newest.messages)
        return (newest.number, newest) if open_one else (newest.number + 1, None)

    # ------------------------------------------------------------------------------------------------------- who is due

    def _judge(self, facts: Facts, goes_on: Round | None) -> tuple[Cause, str]:
        self._must_be_open(facts)
        self._must_be_listed(facts)
        self._must_be_seen(facts)
        self._must_be_settled(facts, goes_on)
        if goes_on is not None:
            self._must_be_reachable(facts)
            return Cause(goes_on.cause or Cause.EXPIRED), f"goes on ({goes_on.cause})"
        cause, words = self._cause(facts)
        self._must_be_in_bounds(facts)
        return cause, words

    def _must_be_open(self, facts: Facts) -> None:
        rounds = facts.standing.rounds
        if rounds and rounds[-1].recalled:
            raise _No(WhyNot.RECALLED, "the last invitation was recalled")
        self._must_not_be_connected(facts)

    def _must_be_listed(self, facts: Facts) -> None:
        """Asked second: who connected leaves a list that Leaf itself gives."""
        if facts.grower is None or facts.request is None:
            raise _No(WhyNot.NOT_LISTED, "the list does not name this grower any more")
        if not facts.standing.rounds:
            raise _No(WhyNot.NOT_INVITED, "`run` sends the first invitation")

    def _must_not_be_connected(self, facts: Facts) -> None:
        followed = facts.followed
        if followed is not None and followed.connected and followed.connection is not None:
            with_what = ", ".join(followed.connection.providers)
            raise _No(WhyNot.CONNECTED, f"connected with {with_what}", SkipReason.CONNECTED)

    def _must_be_seen(self, facts: Facts) -> None:
        followed = facts.followed
        if followed is not None and followed.connection is None:
            raise _No(WhyNot.UNKNOWN, "Leaf did not show this grower, so nobody knows whether they are connected")

    def _must_be_settled(self, facts: Facts, goes_on: Round | None) -> None:
        if not self.campaign.channels:
            raise _No(WhyNot.LINKS_ONLY, f"the campaign sends no messages; {self._about(facts.standing.link)}")
        every = [one for of in facts.standing.rounds for one in of.messages]
        if any(one.state in DOUBTFUL for one in every):
            raise _No(WhyNot.IN_DOUBT, "an earlier message is in doubt: `sync`, then `resolve`")
        if any(one.delivery in UNWANTED for one in every):
            raise _No(WhyNot.UNWANTED, "unsubscribed or complained about an earlier message", SkipReason.SUPPRESSED)
        if goes_on is not None:
            return
        newest = {one.state for one in facts.standing.rounds[-1].messages}
        if MessageState.PLANNED in newest:
            raise _No(WhyNot.UNSENT, "the first invitation has not left yet: `run`")
        if newest & REACHED or (newest <= {MessageState.SKIPPED} and any(one.state in REACHED for one in every)):
            return
        if MessageState.FAILED in newest:
            raise _No(WhyNot.FAILED, "the last message failed: `retry`")
        if newest <= {MessageState.SKIPPED}:
            self._must_be_reachable(facts)  # says why nobody can be reached, where that is still so
        raise _No(WhyNot.UNREACHED, f"the last invitation reached nobody ({', '.join(sorted(newest)) or 'none'})")

    def _about(self, held: HeldLink | None) -> str:
        """How a link stands that was handed over by the export, in a campaign without channels."""
        if held is None:
            return "there is no link yet: `run` makes it"
        if held.state is not LinkState.LIVE or held.link.expires_at <= self.now:
            return "the link is dead: a campaign with a new name makes another"
        return f"the link works until {held.link.expires_at:%Y-%m-%d %H:%M}Z"

    def _cause(self, facts: Facts) -> tuple[Cause, str]:
        held = facts.standing.link
        if held is None:
            raise _No(WhyNot.NO_LINK, "there is no link of an earlier round")
        found = dict(self._causes(facts, held))
        asked = {one.cause: one for one in self.campaign.reinvite.when}
        for cause in Cause:
            if cause not in asked or cause not in found:
                continue
            if cause is not Cause.EXPIRING or held.link.expires_at - self.now <= timedelta(seconds=asked[cause].within):
                return cause, found[cause]
        others = [words for cause, words in found.items() if cause is not Cause.EXPIRING]
        if others:
            raise _No(WhyNot.NOT_ASKED, f"{others[0]}, and reinvite.when does not name that")
        raise _No(WhyNot.STILL_LIVE, f"the link works until {held.link.expires_at:%Y-%m-%d %H:%M}Z")

    def _causes(self, facts: Facts, held: HeldLink) -> Iterable[tuple[Cause, str]]:
        """Everything that could be a cause, whether the campaign names it or not."""
        followed, expires = facts.followed, held.link.expires_at
        same = followed is not None and (followed.round, followed.generation) == (held.round, held.generation)
        seen = followed.seen if followed is not None and same else None
        if seen is not None and seen.expires_at is not None:
            expires = seen.expires_at
        if expires <= self.now:
            yield Cause.EXPIRED, f"the link expired on {expires:%Y-%m-%d}"
        elif held.state is not LinkState.LIVE or (seen is not None and seen.standing is LinkStanding.GONE):
            yield Cause.EXPIRED, "the link is gone from Leaf"
        else:
            yield Cause.EXPIRING, f"the link expires on {expires:%Y-%m-%d %H:%M}Z"
        if seen is not None and seen.standing is LinkStanding.USED_UP:
            yield Cause.USED_UP, f"the link was opened {seen.usage_count} times, as often as it may be"
        if any(one.delivery in UNDELIVERED for one in facts.standing.rounds[-1].messages):
            yield Cause.BOUNCED, "the last message did not arrive"
        connection = followed.connection if followed is not None else None
        if connection is not None and connection.standing is Connection.BROKEN:
            yield Cause.BROKEN, f"the connection with {', '.join(connection.providers)} is broken"

    def _must_be_in_bounds(self, facts: Facts) -> None:
        rule, rounds = self.campaign.reinvite, facts.standing.rounds
        assert facts.grower is not None  # noqa: S101 - for the type checker only
        if any(one.slot == self.slot for one in rounds):
            raise _No(WhyNot.SLOT_DONE, f"had the round of slot {self.slot} already")
        if len(rounds) - 1 >= rule.max_rounds:
            raise _No(WhyNot.MAX_ROUNDS, f"had {len(rounds) - 1} re-invitations, and maxRounds is {rule.max_rounds}")
        left = [one.left_at for of in rounds for one in of.messages if one.left_at and one.state in REACHED]
        if left and self.now < (again := max(left) + timedelta(days=rule.min_days)):
            raise _No(WhyNot.TOO_SOON, f"written to on {max(left):%Y-%m-%d}, so not before {again:%Y-%m-%d %H:%M}Z")
        self._must_be_reachable(facts)
        had = self.contacts.of(facts.grower)
        if rule.contacts is not None and had >= rule.contacts:
            days = f"{rule.contact_days} days"
            raise _No(
                WhyNot.BUDGET, f"had {had} messages of any campaign within {days}, and contacts is {rule.contacts}"
            )

    def _must_be_reachable(self, facts: Facts) -> None:
        messages = self._messages(facts)
        if any(message.skip is None for message in messages):
            return
        if any(message.skip is SkipReason.NO_CONSENT for message in messages):
            raise _No(WhyNot.NO_CONSENT, "the list says that this person did not agree", SkipReason.NO_CONSENT)
        if facts.suppressed:
            raise _No(WhyNot.SUPPRESSED, "the address must not be written to", SkipReason.SUPPRESSED)
        if self._dead_ends(facts):
            raise _No(WhyNot.NO_ADDRESS, "the last message did not arrive, and there is no other way to write")
        raise _No(WhyNot.NO_ADDRESS, "the list gives no address that may be used")

    # ------------------------------------------------------------------------------------------------ what happens then

    def _due(self, facts: Facts, number: int, goes_on: Round | None, cause: Cause, words: str) -> Decision:
        assert facts.grower is not None  # noqa: S101 - for the type checker only
        whole = plan_invitation(self.campaign, facts.grower, suppressed=facts.suppressed)
        planned = PlannedInvitation(facts.grower, number, self._messages(facts), withheld=whole.withheld)
        slot, held = (goes_on.slot if goes_on else self.slot), facts.standing.link
        plan = self._link(facts, number)
        return Decision(
            facts.standing.external_id,
            number,
            cause=cause,
            words=words,
            link=plan,
            held=held if plan is not LinkPlan.NEW else None,
            planned=_in_slot(planned, slot, cause),
        )

    def _messages(self, facts: Facts) -> tuple[PlannedMessage, ...]:
        assert facts.grower is not None  # noqa: S101 - for the type checker only
        dead = self._dead_ends(facts)
        planned = plan_invitation(
            self.campaign, _without(facts.grower, dead), duplicates=facts.duplicates, suppressed=facts.suppressed
        )
        return tuple(one for one in planned.messages if one.skip is None or len(planned.messages) == 1)

    def _dead_ends(self, facts: Facts) -> set[Channel]:
        """Channels on which the last message to the very same address did not arrive."""
        last: dict[Channel, Stood] = {}
        for of in facts.standing.rounds:
            last |= {one.channel: one for one in of.messages if one.state in REACHED}
        grower = facts.grower
        return {
            channel
            for channel, one in last.items()
            if one.delivery in UNDELIVERED and grower is not None and grower.address(channel) == one.to
        }

    def _link(self, facts: Facts, number: int) -> LinkPlan:
        """Reuse what still serves, replace what is still open, make a new one otherwise."""
        held, followed = facts.standing.link, facts.followed
        if held is None or held.state is not LinkState.LIVE or held.link.expires_at <= self.now:
            return LinkPlan.NEW
        if held.round == number:
            return LinkPlan.REUSE  # it went along, or was made, before this round was interrupted
        seen = followed.seen if followed is not None else None
        standing = seen.standing if seen is not None else LinkStanding.OPEN
        link, request = held.link, facts.request
        worth = timedelta(seconds=min(self.campaign.link.expires_in / 2, 2 * DAY))
        fresh = link.expires_at - self.now >= worth
        as_asked = request is not None and fits(request, link.type, link.providers, link.leaf_user_id)
        return LinkPlan.REUSE if fresh and as_asked and standing is LinkStanding.OPEN else LinkPlan.REPLACE


def _without(grower: Grower, channels: Collection[Channel]) -> Grower:
    return replace(
        grower,
        email=None if Channel.EMAIL in channels else grower.email,
        phone=None if Channel.SMS in channels else grower.phone,
    )


def _in_slot(planned: PlannedInvitation, slot: str, cause: str) -> PlannedInvitation:
    return replace(planned, slot=slot, cause=str(cause))


# --------------------------------------------------------------------------------------------------------- in words
