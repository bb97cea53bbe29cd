"""The files of docs/schedules do what they say: each is read by the tool that it is for, and its command is run."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
import yaml

SCHEDULES = Path(__file__).resolve().parents[2] / "docs" / "schedules"
STAND_IN = """#!/bin/sh
printf '%s\\n' "$@" > "$HOME/asked"
exit $(cat "$HOME/code")
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with the folder that the files name, and a leafcast that notes what it was asked."""
    (tmp_path / "my-season").mkdir()
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "leafcast"
    program.write_text(STAND_IN)
    program.chmod(0o755)
    return tmp_path


def shell(home: Path, line: str, code: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a line as a scheduler does: by sh, in a bare environment. `code` is how leafcast ends."""
    (home / "code").write_text(str(code))
    bare = {"HOME": str(home), "PATH": f"{home / 'bin'}:/usr/bin:/bin", **env}
    words = ["/bin/sh", "-c", line]
    return subprocess.run(words, env=bare, cwd=home, capture_output=True, text=True, timeout=60, check=False)


def asked(home: Path) -> list[str]:
    return (home / "asked").read_text().split("\n")[:-1]


def is_for_today(words: list[str]) -> bool:
    slot = words[words.index("--slot") + 1]
    return words[0] == "reinvite" and "--yes" in words and abs((date.fromisoformat(slot) - date.today()).days) <= 1


def cron_line() -> str:
    (line,) = [line for line in (SCHEDULES / "leafcast.cron").read_text().splitlines() if line.startswith("0 ")]
    return line


def test_the_crontab_line_asks_for_todays_slot(home):
    """cron takes the part behind the five fields, and `\\%` as `%`; what is no failure makes no mail."""
    fields, command = cron_line().split(None, 5)[:5], cron_line().split(None, 5)[5]
    assert all(re.fullmatch(r"[\d*]+", field) for field in fields)
    assert not re.search(r"(?<!\\)%", command)
    line = command.replace("\\%", "%")
    for code, told in ((0, ""), (6, ""), (4, "leafcast ended with 4\n"), (5, "leafcast ended with 5\n")):
        done = shell(home, line, code)
        assert (done.stdout, done.stderr) == (told, "")
    assert is_for_today(asked(home))


def test_the_unit_asks_for_todays_slot(home):
    """systemd reads `$$` as `$` and `%%` as `%`; another run at work is no failure, an early stop is started again."""
    service = unit("leafcast-reinvite.service")["Service"]
    assert (service["SuccessExitStatus"], service["Restart"]) == ("6", "on-failure")
    assert {"5", "6"}.isdisjoint(service["RestartPreventExitStatus"].split())
    line = service["ExecStart"].replace("$$", "$").replace("%%", "%")
    assert shell(home, line).returncode == 0
    assert is_for_today(asked(home))
    assert unit("leafcast-reinvite.timer")["Timer"]["Persistent"] == "true"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not on this machine")
def test_systemd_accepts_the_units(tmp_path):
    """`systemd-analyze verify` finds no fault in them."""
    for name in ("leafcast-reinvite.service", "leafcast-reinvite.timer"):
        text = (SCHEDULES / name).read_text().replace("%h/my-season", str(tmp_path))
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o644)
    unit_files = [str(tmp_path / name) for name in ("leafcast-reinvite.service", "leafcast-reinvite.timer")]
    words = ["systemd-analyze", "verify", *unit_files]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    ours = [line for line in done.stderr.splitlines() if "leafcast" in line]
    assert ours == []


@pytest.mark.parametrize(("code", "ends"), [(0, 0), (6, 0), (4, 0), (5, 5), (2, 2)])
def test_the_workflow_branches_on_the_exit_code(home, code, ends):
    """GitHub runs the step with `sh -e`; warnings and errors are said in its own way."""
    workflow = yaml.safe_load((SCHEDULES / "leafcast-reinvite.yml").read_text())
    job = workflow["jobs"]["reinvite"]
    assert workflow["concurrency"]["cancel-in-progress"] is False
    (step,) = job["steps"]
    line = step["run"].replace("${{ vars.LEAFCAST_FOLDER }}", str(home / "my-season"))
    done = shell(home, f"set -e\n{line}", code)
    assert done.returncode == ends
    assert ("::error::" in done.stdout) == (ends != 0)
    assert is_for_today(asked(home))


def unit(name: str) -> Mapping[str, Mapping[str, str]]:
    """The sections of a unit file."""
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string((SCHEDULES / name).read_text())
    return {section: dict(parser[section]) for section in parser.sections()}
