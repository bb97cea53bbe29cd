"""Whatever is wrong with a campaign file is told with its line, its key and what to write instead."""

from __future__ import annotations

import pytest

from leafcast.decide.campaign import load, read
from leafcast.errors import CampaignError
from leafcast.model import Problem

GOOD = """\
campaign: spring-2026
list:
  file: growers.csv
brand:
  companyName: Prairie Agronomy Co-op
  postalAddress: 100 Elevator Road, Ames
link:
  expiresIn: 30d
  rules:
    - {type: provider, allowedProviders: [JohnDeere]}
channels: [email, sms]
email:
  from: Prairie <connect@prairie.example>
  subject: Connect your farm data
sms:
  from: "+15155550100"
"""


def problems_of(text: str) -> list[Problem]:
    with pytest.raises(CampaignError) as caught:
        load(text, "c.yaml")
    return list(caught.value.problems)


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


CHANGES = [
    # (in the good file, instead, key that is blamed, part of what is wrong, part of what to do)
    ("campaign: spring-2026\n", "", "campaign", "missing", "campaign: spring-2026"),
    ("spring-2026", "Spring 2026", "campaign", "not a campaign name", "spring-2026"),
    ("spring-2026", "-spring", "campaign", "not a campaign name", "spring"),
    ("spring-2026", "a" * 65, "campaign", "not a campaign name", "at most 64"),
    ("list:\n  file: growers.csv\n", "", "list", "missing", "Add list:"),
    ("  file: growers.csv", "  region: US", "list.file", "missing", "Add file:"),
    ("file: growers.csv", "file: growers.csv\n  region: USA", "list.region", "country code", "Write US."),
    ("file: growers.csv", "file: growers.csv\n  region: us", "list.region", "country code", "Write US."),
    ("file: growers.csv", "file: a\n  sharedAddress: sendeach", "list.sharedAddress", "choice", "send-each"),
    ("file: growers.csv", "file: a\n  columns: {Grower ID: externalId}", "list.columns.Grower ID", "not a column",
     "Turn it round: externalId: Grower ID"),
    ("file: growers.csv", "file: a\n  columns: {exteralId: ID}", "list.columns.exteralId", "not a column",
     "externalId"),
    ("file: growers.csv", "file: a\n  columns: {name: A, email: A}", "list.columns.email", "given to name", "another"),
    ("file: growers.csv", "file: [a, b]", "list.file", "must be a text", "one value"),
    ("list:\n  file: growers.csv", "list: growers.csv", "list", "must be a section", "two spaces"),
    ("  expiresIn: 30d\n", "", "link.expiresIn", "missing", "fifteen minutes"),
    ("expiresIn: 30d", "expiresIn: 899", "link.expiresIn", "outside", "900"),
    ("expiresIn: 30d", "expiresIn: 366d", "link.expiresIn", "outside", "365d"),
    ("expiresIn: 30d", "expiresIn: 31536001", "link.expiresIn", "outside", "31,536,000"),
    ("expiresIn: 30d", "expiresIn: 900.5", "link.expiresIn", "span of time", "12h"),
    ("expiresIn: 30d", "expiresIn: true", "link.expiresIn", "span of time", "12h"),
    ("expiresIn: 30d", "expiresIn: 30 days", "link.expiresIn", "span of time", "30d"),
    ("expiresIn: 30d", "expiresIn: -30d", "link.expiresIn", "span of time", "30d"),
    ("expiresIn: 30d", "expiresIn:", "link.expiresIn", "no value", "take the line away"),
    ("companyName: Prairie Agronomy Co-op", "companyNam: x", "brand.companyNam", "not a key", "companyName"),
    ("companyName: Prairie Agronomy Co-op", "showLeafUserName: yes", "brand.showLeafUserName", "neither true nor",
     "Write true."),
    ("companyName: Prairie Agronomy Co-op", "showLeafUserName: no", "brand.showLeafUserName", "neither",
     "Write false."),
    ("companyName: Prairie Agronomy Co-op", "disconnectEnabled: on", "brand.disconnectEnabled", "neither", "true"),
    ("type: provider, allowedProviders: [JohnDeere]", "type: fileupload", "link.rules[1].type", "choice",
     "file-upload"),
    ("type: provider, allowedProviders: [JohnDeere]", "when: grower.x", "link.rules[1].type", "missing", "type"),
    ("[JohnDeere]", "[JohnDeer]", "link.rules[1].allowedProviders[1]", "not a provider", "JohnDeere"),
    ("[JohnDeere]", "[johndeere]", "link.rules[1].allowedProviders[1]", "not a provider", "JohnDeere"),
    ("[JohnDeere]", "[John Deere Operations Center]", "link.rules[1].allowedProviders[1]", "not a", "JohnDeere"),
    ("[JohnDeere]", "JohnDeere", "link.rules[1].allowedProviders", "must be a list", "[JohnDeere]"),
    ("[JohnDeere]", "[JohnDeere, JohnDeere]", "link.rules[1].allowedProviders[2]", "twice", "Keep one"),
    ("[JohnDeere]", "[]", "link.rules[1].allowedProviders", "no provider is named", "leave the key out"),
    ("type: provider, allowedProviders: [JohnDeere]", "type: authentication", "link.rules[1]", "none is named",
     "JohnDeere"),
    ("type: provider,", "type: authentication, provider: CNHI,", "link.rules[1].allowedProviders",
     "not allowedProviders",
     "type: provider"),
    ("type: provider,", "type: provider, provider: CNHI,", "link.rules[1].provider", "not provider", "authentication"),
    ("type: provider,", "type: file-upload,", "link.rules[1].allowedProviders", "no provider", "Take the line away"),
    ("type: provider,", 'when: "{{ grower.x }}", type: provider,', "link.rules[1].when", "no braces", "without {{"),
    ("type: provider,", "when: grower.x = 'a', type: provider,", "link.rules[1].when", "not an expression", "=="),
    ("type: provider,", "when: growr.x, type: provider,", "link.rules[1].when", "no growr", "grower"),
    ("type: provider,", "when: grower.x | safe, type: provider,", "link.rules[1].when", "not an expression", "=="),
    ("channels: [email, sms]", "channels: email", "channels", "must be a list", "[email]"),
    ("channels: [email, sms]", "channels: [email, email]", "channels[2]", "twice", "Keep one"),
    ("channels: [email, sms]", "channels: [email, whatsapp]", "channels[2]", "choice", "email, sms"),
    ("channels: [email, sms]\n", "", "channels", "missing", "[email, sms]"),
    ("  from: Prairie <connect@prairie.example>\n", "", "email.from", "missing", "connect@prairie.example"),
    ("Prairie <connect@prairie.example>", "prairie", "email.from", "not an email address", "one address"),
    ("Prairie <connect@prairie.example>", "A, B <a@b.example>", "email.from", "may not contain", "Leave the sign out"),
    ("Prairie <connect@prairie.example>", "A; B <a@b.example>", "email.from", "may not contain", "Leave the sign out"),
    ("Connect your farm data", "Hi {{ link.url }}", "email.subject", "uses the link", "body"),
    ("Connect your farm data", "Hi\n  unsubscribe: https://x.org\n  asmGroup: 3", "email.asmGroup", "exclude", "one"),
    ("Connect your farm data", "Hi\n  asmGroup: 0", "email.asmGroup", "too few", "1 or more"),
    ("Connect your farm data", "Hi\n  unsubscribe: http://x.example", "email.unsubscribe", "https", "https"),
    ("Connect your farm data", "Hi\n  unsubscribe: https://x.example/{{ grwer }}", "email.unsubscribe", "grwer", "gr"),
    ("Connect your farm data", "Hi {{ brand.companyNam }}", "email.subject", "no brand.companyNam", "companyName"),
    ("Connect your farm data", "Hi {{ nam }}", "email.subject", "no nam", "grower, brand, link"),
    ("Connect your farm data", '"Hi {{ grower.name"', "email.subject", "unexpected end", "braces"),
    ("Connect your farm data", '"Hi\\r\\nBcc: x@y.example"', "email.subject", "line break", "one line"),
    ("Connect your farm data", "Hi\n  template: ../secret", "email.template", "not a template name", "secret"),
    ("Connect your farm data", "Hi\n  template: invite.html.j2", "email.template", "not a template name",
     "invite stands"),
    ("Connect your farm data", "Hi\n  replyTo: nobody", "email.replyTo", "not an email address", "one address"),
    ('from: "+15155550100"', "template: invite", "sms", "nobody is named", "messagingService"),
    ('from: "+15155550100"', f'from: "+15155550100"\n  messagingService: MG{"a" * 32}', "sms.messagingService",
     "exclude",
     "Keep one"),
    ('"+15155550100"', "5155550100", "sms.from", "not a sender", "+15155550100"),
    ('"+15155550100"', "Prairie Agronomy", "sms.from", "not a sender", "+15155550100"),
    ('from: "+15155550100"', "messagingService: MG12", "sms.messagingService", "not a messaging service", "console"),
    ("channels: [email, sms]", "chanels: [email]\nchannels: [email, sms]", "chanels", "not a key", "channels"),
    ("channels: [email, sms]", "companyName: x\nchannels: [email, sms]", "companyName", "not a key", "under brand"),
    ("channels: [email, sms]", "channels: [email, sms]\npace: {leaf: 0}", "pace.leaf", "not a pace", "unlimited"),
    ("channels: [email, sms]", "channels: [email, sms]\npace: {leaf: -1}", "pace.leaf", "not a pace", "unlimited"),
    ("channels: [email, sms]", "channels: [email, sms]\npace: {leaf: fast}", "pace.leaf", "not a pace", "unlimited"),
    ("channels: [email, sms]", "channels: [email, sms]\npace: {leaf: nan}", "pace.leaf", "not a pace", "unlimited"),
    ("channels: [email, sms]", "channels: [email, sms]\ndeliver: both", "deliver", "choice", "first, all"),
    ("channels: [email, sms]", "channels: [email, sms]\nreinvite: {maxRounds: two}", "reinvite.maxRounds", "whole",
     "2"),
    ("channels: [email, sms]", "channels: [email, sms]\ninDoubt: {sms: resend}", "inDoubt.sms", "choice", "hold"),
    ("channels: [email, sms]", "channels: [email, sms]\nquietHours: {from: 21:00, to: 25:00, timezone: UTC}",
     "quietHours.to", "not a time of day", "21:00"),
    ("channels: [email, sms]", "channels: [email, sms]\nquietHours: {from: 9:00, to: 9:00, timezone: UTC}",
     "quietHours",
     "same time", "two times"),
    ("channels: [email, sms]", "channels: [email, sms]\nquietHours: {timezone: Chicago}", "quietHours.timezone",
     "not a time zone", "America/Chicago"),
    ("channels: [email, sms]", "channels: [email, sms]\nquietHours: {from: 21:00}", "quietHours.timezone", "missing",
     "America/Chicago"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "key", "what", "fix"), CHANGES)
def test_a_wrong_key_is_named_with_its_line_and_its_cure(old: str, new: str, key: str, what: str, fix: str) -> None:
    """Each mistake gives exactly one problem: at its key, on its line, with what to write instead."""
    text = changed(old, new)
    [problem] = problems_of(text)
    assert (problem.where.key, problem.where.file) == (key, "c.yaml")
    assert what in problem.what
    assert fix in problem.fix
    if "missing" not in problem.what:
        lines = text.split("\n")
        name = key.rsplit(".", 1)[-1].partition("[")[0]
        assert problem.where.line is not None
        assert name in lines[problem.where.line - 1] or key == "link.rules[1]"


COLOURS = {
    "#fff": "#ffffff",
    "red": "#ff0000",
    "27ae60": "#27ae60",
    "#12": "#27ae60",
    "#GGGGGG": "#27ae60",
    "rgb(1,2,3)": "#27ae60",
}


@pytest.mark.parametrize(("colour", "suggestion"), COLOURS.items())
def test_a_colour_is_six_digits_after_a_sharp(colour: str, suggestion: str) -> None:
    """Leaf takes #RRGGBB alone; what is close to it is suggested."""
    [problem] = problems_of(changed("  companyName", f'  backgroundColor: "{colour}"\n  companyName'))
    assert problem.where.key == "brand.backgroundColor"
    assert f'"{suggestion}"' in problem.fix


def test_a_colour_without_quotes_is_a_comment_and_said_so() -> None:
    """`#27ae60` without quotes leaves no value; the problem names the reason."""
    [problem] = problems_of(changed("  companyName", "  backgroundColor: #27ae60\n  companyName"))
    assert "comment" in problem.what
    assert "quotes" in problem.fix


ADDRESSES = [
    "http://www.prairie.example/logo.png",
    "javascript:alert(1)",
    "data:image/png;base64,AAAA",
    "//www.prairie.example/logo.png",
    "https://127.0.0.1/logo.png",
    "https://10.0.0.7/logo.png",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/logo.png",
    "https://2130706433/logo.png",
    "https://0x7f.1/logo.png",
    "https://localhost/logo.png",
    "https://logos/logo.png",
    "https://printer.local/logo.png",
    "https://user@prairie.example/logo.png",
    "https://prairie.example:port/logo.png",
    "https://prairie.example/a b.png",
    "https://prairie.example/" + "a" * 2_048,
    "https://",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_picture_has_a_public_https_address(address: str) -> None:
    """Addresses that a grower's mail program cannot or must not open are refused by their form."""
    [problem] = problems_of(changed("  companyName", f"  companyLogo: '{address}'\n  companyName"))
    assert problem.where.key == "brand.companyLogo"


SECRETS = [
    "sendgridApiKey: SG.abcdefghijklmnopqrst.uvwxyzabcdefghijklmnop",
    "leaf_token: abc",
    f"account: AC{'0' * 32}",
    "note: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
    "twilio: {auth_token: abcdef}",
]


@pytest.mark.parametrize("line", SECRETS)
def test_a_secret_in_the_file_is_refused_and_never_repeated(line: str) -> None:
    """Secrets belong into the environment; the problem does not show what stands in the file."""
    told = problems_of(GOOD + line + "\n")
    assert any("secret" in problem.what for problem in told)
    shown = " ".join(map(str, told))
    assert line.rsplit(": ", 1)[-1].rstrip("}") not in shown


BROKEN = [
    ("", "empty"),
    ("# only a comment\n", "empty"),
    ("- a\n- b\n", "key: value"),
    ("just words\n", "key: value"),
    (changed("  file: growers.csv", "\tfile: growers.csv"), "tab"),
    (changed("expiresIn: 30d", "expiresIn: {{ x }}"), "braces"),
    (changed("file: growers.csv", 'file: "growers.csv'), "not valid YAML"),
    (GOOD + "---\ncampaign: other\n", "second document"),
    (GOOD + "campaign: other\n", "a second time"),
    (GOOD + "brands: &x {a: *x}\n", "anchors"),
    (GOOD + "brands: {a: &x {companyName: A}, b: *x}\n", "anchors"),
    (changed("file: growers.csv", "file: !!python/object:os.system x"), "tag"),
    ("a: " + "[" * 3_000, "nested too deeply"),
    ("campaign: a\x00b", "not valid YAML"),
]


@pytest.mark.parametrize(("text", "what"), BROKEN)
def test_broken_yaml_is_explained(text: str, what: str) -> None:
    """What is no campaign at all is told in a sentence, never as a traceback."""
    assert any(what in problem.what for problem in problems_of(text)), problems_of(text)


def test_a_duplicate_key_names_both_lines() -> None:
    """The second of two equal keys is blamed and the first one named."""
    [problem] = problems_of(GOOD + "campaign: other\n")
    assert problem.where.line == GOOD.count("\n") + 1
    assert "line 1" in problem.what


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    """A file with many mistakes is mended in one go."""
    text = (
        GOOD.replace("30d", "5m")
        .replace("JohnDeere", "JonDeere")
        .replace("spring-2026", "S P")
        .replace("csv", "csv\n  x: 1")
    )
    told = problems_of(text)
    assert [problem.where.key for problem in told] == [
        "campaign",
        "list.x",
        "link.expiresIn",
        "link.rules[1].allowedProviders[1]",
    ]


def test_a_rule_after_one_for_everybody_is_never_reached() -> None:
    """Only the last rule may do without `when`."""
    text = changed("    - {type: provider", "    - {type: file-upload}\n    - {type: provider")
    [problem] = problems_of(text)
    assert problem.where.key == "link.rules[2]"
    assert "never reached" in problem.what


def test_a_channel_needs_its_section() -> None:
    """channels may only name what the file describes."""
    [problem] = problems_of(GOOD.replace('sms:\n  from: "+15155550100"\n', ""))
    assert "sms" in problem.what
    assert problem.where.line == 11


def test_notes_are_told_beside_a_good_campaign() -> None:
    """What is allowed but doubtful comes back as a warning, with its line."""
    text = changed("expiresIn: 30d", "expiresIn: 2h").replace(
        "  companyName", "  disconnectedEnabled: true\n  companyName"
    )
    campaign, remarks = read(text, "c.yaml")
    assert campaign.brand.disconnect_enabled is True
    assert [(note.where.key, str(note.severity)) for note in remarks] == [
        ("brand.disconnectedEnabled", "warning"),
        ("link.expiresIn", "warning"),
    ]


def test_both_spellings_of_one_setting_are_refused() -> None:
    """disconnectEnabled and disconnectedEnabled mean the same and may not disagree."""
    text = changed("  companyName", "  disconnectedEnabled: true\n  disconnectEnabled: false\n  companyName")
    [problem] = problems_of(text)
    assert problem.where.key == "brand.disconnectedEnabled"


def test_the_good_file_is_good() -> None:
    """The file that the cases of this module change has no problem and no note itself."""
    _, remarks = read(GOOD, "c.yaml")
    assert remarks == ()
