"""Leaf's users -> the rows of a list: who fits, and what is known of each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from leafcast.decide.campaign import Credentials, ListSettings
from leafcast.decide.following import good
from leafcast.model import LeafUser

OWN = ("externalId", "name", "email", "phone", "leafUserId")
"""What Leaf itself tells of everybody."""

Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Wish:
    """Whom a campaign wants of Leaf's users."""

    connected: tuple[str, ...] = ()
    not_connected: tuple[str, ...] = ()
    credentials: Credentials | None = None

    @classmethod
    def of(cls, settings: ListSettings) -> Wish:
        """The wish of a campaign's `list:`."""
        return cls(settings.connected, settings.not_connected, settings.credentials)

    def __str__(self) -> str:
        parts = [
            f"connected: {' or '.join(self.connected)}" if self.connected else "",
            f"notConnected: {' nor '.join(self.not_connected)}" if self.not_connected else "",
            f"credentials: {self.credentials}" if self.credentials else "",
        ]
        return ", ".join(part for part in parts if part) or "everybody"

    def fits(self, user: LeafUser) -> bool:
        """Whether a user is of the audience. Credentials that Leaf holds count for `connected` whether they still
        serve or not, and against `notConnected` as well: `credentials` tells the two apart."""
        held = {name.casefold(): status for name, status in user.credentials.items()}
        asked = {name: held[name] for name in map(str.casefold, self.connected) if name in held}
        if self.connected and not asked:
            return False
        if any(name.casefold() in held for name in self.not_connected):
            return False
        if self.credentials is None:
            return True
        looked_at = asked if self.connected else held
        serving = any(map(good, looked_at.values()))
        return bool(looked_at) and serving is (self.credentials is Credentials.GOOD)


def further_columns(joined: Iterable[str]) -> tuple[str, ...]:
    """What a joined list adds to what Leaf tells."""
    return tuple(key for key in joined if key not in OWN)


def rows(
    users: Iterable[LeafUser], wish: Wish, joined: Mapping[str, Cells], further: Sequence[str]
) -> Iterator[tuple[str, ...]]:
    """One line for each user of the audience: OWN, then the further columns. `joined` is the team's own list by
    externalId; what it says goes before what Leaf says, for it is kept up to date."""
    for user in users:
        if wish.fits(user):
            theirs = joined.get(user.external_id, {})
            own = {key: theirs.get(key, "").strip() or value for key, value in _told(user).items()}
            own["leafUserId"] = user.id
            yield (*(own[key] for key in OWN), *(theirs.get(key, "") for key in further))


def _told(user: LeafUser) -> dict[str, str]:
    """What Leaf tells. Where a user was made without name or email, Leaf shows the externalId in their place
    (docs.withleaf.io, Magic Link endpoints, 2026-11). A user without externalId is known by Leaf's own id."""
    identity = user.external_id or user.id
    return {
        "externalId": identity,
        "name": "" if user.name == user.external_id else user.name,
        "email": "" if user.email == user.external_id else user.email,
        "phone": user.phone,
    }
