"""Growers, links and templates -> the finished messages. Every template is compiled once and judged before any row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import NamedTuple, TypeVar

from markupsafe import Markup, escape

from leafcast.decide.campaign import Brand, Campaign, EmailSettings, SmsSettings, Transliterate
from leafcast.decide.fitness import (
    Unfit,
    good_subject,
    good_unsubscribe,
    judge_body,
    mail_name,
    template_notes,
)
from leafcast.decide.holding import validity
from leafcast.decide.inapp import inapp_message
from leafcast.decide.languages import ENGLISH, direction
from leafcast.decide.neededtemplates import campaign_lines, wanted_files
from leafcast.decide.quiet import find_zone
from leafcast.decide.segments import plain
from leafcast.decide.templates import SUBJECT, Found, Shelf
from leafcast.decide.templating import UnusableTemplate, compile_text
from leafcast.decide.views import View, brand_view, grower_view, grower_words, link_view
from leafcast.errors import CampaignError, ListError
from leafcast.model import (
    EmailMessage,
    Grower,
    Link,
    Problem,
    ProblemKind,
    Severity,
    SmsMessage,
    WebhookMessage,
    Where,
)

GROUP_UNSUBSCRIBE = Markup("<%asm_group_unsubscribe_raw_url%>")
"""Where SendGrid puts the address of an unsubscribe group (docs.sendgrid.com, Suppression Groups, November 2026)."""

Context = Mapping[str, object]
M = TypeVar("M")


class Writer:
    """Writes the messages of one campaign. One for a whole run; of rows it keeps what they have in common."""

    def __init__(
        self,
        campaign: Campaign,
        sources: Mapping[str, str],
        columns: Sequence[str] | None = None,
        *,
        judged: bool = False,
    ) -> None:
        """`sources` are the templates by name (`invite.html.j2`, `es/invite.html.j2`), `columns` the headings of the
        list; None leaves names after `grower.` to be found out row by row. Raises CampaignError with every problem of
        the templates that this campaign uses; where they were `judged` before, nothing is looked for, which saves half
        of the time that a start takes."""
        self._campaign = campaign
        words = None if columns is None else grower_words(columns)
        self._shelf = Shelf(sources, words, campaign.list.locale or "")
        problems = [] if judged else self._problems(sources)
        errors = [problem for problem in problems if problem.severity is Severity.ERROR]
        if errors:
            raise CampaignError(errors)
        self.notes = tuple(problem for problem in problems if problem.severity is Severity.WARNING)
        """Warnings about the templates."""
        self._lines = {key: compile_text(self._shelf.environment, text, key) for key, text in campaign_lines(campaign)}
        self._brand = lru_cache(maxsize=256)(self._make_brand)
        self._zone = lru_cache(maxsize=256)(self._find_zone)

    def _problems(self, sources: Mapping[str, str]) -> list[Problem]:
        judged = self._shelf.judge(wanted_files(self._campaign))
        return [*judged, *self._line_problems(), *self._text_notes(sources)]

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

    def _email(self, grower: Grower, link: Link, message_id: str, round: int, cause: str) -> EmailMessage:
        settings = self._campaign.email
        if settings is None:
            raise Unfit("the campaign has no section email:", "Add it.")
        found, context = self._email_templates(settings, grower, round), self.context(grower, link, round, cause)
        unsubscribe = self._unsubscribe(context, link)
        context["unsubscribe"] = GROUP_UNSUBSCRIBE if settings.asm_group is not None else unsubscribe
        html = _written(found.html, context)
        text = _written(found.text, context).strip() + "\n"
        if str(escape(link.url)) not in html or link.url not in text:
            raise Unfit("the email does not show the link", "Let both templates print link.url for every grower.")
        return EmailMessage(
            message_id=message_id,
            to=grower.email or "",
            to_name=mail_name(grower.name),
            sender=settings.sender,
            sender_name=settings.sender_name,
            reply_to=settings.reply_to,
            subject=good_subject(_written(found.subject, context).strip(), link),
            html=html,
            text=text,
            unsubscribe=unsubscribe,
            asm_group=settings.asm_group,
        )

    def _email_templates(self, settings: EmailSettings, grower: Grower, round: int) -> EmailTemplates:
        """The templates in the grower's language; the campaign's own subject line goes before that of a file."""
        name, locale = self._campaign.reinvite.template if round else settings.template, grower.cell("locale")
        own = self._lines.get("reinvite.subject") if round else None
        own = own or self._lines.get("email.subject")
        return EmailTemplates(
            self._shelf.find(f"{name}.html.j2", locale),
            self._shelf.find(f"{name}.txt.j2", locale),
            Found(own, self._campaign.list.locale or locale or ENGLISH)
            if own
            else self._shelf.find(name + SUBJECT, locale),
        )

    def _unsubscribe(self, context: Context, link: Link) -> str:
        line = self._lines.get("email.unsubscribe")
        return good_unsubscribe(line.render(context).strip(), link) if line else ""

    def _sms(self, grower: Grower, link: Link, message_id: str, round: int, cause: str, now: datetime) -> SmsMessage:
        settings = self._campaign.sms
        if settings is None:
            raise Unfit("the campaign has no section sms:", "Add it.")
        body = _written(self._sms_template(settings, grower, round), self.context(grower, link, round, cause)).strip()
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

    def _sms_template(self, settings: SmsSettings, grower: Grower, round: int) -> Found:
        name = self._campaign.reinvite.template if round else settings.template
        return self._shelf.find(f"{name}.sms.j2", grower.cell("locale"))

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
        for wanted in (name for name in wanted_files(self._campaign) if name.endswith(".sms.j2")):
            for name in (name for name in sources if name == wanted or name.endswith(f"/{wanted}")):
                for what, fix in template_notes(sources[name], senders):
                    yield Problem(ProblemKind.TEMPLATE, what, fix, Where(name), Severity.WARNING)

    def _line_problems(self) -> Iterator[Problem]:
        for key, text in campaign_lines(self._campaign):
            for unusable in self._shelf.unknown_in(text):
                yield unusable.problem(Where(key=key), ProblemKind.CAMPAIGN)


class EmailTemplates(NamedTuple):
    """The templates of one grower's email."""

    html: Found
    text: Found
    subject: Found


def _written(found: Found, context: dict[str, object]) -> str:
    """The template, in its language."""
    context["language"], context["direction"] = found.language, direction(found.language)
    return found.piece.render(context)
