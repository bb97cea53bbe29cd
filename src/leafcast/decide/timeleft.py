"""How long a run still takes, from how fast each channel went of late: the slowest channel is the last to end."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from leafcast.model import Channel

SPAN, ENOUGH = 60.0, 50
"""A channel's rate is that of its last minute, or of its last fifty messages where those took longer."""
SOONEST = 2.0
"""Seconds before anything is said."""
SAMPLE = 1.0
"""Seconds between two marks."""


class TimeLeft:
    """Counts what is settled. Instants are monotonic seconds."""

    def __init__(self, planned: Mapping[Channel, int], now: float) -> None:
        self._left = dict(planned)
        self._done = dict.fromkeys(planned, 0)
        self._marks = {channel: deque([(now, 0)]) for channel in planned}

    def settled(self, channel: Channel, now: float) -> None:
        """One message of a channel has ended."""
        if channel not in self._left:  # a refusal elsewhere made it necessary
            self._left[channel], self._done[channel], self._marks[channel] = 0, 0, deque([(now, 0)])
        self._left[channel] = max(0, self._left[channel] - 1)
        self._done[channel] += 1
        marks = self._marks[channel]
        if now - marks[-1][0] >= SAMPLE or len(marks) == 1:
            marks.append((now, self._done[channel]))
        while len(marks) > 2 and now - marks[1][0] >= SPAN and self._done[channel] - marks[1][1] >= ENOUGH:
            marks.popleft()

    def rate(self, channel: Channel, now: float) -> float:
        """Messages per second of late; 0 before there is anything to measure."""
        if channel not in self._marks:
            return 0.0
        since, before = self._marks[channel][0]
        return (self._done[channel] - before) / (now - since) if now > since else 0.0

    def seconds(self, now: float) -> float | None:
        """Seconds until the last channel is done; None while nobody can tell."""
        if any(now - marks[0][0] < SOONEST for marks in self._marks.values()):
            return None
        open_channels = [channel for channel, left in self._left.items() if left]
        rates = {channel: self.rate(channel, now) for channel in open_channels}
        if not all(rates.values()):
            return None
        return max((self._left[channel] / rates[channel] for channel in open_channels), default=0.0)
