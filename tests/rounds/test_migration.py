"""Moving from one provider to another: found in Leaf, invited, and invited again until nobody is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from leafcast.cli.job import Job, open_job
from leafcast.cli.surroundings import instead
from leafcast.errors import ExitCode, ListError
from leafcast.sandbox.server import SandboxSettings, running

from .test_three_rounds import CAMPAIGN, Season

PEOPLE = 12
MIGRATION: dict[str, Any] = {
    **CAMPAIGN,
    "list": {"from": "leaf", "connected": "CNHI", "notConnected": "CNHIFieldOps"},
    "link": {"expiresIn": "30d", "rules": [{"type": "authentication", "provider": "CNHIFieldOps"}]},
    "reinvite": {"when": "expired", "maxRounds": PEOPLE, "minDays": 7},
}


class Migration(Season):
    """A season whose list is asked of Leaf by every command."""

    def job(self) -> Job:
        (self.folder / "season.yaml").write_text(yaml.safe_dump(MIGRATION, sort_keys=False))
        return open_job(self.folder / "season.yaml")

    def move(self, external_id: str) -> None:
        self.sandbox.control("connect", {"externalId": external_id, "provider": "CNHIFieldOps"})
        self.connected.add(external_id)

    def written(self) -> dict[str, int]:
        return {to: len(times) for to, times in self.received().items()}


@pytest.fixture
def migration(tmp_path: Path) -> Iterator[Migration]:
    with running(SandboxSettings()) as sandbox:
        people = [
            {
                "externalId": f"G-{number:04d}",
                "name": f"Grower {number}",
                "email": f"g-{number:04d}@farm.example",
                "credentials": {"CNHI": "AUTHENTICATED"} if number <= PEOPLE else {},
            }
            for number in range(1, 2 * PEOPLE + 1)
        ]
        sandbox.control("users", people)
        with instead(sandbox.credentials):
            yield Migration(tmp_path, sandbox)


def test_everybody_is_invited_until_they_have_moved(migration):
    """Only those with the old provider and without the new one are written to, once a round, and nobody any more after
    they have moved; when all have, there is nobody left to write to, and that is said."""
    old = [f"G-{number:04d}" for number in range(1, PEOPLE + 1)]
    assert migration.run() is ExitCode.DONE
    assert migration.written() == {f"{one.lower()}@farm.example": 1 for one in old}
    left = list(old)
    for month in (4, 5, 6):
        for one in left[: PEOPLE // 3]:
            migration.move(one)
        left = left[PEOPLE // 3 :]
        migration.wait(31)
        before = migration.written()
        if not left:
            break
        decided = migration.again(f"2026-{month:02}-01")
        after = migration.written()
        assert {to for to in after if after[to] == before[to] + 1} == {f"{one.lower()}@farm.example" for one in left}
        assert sum(after.values()) - sum(before.values()) == len(left)
        assert {one.external_id for one in decided if one.due} == set(left)
        assert {one.why_not for one in decided if one.external_id in migration.connected} == {"connected"}
    with pytest.raises(ListError) as nobody:
        migration.again("2026-07-01")
    assert "24 users none fits" in str(nobody.value.problems[0])
    assert {link["type"] for link in migration.sandbox.state()["links"]} == {"authentication"}
