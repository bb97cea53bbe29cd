"""The reference of the campaign file's keys, printed from the model so that it cannot be out of date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import time
from enum import Enum
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from leafcast.decide.campaignfile import keys_of
from leafcast.decide.campaignlinks import Brand
from leafcast.decide.campaignmodel import Campaign
from leafcast.decide.durations import write_duration
from leafcast.decide.forms import Form, Mailbox

HEADING = "| Key | Form | Default | Meaning |\n| --- | --- | --- | --- |"


def reference() -> str:
    """A Markdown table of every key: how it is written, what happens without it, and what it means."""
    lines = (f"| `{key}` | {form} | {default} | {meaning} |" for key, form, default, meaning in _rows(Campaign, ""))
    return "\n".join([HEADING, *lines]) + "\n"


def _rows(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    for key, name in keys_of(model).items():
        info = model.model_fields[name]
        section = _section(info.annotation)
        form = _form(info.annotation, info.metadata)
        yield prefix + key, form, _default(info, section), info.description or ""
        if section is not None and not (section is Brand and key == "brands"):
            yield from _rows(section, f"{prefix}{key}{'[]' if _is_list(info.annotation) else ''}.")


def _section(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _section(part)) is not None), None)


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is tuple


def _form(annotation: Any, metadata: list[Any]) -> str:
    """How a value is written: its own note of a form, or else what its type says."""
    for note in metadata:
        if isinstance(note, Form):
            return note.words
    if get_origin(annotation) is Annotated:
        return _form(get_args(annotation)[0], list(get_args(annotation)[1:]))
    if _is_list(annotation):
        item = _form(get_args(annotation)[0], [])
        return f"list of {item}s" if item in {"text", "section"} else f"list of {item}"
    if get_origin(annotation) is not None and issubclass(_class_of(annotation), Mapping):
        return "name: section"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " · ".join(f"`{member.value}`" for member in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    inner = [part for part in get_args(annotation) if part is not NoneType]
    return _form(inner[0], []) if inner else "text"


def _class_of(annotation: Any) -> type:
    origin = get_origin(annotation)
    return origin if isinstance(origin, type) else object


def _default(info: FieldInfo, section: type[BaseModel] | None) -> str:
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True, validated_data={})
    if section is not None or value is None or not (value or value is False):
        return "unlimited" if info.metadata and _is_pace(info) else "–"
    return f"`{_written(value, info)}`"


def _is_pace(info: FieldInfo) -> bool:
    return any(isinstance(note, Form) and "unlimited" in note.words for note in info.metadata)


def _written(value: Any, info: FieldInfo) -> str:
    if isinstance(value, tuple) and not isinstance(value, Mailbox):
        return f"[{', '.join(str(item) for item in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, time):
        return value.strftime('"%H:%M"')
    if any(isinstance(note, Form) and "`15m`" in note.words for note in info.metadata):
        return write_duration(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
