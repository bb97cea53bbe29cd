"""What the sandbox holds, in the words of its control answers."""

from __future__ import annotations

from typing import Any

from leafcast.sandbox.desk import Desk
from leafcast.sandbox.state import Email, MagicLink, Notice, Text, User


def told_link(desk: Desk, link: MagicLink) -> dict[str, Any]:
    """A magic link."""
    return {
        "id": link.id,
        "link": f"{desk.url}/magic/{link.id}",
        "type": link.type,
        "externalId": link.user.external_id,
        "leafUserId": link.user.id,
        "providers": list(link.providers) if link.providers is not None else None,
        "settings": link.settings,
        "createdAt": link.created,
        "expiresAt": link.expires,
        "expiresIn": round(link.expires - link.created),
        "usageCount": link.usage,
        "deleted": link.deleted,
    }


def told_email(desk: Desk, email: Email, now: float) -> dict[str, Any]:
    """An email, with what became of it by now."""
    return {
        "id": email.id,
        "at": email.at,
        "to": email.to,
        "toName": email.to_name,
        "from": email.sender,
        "fromName": email.sender_name,
        "replyTo": email.reply_to,
        "subject": email.subject,
        "html": email.html,
        "text": email.text,
        "customArgs": email.custom_args,
        "headers": email.headers,
        "status": email.latest(now).name,
        "notes": list(email.notes),
        "links": [link.id for link in desk.state.links_in(email.html or email.text)],
    }


def told_text(desk: Desk, text: Text, now: float) -> dict[str, Any]:
    """A text, with what became of it by now."""
    return {
        "sid": text.sid,
        "at": text.at,
        "to": text.to,
        "from": text.sender,
        "messagingService": text.service,
        "body": text.body,
        "segments": text.segments,
        "encoding": text.encoding,
        "status": text.latest(now).name,
        "links": [link.id for link in desk.state.links_in(text.body)],
    }


def told_user(user: User) -> dict[str, Any]:
    """A Leaf user."""
    return {
        "id": user.id,
        "externalId": user.external_id,
        "name": user.name,
        "email": user.email,
        "credentials": {name: credential.status for name, credential in user.credentials.items()},
    }


def told_notice(notice: Notice) -> dict[str, Any]:
    """A link that the team's application took."""
    return {
        "key": notice.key,
        "at": notice.at,
        "to": notice.to,
        "url": notice.url,
        "told": notice.told,
        "repeats": notice.repeats,
    }
