"""What the tests of the documents share: the repository's own files, and the README cut into its parts."""

from __future__ import annotations

import re
import runpy
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Page:
    """A Markdown file."""

    path: Path
    text: str

    def section(self, heading: str) -> str:
        """What stands under a heading, as far as the next one of its rank."""
        found = re.search(rf"^(#+) {re.escape(heading)}\n(.*?)(?=^#{{1,6}} |\Z)", self.text, re.MULTILINE | re.DOTALL)
        assert found, f"{self.path.name} has no heading {heading!r}"
        return found[2]

    def table(self, heading: str) -> list[list[str]]:
        """The cells of the first table under a heading, its own heading row left out, backticks taken off."""
        rows = [line.strip()[1:-1].split("|") for line in _first_table(self.section(heading))]
        return [[cell.strip().strip("`") for cell in row] for row in rows[2:]]


def _first_table(text: str) -> list[str]:
    found = re.search(r"(?:^\|.*\n?)+", text, re.MULTILINE)
    assert found, "there is no table"
    return found[0].splitlines()


@pytest.fixture(scope="session")
def readme() -> Page:
    return Page(ROOT / "README.md", (ROOT / "README.md").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def pages() -> list[Page]:
    """The pages for whoever uses leafcast."""
    paths = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
    return [Page(path, path.read_text(encoding="utf-8")) for path in paths]


@pytest.fixture(scope="session")
def states() -> Page:
    path = ROOT / "docs" / "states.md"
    return Page(path, path.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def refresh() -> Mapping[str, Any]:
    """The functions of docs/refresh.py."""
    return runpy.run_path(str(ROOT / "docs" / "refresh.py"))


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    """Every file of the repository, new ones that are not ignored included."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is not a checkout, so git cannot name its files")
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, check=True, capture_output=True).stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]
