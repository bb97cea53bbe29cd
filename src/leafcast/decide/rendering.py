"""The messages of a campaign, written and judged: a row is judged with a placeholder link as long as a real one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import assert_never

from markupsafe import escape

from leafcast.decide.alike import UNSUBSCRIBE, Alike, EmailTexts, Key, NotAlike, Trial, common, email_trial, sms_trial
from leafcast.decide.campaign import Campaign, EmailSettings, Transliterate
from leafcast.decide.fitness import Note, subject_note, text_note
from leafcast.decide.gaps import Place
from leafcast.decide.languages import direction
from leafcast.decide.outlines import Parts
from leafcast.decide.templates import Found
from leafcast.decide.templating import Piece
from leafcast.decide.views import grower_view
from leafcast.decide.writing import GROUP_UNSUBSCRIBE, EmailTemplates, Writer
from leafcast.errors import ListError
from leafcast.model import Channel, Grower, Link, LinkRequest, Problem, Severity

PLACEHOLDER_ID = "00000000-0000-4000-8000-000000000000"
PLACEHOLDER_LINK = "https://magic-link.withleaf.io/"


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


class Renderer(Writer):
    """A writer that also tells beforehand what is wrong with a row's messages."""

    def __init__(
        self,
        campaign: Campaign,
        sources: Mapping[str, str],
        columns: Sequence[str] | None = None,
        *,
        judged: bool = False,
    ) -> None:
        super().__init__(campaign, sources, columns, judged=judged)
        self._alike = Alike()

    def check(
        self, grower: Grower, request: LinkRequest, *, now: datetime, round: int = 0, cause: str = ""
    ) -> tuple[Problem, ...]:
        """Everything wrong with this row's messages on every channel that reaches the grower, warnings included."""
        words = grower_view(grower).values
        given = self._given(grower, request, now, round, cause)
        notes = self._alike.notes(given, words)
        if notes is None:
            return self._check_written(grower, given, placeholder_link(request, now), round, cause, now)
        return tuple([self._problem(grower, *note, Severity.WARNING) for note in notes]) if notes else ()

    def judges_without_writing(self, grower: Grower, request: LinkRequest, *, now: datetime) -> bool:
        """Whether rows like this one are known so well that `check` writes no message for it."""
        given = self._given(grower, request, now, 0, "")
        return self._alike.notes(given, grower_view(grower).values) is not None

    def _check_written(
        self, grower: Grower, given: Key, link: Link, round: int, cause: str, now: datetime
    ) -> tuple[Problem, ...]:
        """The same by writing the messages: for the first row of each kind, and where anything is wrong."""
        problems: list[Problem] = []
        for channel in self._reaching(grower):
            try:
                note = self._try(channel, grower, link, round, cause, now)
            except ListError as error:
                problems += error.problems
            else:
                problems += [self._problem(grower, *note, Severity.WARNING)] if note else []
        if all(problem.severity is Severity.WARNING for problem in problems):
            with suppress(NotAlike):
                self._learn(grower, given, link, round, cause)
        return tuple(problems)

    def _try(self, channel: Channel, grower: Grower, link: Link, round: int, cause: str, now: datetime) -> Note | None:
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

    def _reaching(self, grower: Grower) -> Iterator[Channel]:
        return (channel for channel in self._campaign.channels if grower.address(channel))

    def _given(self, grower: Grower, request: LinkRequest, now: datetime, round: int, cause: str) -> Key:
        """What messages with a placeholder link depend on, but for the words that their templates ask about."""
        cell = grower.cells.get
        link = request.type, request.providers, request.expires_in
        own = cell("locale"), cell("brand"), cell("timezone"), not grower.email, not grower.phone
        return (link, own, now, round, cause)

    def _learn(self, grower: Grower, given: Key, link: Link, round: int, cause: str) -> None:
        """Rows like this good one need not be written any more. Raises NotAlike where that cannot be known."""
        pieces: list[Piece] = []
        trials: list[Trial] = []
        for channel in self._reaching(grower):
            context = self.context(grower, link, round, cause)
            match channel:
                case Channel.EMAIL if settings := self._campaign.email:
                    found = self._email_templates(settings, grower, round)
                    pieces += [each.piece for each in found]
                    trials.append(self._email_trial(settings, found, context, link, pieces))
                case Channel.SMS if texts := self._campaign.sms:
                    template = self._sms_template(texts, grower, round)
                    pieces.append(template.piece)
                    plain_only = texts.transliterate is Transliterate.PLAIN
                    trials.append(sms_trial(_common(template, context), link, transliterated=plain_only))
        self._alike.learn(given, grower_view(grower).values, trials, pieces)

    def _email_trial(
        self,
        settings: EmailSettings,
        found: EmailTemplates,
        context: dict[str, object],
        link: Link,
        pieces: list[Piece],
    ) -> Trial:
        line, unsubscribe, own = self._lines.get("email.unsubscribe"), None, frozenset[Place]()
        if line:
            pieces.append(line)
            unsubscribe = common(line, context)
            own = frozenset({UNSUBSCRIBE})
        address = self._unsubscribe(context, link)
        if settings.asm_group is not None:
            own, address = frozenset(), GROUP_UNSUBSCRIBE
        context["unsubscribe"] = address
        html = _common(found.html, context, own=own, shows=str(escape(link.url)))
        text = _common(found.text, context, own=own, shows=link.url)
        return email_trial(EmailTexts(html, text, _common(found.subject, context, own=own), unsubscribe), link)


def _common(found: Found, context: dict[str, object], *, own: frozenset[Place] = frozenset(), shows: str = "") -> Parts:
    context["language"], context["direction"] = found.language, direction(found.language)
    return common(found.piece, context, own=own, shows=shows)
