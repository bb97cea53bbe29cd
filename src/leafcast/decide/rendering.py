"""Growers, links and templates -> the finished messages.

Every template is compiled once and judged before any row; a row is judged with a placeholder link that is as long as a
real one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import TypeVar, assert_never

from markupsafe import escape

from leafcast.decide.campaign import Brand, Campaign
from leafcast.decide.forms import CONTROL
from leafcast.decide.holding import validity
from leafcast.decide.inapp import inapp_message
from leafcast.decide.quiet import find_zone
from leafcast.decide.segments import count_segments
from leafcast.decide.templates import Shelf
from leafcast.decide.templating import Piece, UnusableTemplate, compile_text
from leafcast.decide.views import View, brand_view, grower_view, grower_words, link_view
from leafcast.errors import CampaignError, ListError
from leafcast.model import (
    Channel,
    EmailMessage,
    Grower,
    Link,
    LinkRequest,
    Problem,
    ProblemKind,
    Severity,
    SmsMessage,
    WebhookMessage,
    Where,
)

BODY_LIMIT = 1_600
"""Characters that Twilio takes in one text (twilio.com/docs/api/errors/21617, read November 2026)."""
SUBJECT_LIMIT = 998
"""Characters of one header line (RFC 5322, 2.1.1)."""
MANY_SEGMENTS = 3
PLACEHOLDER_ID = "00000000-0000-4000-8000-000000000000"
PLACEHOLDER_LINK = "https://magic-link.withleaf.io/"

Context = Mapping[str, object]
M = TypeVar("M")


class _Unfit(Exception):
    """A message that must not go out: what is wrong with it, and what to do."""

    def __init__(self, what: str, fix: str) -> None:
        self.what, self.fix = what, fix
        super().__init__(what)


def placeholder_link(request: LinkRequest, now: datetime, base: str = PLACEHOLDER_LINK) -> Link:
    """A link for trying messages out: as long as a real one, and opening nothing."""
    return Link(
        id=PLACEHOLDER_ID,
        url=base + PLACEHOLDER_ID,
        leaf_user_id=request.leaf_user_id or PLACEHOLDER_ID,
        expires_at=now + timedelta(seconds=request.expires_in),
        type=request.type,
        providers=request.providers,
    )


class Renderer:
    """Writes the messages of one campaign. One for a whole run; it keeps nothing between rows."""

    def __init__(self, campaign: Campaign, sources: Mapping[str, str], columns: Sequence[str] | None = None) -> None:
        """`sources` are the templates by name (`invite.html.j2`, `es/invite.html.j2`), `columns` the headings of the
        list; None leaves names after `grower.` to be found out row by row. Raises CampaignError with every problem of
        the templates that this campaign uses."""
        self._campaign = campaign
        self._shelf = Shelf(sources, None if columns is None else grower_words(columns))
        problems = [*self._shelf.judge(_wanted(campaign)), *self._subject_problems()]
        errors = [problem for problem in problems if problem.severity is Severity.ERROR]
        if errors:
            raise CampaignError(errors)
        self.notes = tuple(problem for problem in problems if problem.severity is Severity.WARNING)
        """Warnings about the templates."""
        self._subject: Piece | None = None
        if campaign.email:
            self._subject = compile_text(self._shelf.environment, campaign.email.subject, "email.subject")
        self._brand = lru_cache(maxsize=256)(self._make_brand)
        self._zone = lru_cache(maxsize=256)(self._find_zone)

    def email(self, grower: Grower, link: Link, message_id: str, round: int = 0) -> EmailMessage:
        """The grower's email. Raises ListError with one problem where the row makes none that may go out."""
        return self._for_row(grower, lambda: self._email(grower, link, message_id, round))

    def sms(self, grower: Grower, link: Link, message_id: str, round: int = 0, *, now: datetime) -> SmsMessage:
        """The grower's text; `now` bounds how long Twilio may keep trying. Raises ListError as `email` does."""
        return self._for_row(grower, lambda: self._sms(grower, link, message_id, round, now))

    def webhook(self, grower: Grower, link: Link, message_id: str, round: int = 0) -> WebhookMessage:
        """The grower's link for the team's own application, which has its own words for it."""
        return inapp_message(self._campaign.name, grower, link, message_id, round)

    def check(self, grower: Grower, request: LinkRequest, *, now: datetime, round: int = 0) -> tuple[Problem, ...]:
        """Everything wrong with this row's messages on every channel that reaches the grower, warnings included."""
        link = placeholder_link(request, now)
        problems: list[Problem] = []
        for channel in self._campaign.channels:
            if not grower.address(channel):
                continue
            try:
                match channel:
                    case Channel.EMAIL:
                        self.email(grower, link, PLACEHOLDER_ID, round)
                    case Channel.SMS:
                        text = self.sms(grower, link, PLACEHOLDER_ID, round, now=now)
                        problems += self._segment_notes(grower, text.body)
                    case Channel.WEBHOOK:
                        pass  # nothing of the row can spoil it
                    case _:
                        assert_never(channel)
            except ListError as error:
                problems += error.problems
        return tuple(problems)

    # ---------------------------------------------------------------------------------------------------------- inside

    def _email(self, grower: Grower, link: Link, message_id: str, round: int) -> EmailMessage:
        settings = self._campaign.email
        if settings is None or self._subject is None:
            raise _Unfit("the campaign has no section email:", "Add it.")
        name = self._campaign.reinvite.template if round else settings.template
        context, locale = self._context(grower, link, round), grower.cell("locale")
        subject = _good_subject(self._subject.render(context).strip(), link)
        html = self._shelf.find(f"{name}.html.j2", locale).render(context)
        text = self._shelf.find(f"{name}.txt.j2", locale).render(context).strip() + "\n"
        if str(escape(link.url)) not in html or link.url not in text:
            raise _Unfit("the email does not show the link", "Let both templates print link.url for every grower.")
        return EmailMessage(
            message_id=message_id,
            to=grower.email or "",
            to_name=_mail_name(grower.name),
            sender=settings.sender,
            sender_name=settings.sender_name,
            reply_to=settings.reply_to,
            subject=subject,
            html=html,
            text=text,
        )

    def _sms(self, grower: Grower, link: Link, message_id: str, round: int, now: datetime) -> SmsMessage:
        settings = self._campaign.sms
        if settings is None:
            raise _Unfit("the campaign has no section sms:", "Add it.")
        name = self._campaign.reinvite.template if round else settings.template
        piece = self._shelf.find(f"{name}.sms.j2", grower.cell("locale"))
        body = piece.render(self._context(grower, link, round)).strip()
        _judge_body(body, link)
        return SmsMessage(
            message_id=message_id,
            to=grower.phone or "",
            sender=settings.sender,
            messaging_service=settings.messaging_service,
            body=body,
            validity=validity(self._campaign, grower, link, now),
        )

    def _context(self, grower: Grower, link: Link, round: int) -> Context:
        return {
            "grower": grower_view(grower),
            "brand": self._brand(grower.cell("brand")),
            "link": link_view(link, self._zone(grower.cell("timezone"))),
            "campaign": self._campaign.name,
            "round": round,
        }

    def _make_brand(self, name: str) -> View:
        brand = self._campaign.brand_of(name) or Brand()
        return brand_view(brand.values(), self._campaign.email.sender_name if self._campaign.email else "")

    def _find_zone(self, name: str) -> tzinfo | None:
        """Where the grower is: the row's own zone, or else the one of the campaign's quiet hours."""
        hours = self._campaign.quiet_hours
        return find_zone(name) or (find_zone(hours.timezone) if hours else None)

    def _for_row(self, grower: Grower, write: Callable[[], M]) -> M:
        """Run `write`, its troubles told as problems of the row."""
        try:
            return write()
        except UnusableTemplate as error:
            place = f"{error.file or 'the template'}{f', line {error.line}' if error.line else ''}"
            raise ListError([self._problem(grower, f"{place}: {error.what}", error.fix)]) from error
        except _Unfit as error:
            raise ListError([self._problem(grower, error.what, error.fix)]) from error

    def _segment_notes(self, grower: Grower, body: str) -> Iterable[Problem]:
        cost = count_segments(body)
        if cost.segments > MANY_SEGMENTS:
            because = f", because {cost.tipping!r} is not in the plain text alphabet" if cost.tipping else ""
            what = f"the text takes {cost.segments} segments{because}"
            yield self._problem(grower, what, "Each segment is paid for: shorten the template.", Severity.WARNING)

    def _problem(self, grower: Grower, what: str, fix: str, severity: Severity = Severity.ERROR) -> Problem:
        where = Where(self._campaign.list.file, row=grower.row)
        return Problem(ProblemKind.MESSAGE, what, fix, where, severity)

    def _subject_problems(self) -> Iterator[Problem]:
        if self._campaign.email:
            for unusable in self._shelf.unknown_in(self._campaign.email.subject):
                yield unusable.problem(Where(key="email.subject"), ProblemKind.CAMPAIGN)


def _wanted(campaign: Campaign) -> list[str]:
    """The names of every template that the campaign can come to use."""
    names: list[str] = []
    again = [campaign.reinvite.template] if campaign.reinvite.max_rounds else []
    for channel in campaign.channels:
        match channel:
            case Channel.EMAIL:
                first = campaign.email.template if campaign.email else "invite"
                names += [f"{name}.{part}.j2" for name in (first, *again) for part in ("html", "txt")]
            case Channel.SMS:
                first = campaign.sms.template if campaign.sms else "invite"
                names += [f"{name}.sms.j2" for name in (first, *again)]
            case Channel.WEBHOOK:
                pass
            case _:
                assert_never(channel)
    return list(dict.fromkeys(names))


def _good_subject(subject: str, link: Link) -> str:
    if not subject:
        raise _Unfit("the subject is empty", "Write a subject that says something for every grower.")
    if CONTROL.search(subject):
        raise _Unfit("the subject has a line break or another control character", "Look at the cells that it uses.")
    if link.url in subject:
        raise _Unfit("the subject shows the link", "Whoever sees the subject could use it: take it out.")
    if len(subject) > SUBJECT_LIMIT:
        raise _Unfit(f"the subject has {len(subject):,} characters", "Keep it under 100.")
    return subject


def _judge_body(body: str, link: Link) -> None:
    shown = body.count(link.url)
    if shown != 1:
        what = "the text does not show the link" if shown == 0 else f"the text shows the link {shown} times"
        raise _Unfit(what, "Let the template print link.url once for every grower.")
    if len(body) > BODY_LIMIT:
        raise _Unfit(f"the text has {len(body):,} characters", f"Twilio takes {BODY_LIMIT:,}: shorten the template.")
    if CONTROL.search(body.replace("\n", "")):
        raise _Unfit("the text has a control character", "Look at the cells that the template uses.")


def _mail_name(name: str) -> str:
    """A name for the To line. SendGrid refuses , and ; in it (mail/send limitations page, read November 2026)."""
    return " ".join(re.sub(r"[,;]", " ", CONTROL.sub(" ", name)).split())
