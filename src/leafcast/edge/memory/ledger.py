"""The ledger in memory: the same promises to its callers as the SQLite one, but for lasting."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from leafcast.edge.ledger.revising import Slot, merge_columns, revise, untried
from leafcast.edge.ledger.store import INTERRUPTED, INTERRUPTED_REASON
from leafcast.edge.ledger.tallying import count_due, counts_of, error_shown, unknown_campaign
from leafcast.edge.memory import deliveries, following, linking, settling, steps, suppressing
from leafcast.edge.memory.changes import MemoryChanges, ended
from leafcast.edge.memory.rounds import MemoryRoundReading
from leafcast.edge.memory.tables import CampaignRow, GrowerRow, InvitationRow, LinkRow, MessageRow, Tables
from leafcast.errors import LeafcastError, LedgerStopped
from leafcast.model import (
    Change,
    Channel,
    Counts,
    Doubt,
    Due,
    Followed,
    Grower,
    Invitation,
    LedgerRow,
    LinkDoubt,
    LinkState,
    Message,
    MessageState,
    PastRun,
    PlanCounts,
    PlannedInvitation,
    PlannedMessage,
    RunStarted,
    Scope,
    SkipReason,
    Sought,
    Steps,
    Suppression,
    Taken,
    ToCall,
)
from leafcast.ports import Clock


class MemoryReceipt:
    """What `MemoryLedger.record` answers; what went wrong is told when it is awaited."""

    def __init__(self, instant: float, failure: LeafcastError | None = None) -> None:
        self._instant = instant
        self.failure = failure
        self.observed = False

    def __await__(self) -> Generator[Any, None, float]:
        self.observed = True
        yield
        if self.failure is not None:
            raise self.failure
        return self._instant


class MemoryLedger(MemoryRoundReading):
    """Fulfils `Ledger`, `LedgerReader`, `DoubtLedger` and `RoundLedger`. `stop` makes it fail as a full disk would."""

    def __init__(self, clock: Clock, new_id: Callable[[], str]) -> None:
        self._clock = clock
        self._new_id = new_id
        self._tables = Tables()
        self._epoch = 0
        self._listed_epoch = 0
        self._places = itertools.count(1)
        self._campaign: str | None = None
        self._stopped: str | None = None
        self._failures: list[MemoryReceipt] = []
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except LeafcastError:
            if error is None:
                raise

    def close(self, exit_reason: str = "done") -> None:  # noqa: ARG002 - as the SQLite ledger's
        """Raises the first failure of a change that nobody was told of. Once is enough."""
        if self._closed:
            return
        self._closed = True
        for receipt in self._failures:
            if receipt.failure is not None and not receipt.observed:
                raise receipt.failure

    def stop(self, reason: str) -> None:
        """From here on every change fails with `LedgerStopped`."""
        self._stopped = reason

    # ------------------------------------------------------------------------------------------------------ Ledger

    def begin(self, campaign: str, command: str) -> RunStarted:
        """Open a run: a new epoch, and whatever an earlier run left while sending becomes in doubt."""
        self._check_stopped()
        self._epoch += 1
        self._listed_epoch = self._epoch
        self._campaign = campaign
        self._tables.campaigns.setdefault(campaign, CampaignRow())
        for key, link in self._tables.links.items():
            if link.state is LinkState.SENDING and self._tables.invitations[key[0]].campaign == campaign:
                self._tables.links[key] = replace(link, state=LinkState.IN_DOUBT)
        left = [one for one in self._messages(campaign) if one.state is MessageState.SENDING]
        for message in left:
            self._tables.messages[message.id] = replace(
                ended(message, INTERRUPTED, INTERRUPTED_REASON, self._clock.now()),
                state=MessageState.IN_DOUBT,
                error_code=INTERRUPTED,
                error=INTERRUPTED_REASON,
                updated_at=self._clock.now(),
            )
        run_id = self._new_id()
        self._tables.runs.append((campaign, PastRun(run_id, command, self._epoch, self._clock.now(), 0, 0)))
        return RunStarted(run_id, self._epoch, len(left))

    def plan(self, campaign: str, invitations: Sequence[PlannedInvitation]) -> PlanCounts:
        """Make sure that each of these is in the ledger, and note that this run's list names them."""
        self._check_running(campaign)
        with self._tables.together():
            row = self._tables.campaigns[campaign]
            columns = merge_columns(row.columns, (planned.grower for planned in invitations))
            self._tables.put(self._tables.campaigns, campaign, replace(row, columns=tuple(columns), examined=None))
            changed = [self._plan_one(campaign, planned) for planned in invitations]
        added = sum(was_added for was_added, *_ in changed)
        updated = sum(was_updated for _, was_updated, _ in changed)
        readdressed = {True: list[str](), False: list[str]()}
        for planned, (_, was_updated, moved) in zip(invitations, changed, strict=True):
            if moved:
                readdressed[was_updated].append(planned.grower.external_id)
        return PlanCounts(added, len(changed) - added, updated, tuple(readdressed[True]), tuple(readdressed[False]))

    def go_on(self, campaign: str, fingerprint: str, only: Collection[str] = ()) -> bool:
        """Take the list that was planned from exactly this as this run's own, where its plan still holds and names all
        of `only`."""
        self._check_running(campaign)
        examined, tables = self._tables.campaigns[campaign].examined, self._tables
        planned = (one for one in self._messages(campaign) if one.state is MessageState.PLANNED)
        if examined is None or examined[0] != fingerprint or any(suppressing.is_suppressed(tables, m) for m in planned):
            return False
        found = [tables.growers.get((campaign, one)) for one in only]
        if any(row is None or row.listed_epoch != examined[1] for row in found):
            return False
        self._listed_epoch = examined[1]
        return True

    def unlisted(self, campaign: str) -> Sequence[str]:
        """The growers whom this run's list does not name, in list order."""
        self._check_running(campaign)
        rows = [row for (name, _), row in self._tables.growers.items() if name == campaign]
        gone = sorted((row for row in rows if row.listed_epoch != self._listed_epoch), key=lambda row: row.place)
        return [row.grower.external_id for row in gone]

    def work(
        self,
        campaign: str,
        *,
        scope: Scope,
        now: datetime,
        after: int,
        limit: int,
        only: frozenset[str] = frozenset(),
        channel: Channel | None = None,
    ) -> Sequence[tuple[int, Invitation]]:
        """The next invitations of the scope with a planned message that may go now, with their places in the list."""
        self._check_running(campaign)
        due = (
            message
            for message in self._scope(campaign, scope, only)
            if not message.held(now) and channel in (None, message.channel)
        )
        places = sorted({message.invitation for message in due if message.invitation > after})[:limit]
        return [(place, self._invitation(place, scope, now)) for place in places]

    def linkless(self, campaign: str, *, again: bool, after: int, limit: int) -> Sequence[tuple[int, Invitation]]:
        """The next growers who shall have a link alone and have none yet; see `LinklessLedger`."""
        self._check_running(campaign)
        epoch = None if again else self._epoch
        found = [place for place in linking.linkless(self._tables, campaign, epoch) if place > after][:limit]
        return [(place, self._invitation(place, Scope.LISTED, self._clock.now())) for place in found]

    def barred(self, campaign: str, grower: Grower, *, shared: bool) -> Mapping[Channel, SkipReason]:
        """The grower's channels whose address is closed, with the reason; see `BarringLedger`."""
        self._check_running(campaign)
        return suppressing.barred(self._tables, campaign, grower, shared=shared)

    def due(
        self,
        campaign: str,
        *,
        scope: Scope,
        now: datetime,
        limit: int | None = None,
        only: frozenset[str] = frozenset(),
    ) -> Due:
        """How much `work` would give: what a person is asked to confirm."""
        self._check_running(campaign)
        tables = self._tables
        messages = sorted(self._scope(campaign, scope, only), key=lambda message: message.invitation)
        return count_due(
            (
                (
                    message.invitation,
                    tables.invitations[message.invitation].external_id,
                    message.channel,
                    message.not_before if message.held(now) else None,
                    tables.live_link(message.invitation) is not None,
                )
                for message in messages
            ),
            limit=limit,
        )

    def record(self, *changes: Change) -> MemoryReceipt:
        """Make changes together and in order, at once."""
        receipt = MemoryReceipt(self._clock.monotonic())
        try:
            self._check_stopped()
            if self._campaign is None:
                raise LeafcastError("the ledger was written to before a run was begun")  # noqa: TRY301
            maker = MemoryChanges(self._tables, self._campaign, self._epoch, self._clock.now())
            with self._tables.together():
                for change in changes:
                    maker.apply(change)
        except LeafcastError as error:
            receipt.failure = error
            self._failures.append(receipt)
        return receipt

    # ------------------------------------------------------------------------------------------------ LedgerReader

    def campaigns(self) -> Sequence[str]:
        """The names of every campaign in the ledger."""
        return sorted(self._tables.campaigns)

    def counts(self, campaign: str) -> Counts:
        """The campaign in numbers."""
        row, tables = self._known_campaign(campaign), self._tables
        messages = self._messages(campaign)
        groups = Counter((one.channel, one.state, one.delivery) for one in messages)
        places = [place for place, invitation in tables.invitations.items() if invitation.campaign == campaign]
        newest = [links[-1] for place in places if (links := tables.links_of(place))]
        return counts_of(
            [(*key, number) for key, number in groups.items()],
            created=sum(any(link.link and not link.carried for link in tables.links_of(place)) for place in places),
            reused=sum(_carried_only(tables.links_of(place)) for place in places),
            failed=sum(link.state is LinkState.FAILED for link in newest),
            growers=sum(key[0] == campaign for key in tables.growers),
            excluded=len(row.excluded),
            held_until=min((one.not_before for one in messages if one.not_before is not None), default=None),
            recalled_at=row.recalled_at,
        )

    def rows(self, campaign: str) -> Iterator[LedgerRow]:
        """Every message, in list order, then by round and channel."""
        self._known_campaign(campaign)
        tables = self._tables

        def order(message: MessageRow) -> tuple[int, int, str]:
            invitation = tables.invitations[message.invitation]
            return tables.growers[campaign, invitation.external_id].place, invitation.round, message.channel

        alone = (linking.alone(tables, place) for place in linking.without_messages(tables, campaign))
        lines = [*self._messages(campaign), *alone]
        return iter([linking.shown(self._row(campaign, message)) for message in sorted(lines, key=order)])

    def columns(self, campaign: str) -> Sequence[str]:
        """The list's own further columns, in the list's order."""
        return list(self._known_campaign(campaign).columns)

    def excluded(self, campaign: str) -> Sequence[tuple[int, str]]:
        """The rows of the last list that a run went on without: (row number, what is wrong) each."""
        return sorted(self._known_campaign(campaign).excluded, key=lambda row: row[0])

    # ------------------------------------------------------------------------------------------------- DoubtLedger

    def doubts(self, campaign: str) -> Sequence[Doubt]:
        """Every message in doubt, in list order, with its evidence."""
        self._known_campaign(campaign)
        return settling.doubts(self._tables, campaign)

    def witness(self, campaign: str, channel: Channel, left_at: datetime) -> Sought | None:
        """The accepted message of a channel that left next at or after a time, else the last one before it."""
        self._known_campaign(campaign)
        return settling.witness(self._tables, campaign, channel, left_at)

    def links_in_doubt(self, campaign: str) -> Sequence[LinkDoubt]:
        """Every link whose answer was lost."""
        self._known_campaign(campaign)
        return list(settling.links_in_doubt(self._tables, campaign))

    def unclaimed(self, link_ids: Collection[str]) -> frozenset[str]:
        """Which of these links of Leaf's no campaign of the ledger knows as its own."""
        return frozenset(link_ids) - frozenset(settling.claimed(self._tables))

    # --------------------------------------------------------------------------------------------- FollowingLedger

    def followed(self, campaign: str) -> Sequence[Followed]:
        """Every invitation that has a link, in list order, with what Leaf last showed of it."""
        self._known_campaign(campaign)
        return list(following.followed(self._tables, campaign))

    # ---------------------------------------------------------------------------------------------- DeliveryLedger

    def taken(self, campaign: str, channel: Channel) -> Sequence[Taken]:
        """Every accepted message of a channel, in the order in which they left."""
        self._known_campaign(campaign)
        return list(deliveries.taken(self._tables, campaign, channel))

    def watermark(self, campaign: str, source: str) -> datetime | None:
        """How far a service's list was read."""
        self._known_campaign(campaign)
        return self._tables.watermarks.get((campaign, source))

    # --------------------------------------------------------------------------------------------- SuppressionList

    def suppressions(self) -> Sequence[Suppression]:
        """Who must not be written to, by channel and address."""
        return suppressing.suppressions(self._tables)

    # -------------------------------------------------------------------------------------------------- StepsReader

    def steps(self, campaign: str, column: str | None = None) -> Sequence[Steps]:
        """Growers counted for every step that they reached, by the text of a list column, the largest group first."""
        self._known_campaign(campaign)
        return steps.steps(self._tables, campaign, column)

    def to_call(self, campaign: str) -> Sequence[ToCall]:
        """Growers with a phone number of whom Leaf does not say that they are connected, in list order."""
        self._known_campaign(campaign)
        return list(steps.to_call(self._tables, campaign))

    # ---------------------------------------------------------------------------------------------------- planning

    def _plan_one(self, campaign: str, planned: PlannedInvitation) -> tuple[bool, bool, bool]:
        tables, grower, now = self._tables, planned.grower, self._clock.now()
        key = (campaign, grower.external_id)
        place = tables.place_of(campaign, grower.external_id, planned.round)
        slots = [] if place is None else [_slot(one) for one in tables.messages_of(place)]
        known = tables.growers.get(key)
        changed = known is not None and not _same(known, planned)
        taken_over = changed and untried(slots)
        readdressed = known is not None and _addresses(known.grower) != _addresses(grower)
        if known is None:
            tables.put(tables.growers, key, GrowerRow(next(self._places), grower, self._epoch))
        else:
            kept = grower if taken_over else known.grower
            tables.put(tables.growers, key, replace(known, grower=kept, listed_epoch=self._epoch))
        if place is None:
            place = self._invite(campaign, planned)
            self._add(place, planned.messages, now)
            return True, taken_over, readdressed
        self._revise(place, slots, planned, now)
        return False, taken_over, readdressed

    def _invite(self, campaign: str, planned: PlannedInvitation) -> int:
        tables, one = self._tables, planned.grower.external_id
        if (planned.slot == "") != (planned.round == 0):
            raise LeafcastError("the ledger refused a change: a round after the first, and no other, has a slot")
        before = [row for row in tables.invitations.values() if (row.campaign, row.external_id) == (campaign, one)]
        if planned.round > 0 and not any(row.round == planned.round - 1 for row in before):
            raise LeafcastError("the ledger refused a change: a round comes after the one before it")
        if planned.slot and any(row.slot == planned.slot for row in before):
            raise LeafcastError("the ledger refused a change: a grower has one round of a slot")
        place = next(self._places)
        row = InvitationRow(
            campaign, one, planned.round, planned.slot, planned.cause, self._epoch, created_at=self._clock.now()
        )
        tables.put(tables.invitations, place, row)
        return place

    def _revise(self, place: int, slots: Sequence[Slot], planned: PlannedInvitation, now: datetime) -> None:
        tables, revision = self._tables, revise(slots, planned.messages, planned.withheld)
        for message_id, reason in revision.skip:
            skipped = replace(
                tables.messages[message_id],
                state=MessageState.SKIPPED,
                not_before=None,
                error_code="",
                error=reason,
                updated_at=now,
            )
            tables.put(tables.messages, message_id, skipped)
        for message_id, to in revision.readdress:
            tables.put(tables.messages, message_id, replace(tables.messages[message_id], to=to, updated_at=now))
        for message_id in revision.remove:
            tables.put(tables.messages, message_id, None)
        self._add(place, revision.add, now)

    def _add(self, place: int, messages: Sequence[PlannedMessage], now: datetime) -> None:
        for planned in messages:
            self._tables.add_message(place, self._new_id(), planned, now)

    # ----------------------------------------------------------------------------------------------------- reading

    def _messages(self, campaign: str) -> list[MessageRow]:
        tables = self._tables
        return [one for one in tables.messages.values() if tables.invitations[one.invitation].campaign == campaign]

    def _scope(self, campaign: str, scope: Scope, only: frozenset[str]) -> Iterator[MessageRow]:
        for message in self._messages(campaign):
            invitation = self._tables.invitations[message.invitation]
            external_id = invitation.external_id
            epoch = self._listed_epoch if scope is Scope.LISTED else self._epoch
            listed = self._tables.growers[campaign, external_id].listed_epoch == epoch
            match scope:
                case Scope.LISTED:
                    wanted = listed and invitation.round == 0
                case Scope.REINVITED:
                    wanted = listed and invitation.round > 0
                case Scope.REOPENED:
                    wanted = message.reopened_epoch == self._epoch
            if (
                message.state is MessageState.PLANNED
                and wanted
                and (not only or external_id in only)
                and not self._tables.recalled(message.invitation)
            ):
                yield message

    def _invitation(self, place: int, scope: Scope, now: datetime) -> Invitation:
        tables, invitation = self._tables, self._tables.invitations[place]
        messages, live = tables.messages_of(place), tables.live_link(place)
        return Invitation(
            grower=tables.growers[invitation.campaign, invitation.external_id].grower,
            round=invitation.round,
            messages=tuple(
                Message(one.id, one.channel, one.to or "", one.attempts)
                for one in messages
                if one.state is MessageState.PLANNED
                and not one.held(now)
                and (scope is not Scope.REOPENED or one.reopened_epoch == self._epoch)
            ),
            channels_used=frozenset(one.channel for one in messages),
            link=live.link if live else None,
            generation=max((link.generation for link in tables.links_of(place)), default=0),
            cause=invitation.cause,
        )

    def _row(self, campaign: str, message: MessageRow) -> LedgerRow:
        tables, invitation = self._tables, self._tables.invitations[message.invitation]
        grower = tables.growers[campaign, invitation.external_id].grower
        newest = next(reversed(tables.links_of(message.invitation)), None)
        return message.exported(
            campaign,
            grower,
            invitation.round,
            newest,
            tables.connections.get(message.invitation),
            error_shown(message.error, message.not_before),
        )

    def _known_campaign(self, campaign: str) -> CampaignRow:
        if campaign not in self._tables.campaigns:
            raise unknown_campaign(campaign, self.campaigns())
        return self._tables.campaigns[campaign]

    def _check_running(self, campaign: str) -> None:
        self._check_stopped()
        if self._campaign != campaign:
            raise LeafcastError(f"no run of campaign {campaign!r} was begun")

    def _check_stopped(self) -> None:
        if self._stopped is not None:
            raise LedgerStopped(self._stopped)


def _carried_only(links: Sequence[LinkRow]) -> bool:
    return any(link.carried for link in links) and not any(link.link and not link.carried for link in links)


def _same(known: GrowerRow, planned: PlannedInvitation) -> bool:
    one, other = known.grower, planned.grower
    return (one.name, one.email, one.phone, dict(one.cells)) == (
        other.name,
        other.email,
        other.phone,
        dict(other.cells),
    )


def _slot(message: MessageRow) -> Slot:
    return Slot(message.id, message.channel, message.to, message.state, message.attempts)


def _addresses(grower: Grower) -> tuple[str | None, str | None]:
    return grower.email, grower.phone
