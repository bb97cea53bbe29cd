"""The ledger in memory: the same promises to its callers as the SQLite one, but for lasting."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from leafcast.decide.ledger.wording import INTERRUPTED, INTERRUPTED_REASON, no_run
from leafcast.edge.memory import again, suppressing
from leafcast.edge.memory.changes import MemoryChanges
from leafcast.edge.memory.messages import ended
from leafcast.edge.memory.planning import MemoryPlanner
from leafcast.edge.memory.reader import MemoryReader
from leafcast.edge.memory.rows import CampaignRow
from leafcast.edge.memory.tables import Tables
from leafcast.edge.memory.work import MemoryBacklog
from leafcast.errors import LeafcastError, LedgerStopped
from leafcast.model import (
    Change,
    Channel,
    Due,
    Grower,
    Invitation,
    LinkState,
    MessageState,
    PastRun,
    PlanCounts,
    PlannedInvitation,
    RunStarted,
    Scope,
    SkipReason,
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


class MemoryLedger(MemoryReader):
    """Fulfils `Ledger`, and `LedgerReader` as well. `stop` makes it fail as a full disk would."""

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
        left = [one for one in self._tables.messages_in(campaign) if one.state is MessageState.SENDING]
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
        planner = MemoryPlanner(self._tables, campaign, self._epoch, self._clock.now(), self._new_id, self._places)
        with self._tables.together():
            return planner.plan(invitations)

    def plan_ahead(self, campaign: str, invitations: Sequence[PlannedInvitation]) -> Callable[[], PlanCounts]:
        """The same; nothing is waited for here."""
        counts = self.plan(campaign, invitations)
        return lambda: counts

    def go_on(self, campaign: str, fingerprint: str, only: Collection[str] = ()) -> bool:
        """Take the list that was planned from exactly this as this run's own, where its plan still holds and names all
        of `only`."""
        self._check_running(campaign)
        examined, tables = self._tables.campaigns[campaign].examined, self._tables
        planned = (one for one in self._tables.messages_in(campaign) if one.state is MessageState.PLANNED)
        if examined is None or examined[0] != fingerprint or any(suppressing.is_suppressed(tables, m) for m in planned):
            return False
        found = [tables.growers.get((campaign, one)) for one in only]
        if any(row is None or row.listed_epoch != examined[1] for row in found):
            return False
        self._listed_epoch = examined[1]
        return True

    def leave_out_connected(self, campaign: str) -> Sequence[str]:
        """Skip whom Leaf last showed connected, where the first invitation still waits; see `AgainLedger`."""
        self._check_running(campaign)
        with self._tables.together():
            return again.leave_out_connected(self._tables, campaign, self._clock.now())

    def failed(self, campaign: str, channel: Channel | None) -> frozenset[str]:
        """The growers with a message that a retry would attempt again."""
        self._check_running(campaign)
        return again.failed(self._tables, campaign, channel)

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
        return self._backlog(campaign, scope, now).invitations(after=after, limit=limit, only=only, channel=channel)

    def linkless(self, campaign: str, *, again: bool, after: int, limit: int) -> Sequence[tuple[int, Invitation]]:
        """The next growers who shall have a link alone and have none yet; see `LinklessLedger`."""
        backlog = self._backlog(campaign, Scope.LISTED, self._clock.now())
        return backlog.linkless(again=again, after=after, limit=limit)

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
        return self._backlog(campaign, scope, now).due(limit=limit, only=only)

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

    def _backlog(self, campaign: str, scope: Scope, now: datetime) -> MemoryBacklog:
        self._check_running(campaign)
        epoch = self._listed_epoch if scope is Scope.LISTED else self._epoch
        return MemoryBacklog(self._tables, campaign, epoch, scope, now)

    def _check_running(self, campaign: str) -> None:
        self._check_stopped()
        if self._campaign != campaign:
            raise no_run(campaign)

    def _check_stopped(self) -> None:
        if self._stopped is not None:
            raise LedgerStopped(self._stopped)
