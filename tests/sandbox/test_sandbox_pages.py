"""The inbox shows what arrived, the magic page plays Leaf's, and neither runs what a message says."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

MONTH = 30 * 86_400
EVIL = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>"


def page(client: Any, path: str = "/") -> str:
    answer = client.http.get(client.sandbox.url + path)
    assert answer.status_code == 200
    text: str = answer.text
    return text


def magic(client: Any, link: str, method: str = "GET", **more: Any) -> Any:
    return client.http.request(method, link, **more)


def invited(client: Any, number: int = 1, name: str = "Ana Sorensen", kind: str = "provider", **fields: Any) -> str:
    """A grower with a link, an email and a text that carry it; the link."""
    link: str = client.link(kind, externalId=f"G-{number}", name=name, **fields).json()["link"]
    content = [
        {"type": "text/plain", "value": f"Go to {link}"},
        {"type": "text/html", "value": f"<p>Go <a href='{link}'>there</a></p>"},
    ]
    client.mail(client.a_mail(to=f"g{number}@farm.example", content=content, subject=f"Hello {number}"))
    client.text(Body=f"Go to {link}.")
    return link


def test_an_empty_inbox_says_how_to_begin(client: Any) -> None:
    """Before anything arrived the page shows the environment that points leafcast here."""
    shown = html.unescape(page(client))
    for name, value in client.sandbox.credentials.items():
        assert f"export {name}='{value}'" in shown


def test_messages_stand_beside_their_grower(client: Any) -> None:
    """The email, the text and the link of one grower are on one page, under the grower's name."""
    link = invited(client)
    invited(client, 2, name="Bo Lind")
    shown = page(client, f"/?grower={client.sandbox.state()['users'][0]['id']}")
    thread = shown[shown.index('<main class="thread"') :]
    assert "Ana Sorensen" in thread
    assert "Bo Lind" not in thread
    assert "Hello 1" in thread
    assert "1 segment" in thread
    assert f'href="{link}"' in thread
    assert "good for 30 days · opened 0 of 3 times" in thread


def test_a_message_without_a_link_stands_under_its_address(client: Any) -> None:
    """Mail that carries no known link is still shown."""
    client.mail(client.a_mail(to="alone@farm.example"))
    assert "alone@farm.example" in page(client)


@pytest.mark.parametrize(
    ("words", "found"), [("ana", 1), ("G-2", 1), ("FARM.example", 2), ("hello 2", 1), ("nobody", 0)]
)
def test_the_filter(client: Any, words: str, found: int) -> None:
    """The filter finds growers by name, externalId, address and subject, whatever the case."""
    invited(client, 1)
    invited(client, 2, name="Bo Lind")
    assert page(client, f"/inbox/rows?q={words}").count('class="row"') == found


def test_ten_thousand_growers_come_in_parts(client: Any) -> None:
    """The list is given in parts, the newest first, and all of them together are every grower once."""
    for number in range(130):
        client.link(externalId=f"G-{number}")
    keys: list[str] = []
    address: str | None = "/inbox/rows?from=0"
    sizes = []
    while address:
        part = page(client, address)
        found = re.findall(r'data-key="([^"]+)"', part)
        sizes.append(len(found))
        keys += found
        more = re.search(r'class="more" href="([^"]+)"', part)
        address = html.unescape(more[1]) if more else None
    assert sizes == [60, 60, 10]
    assert keys == [user["id"] for user in reversed(client.sandbox.state()["users"])]


def test_nothing_that_a_message_says_is_run(client: Any) -> None:
    """Names, ids, addresses, subjects, texts and plain parts are escaped wherever they are shown."""
    link = client.link(externalId=EVIL, name=EVIL, settings={"companyName": EVIL, "showLeafUserName": True}).json()[
        "link"
    ]
    content = [
        {"type": "text/plain", "value": f"{EVIL} {link}"},
        {"type": "text/html", "value": f"<p>{link}</p>{EVIL}"},
    ]
    body = client.a_mail(content=content, subject=EVIL)
    body["from"]["name"] = EVIL
    body["personalizations"][0]["to"][0]["name"] = EVIL.replace(";", "")
    assert client.mail(body).status_code == 202
    client.text(Body=f"{EVIL} {link}")
    user = client.sandbox.state()["users"][0]["id"]
    for path in ("/", f"/?grower={user}", f"/inbox/thread?grower={user}", "/inbox/rows", f"/?q={EVIL}"):
        shown = page(client, path)
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
    assert html.escape("<script>alert") in page(client)
    assert "<script>alert" not in magic(client, link).text


def test_the_mail_itself_is_shut_in(client: Any) -> None:
    """The HTML of a mail is shown as it is, in a frame and under a policy where no script runs."""
    invited(client)
    email = client.sandbox.state()["emails"][0]
    answer = client.http.get(f"{client.sandbox.url}/inbox/email/{email['id']}")
    policy = answer.headers["Content-Security-Policy"]
    assert email["html"] in answer.text
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    frame = re.search(r"<iframe sandbox=\"([^\"]*)\"", page(client))
    assert frame is not None
    assert "allow-scripts" not in frame[1]
    assert "allow-same-origin" not in frame[1]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("<p>x</p>", '<base target="_blank"><p>x</p>'),
        ("<!DOCTYPE html><html><body>x", '<!DOCTYPE html><base target="_blank"><html><body>x'),
    ],
)
def test_a_mail_keeps_its_doctype(client: Any, sent: str, shown: str) -> None:
    """Links of a mail open elsewhere, and a doctype stays the first thing, so that the mail looks as it should."""
    client.mail(client.a_mail(content=[{"type": "text/html", "value": sent}]))
    email = client.sandbox.state()["emails"][0]
    assert page(client, f"/inbox/email/{email['id']}") == shown


def test_the_pages_fetch_nothing_from_elsewhere(client: Any) -> None:
    """Style, script and pictures of the pages come from the sandbox alone, and its policy says so."""
    invited(client)
    answer = client.http.get(client.sandbox.url)
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r'(?:src|href)="(?:https?:)?//(?!127\.0\.0\.1)', answer.text)
    for name, media in (("style.css", "text/css"), ("inbox.js", "text/javascript")):
        found = client.http.get(f"{client.sandbox.url}/inbox/{name}")
        assert found.headers["Content-Type"].startswith(media)
        assert "http" not in re.sub(r"/\*.*?\*/", "", found.text)
    assert client.http.get(f"{client.sandbox.url}/inbox/pages.py").status_code == 404


def test_opening_a_link_counts_and_uses_it_up(client: Any) -> None:
    """Each opening counts, HEAD does not, and after maxUsage openings the link is used up."""
    made = client.link().json()
    client.http.head(made["link"])
    assert [magic(client, made["link"]).status_code for _ in range(4)] == [200, 200, 200, 410]
    shown = client.leaf("GET", f"/services/widgets/api/magic-link/provider/{made['id']}").json()
    assert shown["usageCount"] == 3
    assert shown["lastAccessedAt"] is not None
    assert "used up" in magic(client, made["link"]).text


def test_expired_deleted_and_unknown_links_say_so(client: Any) -> None:
    """A link that is dead tells the visitor why, and connects nobody."""
    deleted, expired = client.link().json(), client.link().json()
    client.leaf("DELETE", f"/services/widgets/api/magic-link/provider/{deleted['id']}")
    client.sandbox.advance(MONTH + 1)
    assert magic(client, expired["link"]).status_code == 410
    assert "expired" in magic(client, expired["link"]).text
    assert magic(client, deleted["link"]).status_code == 404
    assert magic(client, f"{client.sandbox.url}/magic/nothing").status_code == 404
    for dead in (deleted, expired):
        assert magic(client, dead["link"], "POST", data={"provider": "JohnDeere"}).status_code == 410
    assert client.sandbox.state()["users"][0]["credentials"] == {}


def test_pressing_connect_connects(client: Any) -> None:
    """Connect on the page gives the Leaf user its credentials; a provider that the link is not for is refused."""
    link = client.link(allowedProviders=["JohnDeere", "Trimble"]).json()["link"]
    assert re.findall(r'name="provider" value="(\w+)"', magic(client, link).text) == ["JohnDeere", "Trimble"]
    assert magic(client, link, "POST", data={"provider": "Stara"}).status_code == 400
    assert "Trimble is connected" in magic(client, link, "POST", data={"provider": "Trimble"}).text
    assert client.sandbox.state()["users"][0]["credentials"] == {"Trimble": "AUTHENTICATED"}


@pytest.mark.parametrize(("allowed", "left"), [(True, {}), (False, {"JohnDeere": "AUTHENTICATED"})])
def test_disconnect_works_where_the_link_allows_it(client: Any, allowed: bool, left: dict[str, str]) -> None:
    """Disconnect is offered and obeyed only with disconnectEnabled."""
    link = client.link("authentication", settings={"disconnectEnabled": allowed}).json()["link"]
    shown = magic(client, link, "POST", data={"provider": "JohnDeere"}).text
    assert ("Disconnect" in shown) == allowed
    magic(client, link, "POST", data={"provider": "JohnDeere", "action": "disconnect"})
    assert client.sandbox.state()["users"][0]["credentials"] == left


def test_uploads_take_zip_files(client: Any) -> None:
    """A file-upload link takes a .zip, refuses another file, and connects nothing."""
    link = client.link("file-upload").json()["link"]
    assert "Your file has arrived" in magic(client, link, "POST", files={"file": ("a.ZIP", b"x")}).text
    assert "choose a .zip" in magic(client, link, "POST", files={"file": ("a.exe", b"x")}).text
    assert client.sandbox.state()["users"][0]["credentials"] == {}


def test_the_page_carries_the_brand(client: Any) -> None:
    """Name, logo, header, colour and, if asked for, the user's name are on the page."""
    settings = {
        "companyName": "Prairie & Co",
        "companyLogo": "https://prairie.example/logo.png",
        "headerImage": "https://prairie.example/header.png",
        "backgroundColor": "#27ae60",
    }
    plain = magic(client, client.link(name="Ana", settings=settings).json()["link"]).text
    assert "Prairie &amp; Co" in plain
    assert 'src="https://prairie.example/logo.png"' in plain
    assert 'src="https://prairie.example/header.png"' in plain
    assert "background-color: #27ae60" in plain
    assert "Ana" not in plain
    named = magic(client, client.link(settings=settings | {"showLeafUserName": True}).json()["link"]).text
    assert "Ana" in named
