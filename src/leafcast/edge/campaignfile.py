"""A campaign and its templates, read from disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from leafcast.decide.campaign import Campaign, read
from leafcast.decide.shelves import stacked
from leafcast.decide.suggest import nearest
from leafcast.edge.shipped import TEMPLATES, shipped
from leafcast.errors import CampaignError, UsageError
from leafcast.model import Problem, ProblemKind, Where

FILE_LIMIT = 1_000_000
"""Bytes: a campaign or template beyond this is some other file."""


@dataclass(frozen=True, slots=True)
class LoadedCampaign:
    """A campaign with everything that the disk knows about it."""

    campaign: Campaign
    path: Path
    folder: Path
    """Where relative paths of the campaign start."""
    sources: dict[str, str]
    """The templates by name, `es/invite.html.j2` among them."""
    list_path: Path
    """The folder itself where the list comes from Leaf alone."""
    notes: tuple[Problem, ...] = ()
    """Warnings about the file."""


def read_campaign(path: Path) -> LoadedCampaign:
    """Read a campaign file and the templates that it can use. Raises UsageError for a file that is not there, and
    CampaignError for one that is not usable."""
    if not path.is_file():
        raise UsageError(_not_there(path), fix="Name the .yaml file of a campaign, or make one with leafcast init.")
    campaign, notes = read(_text(path, path.name), path.name)
    folder = path.absolute().parent
    return LoadedCampaign(
        campaign=campaign,
        path=path,
        folder=folder,
        sources=read_templates(folder),
        list_path=folder / Path(campaign.list.file or "").expanduser(),
        notes=notes,
    )


def read_templates(folder: Path) -> dict[str, str]:
    """Every template that a campaign in this folder can use, by name. The nearest of three shelves wins, file by file:
    `templates/` in the folder, then one folder up, then the package's own."""
    shelves = (shipped(TEMPLATES), folder.parent / TEMPLATES, folder / TEMPLATES)
    found = stacked([_shelf(shelf) for shelf in shelves])
    return dict(sorted(found.items()))


def _shelf(folder: Path) -> dict[str, str]:
    names = {file.relative_to(folder).as_posix(): file for file in folder.glob("**/*.j2") if file.is_file()}
    return {name: _text(file, name) for name, file in names.items()}


def _not_there(path: Path) -> str:
    if path.is_dir():
        return f"{path} is a folder and not a campaign file"
    near = nearest(path.name, [other.name for other in path.parent.glob("*.y*ml")]) if path.parent.is_dir() else None
    return f"There is no campaign file {path}" + (f"; did you mean {path.parent / near}?" if near else "")


def _text(path: Path, name: str) -> str:
    """The file as text, its line ends as \\n. Raises CampaignError with one sentence where that cannot be."""
    try:
        if path.stat().st_size > FILE_LIMIT:
            raise _unusable(name, f"the file has more than {FILE_LIMIT:,} bytes", "Is it the right file?")
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise _unusable(name, "the file is not UTF-8 text", "Save it again as UTF-8.", line) from None
    except OSError as error:
        what = f"the file cannot be read: {(error.strerror or 'unknown reason').lower()}"
        raise _unusable(name, what, "Look at its permissions.") from error


def _unusable(name: str, what: str, fix: str, line: int | None = None) -> CampaignError:
    return CampaignError([Problem(ProblemKind.CAMPAIGN, what, fix, Where(name, line=line))])
