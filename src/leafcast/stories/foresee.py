"""What a run would do, found out by letting it plan on a copy of the ledger: nothing is guessed, nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from leafcast.decide.fitting import fits, untouched
from leafcast.decide.holding import kept_until
from leafcast.decide.rendering import placeholder_link
from leafcast.decide.segments import count_segments
from leafcast.decide.suppressed import SuppressedAddresses
from leafcast.model import (
    Channel,
    Invitation,
    LedgerRow,
    LinkRequest,
    LinkStep,
    ListChanges,
    Message,
    MessageState,
    PlanLine,
    Scope,
    Step,
)
from leafcast.ports import LedgerReader, RunLedger
from leafcast.stories.feed import AGES, Work
from leafcast.stories.prepare import Examiner, Survey
from leafcast.stories.run import write_plan


@dataclass(frozen=True, slots=True)
class Foresight:
    """A plan. `lines` has every message of the first round, in list order."""

    lines: tuple[PlanLine, ...]
    changes: ListChanges
    recalled: bool = False


async def foresee(
    ledger: RunLedger, reader: LedgerReader, examiner: Examiner, survey: Survey, now: datetime
) -> Foresight:
    """Plan as a run does, in a ledger that is thrown away afterwards, and look at what would be left to do."""
    name = examiner.campaign.name
    ledger.begin(name, "plan")
    if reader.counts(name).recalled_at is not None:
        return Foresight((), ListChanges(), recalled=True)
    examiner = replace(examiner, suppressed=SuppressedAddresses(reader.suppressions()))
    changes = await write_plan(ledger, examiner, survey)
    ledger.leave_out_connected(name)
    at_once = {
        (invitation.grower.external_id, message.channel)
        for invitation in Work(ledger, name, Scope.LISTED, now).invitations()
        for message in invitation.messages
    }
    writer = _Planned(examiner, now)
    planned = {
        (invitation.grower.external_id, message.channel): writer.line(invitation, message)
        for invitation in Work(ledger, name, Scope.LISTED, now + AGES).invitations()
        for message in invitation.messages
    }
    lines = tuple(
        (planned.get((row.external_id, row.channel)) if row.channel else None) or _ended(row)
        for row in reader.rows(name)
        if row.round == 0
    )
    return Foresight(tuple(_held_back(line, at_once) for line in lines), changes)


@dataclass(frozen=True, slots=True)
class _Planned:
    """A message that is to be sent, at once or later."""

    examiner: Examiner
    now: datetime

    def line(self, invitation: Invitation, message: Message) -> PlanLine:
        """What a run would do with it."""
        grower, campaign = invitation.grower, self.examiner.campaign
        request = self.examiner.linker.request(grower)
        until = kept_until(campaign, grower, message.channel, self.now)
        segments, costly = self._segments(invitation, message, request)
        return PlanLine(
            external_id=grower.external_id,
            name=grower.name,
            channel=message.channel,
            step=Step.HOLD if until else Step.SEND,
            link=LinkStep.REUSE if self._serves(invitation, request) else LinkStep.CREATE,
            link_type=request.type,
            until=until,
            segments=segments,
            costly=costly,
        )

    def _serves(self, invitation: Invitation, request: LinkRequest) -> bool:
        """As a run judges it."""
        link = invitation.link
        if link is None:
            return False
        least = timedelta(seconds=min(self.examiner.campaign.link.expires_in / 2, 86_400))
        as_asked = fits(request, link.type, link.providers, link.leaf_user_id)
        return link.expires_at - self.now >= least and (as_asked or not untouched(invitation))

    def _segments(self, invitation: Invitation, message: Message, request: LinkRequest) -> tuple[int, str]:
        if message.channel is not Channel.SMS:
            return 0, ""
        link = invitation.link or placeholder_link(request, self.now)
        text = self.examiner.renderer.sms(invitation.grower, link, message.id, now=self.now)
        counted = count_segments(text.body)
        return counted.segments, counted.tipping or ""


def _held_back(line: PlanLine, at_once: set[tuple[str, Channel]]) -> PlanLine:
    """A service may have asked to wait: then the ledger holds a message that quiet hours would let go."""
    if line.channel is None:  # a link alone waits for nobody
        return line
    waits = line.step is Step.SEND and (line.external_id, line.channel) not in at_once
    return replace(line, step=Step.HOLD, why="a service asked to wait") if waits else line


def _ended(row: LedgerRow) -> PlanLine:
    """A message that a run would not touch."""
    if row.channel is None or row.message_status is None:
        made = bool(row.link)
        step = Step.NOTHING if made else Step.SEND
        return PlanLine(row.external_id, row.name, None, step, "link only", None if made else LinkStep.CREATE)
    match row.message_status:
        case MessageState.SKIPPED:
            step, why = Step.SKIP, row.error
        case MessageState.PLANNED:
            step, why = Step.NOTHING, "not in the list any more"
        case state:
            step, why = Step.NOTHING, state.value.replace("_", " ")
    return PlanLine(row.external_id, row.name, row.channel, step, why, link_type=row.link_type)
