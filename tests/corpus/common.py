"""What a case of the corpus is, and what comes of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from leafcast.cli.job import Job, open_job
from leafcast.errors import CampaignError, LeafcastError, ListError
from leafcast.model import Grower, Problem, ProblemKind
from leafcast.stories.prepare import Sound

HEADINGS = "externalId,name,email,phone,Note"
ANA = "G-1,Ana,ana@farm.example,,x"
CY = "G-9,Cy,cy@farm.example,,x"
TEMPLATES = {
    "invite.html.j2": "<p>Dear {{ grower.name }}, <a href='{{ link.url }}'>connect</a> {{ brand.companyName }}</p>",
    "invite.txt.j2": "Dear {{ grower.name }}, connect: {{ link.url }}",
    "invite.sms.j2": "{{ brand.companyName }}: {{ link.url }} Reply STOP to opt out.",
}
CAMPAIGN: Mapping[str, Any] = {
    "campaign": "corpus",
    "list": {"region": "US"},
    "brand": {"companyName": "Prairie Co-op", "postalAddress": "1 Main St, Ames IA", "supportEmail": "h@co-op.com"},
    "link": {"expiresIn": "30d", "rules": [{"type": "provider", "allowedProviders": ["JohnDeere"]}]},
    "channels": ["email", "sms"],
    "email": {"from": "Prairie <connect@prairie.example>", "subject": "Connect your data"},
    "sms": {"from": "+15155550100"},
}
Write = Callable[[Path], None]


@dataclass(frozen=True)
class Case:
    """One input. `number` is that of the table of inputs in docs/lists.md."""

    number: int
    what: str
    write: Write
    """Writes the list into the path that it is given."""
    file: str = "list.csv"
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What the campaign says under `list:` beside the file."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """What else the campaign says."""
    templates: Mapping[str, str] = field(default_factory=dict)
    words: bool = True
    """Whether the sentences count; where a campaign is wrong, tests/campaign has them and here is the place only."""

    @property
    def title(self) -> str:
        """The line that the outcome stands under."""
        return f"{self.number:02} {self.what}"


def content(data: bytes | str) -> Write:
    """A list of these bytes, or of this text in UTF-8."""
    return lambda file: _write(file, data)


def _write(file: Path, data: bytes | str) -> None:
    file.write_bytes(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data)


def lines(*rows: str, headings: str = HEADINGS) -> Write:
    """A csv of these rows."""
    return content("\n".join([headings, *rows]) + "\n")


def between(row: str) -> Write:
    """A row between two good ones: what is wrong with it must not touch them."""
    return lines(ANA, row, CY)


def outcome(case: Case, folder: Path) -> list[str]:
    """What the check of a campaign says, line by line."""
    line = _line if case.words else _place
    try:
        return _shortened(list(_told(_job(case, folder), line)))
    except ListError as error:
        return [*map(line, error.problems), "exit 3"]
    except CampaignError as error:
        return [*map(line, error.problems), "exit 2"]
    except LeafcastError as error:
        return [f"error: {error.message}. {error.fix}".replace(str(folder), "FOLDER"), f"exit {error.exit_code:d}"]


def _shortened(lines: list[str]) -> list[str]:
    """A few hundred lines of one kind tell no more than a few."""
    return lines if len(lines) <= 12 else [*lines[:4], f"… and {len(lines) - 5} more lines", lines[-1]]


def _job(case: Case, folder: Path) -> Job:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "templates").mkdir(parents=True)
    for name, text in (TEMPLATES | dict(case.templates)).items():
        place = folder / "templates" / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(text, encoding="utf-8")
    listed = {**CAMPAIGN["list"], "file": case.file, **case.settings}
    campaign = {**CAMPAIGN, "list": {key: value for key, value in listed.items() if value is not None}, **case.changes}
    text = campaign["yaml"] if "yaml" in campaign else yaml.safe_dump(campaign, allow_unicode=True, sort_keys=False)
    (folder / "corpus.yaml").write_text(text, encoding="utf-8")
    case.write(folder / case.file)
    return open_job(folder / "corpus.yaml")


def _told(job: Job, line: Callable[[Problem], str]) -> Iterator[str]:
    # Advice about templates is no part of what a list comes to.
    yield from map(line, (note for note in job.notes if note.kind is not ProblemKind.TEMPLATE))
    growers, excluded = [], 0
    for item in job.examiner.examine():
        if isinstance(item, Sound):
            yield from map(line, item.warnings)
            growers.append(item.grower)
            yield from (
                f"skipped row {item.grower.row} {m.channel}: {m.skip}" for m in item.decision.messages if m.skip
            )
        else:
            yield from map(line, item.problems)
            excluded += 1
    if len(growers) <= 3:
        yield from map(_grower, growers)
    passed = job.source.passed
    assert passed.rows == len(growers) + excluded, "rows = growers + excluded"
    blank = f", {passed.blank} blank" if passed.blank else ""
    yield f"{passed.rows} rows: {len(growers)} growers, {excluded} excluded{blank}"


def _grower(grower: Grower) -> str:
    own = [repr(grower.external_id), repr(grower.name), grower.email or "-", grower.phone or "-"]
    ours = {"externalId", "name", "email", "phone"}
    further = {key: cell for key, cell in grower.cells.items() if key not in ours and cell != "x"}
    return f"row {grower.row}: {' '.join(own)} {further or ''}".rstrip()


def _line(problem: Problem) -> str:
    return f"{problem.severity} {problem.kind}: {problem}".replace("\n", "\\n")


def _place(problem: Problem) -> str:
    return f"{problem.severity} {problem.kind}: {problem.where}"
