"""The demo as a person meets it: the console script, started in an empty folder, with no account anywhere."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

SCRIPT = Path(sysconfig.get_path("scripts")) / "leafcast"
PATIENCE = 60.0


def bare_environment(home: Path) -> dict[str, str]:
    """Nothing of the person who runs these tests: no credentials, and no `leafcast` on the path."""
    return {"PATH": os.defpath, "HOME": str(home), "LANG": "C.UTF-8"}


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The demo, leading a process group of its own; killed if a test leaves it behind."""
    process = subprocess.Popen(
        [SCRIPT, "demo", *arguments],
        cwd=folder,
        env=bare_environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def nobody_left(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def can_connect(url: str) -> bool:
    with socket.socket() as probe:
        probe.settimeout(60)
        return probe.connect_ex((urlsplit(url).hostname, urlsplit(url).port)) == 0


@dataclass(frozen=True)
class Finished:
    """A demo that has ended by itself."""

    folder: Path
    exit_code: int
    out: str
    err: str
    group: int

    @property
    def made(self) -> Path:
        return self.folder / "leafcast-demo"

    @property
    def received(self) -> dict[str, int]:
        """The numbers of the line that says what the sandbox received."""
        said = re.search(r"received the same: ([\d,]+) links, ([\d,]+) emails, ([\d,]+) texts", self.out)
        assert said is not None
        return dict(zip(("links", "emails", "texts"), (int(n.replace(",", "")) for n in said.groups()), strict=True))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """A demo that stays; it comes up while the one that ends is running, since both mostly wait for their pace."""
    folder = tmp_path_factory.mktemp("kept")
    with started(folder, "--keep", "--json") as process:
        yield folder, process


@pytest.fixture(scope="module")
def finished(kept: object, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    folder = tmp_path_factory.mktemp("demo")
    with started(folder) as process:
        out, err = process.communicate(timeout=PATIENCE)
        return Finished(folder, process.returncode, out, err, process.pid)


def test_it_ends_by_itself(finished: Finished) -> None:
    """The demo ends with exit 0, leaves no process, and its port is free again."""
    assert (finished.exit_code, "Traceback" in finished.err) == (0, False), finished.err
    assert nobody_left(finished.group)
    url = re.search(r"http://127\.0\.0\.1:\d+", finished.err)
    assert url is not None
    assert not can_connect(url[0])


def test_its_files_tell_the_same_as_its_words(finished: Finished) -> None:
    """The numbers printed are those of the inbox and of the export, and every grower of the sample list is there."""
    source = (finished.made / "inbox.html").read_text(encoding="utf-8")
    data = json.loads(re.findall(r"<script[^>]*>(.*?)</script>", source, re.DOTALL)[0])
    assert len(data["threads"]) == finished.received["links"] == 500
    assert len(data["mails"]) == finished.received["emails"]
    with (finished.made / "export.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["messageStatus"] for row in rows} == {"accepted"}
    by_channel = {name: sum(row["channel"] == name for row in rows) for name in ("email", "sms")}
    assert by_channel == {"email": finished.received["emails"], "sms": finished.received["texts"]}
    text = "\n".join("\n".join(data["lines"][number] for number in thread) for thread in data["threads"])
    assert all(row["link"] in text for row in rows)


def test_its_files_are_private_and_small(finished: Finished) -> None:
    """What holds links is readable by its owner alone, and the inbox opens quickly."""
    names = {path.name for path in finished.made.iterdir()}
    assert {"inbox.html", "export.csv", "ledger.db"} <= names
    for name in ("inbox.html", "export.csv", "ledger.db"):
        assert stat.S_IMODE((finished.made / name).stat().st_mode) == 0o600
    assert (finished.made / "inbox.html").stat().st_size < 3_000_000


def test_its_closing_lines_can_be_pasted(finished: Finished) -> None:
    """The inbox is named first, as an address for a browser, and the command given works as it stands."""
    closing = finished.out[finished.out.index("open it in a browser") :]
    lines = [line.strip() for line in closing.splitlines() if line.startswith("  ")]
    assert lines[0] == (finished.made / "inbox.html").as_uri()
    assert (finished.folder / lines[1]).is_file()
    (status,) = (line for line in lines if " status " in line)
    done = subprocess.run(
        ["/bin/sh", "-c", f"{status} --json"],
        check=False,
        cwd=finished.folder,
        env=bare_environment(finished.folder),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["messages"]["accepted"] == 500
    assert f"{SCRIPT} demo --keep" in lines


def test_kept_it_stays_until_ctrl_c(kept: tuple[Path, subprocess.Popen[str]]) -> None:
    """Under --keep the sandbox answers, with what the one JSON object says, until Ctrl-C, which is a good end."""
    folder, process = kept
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    with urlopen(f"{told['live']}/control/state?only=counts", timeout=60) as answer:  # noqa: S310 - loopback
        counts = json.load(answer)["counts"]
    assert {name: counts[name] for name in told["received"]} == told["received"]
    assert told["messages"]["accepted"] == counts["emails"] + counts["texts"]
    assert all((folder / name).is_file() for name in told["files"].values())
    process.send_signal(signal.SIGINT)
    rest, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, rest) == (0, ""), err
    assert nobody_left(process.pid)
    assert not can_connect(told["live"])


def test_ctrl_c_ends_it_in_words(tmp_path: Path) -> None:
    """Interrupted while it sends, the demo ends with 130, says how to begin anew, and leaves no process."""
    with started(tmp_path) as process:
        assert process.stderr is not None
        said = next(line for line in process.stderr if line.startswith("Sending"))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    assert said
    assert (process.returncode, out) == (130, ""), err
    assert err.endswith(f"The demo was interrupted.\nTo begin it anew: {SCRIPT} demo\n")
    assert nobody_left(process.pid)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Where it may not write, the demo says so in a sentence, with exit 2, before anything starts."""
    folder = tmp_path / "closed"
    folder.mkdir(0o500)
    if os.geteuid() == 0:
        folder = Path("/proc")  # where nobody can make a folder, root included
    with started(folder) as process:
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (2, "")
    assert err.startswith("The demo cannot write its folder leafcast-demo here: ")
    assert len(err.splitlines()) == 2


def test_it_removes_nothing_of_others(tmp_path: Path) -> None:
    """A folder of that name that no demo made is left as it is."""
    own = tmp_path / "leafcast-demo" / "mine.txt"
    own.parent.mkdir()
    own.write_text("mine")
    with started(tmp_path) as process:
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert "not from a demo" in err
    assert own.read_text() == "mine"


def test_python_dash_m_is_the_same_program(tmp_path: Path) -> None:
    """`python -m leafcast` answers as the console script does."""
    answers = [
        subprocess.run(
            [*command, "--version"],
            cwd=tmp_path,
            env=bare_environment(tmp_path),
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        ).stdout
        for command in ([str(SCRIPT)], [sys.executable, "-m", "leafcast"])
    ]
    assert answers[0] == answers[1] != ""
