"""The text of a campaign file -> a `Campaign`, or everything that is wrong with it, each with its line and its key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from leafcast.decide.campaignmodel import Campaign
from leafcast.decide.consistency import judge_consistency, notes
from leafcast.decide.suggest import did_you_mean, nearest
from leafcast.decide.yamlfile import Document, Path, read_yaml
from leafcast.errors import CampaignError
from leafcast.model import Problem, ProblemKind, Severity

_MISSING: Mapping[Path, str] = {
    ("campaign",): "Add a line like campaign: spring-2026.",
    ("list",): "Add list: with file: growers.csv under it.",
    ("list", "file"): "Add file: with the path of the list.",
    ("link",): "Add link: with expiresIn: 30d and rules under it.",
    ("link", "expiresIn"): "Add expiresIn: 30d. Without it, Leaf's links die after fifteen minutes.",
    ("channels",): "Add channels: [email, sms], in your order of preference.",
    ("email", "from"): 'Add from: "Prairie <connect@prairie.example>".',
    ("quietHours", "timezone"): "Add timezone: America/Chicago, or wherever your growers are.",
}


def load(text: str, file: str) -> Campaign:
    """The campaign. Raises CampaignError with every problem of the file."""
    return read(text, file)[0]


def read(text: str, file: str) -> tuple[Campaign, tuple[Problem, ...]]:
    """The campaign and the notes about it: warnings, which keep nothing back. Raises CampaignError as `load` does."""
    document = read_yaml(text, file)
    remarks = list(_accept_spellings(document))
    campaign = _made(document) if document.data else None
    problems = sorted(document.problems, key=lambda problem: problem.where.line or 0)
    if problems or campaign is None:
        raise CampaignError(problems)
    return campaign, (*remarks, *notes(document))


def _made(document: Document) -> Campaign | None:
    judge_consistency(document)
    campaign: Campaign | None = None
    try:
        campaign = Campaign.model_validate(document.data, by_alias=True, by_name=False)
    except ValidationError as errors:
        told = {problem.where.key for problem in document.problems}
        for error in errors.errors(include_url=False):
            what, fix = _sentences(error, document)
            if document.where(error["loc"]).key not in told:
                document.blame(error["loc"], what, fix)
    return campaign


def _accept_spellings(document: Document) -> Iterator[Problem]:
    """Leaf's older page spells one setting differently; both are taken, and `disconnectEnabled` is sent."""
    brand = document.data.get("brand")
    old, new = "disconnectedEnabled", "disconnectEnabled"
    if not isinstance(brand, dict) or old not in brand:
        return
    if new in brand:
        document.blame(("brand", old), f"this is another spelling of {new}, which is here too", "Keep one of the two.")
        del brand[old]
        return
    brand[new] = brand.pop(old)
    path: Path = ("brand", new)
    document.lines[path] = document.lines[("brand", old)]
    what = f"{old} is read as {new}, the name that Leaf takes"
    yield Problem(ProblemKind.CAMPAIGN, what, f"Write {new}.", document.where(("brand", old)), Severity.WARNING)


# ------------------------------------------------------------------------------------------------ pydantic's errors


def _sentences(error: ErrorDetails, document: Document) -> tuple[str, str]:
    """What is wrong and what to write instead, for one error of the model."""
    path: Path = error["loc"]
    match error["type"]:
        case "misfit":
            return str(error["ctx"]["what"]), str(error["ctx"]["fix"])
        case "missing":
            return f"{path[-1]} is missing", _MISSING.get(path, f"Add {path[-1]}.")
        case "extra_forbidden":
            return f"{path[-1]!r} is not a key here", _suggest_key(str(path[-1]), path[:-1])
        case "enum":
            wrong, choices = str(error["input"]), _choices(path)
            guess = nearest(wrong, choices)
            return (
                f"{wrong!r} is not a choice here",
                f"Write {guess}." if guess else f"Choose from {', '.join(choices)}.",
            )
        case "model_type" | "mapping_type" | "model_attributes_type" | "dict_type":
            return "this must be a section", "Write its keys on lines of their own, two spaces further in."
        case "tuple_type":
            example = f"[{error['input']}]" if isinstance(error["input"], str) else "[email, sms]"
            return "this must be a list", f"Use brackets: {example}."
        case _:
            return f"this does not fit here: {error['msg']}", f"See {document.file or 'the key'} in the key reference."


def _suggest_key(wrong: str, path: Path) -> str:
    section = _model_at(path)
    keys = list(keys_of(section)) if section else []
    guess = nearest(wrong, keys)
    elsewhere = [f"{name}.{key}" for name, model in _sections() for key in keys_of(model) if key == wrong]
    if not guess and elsewhere:
        return f"It belongs under {elsewhere[0].rsplit('.', 1)[0]}:."
    return did_you_mean(wrong, keys)


def _sections() -> Iterator[tuple[str, type[BaseModel]]]:
    for key in keys_of(Campaign):
        model = _model_at((key,))
        if model is not None:
            yield key, model


def keys_of(model: type[BaseModel]) -> Mapping[str, str]:
    """Every key of a section in its order, with the attribute that holds it."""
    return {str(info.validation_alias or info.alias or name): name for name, info in model.model_fields.items()}


def _annotation_at(path: Path) -> Any:
    annotation: Any = Campaign
    for part in path:
        model = _model_in(annotation)
        if isinstance(part, int) or model is None:
            continue
        name = keys_of(model).get(part)
        annotation = model.model_fields[name].annotation if name else None
    return annotation


def _model_at(path: Path) -> type[BaseModel] | None:
    return _model_in(_annotation_at(path))


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_in(part))), None)


def _choices(path: Path) -> list[str]:
    annotation = _annotation_at(path)
    found = next((kind for kind in (annotation, *get_args(annotation)) if _is_enum(kind)), None)
    return [str(member.value) for member in found] if found else []


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


__all__ = ["keys_of", "load", "read"]
