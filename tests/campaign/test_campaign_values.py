"""A good campaign file becomes exactly the values that it says, and safe defaults for what it does not say."""

from __future__ import annotations

from datetime import time

import pytest
from pydantic import ValidationError

from leafcast.decide.campaign import Campaign, Deliver, DoubtPolicy, SharedAddress, load
from leafcast.decide.campaignfile import keys_of
from leafcast.decide.reference import reference
from leafcast.model import Channel, LinkType, Service

SMALL = """\
campaign: a
list: {file: g.csv}
link: {expiresIn: 12h, rules: [{type: file-upload}]}
channels: [sms]
sms: {from: +1 515 555 0100}
"""

FULL = """\
campaign: spring-2026
list:
  file: ../sample_data/growers.csv
  columns: {externalId: Grower ID}
  region: NO
  sharedAddress: send-each
brand:
  companyName: 2026
  backgroundColor: "#27ae60"
  showLeafUserName: true
  disconnectEnabled: false
  supportPhone: +1 515 555 0100
brands:
  north: {companyName: North Co-op}
link:
  expiresIn: 30d
  extraProviders: [NewOne]
  rules:
    - {when: "grower.upload == 'yes'", type: file-upload}
    - {when: grower.provider, type: authentication, provider: "{{ grower.provider }}"}
    - {type: provider, allowedProviders: [JohnDeere, NewOne]}
channels: [email, sms]
deliver: all
email: {from: "Prairie <connect@prairie.example>", subject: "Hi {{ grower.name }}"}
sms: {messagingService: MG0123456789abcdef0123456789abcdef, template: invite}
pace: {leaf: 10, sendgrid: unlimited, twilio: 0.5}
reinvite: {when: expired, maxRounds: 3, minDays: 1, template: reminder}
quietHours: {channels: [sms], from: 21:00, to: "08:00", timezone: America/Chicago}
inDoubt: {email: resend-if-absent, sms: hold}
"""


def test_defaults_are_the_safe_ones() -> None:
    """A short campaign stops at shared addresses, writes once per grower, slowly, and holds what is in doubt."""
    campaign = load(SMALL, "c.yaml")
    assert campaign.list.shared_address is SharedAddress.STOP
    assert campaign.deliver is Deliver.FIRST
    assert {service: campaign.pace.of(service) for service in Service} == {
        "leaf": 5.0,
        "sendgrid": 50.0,
        "twilio": 1.0,
        "webhook": 5.0,
    }
    assert {campaign.in_doubt.of(channel) for channel in Channel} == {DoubtPolicy.HOLD}
    assert campaign.quiet_hours is None
    assert (campaign.reinvite.max_rounds, campaign.reinvite.min_days, campaign.reinvite.template) == (2, 7, "reminder")
    assert campaign.sms is not None
    assert campaign.sms.sender == "+15155550100"


def test_every_key_arrives() -> None:
    """What the file says is what the campaign has; YAML's own ideas about NO, 21:00 and 2026 play no part."""
    campaign = load(FULL, "c.yaml")
    assert campaign.list.region == "NO"
    assert dict(campaign.list.columns) == {"externalId": "Grower ID"}
    assert campaign.brand.company_name == "2026"
    assert campaign.link.expires_in == 2_592_000
    assert [rule.type for rule in campaign.link.rules] == ["file-upload", "authentication", "provider"]
    assert campaign.channels == (Channel.EMAIL, Channel.SMS)
    assert campaign.email is not None
    assert (campaign.email.sender, campaign.email.sender_name) == ("connect@prairie.example", "Prairie")
    assert campaign.pace.of(Service.SENDGRID) is None
    assert campaign.pace.of(Service.TWILIO) == 0.5
    assert campaign.quiet_hours is not None
    assert (campaign.quiet_hours.start, campaign.quiet_hours.end) == (time(21), time(8))
    assert campaign.in_doubt.email is DoubtPolicy.RESEND_IF_ABSENT


def test_a_campaign_never_changes() -> None:
    """Neither an attribute nor a mapping of a loaded campaign can be set."""
    campaign = load(FULL, "c.yaml")
    with pytest.raises(ValidationError):
        campaign.name = "other"
    with pytest.raises(TypeError):
        campaign.list.columns["name"] = "x"  # type: ignore[index]


def test_leaf_gets_the_settings_that_the_campaign_makes() -> None:
    """Leaf's own names, nothing for the messages only, and no disconnectEnabled for file upload."""
    brand = load(FULL, "c.yaml").brand
    provider = {
        "backgroundColor": "#27ae60",
        "companyName": "2026",
        "showLeafUserName": True,
        "disconnectEnabled": False,
    }
    assert dict(brand.leaf_settings(LinkType.PROVIDER)) == provider
    assert dict(brand.leaf_settings(LinkType.AUTHENTICATION)) == provider
    del provider["disconnectEnabled"]
    assert dict(brand.leaf_settings(LinkType.FILE_UPLOAD)) == provider


def test_another_brand_takes_the_rest_from_the_campaigns_own() -> None:
    """A named brand replaces what it says and keeps what it does not."""
    campaign = load(FULL, "c.yaml")
    north = campaign.brand_of("north")
    assert north is not None
    assert (north.company_name, north.background_color) == ("North Co-op", "#27ae60")
    assert campaign.brand_of("") == campaign.brand
    assert campaign.brand_of("south") is None


@pytest.mark.parametrize("sender", ["+15155550100", "12345", "PrairieCoop", "Prairie&Co"])
def test_senders_that_twilio_takes(sender: str) -> None:
    """A number with country code, a short code, or a name of up to eleven letters."""
    campaign = load(SMALL.replace("+1 515 555 0100", f'"{sender}"'), "c.yaml")
    assert campaign.sms is not None
    assert campaign.sms.sender == sender


@pytest.mark.parametrize("key", sorted(keys_of(Campaign)))
def test_the_reference_has_every_key(key: str) -> None:
    """The README's table is printed from the model, each key with a meaning."""
    row = next(line for line in reference().split("\n") if line.startswith(f"| `{key}` |"))
    assert all(cell.strip() for cell in row.strip("|").split(" | "))
