"""What a plan depends on, each as a short text that changes whenever the thing does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from leafcast.decide.campaign import ListFrom
from leafcast.edge.campaignfile import LoadedCampaign
from leafcast.edge.ledger import ledger_exists, open_reader
from leafcast.errors import UsageError

JUDGES = ("leafcast", "phonenumbers", "email-validator", "jinja2", "pandas", "openpyxl", "babel")
"""Whose verdicts decide what becomes of a row."""


def fingerprints(loaded: LoadedCampaign, ledger: str) -> Mapping[str, str]:
    """Of the list, the campaign, its templates, the program and the ledger. Raises UsageError for a list that is no
    file, and for a file that is gone; LedgerUnusable."""
    if loaded.campaign.list.source is not ListFrom.FILE:
        raise UsageError("The list comes from Leaf and may change at any time", fix="Plan and run in one go: use run.")
    return {**_made_from(loaded), "ledger": ledger_state(ledger)}


def one_word(loaded: LoadedCampaign, *, skip_invalid: bool) -> str:
    """All of it but the ledger in one word; '' where the list is no file."""
    if loaded.campaign.list.source is not ListFrom.FILE:
        return ""
    return _of_text(json.dumps([_made_from(loaded), skip_invalid], sort_keys=True))


def _made_from(loaded: LoadedCampaign) -> Mapping[str, str]:
    return {
        "list": _of_file(loaded.list_path),
        "campaign": _of_file(loaded.path),
        "templates": _of_text(json.dumps(loaded.sources, sort_keys=True)),
        "program": ", ".join(f"{name} {version(name)}" for name in JUDGES),
    }


def ledger_state(ledger: str) -> str:
    """What a ledger has been through; '' where there is none yet."""
    if not ledger_exists(ledger):
        return ""
    with open_reader(ledger) as reader:
        return reader.state()


def _of_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"The file {path} cannot be read: {error.strerror}", fix="Look at its permissions.") from error


def _of_text(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
