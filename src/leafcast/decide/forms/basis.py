"""What every form of a value of the campaign file is made of."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Form:
    """How a value is written; the campaign key reference prints it."""

    words: str


def misfit(what: str, fix: str) -> PydanticCustomError:
    """A value that does not fit: what is wrong, and what to write instead."""
    return PydanticCustomError("misfit", "{what}", {"what": what, "fix": fix})


def text_of(value: Any) -> str:
    """The text of a value, without the white space around it; raises `misfit` where there is none."""
    if not isinstance(value, str):
        raise misfit("this must be a text", "Write one value on the line of the key.")
    if not value.strip():
        raise misfit("the value is empty", "Write a value, or take the line away.")
    if CONTROL.search(value):
        raise misfit("the value has a line break or another control character", "Write it on one line.")
    return value.strip()


def checked(judge: Callable[[str], Any]) -> BeforeValidator:
    """A validator of texts; a value that already has the wanted type passes through its own text."""
    return BeforeValidator(lambda value: judge(text_of(value)))


Text = Annotated[str, BeforeValidator(text_of), Form("text")]
