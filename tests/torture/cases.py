"""Small campaigns to play, each of another form."""

from __future__ import annotations

import csv
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from leafcast.cli.job import Job, open_job
from leafcast.stories.prepare import Survey

ROOM = Path("/dev/shm") if Path("/dev/shm").is_dir() and os.access("/dev/shm", os.W_OK) else None  # noqa: S108

CAMPAIGN = """
campaign: torture
list: {{file: growers.csv, region: US}}
brand: {{companyName: Prairie Co-op, supportEmail: help@prairie.example, postalAddress: "1 Main St, Ames IA"}}
link:
  expiresIn: {expires}
  rules:
    - {{type: provider, allowedProviders: [JohnDeere, ClimateFieldView]}}
channels: [{channels}]
deliver: {deliver}
inDoubt: {{email: {doubt}, sms: {doubt}}}
{email}
{sms}
pace: {{leaf: unlimited, sendgrid: unlimited, twilio: unlimited}}
"""
EMAIL = 'email: {from: "Prairie <connect@prairie.example>", subject: "Connect your data"}'
SMS = 'sms: {from: "+15155550100"}'


@dataclass(frozen=True, slots=True)
class Shape:
    """A small campaign: its form and its growers, by number: both addresses, email only, phone only, none."""

    name: str
    growers: str
    channels: Sequence[str] = ("email", "sms")
    deliver: str = "first"
    expires: str = "30d"
    resend: bool = False
    """Whether a doubt is sent again when its service shows no trace of it, twice."""


SHAPES = (
    Shape("first", "bbebpb"),
    Shape("all", "bbebp", deliver="all", expires="2h"),
    Shape("texts", "pbpp", channels=("sms",), expires="900"),
    Shape("many", "bpbebbpbebbnbpbbbe", expires="2d"),
    Shape("one", "b", deliver="all", expires="36h"),
    Shape("mails", "ebbe", channels=("email",), expires="36h"),
    Shape("again", "bpbe", deliver="all", resend=True),
)


@dataclass(frozen=True, slots=True)
class Case:
    """A shape, opened and surveyed."""

    shape: Shape
    folder: Path
    job: Job
    survey: Survey


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """A folder of one's own in memory, gone afterwards unless LEAFCAST_TORTURE_KEEP is set."""
    folder = Path(tempfile.mkdtemp(prefix=f"leafcast-{name}-", dir=ROOM))
    try:
        yield folder
    finally:
        if not os.environ.get("LEAFCAST_TORTURE_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)


def write_shape(shape: Shape, folder: Path) -> Path:
    """The campaign and its list as files; gives the campaign file."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "growers.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["externalId", "name", "email", "phone"])
        for number, kind in enumerate(shape.growers, 1):
            email = f"zq{number}@farm.example" if kind in "be" else ""
            phone = f"+1515555{2000 + number}" if kind in "bp" else ""
            writer.writerow([f"G-{number}", f"Zachariah Q{number}", email, phone])
    text = CAMPAIGN.format(
        expires=shape.expires,
        channels=", ".join(shape.channels),
        deliver=shape.deliver,
        doubt="resend-if-absent" if shape.resend else "hold",
        email=EMAIL if "email" in shape.channels else "",
        sms=SMS if "sms" in shape.channels else "",
    )
    (folder / "campaign.yaml").write_text(text, encoding="utf-8")
    return folder / "campaign.yaml"


def open_case(shape: Shape, folder: Path) -> Case:
    """Open a shape in a folder."""
    job = open_job(write_shape(shape, folder))
    return Case(shape, folder, job, job.examiner.survey())


def warm() -> None:
    """Load what every run would load, once, before processes are forked."""
    from leafcast.edge.ledger import sql

    sql.queries()
