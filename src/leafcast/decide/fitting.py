"""Does a link that was made still fit? Pure, and light to import, since every ledger asks it."""

from __future__ import annotations

from collections.abc import Sequence

from leafcast.model import Invitation, LinkRequest, LinkType


def fits(request: LinkRequest, kind: LinkType, providers: Sequence[str], leaf_user_id: str) -> bool:
    """Whether a link that was made is what the row asks for now: row or rules may have changed since."""
    same_user = request.leaf_user_id in (None, leaf_user_id)
    return same_user and kind is request.type and tuple(providers) == request.providers


def untouched(invitation: Invitation) -> bool:
    """Whether no message of the invitation was ever tried, so that nobody can have its link."""
    return len(invitation.channels_used) == len(invitation.messages) and not any(
        message.attempts for message in invitation.messages
    )
