"""What no single key of a campaign can tell: which keys need each other, and which exclude each other.

Works on the file's data before the model is made, so that these problems are told together with those of single keys.
Values of a wrong shape are passed over here; the model names them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from leafcast.decide.analysis import Analysis
from leafcast.decide.colours import HEX, VISIBLE, WHITE, contrast
from leafcast.decide.durations import parse_duration
from leafcast.decide.headings import CONTRACT_COLUMNS
from leafcast.decide.providers import provider_problem
from leafcast.decide.suggest import did_you_mean
from leafcast.decide.templating import CampaignEnvironment, UnusableTemplate, compile_condition, compile_text
from leafcast.decide.yamlfile import Data, Document, Path
from leafcast.model import Channel, LinkType, Problem, ProblemKind, Severity

SHORT_LIFE = 86_400
"""A link that is mailed should outlive a night: SendGrid goes on trying a deferred email for up to 72 hours."""


def judge_consistency(document: Document) -> None:
    """Add every problem that two or more keys make together, and every expression that does not compile."""
    data = document.data
    _channels(document)
    _sms_sender(document, _section(data, "sms"))
    _list(document, _section(data, "list"), _texts(_section(data, "link").get("extraProviders")))
    _columns(document, _section(_section(data, "list"), "columns"))
    _rules(document, _section(data, "link"))
    _quiet_hours(document, _section(data, "quietHours"))
    email, reinvite = _section(data, "email"), _section(data, "reinvite")
    _line(document, ("email", "subject"), email.get("subject"))
    _line(document, ("reinvite", "subject"), reinvite.get("subject"))
    _unsubscribe(document, email)


def notes(document: Document) -> Iterator[Problem]:
    """What is allowed and worth a word."""
    data = document.data
    life = parse_duration(str(_section(data, "link").get("expiresIn", "")))
    if life is not None and life < SHORT_LIFE:
        yield _note(
            document, ("link", "expiresIn"), "many growers will read this after the link has died", "Use 7d or 30d."
        )
    brand = _section(data, "brand")
    if "companyName" not in brand:
        yield _note(
            document, ("brand",), "no companyName is set", "Growers trust a link whose sender they know: set it."
        )
    yield from _faint_brands(document)
    sender = _section(data, "sms").get("from")
    if isinstance(sender, str) and not sender.strip().lstrip("+").isdigit():
        what = "growers cannot answer STOP to a sender of letters"
        yield _note(document, ("sms", "from"), what, "Say in the template how else to opt out, or use a number.")
    if "email" in _texts(data.get("channels")) and "postalAddress" not in brand:
        what = "no postalAddress is set, and many countries want one in bulk email"
        yield _note(document, ("brand",), what, "Set brand.postalAddress.")


def _faint_brands(document: Document) -> Iterator[Problem]:
    """Colours on which words stay readable, because they turn dark or white, and whose button hardly shows."""
    brands = _section(document.data, "brands")
    places: list[tuple[Path, Mapping[str, Data]]] = [(("brand",), _section(document.data, "brand"))]
    places += [(("brands", name), _section(brands, name)) for name in brands]
    for path, brand in places:
        colour = brand.get("backgroundColor")
        if isinstance(colour, str) and HEX.fullmatch(colour) and contrast(colour, WHITE) < VISIBLE:
            what = f"{colour} hardly shows on white: their contrast is {contrast(colour, WHITE):.1f}"
            fix = "The email draws a grey line around its button; a darker colour looks better."
            yield _note(document, (*path, "backgroundColor"), what, fix)


def _note(document: Document, path: Path, what: str, fix: str) -> Problem:
    return Problem(ProblemKind.CAMPAIGN, what, fix, document.where(path), Severity.WARNING)


def _channels(document: Document) -> None:
    channels = document.data.get("channels")
    names = _texts(channels)
    for position, name in enumerate(names):
        if name in names[:position]:
            document.blame(("channels", position), f"{name} is named twice", "Keep one.")
    for name in dict.fromkeys(names):
        if name in set(Channel) and name not in document.data:
            asked = {"email": "from and subject", "sms": "from or messagingService", "webhook": "url"}[name]
            document.blame(
                ("channels",), f"channels names {name}, and there is no section {name}:", f"Add it, with {asked}."
            )


def _sms_sender(document: Document, sms: Mapping[str, Data]) -> None:
    if "from" in sms and "messagingService" in sms:
        what = "from and messagingService exclude each other"
        document.blame(("sms", "messagingService"), what, "Keep one of the two.")
    elif isinstance(document.data.get("sms"), dict) and not {"from", "messagingService"} & sms.keys():
        document.blame(("sms",), "nobody is named as the sender", 'Add from: "+15155550100", or messagingService: MG….')


def _list(document: Document, listed: Mapping[str, Data], extra: list[str]) -> None:
    """Either a file, or Leaf's users and who of them."""
    picked = {"connected", "notConnected", "credentials"} & listed.keys()
    if listed.get("from") != "leaf":
        if listed and "file" not in listed and listed.get("from") in (None, "file"):
            document.blame(("list", "file"), "file is missing", "Add file: with the path of the list, or from: leaf.")
        for key in sorted(picked):
            document.blame(("list", key), f"{key} is about Leaf's users", "Add from: leaf, or take the line away.")
        return
    named: dict[str, str] = {}
    for key in ("connected", "notConnected"):
        given = listed.get(key)
        if given == []:
            document.blame(("list", key), "no provider is named", "Name some, or take the line away.")
        for name in [given] if isinstance(given, str) else _texts(given):
            if fix := provider_problem(name, extra):
                document.blame(("list", key), f"{name!r} is not a provider that Leaf knows", fix)
            elif named.setdefault(name, key) != key:
                document.blame(("list", key), f"{name} is wanted connected and not connected", "Keep one of the two.")


def _columns(document: Document, columns: Mapping[str, Data]) -> None:
    headings: dict[str, str] = {}
    for word, heading in columns.items():
        path = ("list", "columns", word)
        if word not in CONTRACT_COLUMNS:
            fix = did_you_mean(word, CONTRACT_COLUMNS)
            if isinstance(heading, str) and heading in CONTRACT_COLUMNS:
                fix = f"Turn it round: {heading}: {word}."
            document.blame(path, f"{word!r} is not a column that leafcast knows", fix)
        elif isinstance(heading, str) and heading in headings:
            document.blame(
                path, f"the heading {heading!r} is given to {headings[heading]} already", "Name another one."
            )
        elif isinstance(heading, str):
            headings[heading] = word


# ---------------------------------------------------------------------------------------------------------------- rules


def _rules(document: Document, link: Mapping[str, Data]) -> None:
    extra = _texts(link.get("extraProviders"))
    listed = link.get("rules")
    rules = listed if isinstance(listed, list) else []
    catch_all: int | None = None
    for index, rule in enumerate(rules):
        path: Path = ("link", "rules", index)
        if not isinstance(rule, dict):
            continue
        if catch_all is not None:
            what = f"this rule is never reached: rule {catch_all + 1} has no `when` and takes everybody"
            document.blame(path, what, "Move it up, or give that rule a `when`.")
        elif "when" not in rule:
            catch_all = index
        _when(document, path, rule.get("when"))
        _rule_providers(document, path, rule, extra)


def _when(document: Document, path: Path, when: Data | None) -> None:
    if isinstance(when, str) and when.strip():
        try:
            compile_condition(CampaignEnvironment(), when)
            _unknown_words(document, (*path, "when"), "{{ (" + when + ") }}")
        except UnusableTemplate as error:
            document.blame((*path, "when"), error.what, error.fix)


def _rule_providers(document: Document, path: Path, rule: Mapping[str, Data], extra: list[str]) -> None:
    provider, allowed = rule.get("provider"), rule.get("allowedProviders")
    match rule.get("type"):
        case LinkType.AUTHENTICATION.value:
            if provider is None:
                document.blame(
                    path, "an authentication link is for one provider, and none is named", "Add provider: JohnDeere."
                )
            if allowed is not None:
                what = "an authentication link takes one provider, not allowedProviders"
                document.blame((*path, "allowedProviders"), what, "Write provider, or use type: provider.")
        case LinkType.PROVIDER.value:
            if provider is not None:
                what = "a provider link takes allowedProviders, not provider"
                document.blame((*path, "provider"), what, "Write allowedProviders, or use type: authentication.")
            if allowed == []:
                document.blame(
                    (*path, "allowedProviders"), "no provider is named", "Name some, or leave the key out for all."
                )
        case LinkType.FILE_UPLOAD.value:
            for key in {"provider", "allowedProviders"} & rule.keys():
                document.blame((*path, key), "a file-upload link has no provider", "Take the line away.")
        case _:
            pass
    _provider_names(document, path, provider, allowed, extra)


def _provider_names(
    document: Document, path: Path, provider: Data | None, allowed: Data | None, extra: list[str]
) -> None:
    if isinstance(provider, str) and ("{{" in provider or "{%" in provider):
        try:
            compile_text(CampaignEnvironment(), provider)
            _unknown_words(document, (*path, "provider"), provider)
        except UnusableTemplate as error:
            document.blame((*path, "provider"), error.what, error.fix)
    elif isinstance(provider, str) and (fix := provider_problem(provider, extra)):
        document.blame((*path, "provider"), f"{provider!r} is not a provider that Leaf knows", fix)
    names = _texts(allowed)
    for position, name in enumerate(names):
        here = (*path, "allowedProviders", position)
        if fix := provider_problem(name, extra):
            document.blame(here, f"{name!r} is not a provider that Leaf knows", fix)
        elif name in names[:position]:
            document.blame(here, f"{name} is named twice", "Keep one.")


# ------------------------------------------------------------------------------------------------------------- the rest


def _quiet_hours(document: Document, hours: Mapping[str, Data]) -> None:
    if "from" in hours and hours.get("from") == hours.get("to"):
        document.blame(("quietHours",), "from and to are the same time", "Take quietHours away, or name two times.")


def _line(document: Document, path: Path, text: Data | None) -> None:
    """A template that stands in the campaign file and must not show the link."""
    if isinstance(text, str):
        _unknown_words(document, path, text, everything=True)


def _unsubscribe(document: Document, email: Mapping[str, Data]) -> None:
    address = email.get("unsubscribe")
    if isinstance(address, str) and not address.startswith("https://"):
        what = "this is no https:// address, and RFC 8058 wants one"
        document.blame(("email", "unsubscribe"), what, "Write https://…, where a POST stops the emails.")
    else:
        _line(document, ("email", "unsubscribe"), address)
    if address is not None and "asmGroup" in email:
        what = "unsubscribe and asmGroup exclude each other"
        document.blame(("email", "asmGroup"), what, "Keep one of the two.")


def _unknown_words(document: Document, path: Path, text: str, *, everything: bool = False) -> None:
    """Names that no grower, brand or link has; the list's own columns are not known here and pass."""
    try:
        analysis = Analysis.of(CampaignEnvironment(), text, "")
    except UnusableTemplate as error:
        document.blame(path, error.what, error.fix)
        return
    for unknown in analysis.unknown(None, only_grower=not everything):
        document.blame(path, unknown.what, unknown.fix)
    if everything and analysis.uses_url:
        document.blame(path, "it uses the link", "Whoever sees this line could use it: keep link.url in the body.")


def _section(data: Mapping[str, Data], name: str) -> Mapping[str, Data]:
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _texts(value: Data | None) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
