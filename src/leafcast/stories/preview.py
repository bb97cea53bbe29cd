"""The messages of some rows, just as they would be sent, for people to look at. Nothing is made and nothing leaves."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from leafcast.decide.rendering import PLACEHOLDER_ID, placeholder_link
from leafcast.decide.segments import Segments, count_segments
from leafcast.decide.telling import Shown, Telling
from leafcast.errors import ListError, UsageError
from leafcast.model import Channel, EmailMessage, LinkRequest, Problem, Rejected, SmsMessage
from leafcast.stories.prepare import Examiner


@dataclass(frozen=True, slots=True)
class Picture:
    """What one grower would get."""

    row: int
    external_id: str
    name: str
    why: tuple[str, ...]
    request: LinkRequest
    email: EmailMessage | None
    sms: SmsMessage | None
    segments: Segments | None
    warnings: tuple[Problem, ...]


def preview(examiner: Examiner, only: Collection[str] = (), rows: int | None = None, cause: str = "") -> list[Picture]:
    """The growers of `only`, else the first `rows` of the list, else a telling sample; with a `cause`, their
    re-invitations. Raises UsageError for one who is not in the list, ListError where nobody can be shown."""
    chosen = _chosen(examiner, set(only), rows)
    return [_picture(examiner, one, cause) for one in chosen]


def _chosen(examiner: Examiner, only: set[str], rows: int | None) -> list[Shown]:
    rejected: list[Rejected] = []
    found: list[Shown] = []
    telling = Telling()
    for shown in _sound(examiner, rejected):
        if shown.grower.external_id in only:
            found.append(Shown(shown.grower, shown.request, ("asked for",)))
        elif not only and rows is not None:
            found.append(Shown(shown.grower, shown.request, ("one of the first",)))
            if len(found) == rows:
                break
        elif not only:
            telling.take(shown.grower, shown.request)
    found = found or telling.chosen()
    missing = sorted(only - {shown.grower.external_id for shown in found})
    if missing:
        fix = "Look at the spelling; leafcast check names the rows that cannot be used."
        raise UsageError(f"no good row of the list has the externalId {', '.join(missing)}", fix=fix)
    if not found:
        raise ListError([problem for one in rejected for problem in one.problems])
    return found


def _sound(examiner: Examiner, rejected: list[Rejected]) -> Iterator[Shown]:
    for item in examiner.examine():
        if isinstance(item, Rejected):
            rejected.append(item)
        else:
            yield Shown(item.grower, item.request)


def _picture(examiner: Examiner, shown: Shown, cause: str) -> Picture:
    grower, renderer = shown.grower, examiner.renderer
    link = placeholder_link(shown.request, examiner.now)
    number = 1 if cause else 0
    channels = [channel for channel in examiner.campaign.channels if grower.address(channel)]
    email = renderer.email(grower, link, PLACEHOLDER_ID, number, cause) if Channel.EMAIL in channels else None
    sms = (
        renderer.sms(grower, link, PLACEHOLDER_ID, number, cause, now=examiner.now) if Channel.SMS in channels else None
    )
    return Picture(
        row=grower.row,
        external_id=grower.external_id,
        name=grower.name,
        why=shown.why,
        request=shown.request,
        email=email,
        sms=sms,
        segments=count_segments(sms.body) if sms else None,
        warnings=renderer.check(grower, shown.request, now=examiner.now, round=number, cause=cause),
    )
