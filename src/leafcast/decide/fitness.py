"""Whether a message that was written may go out, and what is worth a word about it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from leafcast.decide.forms import CONTROL
from leafcast.decide.segments import Encoding, count_segments, plain
from leafcast.model import Link

BODY_LIMIT = 1_600
"""Characters that Twilio takes in one text (twilio.com/docs/api/errors/21617, read November 2026)."""
SUBJECT_LIMIT = 998
"""Characters of one header line (RFC 5322, 2.1.1)."""
LONG_SUBJECT = 78
"""Characters that RFC 5322 wishes for a line; mail programs on a phone show about half of that."""
MANY_SEGMENTS = 3


Note = tuple[str, str]
"""What is worth a word, and what to do about it."""


class Unfit(Exception):
    """A message that must not go out: what is wrong with it, and what to do."""

    def __init__(self, what: str, fix: str) -> None:
        self.what, self.fix = what, fix
        super().__init__(what)


def good_subject(subject: str, link: Link) -> str:
    """The subject line, if it may be one. Raises Unfit."""
    if not subject:
        raise Unfit("the subject is empty", "Write a subject that says something for every grower.")
    if CONTROL.search(subject):
        raise Unfit("the subject has a line break or another control character", "Look at the cells that it uses.")
    if link.url in subject:
        raise Unfit("the subject shows the link", "Whoever sees the subject could use it: take it out.")
    if len(subject) > SUBJECT_LIMIT:
        raise Unfit(f"the subject has {len(subject):,} characters", "Keep it under 100.")
    return subject


def good_unsubscribe(address: str, link: Link) -> str:
    """The address of `List-Unsubscribe`, if it may stand in a header. Raises Unfit."""
    try:
        parts = urlsplit(address)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme != "https" or not parts.hostname or re.search(r"[\s<>\"]", address) or CONTROL.search(address):
        fix = "RFC 8058 asks for an https:// address; put cells into it with | urlencode."
        raise Unfit("email.unsubscribe makes no web address", fix)
    if link.url in address:
        raise Unfit("email.unsubscribe shows the link", "Whoever sees headers could use it: take it out.")
    return address


def judge_body(body: str, link: Link) -> None:
    """Raises Unfit for a text that must not go out."""
    shown = body.count(link.url)
    if shown != 1:
        what = "the text does not show the link" if shown == 0 else f"the text shows the link {shown} times"
        raise Unfit(what, "Let the template print link.url once for every grower.")
    if len(body) > BODY_LIMIT:
        raise Unfit(f"the text has {len(body):,} characters", f"Twilio takes {BODY_LIMIT:,}: shorten the template.")
    if CONTROL.search(body.replace("\n", "")):
        raise Unfit("the text has a control character", "Look at the cells that the template uses.")


def subject_note(subject: str) -> Note | None:
    """What is worth saying about a subject that may go out, and what to do."""
    if len(subject) <= LONG_SUBJECT:
        return None
    return f"the subject has {len(subject)} characters", f"Mail programs cut it off: keep it under {LONG_SUBJECT}."


def text_note(body: str) -> Note | None:
    """What is worth saying about the price of a text, and what to do."""
    cost = count_segments(body)
    if cost.encoding is Encoding.UCS2 and cost.tipping is not None:
        cheaper = count_segments(plain(body)).segments
        if cheaper < cost.segments or cost.segments > MANY_SEGMENTS:
            what = (
                f"the text takes {cost.segments} segments, because {_named(cost.tipping)} is not in the plain text "
                "alphabet"
            )
            if cheaper < cost.segments:
                return what, f"sms.transliterate: plain makes it {cheaper}; so does | plain after what has the letter."
            return what, "Each segment is paid for: write the text without it, or shorten the template."
    if cost.segments > MANY_SEGMENTS:
        return f"the text takes {cost.segments} segments", "Each segment is paid for: shorten the template."
    return None


def template_notes(source: str, senders: Iterable[str]) -> Iterator[Note]:
    """What carriers want of a text and this template leaves out, and what to do (Twilio's guides on toll-free
    numbers and 10DLC, read November 2026). `senders` are the names that growers know."""
    if not re.search(r"\bSTOP\b", source):
        fix = "Carriers filter texts without a way out: end it with Reply STOP to opt out."
        yield "the text does not say how to stop it", fix
    if "companyName" not in source and not any(name and name.casefold() in source.casefold() for name in senders):
        yield "the text does not say who writes", "Growers do not know the number: begin with {{ brand.companyName }}."


def mail_name(name: str) -> str:
    """A name for the To line. SendGrid refuses , and ; in it (mail/send limitations page, read November 2026)."""
    return " ".join(re.sub(r"[,;]", " ", CONTROL.sub(" ", name)).split())


def _named(character: str) -> str:
    return f"{character!r} (U+{ord(character):04X}, {unicodedata.name(character, 'no name').lower()})"
