"""What somebody probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache


@lru_cache(maxsize=1_024)  # the same few headings and words are held against each other again and again
def squash(text: str) -> str:
    """Letters and digits alone, small: `John Deere`, `john_deere` and `JohnDeere` are the same to a person."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like this one, None where nothing comes close."""
    by_squash = {squash(name): name for name in known}
    found = get_close_matches(squash(word), by_squash, n=1, cutoff=0.72)
    return by_squash[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence that names the nearest known word, or else all of them."""
    names = list(known)
    guess = nearest(word, names)
    return f"Did you mean {guess}?" if guess else f"Known here: {', '.join(names)}."
