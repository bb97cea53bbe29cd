"""How many emails and texts a second one core writes, beside plain Jinja with the same templates: one table, one run.

    python benchmarks/rendering.py [--rows 3000]

Plain Jinja is neither sandboxed nor strict nor bounded, and judges nothing; it gets the same finished values, and its
template has its stylesheet in its tags already. Processor time is measured, not the clock: figures drift with the
machine, the ratio in the last column is the result.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType

from jinja2 import Environment, FunctionLoader

from leafcast.decide.inlining import inlined, sheet_for
from leafcast.decide.languages import written_day
from leafcast.decide.providers import in_words
from leafcast.decide.rendering import Renderer, placeholder_link
from leafcast.decide.segments import plain
from leafcast.edge.campaignfile import read_campaign
from leafcast.edge.shipped import CAMPAIGNS, shipped
from leafcast.model import Grower, Link, LinkRequest, LinkType

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
PARTS = ("invite.subject.j2", "invite.html.j2", "invite.txt.j2")


def growers(rows: int) -> list[Grower]:
    """Invented growers, each with a name of its own."""
    made = []
    for number in range(rows):
        cells = {"externalId": f"G-{number}", "name": f"Maria {number}", "email": f"m{number}@farm.example",
                 "phone": "+15155550123", "locale": "en"}  # fmt: skip
        made.append(Grower(2, f"G-{number}", cells["name"], cells["email"], cells["phone"], MappingProxyType(cells)))
    return made


def plain_jinja(sources: dict[str, str]) -> Environment:
    """Jinja as it comes, with our filters."""

    def read(name: str) -> str:
        text = sources[name]
        return inlined(text, sheet_for(name, sources)) if name.endswith(".html.j2") else text

    environment = Environment(
        loader=FunctionLoader(read),
        autoescape=lambda name: bool(name and name.endswith(".html.j2")),  # noqa: S701 - the same rule as ours
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "day": written_day,
        "plain": plain,
        "provider_names": lambda names, last="": in_words(tuple(names), "en", last),
    }
    return environment


def per_second(write: Callable[[Grower], object], rows: list[Grower]) -> float:
    """Rows a second of processor time, the best of three."""
    write(rows[0])
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        for row in rows:
            write(row)
        best = min(best, time.process_time() - start)
    return len(rows) / best


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=3000)
    rows = growers(parser.parse_args().rows)
    loaded = read_campaign(shipped(CAMPAIGNS) / "spring-onboarding.yaml")
    renderer = Renderer(loaded.campaign, loaded.sources, list(rows[0].cells))
    link = placeholder_link(LinkRequest(LinkType.AUTHENTICATION, "G-1", 2_592_000, ("JohnDeere",)), NOW)
    environment = plain_jinja(dict(loaded.sources))
    view = dict(renderer.context(rows[0], link, 0, ""))
    shared = {key: dict(view[key].values) for key in ("brand", "link")} | {"language": "en", "direction": "ltr"}

    def bare(names: tuple[str, ...], row: Grower) -> list[str]:
        context = view | shared | {"grower": {"name": row.name}}
        return [environment.get_template(name).render(context) for name in names]

    def text(row: Grower, link: Link = link) -> object:
        return renderer.sms(row, link, "m", now=NOW)

    print(f"{'':8}{'leafcast':>12}{'plain Jinja':>14}{'ratio':>8}")
    pairs = (
        ("emails", lambda row: renderer.email(row, link, "m"), partial(bare, PARTS)),
        ("texts", text, partial(bare, ("invite.sms.j2",))),
    )
    for name, ours, theirs in pairs:
        mine, other = per_second(ours, rows), per_second(theirs, rows)
        print(f"{name:8}{mine:>10,.0f}/s{other:>12,.0f}/s{mine / other:>8.2f}")


if __name__ == "__main__":
    main()
