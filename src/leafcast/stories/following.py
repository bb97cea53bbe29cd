"""Ask Leaf what became of the invitations: who is connected, which links are still open. Nothing is changed at Leaf."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from leafcast.decide.following import connection_of, link_sight, worth_a_look
from leafcast.errors import LeafcastError, RunStopped
from leafcast.model import (
    Change,
    Connection,
    ConnectionSeen,
    Followed,
    LeafLink,
    LeafUser,
    LinkSeen,
    LinkStanding,
    LinkState,
    Outcome,
    Verdict,
)
from leafcast.ports import Clock, FollowingLedger, LeafWatch, Ledger
from leafcast.stories.brake import Brake, Braked

PAGE = 100
"""Users in one answer of Leaf's."""
AT_ONCE = 4
"""Questions under way at once; the pace holds all the same."""
FEW = 20
"""So many users are asked for one by one; more of them come by the page."""
MISSED = 40
"""So many users that no page showed are asked for one by one: pages shift while users come and go."""
TRIES = 3
"""How often a page is asked for that cannot be read."""
AGAIN = "What was seen stays so. Mend this, and run sync again."

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Watch:
    """What looking at Leaf touches. The run whose ledger this is must have begun."""

    ledger: Ledger
    following: FollowingLedger
    leaf: LeafWatch
    clock: Clock


@dataclass(slots=True)
class Looked:
    """What Leaf showed."""

    connections: Counter[Connection] = field(default_factory=Counter)
    links: Counter[LinkStanding] = field(default_factory=Counter)
    unseen: int = 0
    """Growers whose user Leaf did not show, without saying that it is gone."""
    trouble: RunStopped | None = None
    """Why Leaf could not be asked about all of them."""


class _Refused(Exception):
    """Leaf kept an answer back."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.stop = RunStopped(f"Leaf: {outcome.reason}", fix=AGAIN)


async def look_at_leaf(
    watch: Watch, campaign: str, brake: Brake, *, only: Collection[str] = frozenset(), users_only: bool = False
) -> Looked:
    """Write down what Leaf shows of every invitation that has a link (`only`: of these growers). What keeps Leaf away
    is in the answer; what was seen by then is durable. `Followed` of the ledger has it all afterwards."""
    looker = _Looker(watch, campaign, brake)
    wanted = [one for one in watch.following.followed(campaign) if not only or one.external_id in only]
    try:
        try:
            await looker.users(wanted)
            if not users_only:
                await looker.links(wanted)
        except Braked:
            pass
        except _Refused as refused:
            looker.looked.trouble = refused.stop
        await watch.ledger.record()
    except LeafcastError as error:
        brake.pull(error)
    return looker.looked


class _Looker:
    def __init__(self, watch: Watch, campaign: str, brake: Brake) -> None:
        self._watch, self._campaign, self._brake = watch, campaign, brake
        self.looked = Looked()

    # ------------------------------------------------------------------------------------------------- who is connected

    async def users(self, followed: Iterable[Followed]) -> None:
        """Who is connected: by the page, and one by one for those whom no page showed."""
        waiting: dict[str, list[Followed]] = defaultdict(list)
        for one in followed:
            waiting[one.link.leaf_user_id].append(one)
        everybody = len(waiting)
        if everybody > FEW:
            await self._by_page(waiting)
        if everybody > MISSED and len(waiting) == everybody:
            raise _Refused(STRANGERS)
        gone: list[str] = []
        await self._each(sorted(waiting)[:MISSED], lambda user_id: self._singly(waiting, user_id, gone))
        if len(gone) == everybody > 1:
            raise _Refused(STRANGERS)
        for user_id in gone:
            self._note_user(waiting.pop(user_id), None)
        self.looked.unseen = sum(len(of_user) for of_user in waiting.values())

    async def _by_page(self, waiting: dict[str, list[Followed]]) -> None:
        """Read pages until everybody was seen or there are no more."""
        page, more, known = 0, True, set[str]()
        while waiting and more:
            # So many pages there still are, if everybody is there.
            sure = max(1, min(AT_ONCE, -(-len(waiting) // PAGE)))
            for users in await _gathered([self._page(page + number) for number in range(sure)]):
                # A page that shows nobody new is no next page.
                more = more and len(users) >= PAGE and not known.issuperset(user.id for user in users)
                known.update(user.id for user in users)
                for user in users:
                    self._note_user(waiting.pop(user.id, ()), user)
            page += sure

    async def _page(self, page: int) -> tuple[LeafUser, ...]:
        answer: tuple[LeafUser, ...] | Outcome = ()
        for _ in range(TRIES):
            answer = await self._ask(self._watch.leaf.user_page, page)
            if not isinstance(answer, Outcome) or answer.code != "unusable-answer":
                break
        return _believed(answer)

    async def _singly(self, waiting: dict[str, list[Followed]], user_id: str, gone: list[str]) -> None:
        answer = await self._ask(self._watch.leaf.user, user_id)
        if _not_there(answer):
            gone.append(user_id)
            return
        user = _believed(answer)
        if user.id != user_id:
            raise _Refused(OTHER_USER)
        self._note_user(waiting.pop(user_id), user)

    def _note_user(self, followed: Iterable[Followed], user: LeafUser | None) -> None:
        for one in followed:
            sight = connection_of(one.link.type, one.link.providers, user)
            self.looked.connections[sight.standing] += 1
            self._note(ConnectionSeen(self._campaign, one.external_id, one.round, sight))

    # --------------------------------------------------------------------------------------------- which links are open

    async def links(self, followed: Sequence[Followed]) -> None:
        """How the links stand: one question for each type, and one for each link that a list does not show."""
        now = self._watch.clock.now()
        shown: dict[str, LeafLink] = {}
        for kind in dict.fromkeys(one.link.type for one in followed if worth_a_look(one, now)):
            shown |= {link.id: link for link in _believed(await self._ask(self._watch.leaf.links, kind))}
        live = [one for one in followed if one.link_state is LinkState.LIVE]
        missing = [one for one in live if worth_a_look(one, now) and one.link.id not in shown]
        for one in live:
            if one.link.id in shown or not worth_a_look(one, now):
                self._note_link(one, shown.get(one.link.id))
        await self._each(missing, self._link_singly)

    async def _link_singly(self, one: Followed) -> None:
        answer = await self._ask(self._watch.leaf.link, one.link.type, one.link.id)
        self._note_link(one, None if _not_there(answer) else _believed(answer))

    def _note_link(self, one: Followed, shown: LeafLink | None) -> None:
        sight = link_sight(shown, one, self._watch.clock.now())
        self.looked.links[sight.standing] += 1
        if sight != one.seen or sight.standing in (LinkStanding.OPEN, LinkStanding.USED_UP):
            self._note(LinkSeen(self._campaign, one.external_id, one.round, one.generation, sight))

    # ----------------------------------------------------------------------------------------------------------- asking

    def _note(self, change: Change) -> None:
        # What Leaf showed can be asked for again: nobody has to wait until it is durable.
        self._watch.ledger.record(change)

    async def _ask(self, question: Callable[..., Awaitable[T]], *about: Any) -> T:
        # A question changes nothing, so a stop may cut it short.
        async with self._brake.waiting():
            return await question(*about)

    async def _each(self, things: Collection[T], do: Callable[[T], Awaitable[None]]) -> None:
        """Do something for each, a few at once; the first that fails ends it."""
        line = iter(things)

        async def work() -> None:
            for thing in line:
                await do(thing)

        await _gathered([work() for _ in range(min(AT_ONCE, len(things)))])


async def _gathered(questions: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """All answers, in order; the first failure ends the others."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(question) for question in questions]
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]


def _not_there(answer: object) -> bool:
    return isinstance(answer, Outcome) and answer.code.startswith("http-404")


def _believed(answer: T | Outcome) -> T:
    if isinstance(answer, Outcome):
        raise _Refused(answer)
    return answer


STRANGERS = Outcome(
    Verdict.STOP, "strangers", "it knows none of this campaign's growers; check that LEAF_TOKEN is of the same account"
)
OTHER_USER = Outcome(Verdict.FAILED, "other-user", "asked for one user, it answered with another")
