"""What a sandbox plays: its accounts, its senders, its speed. Every default is an obvious fake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

PROVIDERS: Mapping[str, str] = MappingProxyType(
    {
        "JohnDeere": "John Deere",
        "ClimateFieldView": "Climate FieldView",
        "CNHI": "CNH AFS Connect",
        "CNHIFieldOps": "CNH FieldOps",
        "AgLeader": "Ag Leader",
        "Trimble": "Trimble",
        "RavenSlingshot": "Raven Slingshot",
        "Stara": "Stara",
        "Raven": "Raven",
        "Panorama": "Panorama",
        "Claas": "CLAAS",
        "Sentera": "Sentera",
        "Agvance": "Agvance",
        "Lindsay": "Lindsay",
        "Valley": "Valley",
        "Agrimatics": "Agrimatics",
    }
)
"""Provider names that the stand-in of Leaf knows, each with the words a grower would use
(docs.withleaf.io, magic link and provider pages, 2026-11)."""

ACCOUNT_SID = "AC" + "5a" * 16
API_KEY_SID = "SK" + "5a" * 16
SERVICE_SID = "MG" + "5a" * 16
SAMPLE_NUMBERS = tuple(f"+1515555{suffix:04d}" for suffix in range(100, 110))
"""Numbers of the kind that is reserved for fiction; the sample campaigns send from them."""


@dataclass(frozen=True, slots=True)
class KnownUser:
    """A Leaf user who is there before anything happens, with the providers already connected."""

    id: str
    external_id: str
    name: str = field(repr=False)
    email: str | None = field(default=None, repr=False)
    connected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """The accounts and habits of one sandbox. Spans are seconds of the sandbox's own clock, shares are 0 to 1."""

    leaf_username: str = "sandbox@leafcast.example"
    leaf_password: str = field(default="sandbox-password", repr=False)
    leaf_token: str | None = field(default="sandbox-leaf-token", repr=False)
    """A bearer token that never expires; None when only tokens from `authenticate` shall do."""
    registered_providers: tuple[str, ...] = tuple(PROVIDERS)
    """The providers whose application the API owner has registered with Leaf."""
    users: tuple[KnownUser, ...] = field(default=(), repr=False)
    """Leaf users of earlier seasons; a link for any other leafUserId is answered with 404."""
    max_usage: int = 3
    """How often a magic link may be opened; 3 is what Leaf's own example shows."""

    sendgrid_api_key: str = field(default="SG.sandbox-key.not-a-real-one", repr=False)
    sendgrid_scopes: tuple[str, ...] = ("mail.send", "messages.read", "suppression.read", "tracking_settings.read")
    verified_senders: tuple[str, ...] = ("*.example",)
    """Addresses (`ops@farm.com`), domains (`farm.com`) or endings (`*.example`) that mail may come from."""
    click_tracking: bool = True
    """The account-wide default, which SendGrid switches on."""

    twilio_account_sid: str = ACCOUNT_SID
    twilio_auth_token: str = field(default="sandbox-auth-token", repr=False)
    twilio_api_key: str = API_KEY_SID
    twilio_api_secret: str = field(default="sandbox-api-secret", repr=False)
    owned_numbers: tuple[str, ...] = SAMPLE_NUMBERS
    messaging_services: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: MappingProxyType({SERVICE_SID: SAMPLE_NUMBERS[:1]})
    )
    blocked_countries: tuple[str, ...] = ("+53", "+98", "+850", "+963")
    """Beginnings of numbers whose country the account may not text."""

    webhook_secret: str = field(default="sandbox-webhook-secret-not-a-real-one", repr=False)
    """What the team's own application, which takes links at `/app/links`, checks signatures with."""

    seed: int = 0
    """Decides, with the address, what becomes of a message."""
    bounce_rate: float = 0.0
    undelivered_rate: float = 0.0
    log_lag: float = 0.0
    """How long SendGrid's logs lag behind an acceptance."""
    list_lag: float = 0.0
    """How long Twilio's message list lags behind an acceptance."""
    journal: Path | None = None
    """Where each accepted thing is written down and fsynced before its answer leaves."""
    speed: float = 1.0
    """Seconds of the sandbox's clock that pass in one real second."""

    def environment(self, url: str) -> dict[str, str]:
        """The environment that makes leafcast talk to the sandbox at `url` and to nothing else."""
        return {
            "LEAF_API_URL": f"{url}/leaf",
            "LEAF_USERNAME": self.leaf_username,
            "LEAF_PASSWORD": self.leaf_password,
            "SENDGRID_API_URL": f"{url}/sendgrid",
            "SENDGRID_API_KEY": self.sendgrid_api_key,
            "TWILIO_API_URL": f"{url}/twilio",
            "TWILIO_ACCOUNT_SID": self.twilio_account_sid,
            "TWILIO_AUTH_TOKEN": self.twilio_auth_token,
            "LEAFCAST_WEBHOOK_SECRET": self.webhook_secret,
        }
