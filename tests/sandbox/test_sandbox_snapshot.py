"""The lasting copy of the inbox holds what was received, needs nothing but itself, and runs nothing of a message."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leafcast.sandbox.snapshot import Lines

EVIL = "</script><script>alert('x')</script><!-- <script> \"'><img src=x onerror=alert(1)> {{ 7 * 7 }} & \u2028"


@dataclass
class Seen(HTMLParser):
    """A page as a browser takes it apart: elements with their attributes, what scripts hold, and the text."""

    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    text: str = ""
    inside: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self.inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            self.scripts[-1] += data
        else:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


@dataclass
class Copy:
    """A lasting copy, read without its own script."""

    source: str

    def __post_init__(self) -> None:
        self.page = read(self.source)
        data = json.loads(self.page.scripts[0])
        self.threads = ["\n".join(data["lines"][n] for n in numbers) for numbers in data["threads"]]
        self.mails = {key: "\n".join(data["lines"][n] for n in numbers) for key, numbers in data["mails"].items()}
        self.policy = self.page.all("meta")[2]["content"]
        self.rows = [a for a in self.page.all("a") if a.get("class") == "row"]


def read(source: str) -> Seen:
    seen = Seen()
    seen.feed(source)
    seen.close()
    return seen


def invited(client: Any, number: int, name: str, *, subject: str = "Hello", says: str = "") -> str:
    """A grower with a link, an email and a text that carry it; the link."""
    link: str = client.link(externalId=f"G-{number}", name=name).json()["link"]
    content = [
        {"type": "text/plain", "value": f"{says}\nGo to {link}"},
        {"type": "text/html", "value": f"<!doctype html>\n<p>{says}\n<a href='{link}'>there</a></p>"},
    ]
    client.mail(client.a_mail(to=f"g{number}@farm.example", content=content, subject=subject))
    client.text(To=f"+1515555{number:04d}", Body=f"{says} {link}")
    return link


def test_it_holds_what_was_received(client: Any) -> None:
    """Every email, text and link that the sandbox accepted is in the copy, whole, under its own grower."""
    links = [invited(client, number, f"Grower {number}", says=f"Word for {number}") for number in range(5)]
    copy, state = Copy(client.sandbox.snapshot()), client.sandbox.state()
    assert len(copy.threads) == len(copy.rows) == 5
    assert copy.mails == {
        mail["id"]: mail["html"].replace("<!doctype html>", '<!doctype html><base target="_blank">')
        for mail in state["emails"]
    }
    for place, (link, mail, text) in enumerate(zip(links, state["emails"], state["texts"], strict=True)):
        thread = read(copy.threads[4 - place])
        assert thread.text.count(link) == 3
        assert mail["text"] in thread.text
        assert text["body"] in thread.text
        assert [frame["data-mail"] for frame in thread.all("iframe")] == [mail["id"]]


def test_its_list_is_that_of_the_live_inbox(client: Any) -> None:
    """Names, ids, previews and order are the live page's, and each row leads to its own thread."""
    for number, name in enumerate(["Ana Sorensen", "Bo Lind", "عبد الرحمن"]):
        invited(client, number, name, subject=f"Dear {name}")
    copy = Copy(client.sandbox.snapshot())
    live = read(client.http.get(f"{client.sandbox.url}/inbox/rows").text)
    words = live.text.split()
    assert " ".join(words) in " ".join(copy.page.text.split())
    for place, row in enumerate(copy.rows):
        assert row["href"] == f"#grower-{place}"
        name = ["عبد الرحمن", "Bo Lind", "Ana Sorensen"][place]
        assert f'<h2 dir="auto">{name}</h2>' in copy.threads[place]


def test_its_filter_finds_what_the_live_one_finds(client: Any) -> None:
    """Name, externalId, address, number and subject of a grower can be searched for, in lower case."""
    invited(client, 7, "Ana Sorensen", subject="Spring")
    found = Copy(client.sandbox.snapshot()).rows[0]["data-find"].split("\n")
    assert {"ana sorensen", "g-7", "g7@farm.example", "+15155550007", "spring"} == set(found)


def test_nothing_that_a_message_says_becomes_part_of_the_page(client: Any) -> None:
    """Names, ids, subjects and bodies that hold tags stay text: no element, script or attribute comes of them."""
    client.link(externalId=EVIL, name=EVIL)
    link = client.link(externalId=EVIL).json()["link"]
    content = [{"type": "text/plain", "value": f"{EVIL} {link}"}, {"type": "text/html", "value": f"{EVIL} {link}"}]
    body = client.a_mail(content=content, subject=EVIL)
    body["from"]["name"] = EVIL
    assert client.mail(body).status_code == 202
    client.text(Body=f"{EVIL} {link}")
    copy = Copy(client.sandbox.snapshot())
    assert len(copy.page.scripts) == 2
    assert not copy.page.all("img")
    thread = read(copy.threads[0])
    assert {tag for tag, _ in thread.elements}.isdisjoint({"script", "img"})
    assert not [name for _, attributes in thread.elements for name in attributes if name.startswith("on")]
    assert thread.text.count(EVIL) >= 4
    assert EVIL.lower() in copy.rows[0]["data-find"]
    (mail,) = copy.mails.values()
    assert mail == f'<base target="_blank">{EVIL} {link}'


def test_it_may_run_its_own_script_and_fetch_nothing(client: Any) -> None:
    """The policy in the file allows one script by its digest, no host at all, and frames without any permission."""
    invited(client, 1, "Ana")
    copy = Copy(client.sandbox.snapshot())
    digest = base64.b64encode(hashlib.sha256(copy.page.scripts[1].encode()).digest()).decode()
    rules = dict(rule.strip().split(" ", 1) for rule in copy.policy.split(";"))
    assert rules.pop("script-src") == f"'sha256-{digest}'"
    assert rules == {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "font-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert [frame["sandbox"] for frame in read(copy.threads[0]).all("iframe")] == [""]


def test_it_refers_to_nothing_outside(client: Any) -> None:
    """No element of the page or of a thread points at an address: the links of a copy would lead nowhere."""
    invited(client, 1, "Ana")
    copy = Copy(client.sandbox.snapshot())
    for part in (copy.page, *(read(thread) for thread in copy.threads)):
        targets = {a[name] for _, a in part.elements for name in ("href", "src", "action") if name in a}
        assert all(target.startswith(("#", "data:")) or target == "/" for target in targets)
    assert "opens only while that sandbox runs" in read(copy.threads[0]).text


def test_what_growers_share_is_kept_once(client: Any) -> None:
    """Where mails differ in a line only, each further grower takes less than half of a mail, both parts included."""
    says = "\n".join(f"The same long line for everybody, number {line:04d}, again." for line in range(170))
    for number in range(100):
        invited(client, number, f"Grower {number}", says=says)
    (mail, *_) = client.sandbox.state()["emails"]
    assert len(mail["html"]) > 9_000
    many = client.sandbox.snapshot()
    client.sandbox.reset()
    invited(client, 1, "Grower 1", says=says)
    one = client.sandbox.snapshot()
    assert len(many) - len(one) < 99 * len(mail["html"]) / 2


@given(st.lists(st.text(alphabet=st.sampled_from("ab\n\r\u2028 <"), max_size=12), max_size=8))
def test_lines_joined_are_the_text(texts: list[str]) -> None:
    """Whatever a text holds, the lines that its numbers name are that text again, each line kept once."""
    lines = Lines()
    numbers = [lines.numbers(text) for text in texts]
    known = lines.known
    assert ["\n".join(known[number] for number in each) for each in numbers] == texts
    assert len(set(known)) == len(known)


@pytest.mark.parametrize("prepared", [False, True])
def test_a_copy_without_messages(client: Any, prepared: bool) -> None:
    """A copy of an empty inbox says that it was empty; a grower with a link and no message is shown as such."""
    if prepared:
        client.link(externalId="G-1", name="Ana")
    copy = Copy(client.sandbox.snapshot())
    assert ("The inbox was empty" in copy.page.text) == (not prepared)
    assert len(copy.threads) == len(copy.rows) == prepared
    assert all("no message yet" in html.unescape(thread) for thread in copy.threads)


def test_control_gives_the_same_copy(client: Any) -> None:
    """`GET /control/snapshot` answers a page that no cache keeps."""
    answer = client.http.get(f"{client.sandbox.url}/control/snapshot")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.startswith("<!doctype html>")
