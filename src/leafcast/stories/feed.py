"""The work of a run, channel by channel, fetched a little ahead so that memory does not grow with the list.

Each channel has a feed of its own with a place of its own in the list: a slow channel keeps nobody of a fast one
waiting, and what it has not come to yet stays in the ledger.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from leafcast.model import Change, Channel, Invitation, Message, Scope
from leafcast.ports import Ledger
from leafcast.stories.brake import Brake

PAGE = 64
"""Invitations that are read at once, and so kept in memory for each channel."""
AGES = timedelta(days=36_500)
"""So far ahead nothing is held any more."""


@dataclass(frozen=True, slots=True)
class Row:
    """One message to be sent, with the invitation that it belongs to and its place in the list."""

    place: int
    invitation: Invitation
    message: Message

    @property
    def shared(self) -> bool:
        """Whether another channel has a message of this invitation to send as well."""
        return len(self.invitation.messages) > 1


@dataclass(frozen=True, slots=True)
class Work:
    """What there is to do: planned messages of a scope that were not held at `now`, when the person was asked. What has
    come free since is no part of the answer."""

    ledger: Ledger
    campaign: str
    scope: Scope
    now: datetime
    only: frozenset[str] = frozenset()
    limit: int | None = None
    """So many invitations, the first ones of the list."""

    def page(self, channel: Channel | None, after: int, size: int = PAGE) -> list[tuple[int, Invitation]]:
        """The next invitations with a message of this channel. Raises LedgerStopped."""
        return list(
            self.ledger.work(
                self.campaign, scope=self.scope, now=self.now, after=after, limit=size, only=self.only, channel=channel
            )
        )

    def invitations(self) -> Iterator[Invitation]:
        """All of it, page by page. Raises LedgerStopped."""
        after = 0
        while page := self.page(None, after, PAGE * 4):
            for after, invitation in page:  # noqa: B007 - the last place is where the next page begins
                yield invitation

    def again(self, channel: Channel, place: int, external_id: str) -> Row | None:
        """One row as the ledger holds it now; None when its message is not planned any more."""
        who = frozenset({external_id})
        found = self.ledger.work(
            self.campaign, scope=self.scope, now=self.now, after=place - 1, limit=1, only=who, channel=channel
        )
        return next((_row(channel, place, one) for at, one in found if at == place), None)

    def last_place(self) -> int | None:
        """Where the limit ends; None without one."""
        if self.limit is None:
            return None
        place, left = 0, self.limit
        while left and (page := self.page(None, place, min(PAGE * 8, left))):
            place, left = page[-1][0], left - len(page)
        return place


class Feed:
    """The rows of one channel, each given out once."""

    def __init__(self, work: Work, channel: Channel, feeds: Feeds, last: int | None) -> None:
        self._work = work
        self._channel = channel
        self._feeds = feeds
        self._last = last
        self._read_to: int = 0
        self._at_end = False
        self._page: deque[Row] = deque()
        self._passed_on: deque[tuple[int, str]] = deque()
        self._reading = asyncio.Lock()

    @property
    def dry(self) -> bool:
        """Whether there is nothing left but what other channels may still pass on."""
        return self._at_end and not self._page and not self._passed_on

    async def take(self) -> Row | None:
        """The next row; None when no channel has any left and none is under way. Raises LedgerStopped, Braked."""
        while not self._feeds.brake.pulled:
            async with self._reading:
                row = self._next()
            if row is not None:
                self._feeds.taken()
                return row
            if self._feeds.over():
                self._feeds.tell()
                return None
            await self._feeds.news()
        return None

    async def pass_on(self, row: Row, changes: Sequence[Change]) -> None:
        """Another channel refused this grower: write down that this one is to be tried, and have it come up here.
        Nothing is read meanwhile, so it comes up once: further on in the list, or out of turn."""
        async with self._reading:
            await self._work.ledger.record(*changes)
            if row.place <= self._read_to or self._at_end:
                self._passed_on.append((row.place, row.invitation.grower.external_id))
        self._feeds.tell()

    def _next(self) -> Row | None:
        while self._passed_on:
            place, external_id = self._passed_on.popleft()
            if (row := self._work.again(self._channel, place, external_id)) is not None:
                return row
        if not self._page and not self._at_end:
            self._read()
        return self._page.popleft() if self._page else None

    def _read(self) -> None:
        page = self._work.page(self._channel, self._read_to)
        for place, invitation in page:
            if self._last is not None and place > self._last:
                self._at_end = True
                return
            self._read_to = place
            self._page.append(_row(self._channel, place, invitation))
        self._at_end = len(page) < PAGE


class Feeds:
    """The feeds of all channels of a run."""

    def __init__(self, work: Work, channels: Iterable[Channel], brake: Brake) -> None:
        """Raises LedgerStopped."""
        self.brake = brake
        self._in_hand = 0
        self._event = asyncio.Event()
        last = work.last_place()
        self._feeds = {channel: Feed(work, channel, self, last) for channel in channels}

    def __getitem__(self, channel: Channel) -> Feed:
        return self._feeds[channel]

    def __contains__(self, channel: object) -> bool:
        return channel in self._feeds

    def __iter__(self) -> Iterator[Channel]:
        return iter(self._feeds)

    def over(self) -> bool:
        """Whether all is done: nothing left, and nobody under way who could pass something on."""
        return self._in_hand == 0 and all(feed.dry for feed in self._feeds.values())

    def taken(self) -> None:
        """One more row is under way."""
        self._in_hand += 1

    def done(self) -> None:
        """A row has come to its end."""
        self._in_hand -= 1
        if self._in_hand == 0:
            self.tell()

    def tell(self) -> None:
        """Wake whoever waits for something new."""
        self._event.set()
        self._event = asyncio.Event()

    async def news(self) -> None:
        """Wait until a row may have come up, or all is over. Raises Braked."""
        event = self._event
        async with self.brake.waiting():
            await event.wait()


def _row(channel: Channel, place: int, invitation: Invitation) -> Row:
    message = next(message for message in invitation.messages if message.channel is channel)
    return Row(place, invitation, message)
