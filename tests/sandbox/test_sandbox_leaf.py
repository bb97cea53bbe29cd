"""The stand-in of Leaf is as strict as what Leaf documents."""

from __future__ import annotations

import re
from typing import Any

import pytest

LINKS = "/services/widgets/api/magic-link"
USERS = "/services/usermanagement/api/users"
KINDS = ("provider", "authentication", "file-upload")
DAY = 86_400


def authenticate(client: Any, **fields: Any) -> Any:
    settings = client.sandbox.settings
    body = {"username": settings.leaf_username, "password": settings.leaf_password} | fields
    return client.http.post(f"{client.sandbox.leaf_url}/api/authenticate", json=body)


def test_authenticate_gives_a_token_that_opens_the_calls(client: Any) -> None:
    """The right name and password give an id_token, and with it the calls answer."""
    token = authenticate(client, rememberMe="true").json()["id_token"]
    answer = client.http.get(f"{client.sandbox.leaf_url}{LINKS}/provider", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()) == (200, [])


@pytest.mark.parametrize(("remember", "lives"), [("false", DAY), ("true", 30 * DAY)])
def test_a_token_dies_on_time(client: Any, remember: str, lives: int) -> None:
    """A token lives 24 hours, or 30 days when rememberMe is the string "true", and then it is a 401."""
    headers = {"Authorization": f"Bearer {authenticate(client, rememberMe=remember).json()['id_token']}"}
    url = f"{client.sandbox.leaf_url}{LINKS}/provider"
    client.sandbox.advance(lives - 60)
    assert client.http.get(url, headers=headers).status_code == 200
    client.sandbox.advance(120)
    assert client.http.get(url, headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"password": "wrong"}, 401),
        ({"username": "wrong"}, 401),
        ({"rememberMe": True}, 400),
        ({"rememberMe": "yes"}, 400),
    ],
)
def test_authenticate_refuses(client: Any, fields: dict[str, Any], status: int) -> None:
    """Wrong credentials are a 401; a rememberMe that is not one of the two strings is a 400."""
    assert authenticate(client, **fields).status_code == status


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nobody"}, {"Authorization": "Basic eA=="}])
@pytest.mark.parametrize("path", [f"{LINKS}/provider", USERS, f"{USERS}/x", f"{LINKS}/provider/x"])
def test_no_call_without_a_good_token(client: Any, path: str, headers: dict[str, str]) -> None:
    """A missing, unknown or misplaced token is a 401 in JHipster's form."""
    answer = client.http.get(f"{client.sandbox.leaf_url}{path}", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["type"].startswith("https://www.jhipster.tech/problem/")
    assert answer.json()["path"] == path.removeprefix("/services/widgets").removeprefix("/services/usermanagement")


@pytest.mark.parametrize("kind", KINDS)
def test_the_five_calls_of_each_type(client: Any, kind: str) -> None:
    """Each type of link can be made for an externalId and for a known user, got, listed and deleted."""
    first = client.link(kind)
    assert first.status_code == 201
    made = first.json()
    body = {"expiresIn": 900} | ({"provider": "Trimble"} if kind == "authentication" else {})
    second = client.leaf("POST", f"{LINKS}/users/{made['leafUserId']}/{kind}", body)
    assert second.status_code == 200
    assert second.json()["leafUserId"] == made["leafUserId"]
    assert {link["id"] for link in client.leaf("GET", f"{LINKS}/{kind}").json()} == {made["id"], second.json()["id"]}
    shown = client.leaf("GET", f"{LINKS}/{kind}/{made['id']}").json()
    assert shown["widget"] == kind.upper().replace("-", "_")
    assert (shown["usageCount"], shown["maxUsage"], shown["lastAccessedAt"]) == (0, 3, None)
    assert client.leaf("DELETE", f"{LINKS}/{kind}/{made['id']}").status_code == 204
    assert client.leaf("GET", f"{LINKS}/{kind}/{made['id']}").status_code == 404
    assert client.leaf("DELETE", f"{LINKS}/{kind}/{made['id']}").status_code == 404


def test_the_answer_to_a_creation(client: Any) -> None:
    """A creation answers id, leafUserId, link and an expiresAt with nine fractional digits."""
    made = client.link().json()
    assert set(made) == {"id", "leafUserId", "link", "expiresAt"}
    assert made["link"] == f"{client.sandbox.url}/magic/{made['id']}"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", made["expiresAt"])


def test_creation_is_not_idempotent_and_reuses_the_user(client: Any) -> None:
    """The same request twice makes two links for one user, whose name and email stay what they first were."""
    first, second = client.link(name="Ana", email="ana@farm.example").json(), client.link(name="Other").json()
    assert first["id"] != second["id"]
    assert first["leafUserId"] == second["leafUserId"]
    user = client.leaf("GET", f"{USERS}/{first['leafUserId']}").json()
    assert (user["name"], user["email"], user["externalId"]) == ("Ana", "ana@farm.example", "G-1")


def test_name_and_email_fall_back_to_the_external_id(client: Any) -> None:
    """Left out, name and email of a new user are its externalId."""
    user = client.leaf("GET", f"{USERS}/{client.link().json()['leafUserId']}").json()
    assert (user["name"], user["email"]) == ("G-1", "G-1")


def test_without_expires_in_a_link_dies_in_fifteen_minutes(client: Any) -> None:
    """The default of expiresIn is 900 seconds."""
    client.link(expiresIn=...)
    assert client.sandbox.state()["links"][0]["expiresIn"] == 900


@pytest.mark.parametrize(
    ("kind", "fields", "field"),
    [
        ("provider", {"expiresIn": 899}, "expiresIn"),
        ("provider", {"expiresIn": 31_536_001}, "expiresIn"),
        ("provider", {"expiresIn": "900"}, "expiresIn"),
        ("provider", {"expiresIn": 900.5}, "expiresIn"),
        ("provider", {"expiresIn": True}, "expiresIn"),
        ("provider", {"expiresIn": None}, "expiresIn"),
        ("provider", {"externalId": ...}, "externalId"),
        ("provider", {"externalId": " "}, "externalId"),
        ("provider", {"externalId": 7}, "externalId"),
        ("provider", {"email": "no address"}, "email"),
        ("provider", {"allowedProviders": []}, "allowedProviders"),
        ("provider", {"allowedProviders": "JohnDeere"}, "allowedProviders"),
        ("provider", {"allowedProviders": ["JohnDear"]}, "allowedProviders"),
        ("provider", {"allowedProviders": ["johndeere"]}, "allowedProviders"),
        ("provider", {"allowedProviders": ["Stara", "Stara"]}, "allowedProviders"),
        ("provider", {"provider": "JohnDeere"}, "provider"),
        ("authentication", {"provider": ...}, "provider"),
        ("authentication", {"provider": "All"}, "provider"),
        ("authentication", {"allowedProviders": ["JohnDeere"]}, "allowedProviders"),
        ("file-upload", {"provider": "JohnDeere"}, "provider"),
        ("provider", {"settings": []}, "settings"),
        ("provider", {"settings": {"backgroundColor": "green"}}, "settings.backgroundColor"),
        ("provider", {"settings": {"backgroundColor": "#27ae6"}}, "settings.backgroundColor"),
        ("provider", {"settings": {"companyLogo": "logo.png"}}, "settings.companyLogo"),
        ("provider", {"settings": {"companyName": 1}}, "settings.companyName"),
        ("provider", {"settings": {"showLeafUserName": "true"}}, "settings.showLeafUserName"),
        ("provider", {"settings": {"disconnectedEnabled": True}}, "settings.disconnectedEnabled"),
        ("file-upload", {"settings": {"disconnectEnabled": True}}, "settings.disconnectEnabled"),
        ("provider", {"externalID": "G-1"}, "externalID"),
    ],
)
def test_what_leaf_refuses(client: Any, kind: str, fields: dict[str, Any], field: str) -> None:
    """Each broken rule is a 400 that names its field, and makes neither link nor user."""
    answer = client.link(kind, **fields)
    assert answer.status_code == 400
    assert field in {fault["field"] for fault in answer.json()["fieldErrors"]}
    counts = client.sandbox.control("state?only=counts")["counts"]
    assert (counts["links"], counts["users"]) == (0, 0)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("provider", {"expiresIn": 900}),
        ("provider", {"expiresIn": 31_536_000}),
        ("provider", {"allowedProviders": ["All"]}),
        ("provider", {"allowedProviders": ["JohnDeere", "Other"]}),
        ("authentication", {"provider": "CNHIFieldOps", "settings": {"disconnectEnabled": False}}),
        ("file-upload", {"settings": {"backgroundColor": "#fff", "showLeafUserName": True}}),
    ],
)
def test_what_leaf_takes(client: Any, kind: str, fields: dict[str, Any]) -> None:
    """The edges of the rules are inside."""
    assert client.link(kind, **fields).status_code == 201


def test_known_user_calls_are_strict_too(client: Any) -> None:
    """An unknown leafUserId is a 404; with a known one, fields that make users are refused."""
    assert client.leaf("POST", f"{LINKS}/users/nobody/provider", {"expiresIn": 900}).status_code == 404
    user = client.link().json()["leafUserId"]
    assert client.leaf("POST", f"{LINKS}/users/{user}/provider", {"externalId": "G-1"}).status_code == 400


@pytest.mark.parametrize("path", [f"{LINKS}/other", f"{LINKS}/other/x", "/services/nothing", f"{LINKS}"])
def test_unknown_paths(client: Any, path: str) -> None:
    """A path that Leaf does not have is a 404."""
    assert client.leaf("GET", path).status_code == 404


def test_a_link_is_found_under_its_own_type_only(client: Any) -> None:
    """The type in the path must be the link's."""
    made = client.link("provider").json()
    assert client.leaf("GET", f"{LINKS}/authentication/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    ("kind", "fields", "status"),
    [
        ("authentication", {"provider": "JohnDeere"}, 201),
        ("authentication", {"provider": "Trimble"}, 400),
        ("provider", {"allowedProviders": ["JohnDeere", "Trimble"]}, 400),
        ("provider", {}, 201),
        ("file-upload", {}, 201),
    ],
)
def test_an_unregistered_provider_application(
    sandbox_with: Any, kind: str, fields: dict[str, Any], status: int
) -> None:
    """A provider whose application is not registered refuses every row that asks for it."""
    answer = sandbox_with(registered_providers=("JohnDeere",)).link(kind, **fields)
    assert answer.status_code == status
    assert status == 201 or answer.json()["errorKey"] == "appNotRegistered"


def test_users_are_listed_filtered_and_paged(client: Any) -> None:
    """Users are found by externalId, email and name; pages start at 0 and hold at most 100."""
    for number in range(5):
        client.link(externalId=f"G-{number}", name=f"Name {number % 2}", email=f"g{number}@farm.example")
    assert [user["externalId"] for user in client.leaf("GET", f"{USERS}?externalId=G-3").json()] == ["G-3"]
    assert [user["externalId"] for user in client.leaf("GET", f"{USERS}?email=g4@farm.example").json()] == ["G-4"]
    assert len(client.leaf("GET", f"{USERS}?name=Name 0").json()) == 3
    page = client.leaf("GET", f"{USERS}?page=1&size=2")
    assert [user["externalId"] for user in page.json()] == ["G-2", "G-3"]
    assert page.headers["X-Total-Count"] == "5"
    assert client.leaf("GET", f"{USERS}?size=101").status_code == 400
    assert client.leaf("GET", f"{USERS}?page=x").status_code == 400


def test_put_drops_credentials_that_are_not_repeated_and_patch_keeps_them(client: Any) -> None:
    """PATCH leaves alone what it is not told; PUT forgets it."""
    user = client.link(name="Ana").json()["leafUserId"]
    client.sandbox.control("connect", {"externalId": "G-1", "provider": "CNHIFieldOps"})
    patched = client.leaf("PATCH", f"{USERS}/{user}", {"name": "Ana B"}).json()
    assert (patched["name"], patched["externalId"]) == ("Ana B", "G-1")
    assert patched["cnhiFieldOpsCredentials"]["status"] == "AUTHENTICATED"
    put = client.leaf("PUT", USERS, {"id": user, "externalId": "G-1", "name": "Ana C"}).json()
    assert "cnhiFieldOpsCredentials" not in put


def test_a_user_can_be_made_once_for_an_external_id(client: Any) -> None:
    """POST /users makes a user that links then reuse; a second one with the externalId is refused."""
    made = client.leaf("POST", USERS, {"externalId": "G-9", "name": "Nina", "email": "nina@farm.example"})
    assert made.status_code == 201
    assert client.link(externalId="G-9").json()["leafUserId"] == made.json()["id"]
    assert client.leaf("POST", USERS, {"externalId": "G-9"}).status_code == 400


def test_credentials_and_their_events(client: Any) -> None:
    """Credentials are found under their provider's path, with a status that changes when they break."""
    user = client.link().json()["leafUserId"]
    path = f"{USERS}/{user}/cnhi-field-ops-credentials"
    assert client.leaf("GET", path).status_code == 404
    client.sandbox.control("connect", {"leafUserId": user, "provider": "CNHIFieldOps"})
    assert client.leaf("GET", path).json()["status"] == "AUTHENTICATED"
    client.sandbox.control("connect", {"externalId": "G-1", "provider": "CNHIFieldOps", "status": "UNAUTHENTICATED"})
    assert client.leaf("GET", path).json()["status"] == "UNAUTHENTICATED"
    assert [event["status"] for event in client.leaf("GET", f"{path}/events").json()] == [
        "AUTHENTICATED",
        "UNAUTHENTICATED",
    ]
    client.sandbox.advance(31 * DAY)
    assert client.leaf("GET", f"{path}/events").json() == []
