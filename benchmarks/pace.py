"""Is the pace exact, and does it find a lower limit? As the sandbox counts, by its own clock, in a process of its own.

    python benchmarks/pace.py [--seconds 4] [--rates 1 10 50 200 500] [--runs 1]
                              [--learning 60] [--limited 50:20 500:40]

For each rate: the most requests that the sandbox counted in any sliding second, the most that were handed to the
network in any, and the share of the rate that was used. Then services that take less than the pace: `50:20` takes 20
a second behind a pace of 50. For those: how many requests were done, how many refused, and the rate from the first half
minute on, as a share of the real one: over all of it, and in its slowest and fastest ten seconds. `--learning 0` leaves
them out, `--rates` without a number the first table.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import multiprocessing
import time
import urllib.request
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from leafcast.decide.replies import Answer, Reply
from leafcast.edge import eventloop
from leafcast.edge.http import Door, Retrier, open_network
from leafcast.edge.http.network import Network
from leafcast.edge.system import SystemClock
from leafcast.model import Outcome, Service, Verdict
from leafcast.sandbox.desk import busiest_second
from leafcast.sandbox.server import serve

SETTLED, SPAN = 30.0, 10.0
"""Seconds after which the limit is to be known, and those of one look at the rate."""
USERS = "/services/usermanagement/api/users"


class Watched(Network):
    """A network that notes when requests are handed to it."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.left: list[float] = []

    async def send(self, *args: Any) -> Reply:
        """Make one request."""
        self.left.append(time.monotonic())
        return await self._network.send(*args)


async def drive(url: str, rate: float, requests: int) -> tuple[list[float], int]:
    """Make so many requests as fast as the door lets us, each until it is taken, as a run does it; when they left, and
    how many were given up."""
    given_up, left = 0, itertools.count()
    async with open_network() as network:
        watched, clock = Watched(network), SystemClock()
        door, patience = Door(Service.LEAF, f"{url}/leaf", watched, rate=rate, clock=clock), Retrier(clock)

        async def attempt() -> Outcome:
            reply = await door.request("GET", USERS, params={"size": 1}, turn=await door.ready())
            if isinstance(reply, Answer) and reply.status == 429:
                return Outcome(Verdict.PAUSE, "http-429", retry_after=reply.retry_after)
            return Outcome(Verdict.ACCEPTED)

        async def worker() -> None:
            nonlocal given_up
            while next(left) < requests:
                given_up += (await patience.until_settled(attempt)).verdict is not Verdict.ACCEPTED

        await asyncio.gather(*(worker() for _ in range(64)))
    return watched.left, given_up


def _serve(pipe: Any) -> None:
    serve(port=0, ready=lambda sandbox: pipe.send(sandbox.url))


@contextmanager
def counting() -> Iterator[str]:
    """A sandbox in a process of its own, so that it counts by a clock and a loop that the sender does not hold up."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def control(url: str, path: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/control/{path}", data, {"content-type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return json.loads(answer.read() or b"null")


def exactness(rate: float, seconds: float) -> str:
    """One line of the first table."""
    with counting() as url:
        left, _ = eventloop.run(drive(url, rate, max(3, round(rate * seconds))))
        seen = control(url, "requests")
    times = [one["at"] for one in seen["requests"]]
    used = (len(times) - 1) / (times[-1] - times[0]) / rate
    return f"| {rate:g} | {seen['busiestSecond']} | {busiest_second(sorted(left))} | {used:.1%} |"


def learning(pace: float, limit: float, seconds: float) -> str:
    """One line of the second table."""
    requests = round(limit * seconds)
    with counting() as url:
        control(url, "faults", [{"kind": "rate", "service": "leaf", "perSecond": limit}])
        _, given_up = eventloop.run(drive(url, pace, requests))
        seen = control(url, "requests")["requests"]
    taken = [one["at"] for one in seen if one["status"] != 429]
    begin = seen[0]["at"]

    def rate(first: float, last: float) -> float:
        return (bisect_left(taken, begin + last) - bisect_left(taken, begin + first)) / (last - first) / limit

    end = taken[-1] - begin
    spans = [rate(at, at + SPAN) for at in range(int(SETTLED), int(end - SPAN) + 1, int(SPAN))]
    refused = len(seen) - len(taken)
    late = f"{rate(SETTLED, end):.1%} | {min(spans):.1%} to {max(spans):.1%}" if spans else "too short | too short"
    done = f"{len(taken)} of {requests}" + (f", {given_up} given up" if given_up else "")
    return f"| {pace:g} | {limit:g} | {end:.0f} s | {done} | {refused} ({refused / len(seen):.1%}) | {late} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rates", type=float, nargs="*", default=[1, 10, 50, 200, 500])
    parser.add_argument("--runs", type=int, default=1, help="of each rate")
    parser.add_argument("--learning", type=float, default=60.0, help="seconds to find a lower limit in")
    parser.add_argument("--limited", nargs="*", default=["50:20"], help="pace:limit, as many as are wanted")
    options = parser.parse_args()
    if options.rates:
        print("| pace | most in a sliding second | as they left | used |")
        print("| --- | --- | --- | --- |")
    for rate in (rate for rate in options.rates for _ in range(options.runs)):
        print(exactness(rate, options.seconds), flush=True)
    if options.learning and options.limited:
        print("\n| pace | real limit | it took | done | refused | of the limit used after 30 s | in spans of 10 s |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for pair in options.limited:
            pace, _, limit = pair.partition(":")
            print(learning(float(pace), float(limit), options.learning), flush=True)


if __name__ == "__main__":
    main()
