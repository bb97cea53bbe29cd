"""Inputs 55 to 63 and 66: the campaign file and its templates."""

from __future__ import annotations

from typing import Any

from .common import ANA, CAMPAIGN, Case, lines

LIST = lines(ANA, "G-9,Cy,,515-555-0142,x")
RULES = CAMPAIGN["link"]["rules"]
TEXT = """\
campaign: corpus
list: {file: list.csv, region: US}
link: {expiresIn: 30d, rules: [{type: provider, allowedProviders: [JohnDeere]}]}
channels: [email]
email: {from: "Prairie <connect@prairie.example>", subject: Connect}
brand: {companyName: Prairie, postalAddress: "1 Main St", supportEmail: h@co-op.com}
"""


def _template(number: int, what: str, **named: str) -> Case:
    return Case(
        number, what, LIST, words=False, templates={f"invite.{ending}.j2": text for ending, text in named.items()}
    )


def _brand(number: int, what: str, **values: Any) -> Case:
    return Case(number, what, LIST, words=False, changes={"brand": {**CAMPAIGN["brand"], **values}})


def _expires(what: str, value: Any) -> Case:
    return Case(60, f"expiresIn: {what}", LIST, words=False, changes={"link": {"expiresIn": value, "rules": RULES}})


def _rule(what: str, **rule: Any) -> Case:
    return Case(61, what, LIST, words=False, changes={"link": {"expiresIn": "30d", "rules": [rule]}})


def _text(what: str, text: str) -> Case:
    return Case(66, what, LIST, words=False, changes={"yaml": text})


CASES = (
    _template(55, "a template that uses what there is not", txt="Dear {{ grower.nme }}: {{ link.url }}"),
    _template(55, "a subject variable that there is not", txt="{{ growr.name }}: {{ link.url }}"),
    _template(56, "a template without the link", sms="{{ brand.companyName }}"),
    _template(56, "a text with the link twice", sms="{{ link.url }} {{ link.url }}"),
    _template(57, "a loop without end", txt="{% for i in range(10**9) %}x{% endfor %}{{ link.url }}"),
    _template(57, "a loop over a huge text", txt="{{ 'x' * 10**9 }}{{ link.url }}"),
    _template(57, "a text of more than 1,600 letters", sms="{{ link.url }} " + "x" * 1_600),
    _template(57, "a text of five segments", sms="{{ link.url }} " + "x" * 600),
    _template(57, "a text that one letter makes longer", sms="{{ link.url }} ” " + "x" * 200),
    _template(57, "a template that cannot be parsed", txt="{{ link.url }"),
    *(_brand(58, f"backgroundColor: {value}", backgroundColor=value) for value in ("red", "#12", "#GGGGGG", "#fff")),
    *(
        _brand(59, f"companyLogo: {value[:40]}", companyLogo=value)
        for value in (
            "http://www.co-op.com/logo.png",
            "javascript:alert(1)",
            "data:image/png;base64,AA",
            "//www.co-op.com/logo.png",
            "https://127.0.0.1/logo.png",
            "https://user:pw@www.co-op.com/logo.png",
            "https://www.co-op.com/" + "x" * 3_000,
        )
    ),
    *(
        _expires(repr(value), value)
        for value in (899, 900, 31_536_000, 31_536_001, "900", "1h", "1 hour", 900.5, True, "12h")
    ),
    _rule("provider: JohnDeer", type="authentication", provider="JohnDeer"),
    _rule("provider: johndeere", type="authentication", provider="johndeere"),
    _rule("a word where a list is wanted", type="provider", allowedProviders="JohnDeere"),
    _rule(
        "a provider in allowedProviders that there is not", type="provider", allowedProviders=["JohnDeere", "Jon Deere"]
    ),
    _rule("a rule without a type", provider="JohnDeere"),
    _brand(62, "disconnectedEnabled", disconnectedEnabled=True),
    _brand(62, "disconnectEnabled", disconnectEnabled=True),
    _text("a key that there is not", TEXT + "pase: {leaf: 10}\n"),
    _text("a key twice", TEXT + "campaign: other\n"),
    _text("a tab", TEXT + "pace:\n\tleaf: 10\n"),
    _text("yes for true", TEXT.replace("companyName: Prairie", "companyName: Prairie, showLeafUserName: yes")),
    _text("a secret", TEXT + "sendgridApiKey: SG.aaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n"),
    _text("no YAML at all", "campaign: [\n"),
    _text("a list and no keys", "- campaign\n"),
    _text("nothing", ""),
)
