"""Opening a ledger: which files and places are refused, who holds it, and what a crash leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from leafcast.edge.ledger import connect, open_ledger, open_reader, place, sql
from leafcast.edge.memory import VirtualClock
from leafcast.errors import CampaignHeld, ExitCode, LedgerUnusable
from leafcast.model import Channel, Grower, MessageState, PlannedInvitation, PlannedMessage

HOLDER = """
import sys, time
from leafcast.edge.ledger import open_ledger
from leafcast.edge.memory import VirtualClock
ledger = open_ledger("sqlite:///" + sys.argv[1], VirtualClock(), iter(f"{n:032x}" for n in range(99)).__next__)
ledger.begin("spring-2026", "run")
print("held", flush=True)
sys.stdin.read()
"""

CRASHING = """
import asyncio, os, sys
from leafcast.edge.ledger import open_ledger
from leafcast.edge.memory import VirtualClock
from leafcast.model import *
clock = VirtualClock()
ledger = open_ledger("sqlite:///" + sys.argv[1], clock, iter(f"{n:032x}" for n in range(99)).__next__)
ledger.begin("spring-2026", "run")
def planned(name):
    address = name + "@x.example"
    return PlannedInvitation(Grower(2, name, name, address, None), 0, (PlannedMessage(Channel.EMAIL, address),))
ledger.plan("spring-2026", [planned("G1"), planned("G2")])
async def crash():
    request = LinkRequest(LinkType.FILE_UPLOAD, "G1", 900)
    await ledger.record(LinkIntent("spring-2026", "G1", 0, 1, request))
    link = Link("secret", "https://x.invalid/secret", "u", clock.now(), LinkType.FILE_UPLOAD)
    ledger.record(LinkSettled("spring-2026", "G1", 0, 1, LinkOutcome(Outcome(Verdict.ACCEPTED), link)))
    message = next(ledger.rows("spring-2026")).message_id
    await ledger.record(MessageIntent(message, 1))
    # The request leaves here, and the answer is never written down.
    os._exit(9)
asyncio.run(crash())
"""


def ids():
    return os.urandom(16).hex()


def opened(path):
    return open_ledger(f"sqlite:///{path}", VirtualClock(), ids)


def refused(path):
    with pytest.raises(LedgerUnusable) as caught:
        opened(path).close()
    assert caught.value.exit_code is ExitCode.USAGE
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def path(tmp_path):
    """Where a ledger may be."""
    return tmp_path / "leafcast.db"


@pytest.fixture
def holder(path):
    """Another process that holds the ledger."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


# --------------------------------------------------------------------------------------------------- who holds the lock


def test_a_second_process_is_refused_at_once(path, holder):
    """While a run holds the ledger another one is told who holds it, and does not wait until it is free."""
    with pytest.raises(CampaignHeld) as caught:
        opened(path)
    assert holder.poll() is None
    assert caught.value.exit_code is ExitCode.HELD
    for part in (
        f"process {holder.pid}",
        f"on {os.uname().nodename}",
        "run of campaign spring-2026",
        "since 2026-03-02T",
    ):
        assert part in str(caught.value)


def test_a_killed_process_lets_go(path, holder):
    """The lock dies with its process, however that ends; nothing has to be cleaned away."""
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with opened(path) as ledger:
        assert ledger.begin("spring-2026", "run").epoch == 2


def test_looking_needs_no_lock(path, holder):
    """A reader works beside the process that holds the ledger."""
    with open_reader(f"sqlite:///{path}") as reader:
        assert reader.campaigns() == ["spring-2026"]


def test_the_same_process_is_a_second_run_too(path):
    """Two openers in one process are two runs."""
    with opened(path), pytest.raises(CampaignHeld):
        opened(path)
    opened(path).close()


def test_a_refused_start_changes_nothing_of_the_holders(path, holder):
    """The note about the holder is still whole after others were refused."""
    for _ in range(3):
        with pytest.raises(CampaignHeld, match=str(holder.pid)):
            opened(path)


def test_what_a_crash_leaves_is_in_doubt(path):
    """A process that dies after its intent and before its answer leaves one doubt, and nothing is sent again."""
    died = subprocess.run([sys.executable, "-c", CRASHING, str(path)], check=False, timeout=30)
    assert died.returncode == 9
    with opened(path) as ledger:
        assert ledger.begin("spring-2026", "run").in_doubt == 1
        rows = list(ledger.rows("spring-2026"))
        assert [row.message_status for row in rows] == [MessageState.IN_DOUBT, MessageState.PLANNED]
        assert [row.link_status for row in rows] == ["live", ""]


# ------------------------------------------------------------------------------------------------------ restored copies


def test_a_restored_copy_is_refused(path):
    """A ledger that is older than it was seen before does not know what was sent since, so it is not run from."""
    with opened(path) as ledger:
        ledger.begin("spring-2026", "run")
    backup = path.read_bytes()
    with opened(path) as ledger:
        ledger.begin("spring-2026", "run")
    path.write_bytes(backup)
    with pytest.raises(LedgerUnusable, match="older copy of itself") as caught:
        opened(path)
    note = path.with_name("leafcast.db.epoch")
    assert str(note) in caught.value.fix
    note.unlink()
    with opened(path) as ledger:
        assert ledger.begin("spring-2026", "run").epoch == 2


def test_another_ledger_at_the_same_name_is_taken_as_it_is(path, tmp_path):
    """Only the same ledger, grown younger, is a restored copy; a different one is none."""
    for _ in range(3):
        with opened(path) as ledger:
            ledger.begin("spring-2026", "run")
    path.unlink()
    with opened(path) as ledger:
        assert ledger.begin("spring-2026", "run").epoch == 1


def test_a_damaged_note_is_no_obstacle(path):
    """The note is a help and not a truth: without it, or with rubbish in it, the ledger opens."""
    with opened(path) as ledger:
        ledger.begin("spring-2026", "run")
    path.with_name("leafcast.db.epoch").write_text("{rubbish")
    opened(path).close()


def test_the_note_is_behind_or_level_never_ahead(path):
    """The ledger's epoch is durable before the note says so: a crash between the two is no restored copy."""
    with opened(path) as ledger:
        ledger.begin("spring-2026", "run")
        note = path.with_name("leafcast.db.epoch")
        assert json.loads(note.read_text())["epoch"] == 1
        old = note.read_text()
        ledger.begin("spring-2026", "run")
    note.write_text(old)
    opened(path).close()


# ------------------------------------------------------------------------------------------------------- files refused


def test_a_file_of_another_program_is_refused(path):
    """A SQLite file that is not a ledger stays untouched."""
    other = apsw.Connection(str(path))
    other.execute("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)")
    other.close()
    before = path.read_bytes()
    assert "another program" in refused(path)
    assert path.read_bytes() == before


def test_a_text_file_is_refused(path):
    """A file that is no database at all stays untouched."""
    path.write_text("externalId,name\n" * 100)
    assert "not a ledger" in refused(path)
    assert path.read_text().startswith("externalId")


def test_a_newer_ledger_is_refused(path):
    """A ledger of a later leafcast is not written by an earlier one."""
    opened(path).close()
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 99)
    connection.close()
    assert "newer leafcast" in refused(path)
    with pytest.raises(LedgerUnusable, match="newer leafcast"):
        open_reader(f"sqlite:///{path}")


def test_a_damaged_ledger_is_refused(path):
    """Rubbish in the middle of the file is found before anything is sent."""
    with opened(path) as ledger:
        ledger.begin("spring-2026", "run")
    content = bytearray(path.read_bytes())
    for page in range(1, len(content) // 4096):
        content[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    path.write_bytes(content)
    assert "damaged" in refused(path)


def test_damage_in_one_page_is_found_at_the_start(path):
    """One bad page among many, in rows that starting does not touch, is found before anything is sent."""
    with opened(path) as ledger:
        ledger.begin("spring-2026", "run")
        decisions = (PlannedMessage(Channel.EMAIL, "g@farm.example"),)
        growers = [Grower(2, f"G{number}", "Name " * 20, "g@farm.example", None) for number in range(500)]
        ledger.plan("spring-2026", [PlannedInvitation(grower, 0, decisions) for grower in growers])
    content = bytearray(path.read_bytes())
    page = content.index(b"Name Name") // 4096
    content[page * 4096 : page * 4096 + 100] = b"\xff" * 100
    path.write_bytes(content)
    assert "damaged" in refused(path)


def test_a_cut_ledger_is_refused(path):
    """A file that lost its tail is found before anything is sent."""
    with opened(path) as ledger:
        ledger.begin("spring-2026", "run")
    os.truncate(path, path.stat().st_size // 8192 * 4096)
    assert "damaged" in refused(path)


def test_a_folder_is_refused(tmp_path):
    """A folder is named as such."""
    assert "is a folder" in refused(tmp_path)


def test_a_symbolic_link_is_refused(path, tmp_path):
    """Two names of one file would be two locks."""
    opened(tmp_path / "real.db").close()
    path.symlink_to(tmp_path / "real.db")
    assert "symbolic link" in refused(path)
    with pytest.raises(LedgerUnusable, match="symbolic link"):
        open_reader(f"sqlite:///{path}")


def test_a_device_or_pipe_is_refused(path):
    """Only plain files are ledgers."""
    os.mkfifo(path)
    assert "not a plain file" in refused(path)


def test_a_missing_folder_is_refused(tmp_path):
    """The folder must be there; leafcast does not make one by a slip of the pen."""
    assert "does not exist" in refused(tmp_path / "missing" / "leafcast.db")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    """No right to write is said before anything else happens."""
    tmp_path.chmod(0o500)
    assert "cannot be written" in refused(tmp_path / "leafcast.db")
    tmp_path.chmod(0o700)


def test_a_ledger_that_others_could_read_is_closed_to_them(path):
    """A file that was made readable by others is made private again when a run opens it."""
    opened(path).close()
    path.chmod(0o644)
    opened(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://someone:geheim@db/ledger",
        "sqlite://ledger.db",
        "sqlite:///",
        "leafcast.db",
        "",
        "sqlite:///x.db?mode=memory",
        "sqlite:///line\nbreak.db",
    ],
)
def test_other_urls_are_refused_with_the_right_form(url):
    """What is not a ledger URL is answered with one that is, and a password in it is not repeated."""
    with pytest.raises(LedgerUnusable) as caught:
        place.path_of(url)
    assert "sqlite:///leafcast.db" in caught.value.fix
    assert "geheim" not in str(caught.value)


def test_relative_and_absolute_urls(tmp_path):
    """Three slashes begin at the current folder, four at the root."""
    assert place.path_of("sqlite:///leafcast.db") == Path.cwd() / "leafcast.db"
    assert place.path_of(f"sqlite:///{tmp_path}/leafcast.db") == tmp_path / "leafcast.db"


def test_nothing_to_look_at(path):
    """Looking at a ledger that was never made says so, and makes none."""
    with pytest.raises(LedgerUnusable, match="nothing was run yet"):
        open_reader(f"sqlite:///{path}")
    assert not path.exists()


def test_an_empty_file_is_a_new_ledger_for_a_run_only(path):
    """An empty file is a ledger that was never begun: a run makes it one, a look says that it is empty."""
    path.touch()
    with pytest.raises(LedgerUnusable, match="is empty"):
        open_reader(f"sqlite:///{path}")
    with opened(path) as ledger:
        ledger.begin("spring-2026", "run")


# ------------------------------------------------------------------------------------- file systems, library, versions

MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
23 22 0:50 / /mnt/share rw,relatime shared:1 - nfs4 server:/x rw
24 22 0:51 / /mnt/share/local rw - xfs /dev/vdb rw
25 22 0:52 / /mnt/with\\040blank rw - cifs //server/x rw
26 22 0:53 / /home/me/cloud rw - fuse.sshfs me@x: rw
27 22 0:54 / /mnt/c rw - 9p C:\\134 rw
28 22 0:55 / /mnt/usb rw - fuseblk /dev/sdb1 rw
29 22 0:56 / /twice rw - ext4 /dev/vdc rw
30 22 0:57 / /twice rw - nfs server:/y rw
"""


@pytest.mark.parametrize(
    ("name", "kind", "refused_there"),
    [
        ("/home/me/leafcast.db", "ext4", False),
        ("/mnt/share/leafcast.db", "nfs4", True),
        ("/mnt/share/local/leafcast.db", "xfs", False),
        ("/mnt/sharex/leafcast.db", "ext4", False),
        ("/mnt/with blank/leafcast.db", "cifs", True),
        ("/home/me/cloud/leafcast.db", "fuse.sshfs", True),
        ("/mnt/c/leafcast.db", "9p", True),
        ("/mnt/usb/leafcast.db", "fuseblk", False),
        ("/twice/leafcast.db", "nfs", True),
    ],
)
def test_network_file_systems_are_known(name, kind, refused_there):
    """The mount that holds the file decides, the last one where two lie on one place."""
    assert place.file_system_of(Path(name), MOUNTS) == kind
    assert place.is_network(kind) is refused_there


@pytest.mark.parametrize(
    ("version", "mended"),
    [
        ("3.40.1", False),
        ("3.44.5", False),
        ("3.44.6", True),
        ("3.45.0", False),
        ("3.50.6", False),
        ("3.50.7", True),
        ("3.51.0", False),
        ("3.51.2", False),
        ("3.51.3", True),
        ("3.54.1", True),
    ],
)
def test_a_library_that_loses_writes_is_refused(version, mended):
    """SQLite versions with the WAL-reset bug are not used."""
    if mended:
        connect.check_library(version)
    else:
        with pytest.raises(LedgerUnusable, match="WAL-reset"):
            connect.check_library(version)


def schema_of(path):
    connection = apsw.Connection(str(path))
    found = list(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"))
    version = (connection.pragma("user_version"), connection.pragma("application_id"))
    connection.close()
    return found, version


@pytest.mark.parametrize("older", range(len(sql.migrations()) + 1))
def test_every_older_form_becomes_the_newest(tmp_path, older):
    """A ledger of any earlier form has, once opened, the same schema as a fresh one."""
    fresh, aged = tmp_path / "fresh.db", tmp_path / "aged.db"
    opened(fresh).close()
    connection = apsw.Connection(str(aged))
    for number, script in enumerate(sql.migrations()[:older], start=1):
        connection.execute(script)
        connection.pragma("user_version", number)
        connection.pragma("application_id", connect.APPLICATION_ID)
    connection.close()
    opened(aged).close()
    assert schema_of(aged) == schema_of(fresh)
    assert schema_of(aged)[1] == (len(sql.migrations()), connect.APPLICATION_ID)


def test_a_ledger_that_was_used_before_there_were_rounds_keeps_all_it_holds(tmp_path):
    """The links move into a table with a new form: nothing is lost, and whatever points at them still does."""
    path = tmp_path / "aged.db"
    connection = apsw.Connection(str(path))
    connection.pragma("foreign_keys", 1)
    for number, script in enumerate(sql.migrations()[:3], start=1):
        connection.execute(script)
        connection.pragma("user_version", number)
        connection.pragma("application_id", connect.APPLICATION_ID)
    connection.execute(USED)
    connection.close()
    opened(path).close()
    connection = apsw.Connection(str(path))
    found = list(connection.execute("SELECT grower_id, state, leaf_link_id, url, carried_from FROM link"))
    assert found == [(1, "live", "x", "https://magic-link.invalid/x", None)]
    assert list(connection.execute("SELECT state, link_generation FROM message")) == [("sending", 1)]
    assert list(connection.execute("SELECT link_id FROM attempt")) == [(1,)]
    assert list(connection.execute("PRAGMA foreign_key_check")) == []
    connection.close()


USED = """
INSERT INTO ledger (one, uuid, epoch, created_at) VALUES (1, 'u', 1, '');
INSERT INTO campaign (name, epoch, created_at) VALUES ('spring', 1, '');
INSERT INTO grower (campaign_id, external_id, list_row, name, cells, listed_epoch, created_at, updated_at)
VALUES (1, 'G1', 2, '', '{}', 1, '', '');
INSERT INTO invitation (campaign_id, grower_id, round, created_at) VALUES (1, 1, 0, '');
INSERT INTO link (campaign_id, invitation_id, generation, state, type, providers, expires_in, epoch, intent_at,
                  created_at, updated_at)
VALUES (1, 1, 1, 'sending', 'provider', '[]', 900, 1, '', '', '');
UPDATE link SET state = 'live', leaf_link_id = 'x', url = 'https://magic-link.invalid/x', expires_at = 'z',
                made_at = 'm';
INSERT INTO attempt (link_id, number, epoch, started_at) VALUES (1, 1, 1, '');
INSERT INTO message (id, campaign_id, invitation_id, channel, to_address, state, created_at, updated_at)
VALUES ('0123456789abcdef', 1, 1, 'email', 'a@farm.example', 'planned', '', '');
UPDATE message SET state = 'sending', epoch = 1, intent_at = '', link_generation = 1, attempts = 1;
"""


def test_a_migration_is_whole_or_not_at_all(path):
    """When a step fails, the file is as it was before it."""
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE attempt (stands_in_the_way)")
    with pytest.raises(apsw.SQLError):
        connect.migrate(connection)
    assert list(connection.execute("SELECT name FROM sqlite_schema")) == [("attempt",)]
    assert connection.pragma("user_version") == 0
    connection.close()
