"""What a retry reopened, held against the list as it is now: a consent that was taken back since holds."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from leafcast.decide.consent import COLUMNS, withheld_consent
from leafcast.model import Grower, Message, MessageSkipped, Rejected, Scope, SkipReason
from leafcast.stories.prepare import Examiner
from leafcast.stories.world import World

AGES = timedelta(days=36_500)
"""So far ahead nothing is held any more."""
PAGE = 256


async def withhold(world: World, examiner: Examiner) -> None:
    """Skip what was reopened for growers whose row gives no consent for that channel any more. The list is read for
    its consent columns only. Raises what reading a list raises, and what `Ledger` raises when it cannot be written."""
    reopened = _reopened(world, examiner.campaign.name)
    if not reopened:
        return
    for row in examiner.source.rows():
        if isinstance(row, Rejected):
            continue
        if not any(column in row.cells for column in COLUMNS.values()):
            return
        grower, _ = examiner.judge.judged(row)
        if isinstance(grower, Grower):
            for message in reopened.get(grower.external_id, ()):
                if withheld_consent(grower, message.channel):
                    world.ledger.record(MessageSkipped(message.id, SkipReason.NO_CONSENT))
    await world.ledger.record()


def _reopened(world: World, campaign: str) -> dict[str, list[Message]]:
    found = defaultdict[str, list[Message]](list)
    after, until = 0, world.clock.now() + AGES
    while page := world.ledger.work(campaign, scope=Scope.REOPENED, now=until, after=after, limit=PAGE):
        for after, invitation in page:  # noqa: B007 - the last place is where the next page begins
            found[invitation.grower.external_id] += invitation.messages
    return found
