"""The judge: shares no code with the product. It reads the list of growers, the services' own record and the ledger
file, and says which invariant does not hold.

The record is one JSON object a line, the sandbox's journal or that of the fakes in `stage`:
    link.created   id, externalId
    email          to, links (ids found in the message), mid where it is known
    text           to, links, body
    asked          svc, who (externalId or message id), to, run, time: a request that left (fakes only)
    answered       svc, who, run, verdict (fakes only)
    suppressed     channel, address, run, under_way: messages of that run whose intent was written down before
    unsuppressed   channel, address
    recalled       messages: those that had been planned by then

I1 accounting · I2 at most once · I3 write-ahead · I4 no false comfort · I5 nothing lost · I6 binding · I7 links ·
I8 monotone · I9 freshness · I10 secrecy (`leaks`) · I11 nobody suppressed and nothing recalled is sent to a service
"""

from __future__ import annotations

import csv
import json
import re
import shutil
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

FINAL = {"accepted", "refused", "assumed_sent", "skipped", "cancelled"}
NEVER_LEFT = {"refused", "failed", "skipped", "cancelled"}
SEND_DEADLINE = 10.0
EXACT = timedelta(milliseconds=2)
CHANNEL_OF = {"email": "email", "text": "sms"}


@dataclass(slots=True)
class Truth:
    """What the services really have."""

    links: dict[str, str] = field(default_factory=dict)
    """Leaf's link id to externalId."""
    deleted: set[str] = field(default_factory=set)
    messages: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, datetime]] = field(default_factory=list)
    """Messages whose request left, and when."""
    answered: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    suppressed: dict[tuple[str, str], tuple[int, set[str]]] = field(default_factory=dict)
    """(channel, address) to the run beside which that was done, and its messages that were on their way already."""
    recalled: set[str] = field(default_factory=set)
    unwanted: list[str] = field(default_factory=list)
    """Requests that should not have left."""

    def ask(self, entry: dict[str, Any]) -> None:
        """A request for a message left."""
        who, key = entry["who"], (entry["svc"], _plain(entry["to"]))
        self.asked.append((who, datetime.fromisoformat(entry["time"])))
        run, under_way = self.suppressed.get(key, (entry["run"], {who}))
        if run != entry["run"] or who not in under_way:
            self.unwanted.append(f"I11 {key[0]} was asked to write to somebody who is suppressed")
        if who in self.recalled:
            self.unwanted.append(f"I11 {key[0]} was asked to send a message that was recalled")


@dataclass(slots=True)
class Snapshot:
    """The ledger at one moment, for comparing with a later one."""

    messages: dict[str, tuple[Any, ...]]
    attempts: int
    epoch: int


@dataclass(slots=True)
class Judgement:
    """What the oracle says."""

    wrong: list[str]
    states: Counter[str]
    snapshot: Snapshot | None
    doubts: int = 0
    sending: int = 0


def read_truth(journal: Path) -> Truth:  # noqa: C901 - a kind of line each
    """The services' record; a last line without its end was never durable and does not count."""
    truth = Truth()
    text = journal.read_text(encoding="utf-8") if journal.exists() else ""
    for line in text.split("\n")[:-1]:
        entry = json.loads(line)
        match entry["kind"]:
            case "link.created":
                truth.links[entry["id"]] = entry["externalId"]
            case "link.deleted":
                truth.deleted.add(entry["id"])
            case "email" | "text":
                truth.messages.append(entry)
            case "asked":
                if entry["svc"] != "leaf":
                    truth.ask(entry)
            case "suppressed":
                key = entry["channel"], _plain(entry["address"])
                truth.suppressed[key] = entry["run"], set(entry["under_way"])
            case "unsuppressed":
                truth.suppressed.pop((entry["channel"], _plain(entry["address"])), None)
            case "recalled":
                truth.recalled |= set(entry["messages"])
            case "answered":
                truth.answered[entry["svc"], entry["who"]].append(entry["verdict"])
    return truth


def read_list(path: Path) -> dict[str, dict[str, str]]:
    """externalId to its row, read strictly."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    return {row["externalId"].strip(): {key: (value or "").strip() for key, value in row.items()} for row in rows}


def judge(
    folder: Path,
    *,
    ledger: Path | None = None,
    exit_code: int | None = None,
    before: Snapshot | None = None,
    first_only: bool = True,
    most_doubts: int | None = None,
    expect_all: bool = False,
    growers: Mapping[str, Mapping[str, str]] | None = None,
) -> Judgement:
    """Hold list, record and ledger of a folder against each other. `exit_code` is that of a run that ended by itself
    just before; `before` an earlier snapshot; `expect_all` that every row must be in the ledger by now;
    `growers` is the list where the folder's own is not all that was ever listed."""
    truth = read_truth(folder / "journal.jsonl")
    growers = read_list(folder / "growers.csv") if growers is None else growers
    path = ledger or folder / "ledger.db"
    if not path.exists() or path.stat().st_size == 0:
        lost = (
            [f"I3 {len(truth.messages)} messages are at the services, and there is no ledger"] if truth.messages else []
        )
        return Judgement(lost, Counter(), None)
    with closing(_copy(path, folder)) as db:
        return _judge(db, truth, growers, exit_code, before, first_only, most_doubts, expect_all)


def _copy(path: Path, folder: Path) -> sqlite3.Connection:
    """The ledger as a copy, so that looking at it changes nothing."""
    target = folder / "judged"
    target.mkdir(exist_ok=True)
    for old in target.iterdir():
        old.unlink()
    for ending in ("", "-wal"):
        source = path.with_name(path.name + ending)
        if source.exists():
            shutil.copyfile(source, target / source.name)
    db = sqlite3.connect(target / path.name)
    db.row_factory = sqlite3.Row
    return db


def _judge(
    db: sqlite3.Connection,
    truth: Truth,
    growers: Mapping[str, Mapping[str, str]],
    exit_code: int | None,
    before: Snapshot | None,
    first_only: bool,
    most_doubts: int | None,
    expect_all: bool,
) -> Judgement:
    wrong: list[str] = []
    if db.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
        return Judgement(["the ledger is damaged"], Counter(), None)
    if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'message'").fetchone():
        lost = [f"I3 {len(truth.messages)} messages are at the services, none in the ledger"] if truth.messages else []
        return Judgement(lost, Counter(), None)
    rows = db.execute(
        "SELECT m.*, g.external_id AS ext, g.email AS g_email, g.phone AS g_phone, i.round AS round FROM message m "
        "JOIN invitation i ON i.id = m.invitation_id JOIN grower g ON g.id = i.grower_id"
    ).fetchall()
    links = db.execute(
        "SELECT l.*, g.external_id AS ext FROM link l JOIN invitation i ON i.id = l.invitation_id "
        "JOIN grower g ON g.id = i.grower_id"
    ).fetchall()
    attempts = db.execute("SELECT * FROM attempt").fetchall()
    excluded = db.execute("SELECT list_row FROM excluded").fetchall()
    wrong += _once(rows, truth, attempts, db)
    wrong += truth.unwanted + _suppressions_kept(truth, db)
    wrong += _in_time(truth, attempts)
    wrong += _binding(truth, growers)
    wrong += _comfort(rows, truth)
    wrong += _links(links, truth)
    wrong += _fresh(rows, links, attempts)
    if first_only:
        wrong += _one_channel(rows, truth)
    snapshot = _snapshot(db, rows, attempts)
    if before is not None:
        wrong += _monotone(before, snapshot)
    states = Counter(row["state"] for row in rows)
    doubts = _doubts(rows, truth)
    if most_doubts is not None and states["sending"] + doubts > most_doubts:
        wrong.append(
            f"doubts: {states['sending'] + doubts} after a kill, where {most_doubts} requests could be under way"
        )
    if expect_all or exit_code in (0, 4):
        wrong += _accounted(growers, rows, len(excluded))
    if exit_code is not None:
        wrong += _ended(exit_code, rows, states)
    return Judgement(wrong, states, snapshot, states["in_doubt"], states["sending"])


def _key(message: Mapping[str, Any], truth: Truth) -> tuple[str, str]:
    owners = {truth.links.get(link, "nobody") for link in message["links"]}
    return ("/".join(sorted(owners)), CHANNEL_OF[message["kind"]])


def _once(
    rows: Iterable[sqlite3.Row], truth: Truth, attempts: Iterable[sqlite3.Row], db: sqlite3.Connection
) -> list[str]:
    wrong = []
    resent = _resent(db)
    by_key = {(row["ext"], row["channel"]): row for row in rows}
    at_service = Counter(_key(message, truth) for message in truth.messages)
    for key, count in at_service.items():
        row = by_key.get(key)
        if count > 1 and not (row is not None and row["id"] in resent):
            wrong.append(f"I2 {key[1]} of {key[0]} is {count} times at its service")
        if row is None:
            wrong.append(f"I3 {key[1]} of {key[0]} is at its service, and the ledger does not know it")
        elif row["attempts"] < 1:
            wrong.append(f"I3 {key[1]} of {key[0]} is at its service, and the ledger knows of no attempt")
    tried = {attempt["message_id"] for attempt in attempts}
    for message in truth.messages:
        if message.get("mid") and message["mid"] not in tried:
            wrong.append("I3 a message at its service has no attempt in the ledger")
    return wrong


def _in_time(truth: Truth, attempts: Iterable[sqlite3.Row]) -> list[str]:
    """No request leaves long after its intent: by then somebody else may have settled the message."""
    of_message: dict[str, list[datetime]] = defaultdict(list)
    for attempt in attempts:
        if attempt["message_id"]:
            of_message[attempt["message_id"]].append(datetime.fromisoformat(attempt["started_at"]))
    wrong = []
    for message, left in truth.asked:
        waits = [(left - at).total_seconds() for at in of_message[message] if left >= at - EXACT]
        if not waits:
            wrong.append("I3 a request left without an intent in the ledger")
        elif min(waits) > SEND_DEADLINE + 0.5:
            wrong.append(f"I3 a request left {min(waits):.0f} s after its intent")
    return wrong


def _suppressions_kept(truth: Truth, db: sqlite3.Connection) -> list[str]:
    if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'suppression'").fetchone():
        return ["I11 there is no list of suppressions any more"] if truth.suppressed else []
    kept = {(row["channel"], _plain(row["address"])) for row in db.execute("SELECT channel, address FROM suppression")}
    return ["I11 a suppression has gone"] * len(set(truth.suppressed) - kept)


def _resent(db: sqlite3.Connection) -> set[str]:
    """Messages that a person had sent again by their own word."""
    found = db.execute("SELECT subject FROM operator_action WHERE action LIKE '%resend%'").fetchall()
    return {row["subject"] for row in found}


def _binding(truth: Truth, growers: Mapping[str, Mapping[str, str]]) -> list[str]:
    wrong = []
    for message in truth.messages:
        owner, channel = _key(message, truth)
        if len(set(message["links"])) != 1:
            wrong.append(f"I6 {channel} with {len(set(message['links']))} links")
            continue
        row = growers.get(owner)
        if row is None:
            wrong.append(f"I6 {channel} with a link of {owner}, who is not on the list")
        elif _address(row, channel) != _plain(message["to"]):
            wrong.append(f"I6 the {channel} with the link of {owner} went to another address")
    return wrong


def _address(row: Mapping[str, str], channel: str) -> str:
    return _plain(row["email"] if channel == "email" else row["phone"])


def _plain(address: str) -> str:
    return address.casefold() if "@" in address else re.sub(r"\D", "", address)[-10:]


def _comfort(rows: Iterable[sqlite3.Row], truth: Truth) -> list[str]:
    wrong = []
    there = Counter(_key(message, truth) for message in truth.messages)
    for row in rows:
        count, state = there[row["ext"], row["channel"]], row["state"]
        if state == "accepted" and count == 0:
            wrong.append(f"I4 {row['channel']} of {row['ext']} is accepted, and its service has nothing")
        if (state in NEVER_LEFT or state == "planned") and count:
            wrong.append(f"I4 {row['channel']} of {row['ext']} is {state}, and its service has it")
    return wrong


def _links(links: Iterable[sqlite3.Row], truth: Truth) -> list[str]:
    """Every link at Leaf is in the ledger, or a doubt about one of the same grower stands for it."""
    wrong = []
    known = {row["leaf_link_id"] for row in links if row["leaf_link_id"]}
    room = Counter(row["ext"] for row in links if row["state"] in ("in_doubt", "sending"))
    unknown = Counter(ext for link, ext in truth.links.items() if link not in known and link not in truth.deleted)
    for ext, count in unknown.items():
        if count > room[ext]:
            wrong.append(f"I7 {count} links of {ext} at Leaf that the ledger neither knows nor doubts ({room[ext]})")
    for link in known - set(truth.links):
        wrong.append(f"I7 the ledger has a link that Leaf never made: {link[:8]}")
    live = Counter(row["ext"] for row in links if row["state"] == "live")
    wrong += [f"I7 {ext} has {count} live links" for ext, count in live.items() if count > 1]
    return wrong


def _fresh(rows: Iterable[sqlite3.Row], links: Iterable[sqlite3.Row], attempts: Iterable[sqlite3.Row]) -> list[str]:
    wrong = []
    by_generation = {(link["invitation_id"], link["generation"]): link for link in links}
    for row in rows:
        link = by_generation.get((row["invitation_id"], row["link_generation"]))
        if link is None or row["intent_at"] is None or link["expires_at"] is None:
            continue
        left = datetime.fromisoformat(link["expires_at"]) - datetime.fromisoformat(row["intent_at"])
        if left < timedelta(seconds=min(link["expires_in"] / 2, 86_400)):
            wrong.append(f"I9 {row['channel']} of {row['ext']} left with a link that has {left} to live")
    return wrong


def _one_channel(rows: Iterable[sqlite3.Row], truth: Truth) -> list[str]:
    """`deliver: first` goes on to the next channel when the first ended refused, and only then."""
    wrong = []
    of_grower: dict[str, list[sqlite3.Row]] = defaultdict(list)
    for row in rows:
        of_grower[row["ext"]].append(row)
    for ext, mine in of_grower.items():
        going = [row for row in mine if row["state"] not in ("refused", "skipped")]
        if len(going) > 1:
            wrong.append(f"deliver first: {ext} has {len(going)} messages that were not refused")
    there = Counter(_key(message, truth)[0] for message in truth.messages)
    wrong += [f"deliver first: {ext} has {count} messages" for ext, count in there.items() if count > 1]
    return wrong


def _snapshot(db: sqlite3.Connection, rows: Iterable[sqlite3.Row], attempts: list[sqlite3.Row]) -> Snapshot:
    epoch = db.execute("SELECT epoch FROM ledger").fetchone()
    kept = {row["id"]: (row["state"], row["attempts"], row["epoch"] or 0, row["to_address"]) for row in rows}
    return Snapshot(kept, len(attempts), epoch["epoch"] if epoch else 0)


def _monotone(before: Snapshot, now: Snapshot) -> list[str]:
    wrong = []
    if now.epoch < before.epoch or now.attempts < before.attempts:
        wrong.append("I8 epoch or number of attempts went back")
    for message, (state, attempts, epoch, to) in before.messages.items():
        later = now.messages.get(message)
        if later is None:
            if attempts:
                wrong.append(f"I8 a message that was {state} has gone")
            continue
        if state in FINAL and later[0] != state:
            wrong.append(f"I8 a message went from {state} to {later[0]}")
        if later[1] < attempts or later[2] < epoch:
            wrong.append("I8 a message's attempts or epoch went back")
        if attempts and later[3] != to:
            wrong.append("I8 the address of a message that was tried has changed")
    return wrong


def _doubts(rows: Iterable[sqlite3.Row], truth: Truth) -> int:
    """Doubts that no service's lost answer explains: those that a kill made."""
    count = 0
    for row in rows:
        if row["state"] == "in_doubt" and "in_doubt" not in truth.answered.get((row["channel"], row["id"]), ()):
            count += 1
    return count


def _accounted(growers: Mapping[str, Any], rows: Iterable[sqlite3.Row], excluded: int) -> list[str]:
    listed = {row["ext"] for row in rows}
    missing = set(growers) - listed
    wrong = []
    if len(missing) != excluded:
        wrong.append(f"I1 {len(growers)} rows, {len(set(growers) & listed)} in the ledger and {excluded} excluded")
    return wrong


def _ended(exit_code: int, rows: Iterable[sqlite3.Row], states: Counter[str]) -> list[str]:
    if exit_code == 1:
        return ["the product broke: exit 1"]
    open_ones = [row for row in rows if row["state"] == "planned" and row["not_before"] is None]
    wrong = []
    if exit_code in (0, 4) and (open_ones or states["sending"]):
        wrong.append(
            f"I5 exit {exit_code}, and {len(open_ones)} messages are planned, {states['sending']} are being sent"
        )
    if exit_code == 0 and states["in_doubt"]:
        wrong.append(f"I5 exit 0, and {states['in_doubt']} messages are in doubt")
    if exit_code in (0, 4, 5, 130) and states["sending"]:
        wrong.append(f"I5 exit {exit_code} leaves {states['sending']} messages sending")
    return wrong


def clean_stop(folder: Path) -> list[str]:
    """After a stop that was asked for, every doubt must be one that a service made."""
    truth = read_truth(folder / "journal.jsonl")
    path = folder / "ledger.db"
    if not path.exists() or not path.stat().st_size:
        return []
    with closing(_copy(path, folder)) as db:
        if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'message'").fetchone():
            return []
        rows = db.execute("SELECT * FROM message").fetchall()
    doubts, sending = _doubts(rows, truth), sum(row["state"] == "sending" for row in rows)
    return [f"a clean stop left {doubts} doubts and {sending} sending"] if doubts or sending else []


def leaks(
    texts: Iterable[str], truth: Truth, growers: Mapping[str, Mapping[str, str]], more: Iterable[str]
) -> list[str]:
    """I10: what must not be in any of these texts: links, addresses, names, credentials."""
    secret = set(truth.links) | set(more)
    for row in growers.values():
        secret |= {row["email"], row["phone"], row["name"]}
    secret.discard("")
    wrong = []
    for text in texts:
        found = sorted(word for word in secret if word in text)
        if found:
            wrong.append(
                f"I10 {len(found)} secrets or addresses in what was printed or logged, {found[0][:6]}… among them"
            )
    return wrong
