"""Credentials and addresses of the services, out of an environment that somebody else read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

from leafcast.errors import UsageError

LEAF_URL, SENDGRID_URL, TWILIO_URL = "https://api.withleaf.io", "https://api.sendgrid.com", "https://api.twilio.com"
SETTLE, LONGEST_SETTLE = 120.0, 30 * 86_400
"""Seconds; nobody shows longer what was sent."""
SHORTEST_SECRET = 24
_PRINTABLE = range(0x21, 0x7F)


class Secret:
    """A text that no print, log, traceback or copy into an f-string shows."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one place that sends it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret()"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "Secret()"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret is not written anywhere")


@dataclass(frozen=True, slots=True)
class LeafAccess:
    """How to reach Leaf: a fixed token, or a name and a password to get one with."""

    url: str
    token: Secret | None = None
    username: Secret | None = None
    password: Secret | None = None


@dataclass(frozen=True, slots=True)
class SendGridAccess:
    """How to reach SendGrid."""

    url: str
    key: Secret


@dataclass(frozen=True, slots=True)
class TwilioAccess:
    """How to reach Twilio: `user` is the account itself or an API key (`SK…`) of it."""

    url: str
    account: str
    user: str
    secret: Secret


@dataclass(frozen=True, slots=True)
class WebhookAccess:
    """How the team's own application knows us; where it is stands in the campaign."""

    secret: Secret


def environment(environ: Mapping[str, str], dotenv: Path | None = None) -> Mapping[str, str]:
    """The environment with a `.env` file below it: what both name is taken from the environment. Raises UsageError
    when the file is there and cannot be read."""
    if dotenv is None or not dotenv.is_file():
        return dict(environ)
    try:
        found = dotenv_values(dotenv, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{dotenv} cannot be read", fix="Make it readable, as UTF-8 text.") from error
    return {name: value for name, value in found.items() if value is not None} | dict(environ)


def leaf_access(env: Mapping[str, str]) -> LeafAccess:
    """Leaf's part. Raises UsageError, naming the variables, when credentials are missing or a value is unusable."""
    url = _url(env, "LEAF_API_URL", LEAF_URL)
    token = _secret(env, "LEAF_TOKEN")
    if token is not None:
        return LeafAccess(url, token)
    username, password = _secret(env, "LEAF_USERNAME", spaces=True), _secret(env, "LEAF_PASSWORD", spaces=True)
    if username is None or password is None:
        raise UsageError("Leaf's credentials are missing", fix="Set LEAF_TOKEN, or LEAF_USERNAME and LEAF_PASSWORD.")
    return LeafAccess(url, None, username, password)


def sendgrid_access(env: Mapping[str, str]) -> SendGridAccess:
    """SendGrid's part. Raises UsageError, naming the variables, when the key is missing or a value is unusable."""
    url = _url(env, "SENDGRID_API_URL", SENDGRID_URL)
    key = _secret(env, "SENDGRID_API_KEY")
    if key is None:
        raise UsageError("SendGrid's key is missing", fix="Set SENDGRID_API_KEY.")
    return SendGridAccess(url, key)


def twilio_access(env: Mapping[str, str]) -> TwilioAccess:
    """Twilio's part; an API key is preferred to the account's own token, because it can be revoked alone. Raises
    UsageError, naming the variables, when credentials are missing or a value is unusable."""
    url = _url(env, "TWILIO_API_URL", TWILIO_URL)
    account = _secret(env, "TWILIO_ACCOUNT_SID")
    key, key_secret = _secret(env, "TWILIO_API_KEY"), _secret(env, "TWILIO_API_SECRET")
    token = _secret(env, "TWILIO_AUTH_TOKEN")
    if account is not None and key is not None and key_secret is not None:
        return TwilioAccess(url, account.reveal(), key.reveal(), key_secret)
    if account is not None and token is not None:
        return TwilioAccess(url, account.reveal(), account.reveal(), token)
    raise UsageError(
        "Twilio's credentials are missing",
        fix="Set TWILIO_ACCOUNT_SID, and TWILIO_AUTH_TOKEN or both TWILIO_API_KEY and TWILIO_API_SECRET.",
    )


def webhook_access(env: Mapping[str, str]) -> WebhookAccess:
    """The secret that signs in-app messages. Raises UsageError when it is missing or too short to sign with."""
    secret = _secret(env, "LEAFCAST_WEBHOOK_SECRET", spaces=True)
    fix = f"Set LEAFCAST_WEBHOOK_SECRET to at least {SHORTEST_SECRET} random signs, the same that your application has."
    if secret is None:
        raise UsageError("The secret for your application is missing", fix=fix)
    if len(secret.reveal()) < SHORTEST_SECRET:
        raise UsageError("LEAFCAST_WEBHOOK_SECRET is too short to be a secret", fix=fix)
    return WebhookAccess(secret)


def settle_seconds(env: Mapping[str, str]) -> float:
    """How long after an intent a doubt may first be settled. Raises UsageError for what is no number of seconds."""
    text = env.get("LEAFCAST_SETTLE", "").strip()
    try:
        seconds = float(text) if text else SETTLE
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST_SETTLE:
        raise UsageError(
            f"LEAFCAST_SETTLE is not a number of seconds from 0 to {LONGEST_SETTLE:,}",
            fix="Set it to 120, or leave it out.",
        )
    return seconds


def is_loopback(url: str) -> bool:
    """Whether a URL points at this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _url(env: Mapping[str, str], name: str, default: str) -> str:
    """A base URL: https, or http for this machine. The value itself is not repeated, as it may hold a password."""
    text = env.get(name, "").strip().rstrip("/") or default
    fix = f"Set {name} to something like {default}, or leave it out."
    try:
        parts = urlsplit(text)
        usable = bool(parts.hostname) and parts.port != 0 and all(ord(sign) in _PRINTABLE for sign in text)
    except ValueError:
        raise UsageError(f"{name} is not a URL", fix=fix) from None
    if not usable or parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError(f"{name} is not the URL of a service", fix=fix)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(text)):
        raise UsageError(f"{name} must begin with https://; http:// is for this machine only", fix=fix)
    return text


def _secret(env: Mapping[str, str], name: str, *, spaces: bool = False) -> Secret | None:
    """A credential without the blanks around it, None where it is missing or empty. What goes into a header must be
    plain signs; `spaces` is for what goes into a JSON body."""
    text = env.get(name, "").strip()
    if not text:
        return None
    if not spaces and any(ord(sign) not in _PRINTABLE for sign in text):
        raise UsageError(f"{name} has a blank or an unusual sign inside", fix=f"Copy {name} again, without quotes.")
    return Secret(text)
