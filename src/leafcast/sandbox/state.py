"""Everything that the sandbox knows, in memory: users, links, emails, texts, suppressions."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from leafcast.sandbox.fates import Event, latest

_LINK = re.compile(r"/magic/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


@dataclass(slots=True)
class Credential:
    """A grower's connection to one provider."""

    id: str
    provider: str
    created: float
    status: str = "AUTHENTICATED"
    events: list[tuple[float, str]] = field(default_factory=list)


@dataclass(slots=True)
class User:
    """A Leaf user."""

    id: str
    created: float
    external_id: str | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    address: str | None = None
    credentials: dict[str, Credential] = field(default_factory=dict)


@dataclass(slots=True)
class MagicLink:
    """A magic link; a deleted one is kept so that its page can say so."""

    id: str
    type: str
    user: User
    created: float
    expires: float
    max_usage: int
    providers: tuple[str, ...] | None
    settings: dict[str, Any]
    usage: int = 0
    accessed: float | None = None
    deleted: bool = False
    uploads: int = 0


@dataclass(slots=True)
class Email:
    """An accepted email to one recipient."""

    id: str
    request_id: str
    at: float
    to: str
    to_name: str
    sender: str
    sender_name: str
    reply_to: str
    subject: str
    html: str
    text: str
    custom_args: dict[str, str]
    categories: tuple[str, ...]
    headers: dict[str, str]
    events: tuple[Event, ...]
    notes: tuple[str, ...] = ()
    """What a real account would have done to this mail that its sender may not want."""

    def latest(self, now: float) -> Event:
        """The last thing that has happened to it."""
        return latest(self.events, now)


@dataclass(slots=True)
class Text:
    """An accepted text message."""

    sid: str
    at: float
    to: str
    sender: str
    service: str | None
    body: str
    segments: int
    encoding: str
    events: tuple[Event, ...]
    canceled: float | None = None
    inbound: bool = False

    def latest(self, now: float) -> Event:
        """The last thing that has happened to it."""
        if self.canceled is not None and self.canceled <= now:
            return Event(self.canceled, "canceled")
        return latest(self.events, now)


@dataclass(slots=True)
class Notice:
    """A link that the team's own application has taken for a grower."""

    key: str
    at: float
    to: str
    """The grower's externalId."""
    url: str
    told: dict[str, Any]
    repeats: int = 0
    """How often the same key came again, and was not taken."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address on one of SendGrid's lists, from an instant on."""

    email: str
    created: float
    reason: str = ""
    status: str = ""


@dataclass(slots=True)
class Thread:
    """All that one grower has received, for the inbox page."""

    key: str
    user: User | None
    address: str
    links: list[MagicLink] = field(default_factory=list)
    emails: list[Email] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    last: float = 0.0

    @property
    def title(self) -> str:
        """The grower's name, else the address."""
        user = self.user
        return (user and (user.name or user.external_id or user.email)) or self.address

    def identity(self) -> Iterator[str]:
        """All that a filter looks into: what identifies the grower, and the subjects."""
        user = self.user
        known = (user.name, user.external_id, user.email, user.phone) if user else ()
        found = (*known, *(mail.to for mail in self.emails), *(text.to for text in self.texts))
        subjects = (mail.subject for mail in self.emails)
        return (part for part in (self.address, *found, *subjects) if part)

    def says(self, words: str) -> bool:
        """Whether the filter's words, in lower case, occur in any of it."""
        return any(words in part.lower() for part in self.identity())


BOUNCES, BLOCKS, INVALID, SPAM, UNSUBSCRIBES = (
    "bounces",
    "blocks",
    "invalid_emails",
    "spam_reports",
    "unsubscribes",
)
DROP_REASONS = {
    BOUNCES: "Bounced Address",
    INVALID: "Invalid",
    SPAM: "Spam Reporting Address",
    UNSUBSCRIBES: "Unsubscribed Address",
}
"""Which lists keep later mail from going out, and what the dropped event then says; blocks do not."""


def connect(user: User, provider: str, now: float, status: str = "AUTHENTICATED") -> Credential:
    """Give a user credentials for a provider, or change the status of those that are there."""
    credential = user.credentials.get(provider)
    if credential is None:
        credential = user.credentials[provider] = Credential(str(uuid.uuid4()), provider, now)
    credential.status = status
    credential.events.append((now, status))
    return credential


class State:
    """The memory of one sandbox between two resets."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self.by_external_id: dict[str, User] = {}
        self.links: dict[str, MagicLink] = {}
        self.tokens: dict[str, float] = {}
        self.emails: dict[str, Email] = {}
        self.emails_to: dict[str, list[Email]] = {}
        self.texts: dict[str, Text] = {}
        self.texts_to: dict[str, list[Text]] = {}
        self.notices: dict[str, Notice] = {}
        self.suppressed: dict[str, dict[str, Suppression]] = {
            name: {} for name in (BOUNCES, BLOCKS, INVALID, SPAM, UNSUBSCRIBES)
        }
        self.groups: dict[int, set[str]] = {}
        self.replies: list[Text] = []
        self.opted_out: set[tuple[str, str]] = set()
        self.threads: dict[str, Thread] = {}

    # ------------------------------------------------------------------------------------------------ adding things

    def add_user(self, user: User) -> None:
        """Know a Leaf user."""
        self.users[user.id] = user
        if user.external_id is not None:
            self.by_external_id[user.external_id] = user

    def add_link(self, link: MagicLink) -> None:
        """Know a magic link."""
        self.links[link.id] = link
        thread = self._thread(link.user.id, link.user, link.user.email or "")
        thread.links.append(link)
        self._touch(thread, link.created)

    def add_email(self, email: Email) -> None:
        """Know an accepted email, beside the grower whose link it carries."""
        self.emails[email.id] = email
        self.emails_to.setdefault(email.to, []).append(email)
        thread = self._owner(email.html or email.text, email.to)
        thread.emails.append(email)
        self._touch(thread, email.at)

    def add_text(self, text: Text) -> None:
        """Know an accepted text, beside the grower whose link it carries."""
        self.texts[text.sid] = text
        self.texts_to.setdefault(text.to, []).append(text)
        thread = self._owner(text.body, text.to)
        thread.texts.append(text)
        self._touch(thread, text.at)

    def add_notice(self, notice: Notice) -> None:
        """Know a link that the application took, beside its grower."""
        self.notices[notice.key] = notice
        thread = self._owner(notice.url, notice.to)
        thread.notices.append(notice)
        self._touch(thread, notice.at)

    def suppress(self, name: str, entry: Suppression) -> None:
        """Put an address on a list; what stands there already stays."""
        self.suppressed[name].setdefault(entry.email.lower(), entry)

    # ------------------------------------------------------------------------------------------------ asking things

    def drop_reason(self, address: str, group: int | None, now: float) -> str | None:
        """Why mail to this address would be dropped, None where it would not."""
        wanted = address.lower()
        for name, reason in DROP_REASONS.items():
            entry = self.suppressed[name].get(wanted)
            if entry is not None and entry.created <= now:
                return reason
        if group is not None and wanted in self.groups.get(group, ()):
            return "Unsubscribed Address"
        return None

    def find_user(self, name: str) -> User | None:
        """A user by its Leaf id or by its externalId."""
        return self.users.get(name) or self.by_external_id.get(name)

    def newest_threads(self, words: str) -> Iterator[Thread]:
        """The growers' threads that match the filter, the latest first."""
        wanted = words.strip().lower()
        return (thread for thread in reversed(self.threads.values()) if not wanted or thread.says(wanted))

    def links_in(self, body: str) -> list[MagicLink]:
        """The known magic links that a message carries, each once."""
        found = (self.links.get(link_id) for link_id in dict.fromkeys(_LINK.findall(body)))
        return [link for link in found if link is not None]

    # ----------------------------------------------------------------------------------------------------- threads

    def _thread(self, key: str, user: User | None, address: str) -> Thread:
        thread = self.threads.get(key)
        if thread is None:
            thread = self.threads[key] = Thread(key, user, address)
        return thread

    def _owner(self, body: str, address: str) -> Thread:
        links = self.links_in(body)
        user = links[0].user if links else None
        return self._thread(user.id if user else address, user, address)

    def _touch(self, thread: Thread, at: float) -> None:
        thread.last = at
        self.threads[thread.key] = self.threads.pop(thread.key)
