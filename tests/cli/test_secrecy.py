"""Secrets and people stay out of everything that is printed or left behind, whatever goes wrong and however loud."""

from __future__ import annotations

import signal
import sqlite3
from pathlib import Path

from .conftest import by_email, by_text

LOUD = {"PYTHONDEVMODE": "1", "PYTHONASYNCIODEBUG": "1", "PYTHONWARNINGS": "always", "LEAFCAST_DEBUG": "1"}
KEYS = {
    "leaf_username": "canary-user@leaf.example",
    "leaf_password": "CANARY-leaf-password",
    "leaf_token": "CANARY-leaf-token",
    "sendgrid_api_key": "SG.CANARY-sendgrid-key",
    "twilio_auth_token": "CANARY-twilio-token",
}
PEOPLE = ["Kanaria", "canary-farm.example", "5551", "+1515"]


def test_nothing_secret_is_ever_printed_or_left_behind(desk_with):
    """A run with every kind of fault, stopped, killed, refused, broken and repeated, with every voice turned up: no
    credential, link, name or address stands in standard output or error, a crash report or a process's arguments."""
    desk = desk_with(**KEYS)
    rows = [by_email(n, name=f"Kanaria {n}", email=f"g{n}@canary-farm.example") for n in range(12)]
    rows += [by_text(n, name=f"Kanaria {n}") for n in range(20, 26)]
    campaign = desk.campaign(rows)
    said: list[str] = []

    def loud(*words: str, code: int | None, **env: str) -> None:
        done = desk(*words, "-v", code=code, **LOUD, **env)
        said.extend((done.out, done.err))

    # ---- credentials that are refused, and a service that is not there
    loud("run", campaign, "--only", "G-1", "--yes", code=5, SENDGRID_API_KEY="SG.CANARY-other")
    loud("run", campaign, "--yes", code=5, LEAF_PASSWORD="CANARY-other")
    loud("check", campaign, "--online", code=2, TWILIO_AUTH_TOKEN="CANARY-other")
    loud("run", campaign, "--yes", code=2, LEAF_API_URL="http://CANARY-user:CANARY-pw@leaf.example")
    # ---- every fault, then a second Ctrl-C while a request hangs
    desk.sandbox.faults(
        {"kind": "reset", "service": "sendgrid", "contains": "g7@"},
        {"kind": "broken", "how": "html", "service": "leaf", "contains": "G-8", "count": 1},
        {"kind": "status", "service": "sendgrid", "contains": "g9@", "status": 413, "body": "g9@canary-farm.example"},
        {"kind": "status", "service": "leaf", "contains": "G-10", "status": 400, "body": {"message": "Kanaria 10"}},
        {"kind": "hang", "service": "twilio", "nth": 3},
    )
    run = desk.start("run", campaign, "--yes", "-v", **LOUD)
    run.until(lambda: any(one.get("fault") == "hang" for one in desk.sandbox.control("requests")["requests"]))
    said.append(Path(f"/proc/{run.process.pid}/cmdline").read_text())
    run.signal(signal.SIGINT)
    while "Once more" not in (line := run.process.stderr.readline()):
        said.append(line)
    run.signal(signal.SIGINT)
    ended = run.ended()
    said.extend((ended.out, ended.err))
    # ---- what every command says of such a ledger
    desk.sandbox.faults()
    loud("run", campaign, "--yes", "--json", code=4)
    loud("retry", campaign, "--yes", code=4)
    loud("status", campaign, code=0)
    loud("run", campaign, "--dry-run", code=0)
    loud("export", campaign, code=0)
    revoked = desk.sandbox.state()["links"][0]
    loud("links", "revoke", revoked["type"], revoked["id"], "--yes", code=0)
    # ---- a bug
    ledger = sqlite3.connect(desk.folder / "leafcast.db")
    ledger.execute("UPDATE grower SET cells = ?", ('["Kanaria',))
    ledger.execute("UPDATE campaign SET list_columns = ?", ('["Kanaria',))
    ledger.commit()
    ledger.close()
    loud("export", campaign, code=1)
    rows = desk.folder / "growers.csv"
    rows.write_text(rows.read_text() + "\n")  # an unchanged list would not be planned again
    loud("run", campaign, "--yes", code=1)
    crashes = list(desk.folder.glob("leafcast-crash-*"))
    assert crashes

    text = "\n".join([*said, *(crash.read_text() for crash in crashes)])
    links = [link["id"] for link in desk.sandbox.state()["links"]]
    assert len(links) > 12
    account = desk.sandbox.settings.twilio_account_sid
    found = {secret for secret in (*KEYS.values(), account, "CANARY", *PEOPLE, "/magic/", *links) if secret in text}
    assert not found, [line for line in text.splitlines() if any(secret in line for secret in found)][:10]
    private = [path for path in desk.folder.iterdir() if path.name.startswith(("leafcast", "spring-export"))]
    assert all(path.stat().st_mode & 0o077 == 0 for path in private), [oct(path.stat().st_mode) for path in private]
