"""Consent columns: whether a grower said yes to emails, or to texts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from leafcast.decide.addresses import Fault, Usable
from leafcast.decide.columnnames import plain
from leafcast.decide.texts import quoted
from leafcast.model import Channel, Grower

COLUMNS: Mapping[Channel, str] = MappingProxyType({Channel.EMAIL: "emailConsent", Channel.SMS: "smsConsent"})
"""The column of each channel that needs a consent. A list without the column asks for none."""

YES, NO = "yes", "no"
_words = str.split
_YES = frozenset(_words("yes y true t 1 x ok on optin optedin subscribed granted given si s sim oui o ja j"))
_NO = frozenset(
    _words("no n false f 0 off optout optedout unsubscribed denied refused withdrawn revoked nao non nein none")
)


def consent(text: str) -> Usable | Fault:
    """A trimmed, non-empty consent cell as `yes` or `no`; anything else has to be made clear by its owner."""
    word = plain(text)
    if word in _YES or text in {"✓", "✔"}:
        return Usable(YES)
    if word in _NO:
        return Usable(NO)
    return Fault(f"{quoted(text)} does not say clearly whether there is consent", "Write yes or no")


def withheld_consent(grower: Grower, channel: Channel) -> bool:
    """Whether the list asks for consent on this channel and the grower has not given it; an empty cell gives none."""
    column = COLUMNS.get(channel)
    return column is not None and column in grower.cells and grower.cells[column] != YES
