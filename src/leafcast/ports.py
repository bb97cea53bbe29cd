"""What the stories need of the world, as Protocols; the rooms under `edge` fulfil them, the twins in memory too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from leafcast.model import (
    Barred,
    Change,
    Channel,
    Contact,
    Counts,
    Doubt,
    Due,
    Followed,
    Grower,
    Invitation,
    LeafLink,
    LeafUser,
    LedgerRow,
    LinkDoubt,
    LinkOutcome,
    LinkRequest,
    LinkType,
    Look,
    Outcome,
    PastRun,
    PlanCounts,
    PlannedInvitation,
    Recallable,
    Rejected,
    Report,
    Row,
    RunStarted,
    Scope,
    SkipReason,
    Sought,
    Standing,
    Steps,
    Suppression,
    Taken,
    ToCall,
    Unknown,
)

M_contra = TypeVar("M_contra", contravariant=True)


class Turn(Protocol):
    """Leave to make one request now; handed out by a service's pace and spent by the request."""


class Clock(Protocol):
    """Time, given in and never reached for."""

    def now(self) -> datetime:
        """The wall clock, aware, UTC."""

    def monotonic(self) -> float:
        """Seconds that never go backwards and count suspended time where the system can."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class ListSource(Protocol):
    """The list of growers."""

    def rows(self) -> Iterator[Row | Rejected]:
        """Every row, in order; one that cannot even be cut into cells comes as rejected. May be called again."""


class Shelf(Protocol):
    """Growers put away in order, each with the channels whose address an earlier row has. A plain list is one."""

    def append(self, item: tuple[Grower, tuple[Channel, ...]], /) -> None:
        """Put one behind the others."""

    def __iter__(self) -> Iterator[tuple[Grower, tuple[Channel, ...]]]:
        """All of them from the first on; may be called again."""


class LinkMaker(Protocol):
    """Leaf, as far as a run needs it."""

    async def ready(self) -> Turn:
        """Wait until the pace lets one request go. The intent is written after this and before `create`."""

    async def create(self, request: LinkRequest, turn: Turn) -> LinkOutcome:
        """Ask for one link, once. Never raises for what a service or a network does."""


class Sender(Protocol[M_contra]):
    """The service behind one channel, as far as a run needs it."""

    async def ready(self) -> Turn:
        """Wait until the pace lets one request go. The intent is written after this and before `send`."""

    async def send(self, message: M_contra, turn: Turn) -> Outcome:
        """Hand over one message, once. Never raises for what a service or a network does."""


class Patience(Protocol):
    """The one policy of putting off what surely has not happened yet."""

    async def until_settled(
        self, attempt: Callable[[], Awaitable[Outcome]], *, sleep: Callable[[float], Awaitable[None]]
    ) -> Outcome:
        """Attempt until the verdict is not `pause`, waiting with `sleep` between attempts, as long and as often as the
        policy allows; give the last outcome. What `attempt` and `sleep` raise goes through."""


class Ledger(Protocol):
    """The only truth about what happened, held by one run."""

    def begin(self, campaign: str, command: str) -> RunStarted:
        """Open a run: a new epoch, and whatever an earlier run left while sending becomes in doubt."""

    def plan(self, campaign: str, invitations: Sequence[PlannedInvitation]) -> PlanCounts:
        """Make sure that each of these is in the ledger, in one transaction, and note that this run's list names them.
        What is known already stays as it is, except for growers for whom nothing was ever attempted in that round:
        their cells, addresses and planned messages are taken over from the new decision."""

    def go_on(self, campaign: str, fingerprint: str, only: Collection[str] = ()) -> bool:
        """Take the list that an earlier run planned from exactly this (`Examined`) as this run's own; False where there
        is none, where its plan does not hold any more, or where it does not name all of `only`."""

    def unlisted(self, campaign: str) -> Sequence[str]:
        """The growers whom this run's list does not name, by externalId and in list order."""

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
        """The next invitations of the scope with a planned message that is not held beyond `now`, in list order, as
        (position, invitation). `after` is the position of the last one seen, 0 to begin; with `channel`, only those
        with such a message of this channel."""

    def due(
        self,
        campaign: str,
        *,
        scope: Scope,
        now: datetime,
        limit: int | None = None,
        only: frozenset[str] = frozenset(),
    ) -> Due:
        """How much `work` would give, without giving it: what a person is asked to confirm."""

    def record(self, *changes: Change) -> Awaitable[float]:
        """Hand changes to the one writer. They are committed together and in order; awaiting the answer waits until
        they are durable and gives the monotonic instant of the commit. Not awaiting is allowed for outcomes only.
        Awaiting the intent of a message to a suppressed address raises `Withheld`, and nothing is changed."""


class SuppressionList(Protocol):
    """Who must not be written to, as the ledger knows it; works beside a run."""

    def suppressions(self) -> Sequence[Suppression]:
        """All of them, by channel and address."""


class LinklessLedger(Protocol):
    """The ledger of a campaign that makes links and sends nothing."""

    def linkless(self, campaign: str, *, again: bool, after: int, limit: int) -> Sequence[tuple[int, Invitation]]:
        """The next growers of this run's list who shall have a link alone and have none yet, with their places; with
        `again` those instead whose newest link failed, listed or not."""


class BarringLedger(Protocol):
    """Which addresses are closed, asked when a refusal leads to another channel: the list is not at hand then."""

    def barred(self, campaign: str, grower: Grower, *, shared: bool) -> Mapping[Channel, SkipReason]:
        """The grower's channels whose address is suppressed or, unless addresses may be shared, an earlier grower's of
        the campaign, with the reason."""


class RunLedger(Ledger, LinklessLedger, BarringLedger, Protocol):
    """What a run works on."""


class LedgerReader(SuppressionList, Protocol):
    """The ledger for those who only look; works beside a run."""

    def campaigns(self) -> Sequence[str]:
        """The names of every campaign in the ledger."""

    def counts(self, campaign: str) -> Counts:
        """The campaign in numbers."""

    def rows(self, campaign: str) -> Iterator[LedgerRow]:
        """Every message, in list order, then by round and channel."""

    def columns(self, campaign: str) -> Sequence[str]:
        """The list's own further columns, in the list's order."""


class DoubtLedger(Protocol):
    """What the ledger knows about its doubts; works beside a run."""

    def doubts(self, campaign: str) -> Sequence[Doubt]:
        """Every message in doubt, in list order, with its evidence."""

    def witness(self, campaign: str, channel: Channel, left_at: datetime) -> Sought | None:
        """The accepted message of a channel that left next at or after a time, else the last one before it: a service
        whose records do not show this one cannot prove by them that another never came."""

    def links_in_doubt(self, campaign: str) -> Sequence[LinkDoubt]:
        """Every link whose answer was lost and which may still open something at Leaf."""

    def unclaimed(self, link_ids: Collection[str]) -> frozenset[str]:
        """Which of these links of Leaf's no campaign of the ledger knows as its own."""


class RoundLedger(Protocol):
    """What the ledger knows about rounds; works beside a run."""

    def standings(self, campaign: str) -> Sequence[Standing]:
        """Every grower of a campaign, in list order."""

    def contacts(self, since: datetime) -> Sequence[Contact]:
        """What people of any campaign of the ledger got, or may have got, since then."""

    def recallable(self, campaign: str, now: datetime) -> Sequence[Recallable]:
        """Every invitation, in list order, with the links of it that may still open something."""

    def recalled_at(self, campaign: str) -> datetime | None:
        """When the whole campaign was recalled, None where it was not."""


class RecallLedger(Protocol):
    """What the ledger knows about what can be taken back; works beside a run."""

    def recalled_at(self, campaign: str) -> datetime | None:
        """When the whole campaign was recalled, None where it was not."""

    def past_runs(self, campaign: str) -> Sequence[PastRun]:
        """Every run of a campaign, the newest first."""

    def recallable(self, campaign: str, now: datetime, run: PastRun | None = None) -> Sequence[Recallable]:
        """Every invitation that a recall would touch, of one run or of all, in list order."""

    def opened_before_recall(self, campaign: str) -> Mapping[str, datetime | None]:
        """Whose link had been opened when a recall revoked it, and when last."""


class Searcher(Protocol):
    """The service behind one channel, as far as it can show what it took."""

    async def find(self, sought: Sought) -> Look:
        """Look for one message. Never raises for what a service or a network does."""


class LinkKeeper(Protocol):
    """Leaf, as far as the links that it holds are concerned. Each answers a value, or the outcome that kept it away."""

    async def links(self, kind: LinkType) -> tuple[LeafLink, ...] | Outcome:
        """Every link of a type."""

    async def users(self, external_id: str | None = None) -> tuple[LeafUser, ...] | Outcome:
        """Every user of the account, or those with exactly this externalId."""

    async def delete(self, kind: LinkType, link_id: str) -> Outcome:
        """Revoke one link. May be repeated."""


class FollowingLedger(Protocol):
    """What the ledger knows of what Leaf showed; works beside a run."""

    def followed(self, campaign: str) -> Sequence[Followed]:
        """Every invitation that has a link, in list order, then by round."""


class LeafWatch(Protocol):
    """Leaf, as far as it shows who is connected and which links are open. Each answers a value, or the outcome that
    kept it away: `failed`, code beginning with `http-404`, for what is not there."""

    async def user_page(self, page: int) -> tuple[LeafUser, ...] | Outcome:
        """A hundred users of the account, from page 0 on; fewer on the last page."""

    async def user(self, user_id: str) -> LeafUser | Outcome:
        """One user."""

    async def links(self, kind: LinkType) -> tuple[LeafLink, ...] | Outcome:
        """Every link of a type."""

    async def link(self, kind: LinkType, link_id: str) -> LeafLink | Outcome:
        """One link."""


class StepsReader(Protocol):
    """How far growers have come; works beside a run."""

    def steps(self, campaign: str, column: str | None = None) -> Sequence[Steps]:
        """Growers counted for every step that they reached, by the text of a list column, the largest group first."""

    def to_call(self, campaign: str) -> Sequence[ToCall]:
        """Growers with a phone number of whom Leaf does not say that they are connected, in list order."""


class DeliveryLedger(Protocol):
    """What the ledger knows of what became of its messages; works beside a run."""

    def taken(self, campaign: str, channel: Channel) -> Sequence[Taken]:
        """Every accepted message of a channel, in the order in which they left."""

    def watermark(self, campaign: str, source: str) -> datetime | None:
        """How far a service's list was read for the campaign."""


class Tracker(Protocol):
    """The service behind one channel, as far as it tells what became of messages. What ends the telling is the last
    thing that comes, as an `Unknown`."""

    def reports(self, wanted: Sequence[Taken]) -> AsyncIterator[Sequence[Report] | Unknown]:
        """What the service says of these messages, some at a time; what it says of others may come along."""

    def barred(self, source: str, since: datetime) -> AsyncIterator[Sequence[Barred] | Unknown]:
        """The addresses that came on one of the service's `sources` at or after a time, some at a time."""

    @property
    def sources(self) -> Sequence[str]:
        """The lists of addresses that the service keeps."""


class Progress(Protocol):
    """What a person sees while waiting."""

    def planned(self, messages: int) -> None:
        """How many messages this command will handle."""

    def settled(self, channel: Channel, outcome: Outcome) -> None:
        """One message ended for now."""

    def notice(self, text: str) -> None:
        """One plain sentence that is worth a line."""
