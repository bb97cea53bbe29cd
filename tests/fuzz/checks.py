"""A whole check of a list with a campaign: row by row, and as leafcast does it, many rows in one go."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from tests.corpus.common import CAMPAIGN, TEMPLATES

from leafcast.decide.campaign import Campaign
from leafcast.decide.campaignfile import read
from leafcast.decide.growers import Judge
from leafcast.decide.linking import Linker
from leafcast.decide.rendering import Renderer
from leafcast.edge.listfile import ListFile
from leafcast.errors import ListError, UsageError
from leafcast.model import Rejected
from leafcast.stories.prepare import Examiner, Sound

from .oracle import Found, Trial

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULES = [
    {"when": "grower.note == 'x' and grower.brand != 'y'", "type": "authentication", "provider": "JohnDeere"},
    {"type": "provider", "allowedProviders": ["JohnDeere", "CNHI"]},
]
WORDS = {
    "invite.sms.j2": "{{ brand.companyName }}, {{ grower.name }}: {{ link.url }} {{ grower.note }} Reply STOP.",
}


def checked(file: Path, trial: Trial) -> Found:
    """Check a list both ways; they must say the same of every row."""
    found, parts = Found(), _campaign(trial.settings.shared_address.value)
    try:
        source = ListFile(file, trial.settings)
        judge = Judge(trial.region, source.name, source.heading_of, source.country)
        examiner = Examiner(parts[0], source, judge, parts[1], parts[2], NOW)
        each = list(examiner.examine())
        survey = examiner.survey()
    except (ListError, UsageError):
        return found
    sound = [one for one in each if isinstance(one, Sound)]
    rejected = [one for one in each if isinstance(one, Rejected)]
    found.rows, found.growers = len(each), len(sound)
    packed = [each for pack in survey.good or () for each in pack.unpacked()]
    for what, first, second in (
        ("rows", (len(each), len(sound)), (survey.rows, survey.growers)),
        ("excluded", rejected, list(survey.rejected)),
        ("warnings", [warning for one in sound for warning in one.warnings], list(survey.warnings)),
        ("growers", [(one.grower, tuple(one.duplicate_of)) for one in sound], [(g, tuple(d)) for g, d in packed]),
        ("decisions", [one.decision for one in sound], list(examiner.decisions(survey))),
    ):
        if first != second:
            found.wrong = f"{what}, row by row: {first!r}; in one go: {second!r}"
    return found


@cache
def _campaign(shared: str) -> tuple[Campaign, Linker, Renderer]:
    document = {
        **CAMPAIGN,
        "list": {"file": "list.csv", "region": "US", "sharedAddress": shared},
        "link": {"expiresIn": "30d", "rules": RULES},
    }
    campaign, _ = read(json.dumps(document), "fuzz.yaml")  # YAML takes what JSON writes
    invitations = {**TEMPLATES, **WORDS}
    reminders = {name.replace("invite", "reminder"): text for name, text in invitations.items()}
    return campaign, Linker(campaign), Renderer(campaign, invitations | reminders)
