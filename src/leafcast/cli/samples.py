"""The Leaf users that the sample lists name, for the sandbox: their teams made them in earlier seasons."""

from __future__ import annotations

from leafcast.cli.job import open_job
from leafcast.decide.campaign import ListFrom
from leafcast.edge.campaignfile import read_campaign
from leafcast.edge.shipped import CAMPAIGNS, shipped
from leafcast.model import Grower
from leafcast.sandbox.settings import KnownUser
from leafcast.stories.prepare import Sound

CONNECTED = {"cnh-fieldops-migration": ("CNHI",)}
"""What the growers of a sample campaign have connected before it begins."""


def sample_users() -> tuple[KnownUser, ...]:
    """Every grower of the sample lists who has a Leaf user already."""
    users: list[KnownUser] = []
    for path in sorted(shipped(CAMPAIGNS).glob("*.yaml")):
        if read_campaign(path).campaign.list.source is ListFrom.LEAF:
            continue  # whom Leaf has is what this makes
        job = open_job(path)
        connected = CONNECTED.get(job.campaign.name, ())
        users += [
            _known(item.grower, connected)
            for item in job.examiner.examine()
            if isinstance(item, Sound) and item.grower.cell("leafUserId")
        ]
    return tuple(users)


def _known(grower: Grower, connected: tuple[str, ...]) -> KnownUser:
    return KnownUser(grower.cell("leafUserId"), grower.external_id, grower.name, grower.email, connected)
