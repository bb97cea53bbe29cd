"""Is the pace exact, and does it find a lower limit? As the sandbox counts, by its own clock.

    python benchmarks/pace.py [--seconds 4] [--rates 1 10 50 200 500]

For each rate: the most requests in any sliding second, and the share of the rate that was used. Then a service that
takes 20 a second behind a pace of 50: how many requests it refused, and what of its rate was used from then on.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import urllib.request
from collections import Counter
from typing import Any

from leafcast.edge.http import Door, open_network
from leafcast.edge.system import SystemClock
from leafcast.model import Service
from leafcast.sandbox.server import running

LIMIT, PACE = 20, 50


async def drive(url: str, rate: float, seconds: float) -> Counter[int]:
    """Ask as fast as the door lets us; the statuses."""
    seen: Counter[int] = Counter()
    left = max(3, round(rate * seconds))
    async with open_network() as network:
        door = Door(Service.LEAF, f"{url}/leaf", network, rate=rate, clock=SystemClock())

        async def worker() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                reply = await door.request("GET", "/services/usermanagement/api/users", params={"size": 1})
                seen[getattr(reply, "status", 0)] += 1

        await asyncio.gather(*(worker() for _ in range(64)))
    return seen


def control(url: str, path: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/control/{path}", data, {"content-type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return json.loads(answer.read() or b"null")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rates", type=float, nargs="+", default=[1, 10, 50, 200, 500])
    parser.add_argument("--learning", type=float, default=60.0, help="seconds to find a lower limit in")
    options = parser.parse_args()
    print("| pace | most in a sliding second | used |")
    print("| --- | --- | --- |")
    for rate in options.rates:
        with running() as sandbox:
            asyncio.run(drive(sandbox.url, rate, options.seconds))
            times = sorted(one["at"] for one in control(sandbox.url, "requests")["requests"])
            first, most = 0, 0
            for last, time in enumerate(times):
                while time - times[first] >= 1:
                    first += 1
                most = max(most, last - first + 1)
            used = (len(times) - 1) / (times[-1] - times[0]) / rate
            print(f"| {rate:g} | {most} | {used:.1%} |")
    with running() as sandbox:
        control(sandbox.url, "faults", [{"kind": "rate", "service": "leaf", "perSecond": LIMIT}])
        asyncio.run(drive(sandbox.url, PACE, options.learning * LIMIT / PACE))
        seen = control(sandbox.url, "requests")["requests"]
        refused = sum(one["status"] == 429 for one in seen)
        last = seen[-1]["at"]
        taken = sum(one["status"] != 429 and one["at"] > last - options.learning / 2 for one in seen)
        share = taken / (options.learning / 2) / LIMIT
        print(f"behind a pace of {PACE} it takes {LIMIT}: {refused} of {len(seen)} refused, {share:.1%} of that used")


if __name__ == "__main__":
    main()
