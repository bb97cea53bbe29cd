"""Growers, links and templates -> the finished messages.

Every template is compiled once and judged before any row; a row is judged with a placeholder link that is as long as a
real one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import TypeVar, assert_never

from markupsafe import Markup, escape

from leafcast.decide.campaign import Brand, Campaign, Transliterate
from leafcast.decide.fitness import (
    Unfit,
    good_subject,
    good_unsubscribe,
    judge_body,
    mail_name,
    subject_note,
    template_notes,
    text_note,
)
from leafcast.decide.holding import validity
from leafcast.decide.inapp import inapp_message
from leafcast.decide.languages import ENGLISH, direction
from leafcast.decide.quiet import find_zone
from leafcast.decide.segments import plain
from leafcast.decide.templates import SUBJECT, Found, Shelf
from leafcast.decide.templating import UnusableTemplate, compile_text
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

PLACEHOLDER_ID = "00000000-0000-4000-8000-000000000000"
PLACEHOLDER_LINK = "https://magic-link.withleaf.io/"

GROUP_UNSUBSCRIBE = Markup("<%asm_group_unsubscribe_raw_url%>")
"""Where SendGrid puts the address of an unsubscribe group (docs.sendgrid.com, Suppression Groups, November 2026)."""

Context = Mapping[str, object]
M = TypeVar("M")


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
        words = None if columns is None else grower_words(columns)
        self._shelf = Shelf(sources, words, campaign.list.locale or "")
        problems = [*self._shelf.judge(_wanted(campaign)), *self._line_problems(), *self._text_notes(sources)]
        errors = [problem for problem in problems if problem.severity is Severity.ERROR]
        if errors:
            raise CampaignError(errors)
        self.notes = tuple(problem for problem in problems if problem.severity is Severity.WARNING)
        """Warnings about the templates."""
        self._lines = {key: compile_text(self._shelf.environment, text, key) for key, text in _lines(campaign)}
        self._brand = lru_cache(maxsize=256)(self._make_brand)
        self._zone = lru_cache(maxsize=256)(self._find_zone)

    def email(self, grower: Grower, link: Link, message_id: str, round: int = 0, cause: str = "") -> EmailMessage:
        """The grower's email; `cause` says why a re-invitation is sent (see `Cause`). Raises ListError with one problem
        where the row makes none that may go out."""
        return self._for_row(grower, lambda: self._email(grower, link, message_id, round, cause))

    def sms(
        self, grower: Grower, link: Link, message_id: str, round: int = 0, cause: str = "", *, now: datetime
    ) -> SmsMessage:
        """The grower's text; `now` bounds how long Twilio may keep trying. Raises ListError as `email` does."""
        return self._for_row(grower, lambda: self._sms(grower, link, message_id, round, cause, now))

    def stamped(self, message: SmsMessage, grower: Grower, link: Link, *, now: datetime) -> SmsMessage:
        """The same text as it leaves at `now`: the wait for its turn took some of the time that it may travel."""
        return replace(message, validity=validity(self._campaign, grower, link, now))

    def webhook(self, grower: Grower, link: Link, message_id: str, round: int = 0, _cause: str = "") -> WebhookMessage:
        """The grower's link for the team's own application, which has its own words for it."""
        return inapp_message(self._campaign.name, grower, link, message_id, round)

    def check(
        self, grower: Grower, request: LinkRequest, *, now: datetime, round: int = 0, cause: str = ""
    ) -> tuple[Problem, ...]:
        """Everything wrong with this row's messages on every channel that reaches the grower, warnings included."""
        link = placeholder_link(request, now)
        problems: list[Problem] = []
        for channel in self._campaign.channels:
            if not grower.address(channel):
                continue
            try:
                note = self._try(channel, grower, link, round, cause, now)
            except ListError as error:
                problems += error.problems
            else:
                problems += [self._problem(grower, *note, Severity.WARNING)] if note else []
        return tuple(problems)

    # ---------------------------------------------------------------------------------------------------------- inside

    def _try(
        self, channel: Channel, grower: Grower, link: Link, round: int, cause: str, now: datetime
    ) -> tuple[str, str] | None:
        """Write the message of one channel, and give what is worth saying about it."""
        match channel:
            case Channel.EMAIL:
                return subject_note(self.email(grower, link, PLACEHOLDER_ID, round, cause).subject)
            case Channel.SMS:
                return text_note(self.sms(grower, link, PLACEHOLDER_ID, round, cause, now=now).body)
            case Channel.WEBHOOK:
                return None  # nothing of the row can spoil it
            case _:
                assert_never(channel)

    def _email(self, grower: Grower, link: Link, message_id: str, round: int, cause: str) -> EmailMessage:
        settings = self._campaign.email
        if settings is None:
            raise Unfit("the campaign has no section email:", "Add it.")
        name = self._campaign.reinvite.template if round else settings.template
        context, locale = self.context(grower, link, round, cause), grower.cell("locale")
        unsubscribe = self._unsubscribe(context, link)
        context["unsubscribe"] = GROUP_UNSUBSCRIBE if settings.asm_group is not None else unsubscribe
        html = _written(self._shelf.find(f"{name}.html.j2", locale), context)
        text = _written(self._shelf.find(f"{name}.txt.j2", locale), context).strip() + "\n"
        if str(escape(link.url)) not in html or link.url not in text:
            raise Unfit("the email does not show the link", "Let both templates print link.url for every grower.")
        return EmailMessage(
            message_id=message_id,
            to=grower.email or "",
            to_name=mail_name(grower.name),
            sender=settings.sender,
            sender_name=settings.sender_name,
            reply_to=settings.reply_to,
            subject=good_subject(self._subject(name, context, locale, round), link),
            html=html,
            text=text,
            unsubscribe=unsubscribe,
            asm_group=settings.asm_group,
        )

    def _subject(self, name: str, context: dict[str, object], locale: str, round: int) -> str:
        """The campaign's own line, or else what the template's file says in the grower's language."""
        own = self._lines.get("reinvite.subject") if round else None
        own = own or self._lines.get("email.subject")
        if own is None:
            return _written(self._shelf.find(name + SUBJECT, locale), context).strip()
        return _written(Found(own, self._campaign.list.locale or locale or ENGLISH), context).strip()

    def _unsubscribe(self, context: Context, link: Link) -> str:
        line = self._lines.get("email.unsubscribe")
        return good_unsubscribe(line.render(context).strip(), link) if line else ""

    def _sms(self, grower: Grower, link: Link, message_id: str, round: int, cause: str, now: datetime) -> SmsMessage:
        settings = self._campaign.sms
        if settings is None:
            raise Unfit("the campaign has no section sms:", "Add it.")
        name = self._campaign.reinvite.template if round else settings.template
        found = self._shelf.find(f"{name}.sms.j2", grower.cell("locale"))
        body = _written(found, self.context(grower, link, round, cause)).strip()
        if settings.transliterate is Transliterate.PLAIN:
            body = plain(body)
        judge_body(body, link)
        return SmsMessage(
            message_id=message_id,
            to=grower.phone or "",
            sender=settings.sender,
            messaging_service=settings.messaging_service,
            body=body,
            validity=validity(self._campaign, grower, link, now),
            smart_encoded=settings.smart_encoded,
        )

    def context(self, grower: Grower, link: Link, round: int, cause: str) -> dict[str, object]:
        """What a template of this row sees."""
        return {
            "grower": grower_view(grower),
            "brand": self._brand(grower.cell("brand")),
            "link": link_view(link, self._zone(grower.cell("timezone"))),
            "campaign": self._campaign.name,
            "round": round,
            "cause": str(cause),
            "language": ENGLISH,
            "direction": "ltr",
            "unsubscribe": "",
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
        except Unfit as error:
            raise ListError([self._problem(grower, error.what, error.fix)]) from error

    def _problem(self, grower: Grower, what: str, fix: str, severity: Severity = Severity.ERROR) -> Problem:
        where = Where(self._campaign.list.label, row=grower.row)
        return Problem(ProblemKind.MESSAGE, what, fix, where, severity)

    def _text_notes(self, sources: Mapping[str, str]) -> Iterator[Problem]:
        brands = (self._campaign.brand, *self._campaign.brands.values())
        senders = [brand.company_name or "" for brand in brands]
        for wanted in (name for name in _wanted(self._campaign) if name.endswith(".sms.j2")):
            for name in (name for name in sources if name == wanted or name.endswith(f"/{wanted}")):
                for what, fix in template_notes(sources[name], senders):
                    yield Problem(ProblemKind.TEMPLATE, what, fix, Where(name), Severity.WARNING)

    def _line_problems(self) -> Iterator[Problem]:
        for key, text in _lines(self._campaign):
            for unusable in self._shelf.unknown_in(text):
                yield unusable.problem(Where(key=key), ProblemKind.CAMPAIGN)


def _written(found: Found, context: dict[str, object]) -> str:
    """The template, in its language."""
    context["language"], context["direction"] = found.language, direction(found.language)
    return found.piece.render(context)


def _lines(campaign: Campaign) -> Iterator[tuple[str, str]]:
    """The templates that stand in the campaign file itself, by their keys."""
    if campaign.email:
        lines = {
            "email.subject": campaign.email.subject,
            "reinvite.subject": campaign.reinvite.subject,
            "email.unsubscribe": campaign.email.unsubscribe,
        }
        yield from ((key, text) for key, text in lines.items() if text)


def _wanted(campaign: Campaign) -> list[str]:
    """The names of every template that the campaign can come to use."""
    names: list[str] = []
    again = [campaign.reinvite.template] if campaign.reinvite.max_rounds else []
    for channel in campaign.channels:
        match channel:
            case Channel.EMAIL:
                first = campaign.email.template if campaign.email else "invite"
                names += [f"{name}.{part}.j2" for name in (first, *again) for part in ("html", "txt")]
                names += _subjects(campaign, first, again)
            case Channel.SMS:
                first = campaign.sms.template if campaign.sms else "invite"
                names += [f"{name}.sms.j2" for name in (first, *again)]
            case Channel.WEBHOOK:
                pass
            case _:
                assert_never(channel)
    return list(dict.fromkeys(names))


def _subjects(campaign: Campaign, first: str, again: list[str]) -> list[str]:
    """The subject files that are needed: those whose line the campaign does not say itself."""
    if campaign.email and campaign.email.subject:
        return []
    return [name + SUBJECT for name in (first, *([] if campaign.reinvite.subject else again))]
