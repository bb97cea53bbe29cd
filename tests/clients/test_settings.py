"""Credentials and addresses out of the environment."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

from leafcast.edge.settings import (
    Secret,
    environment,
    is_loopback,
    leaf_access,
    sendgrid_access,
    settle_seconds,
    twilio_access,
)
from leafcast.errors import UsageError


def test_a_secret_shows_nothing() -> None:
    """No way of printing or copying a secret to somewhere else gives it away."""
    secret = Secret("canary")
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>20}", "%s" % secret, repr([secret]), repr(vars)]  # noqa: UP031
    assert "canary" not in "".join(shown)
    assert secret.reveal() == "canary"
    assert secret == Secret("canary") != Secret("other")
    for copied in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="not written"):
            copied(secret)


def test_leaf_by_token_or_by_name() -> None:
    """A token wins; a name needs its password, which may hold blanks."""
    both = leaf_access({"LEAF_TOKEN": " t ", "LEAF_USERNAME": "u", "LEAF_PASSWORD": "p w"})
    assert (both.url, both.token, both.username) == ("https://api.withleaf.io", Secret("t"), None)
    named = leaf_access({"LEAF_USERNAME": "u", "LEAF_PASSWORD": "p w"})
    assert (named.token, named.password) == (None, Secret("p w"))


def test_twilio_by_key_or_by_token() -> None:
    """The API key is preferred, and the account is in both."""
    env = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t"}
    assert twilio_access(env).user == "AC1"
    keyed = twilio_access(env | {"TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "s"})
    assert (keyed.account, keyed.user, keyed.secret) == ("AC1", "SK1", Secret("s"))
    assert twilio_access(env | {"TWILIO_API_KEY": "SK1"}).user == "AC1"


@pytest.mark.parametrize(
    ("read", "env", "named"),
    [
        (leaf_access, {}, ["LEAF_TOKEN", "LEAF_USERNAME", "LEAF_PASSWORD"]),
        (leaf_access, {"LEAF_USERNAME": "u", "LEAF_PASSWORD": "  "}, ["LEAF_PASSWORD"]),
        (sendgrid_access, {}, ["SENDGRID_API_KEY"]),
        (twilio_access, {"TWILIO_AUTH_TOKEN": "t"}, ["TWILIO_ACCOUNT_SID"]),
        (twilio_access, {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_API_KEY": "SK1"}, ["TWILIO_API_SECRET"]),
    ],
)
def test_what_is_missing_is_named(read: object, env: dict[str, str], named: list[str]) -> None:
    """A person is told which variables to set."""
    with pytest.raises(UsageError) as caught:
        read(env)  # type: ignore[operator]
    assert all(name in caught.value.fix for name in named)


def test_a_credential_with_a_blank_inside_is_refused() -> None:
    """A key that was copied with a line break would otherwise end in an odd error far away; it is not repeated."""
    with pytest.raises(UsageError) as caught:
        sendgrid_access({"SENDGRID_API_KEY": "SG.can\nary"})
    assert "SENDGRID_API_KEY" in caught.value.message
    assert "ary" not in caught.value.message + caught.value.fix


@pytest.mark.parametrize(
    "url",
    ["https://api.dublin.ie1.twilio.com", "http://127.0.0.1:8025/twilio/", "http://localhost:1", "http://[::1]:80/x"],
)
def test_usable_addresses(url: str) -> None:
    """https anywhere, http on this machine, with a path or without."""
    env = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t", "TWILIO_API_URL": url}
    assert twilio_access(env).url == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://api.sendgrid.com",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://127.0.0.1@evil.example",
        "https://user:canary@api.sendgrid.com",
        "https://api.sendgrid.com/?canary",
        "ftp://127.0.0.1",
        "api.sendgrid.com",
        "https://",
        "https://[::1",
        "https://a b",
        "https://x:99999",
    ],
)
def test_unusable_addresses(url: str) -> None:
    """Anything else is refused by the variable's name, and not repeated."""
    with pytest.raises(UsageError) as caught:
        sendgrid_access({"SENDGRID_API_KEY": "k", "SENDGRID_API_URL": url})
    assert "SENDGRID_API_URL" in caught.value.message
    assert "canary" not in caught.value.message + caught.value.fix


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """.env fills in what the environment does not say; nothing in it is expanded."""
    file = tmp_path / ".env"
    file.write_text("LEAF_TOKEN=file\nSENDGRID_API_KEY='a${LEAF_TOKEN}b'\nEMPTY\n")
    found = environment({"LEAF_TOKEN": "shell"}, file)
    assert found == {"LEAF_TOKEN": "shell", "SENDGRID_API_KEY": "a${LEAF_TOKEN}b"}
    assert environment({"A": "b"}, tmp_path / "none") == {"A": "b"}


def test_an_unreadable_file_is_a_usage_error(tmp_path: Path) -> None:
    """A .env that is no text ends with a sentence, not with a traceback."""
    file = tmp_path / ".env"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot be read"):
        environment({}, file)


@pytest.mark.parametrize(("text", "seconds"), [("", 120.0), ("0", 0.0), (" 2.5 ", 2.5)])
def test_settle_seconds(text: str, seconds: float) -> None:
    """Two minutes unless tests say otherwise."""
    assert settle_seconds({"LEAFCAST_SETTLE": text}) == seconds


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "inf"])
def test_odd_settle_seconds(text: str) -> None:
    """What is no span of seconds is refused."""
    with pytest.raises(UsageError, match="LEAFCAST_SETTLE"):
        settle_seconds({"LEAFCAST_SETTLE": text})


@pytest.mark.parametrize(
    ("url", "here"), [("http://127.8.9.1", True), ("http://[::1]", True), ("https://x.example", False)]
)
def test_loopback(url: str, here: bool) -> None:
    """Only this machine counts as loopback."""
    assert is_loopback(url) is here
