"""YAML as campaign files use it: mappings, lists and texts, with the line of everything.

Every scalar stays the text that stands in the file. YAML 1.1 would read `NO` as false, `21:00` as 1260 and
`+15155550100` as a number without its plus; here the form of each key decides (see `forms`). A key with `null` or `~`
is left out. Anchors, tags and several documents have no use here and are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from leafcast.decide.suggest import nearest
from leafcast.model import Problem, ProblemKind, Where

Path = tuple[str | int, ...]
Data = str | list["Data"] | dict[str, "Data"]
_PLAIN = ("null", "bool", "int", "float", "timestamp", "str", "map", "seq", "merge", "value")
_PLAIN_TAGS = {f"tag:yaml.org,2002:{name}" for name in _PLAIN}
_SECRET = re.compile(
    r"SG\.[\w-]{16,}|\b(?:AC|SK)[0-9a-fA-F]{32}\b|\beyJ[\w-]{8,}\.[\w-]{8,}|-----BEGIN|://[^/\s:@]+:[^/\s@]+@"
)
_SECRET_KEY = re.compile(r"token|passw|secret|api_?key|account_?sid|leaf_username", re.IGNORECASE)


@dataclass(slots=True)
class Document:
    """A file as data. `lines` holds the line of every key and list item by its path."""

    file: str
    data: dict[str, Data] = field(default_factory=dict)
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def where(self, path: Path) -> Where:
        """The place of a path, or of the nearest thing around it."""
        around = next((path[:size] for size in range(len(path), 0, -1) if path[:size] in self.lines), ())
        return Where(self.file, line=self.lines.get(around), key=spelled(path) or None)

    def blame(self, path: Path, what: str, fix: str) -> None:
        """Note a problem about a path."""
        self.problems.append(Problem(ProblemKind.CAMPAIGN, what, fix, self.where(path)))


def spelled(path: Path) -> str:
    """A path as a person says it: `link.rules[2].provider`, the second rule."""
    return "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def read_yaml(text: str, file: str) -> Document:
    """The file's content and everything that is wrong with its YAML. Never raises for what stands in the file."""
    document = Document(file)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        document.problems.append(_yaml_problem(error, text, file))
        return document
    except RecursionError:
        document.blame((), "the file is nested too deeply", "A campaign needs four levels at most.")
        return document
    if node is None:
        document.blame((), "the file is empty", "Start from the file that `leafcast init` writes.")
    elif not isinstance(node, yaml.MappingNode):
        document.blame(
            (), "the file is not a list of `key: value` lines", "Begin with a line like campaign: spring-2026."
        )
    else:
        _Reader(document, text.split("\n")).mapping(node, ())
    return document


class _Reader:
    """Walks the nodes of one file."""

    def __init__(self, document: Document, text_lines: list[str]) -> None:
        self._document = document
        self._text_lines = text_lines
        self._seen: set[int] = set()

    def mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Data]:
        result: dict[str, Data] = self._document.data if not path else {}
        for key_node, value_node in node.value:
            key = self._key(key_node, path)
            if key is None:
                continue
            here = (*path, key)
            if here in self._document.lines:
                first = self._document.lines[here]
                what = f"the key is here a second time (first on line {first})"
                where = Where(self._document.file, line=_line(key_node), key=spelled(here))
                self._document.problems.append(Problem(ProblemKind.CAMPAIGN, what, "Keep one of the two.", where))
                continue
            self._document.lines[here] = _line(key_node)
            for value in self._value(value_node, here):
                result[key] = value
        return result

    def _key(self, node: yaml.Node, path: Path) -> str | None:
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        self._document.lines.setdefault(path, _line(node))
        self._document.blame(path, "YAML reads this as a key made of braces", 'Put quotes around the text: "{{ … }}".')
        return None

    def _value(self, node: yaml.Node, path: Path) -> Iterator[Data]:
        """The value, or nothing where there is none to go on with."""
        document = self._document
        if not isinstance(node, yaml.ScalarNode) and id(node) in self._seen:
            document.blame(path, "anchors and aliases (& and *) are not used here", "Write the value out.")
            return
        self._seen.add(id(node))
        if node.tag not in _PLAIN_TAGS:
            document.blame(path, f"the tag {node.tag!r} is not used here", "Write the value without it.")
        elif isinstance(node, yaml.MappingNode):
            yield self.mapping(node, path)
        elif isinstance(node, yaml.SequenceNode):
            yield list(self._items(node, path))
        elif node.tag.endswith(":null"):
            if not node.value:
                self._empty(node, path)
        elif _SECRET.search(node.value) or (_SECRET_KEY.search(str(path[-1])) and node.value):
            self._secret(path)
        else:
            yield node.value

    def _items(self, node: yaml.SequenceNode, path: Path) -> Iterator[Data]:
        for index, item in enumerate(node.value):
            here = (*path, index)
            self._document.lines[here] = _line(item)
            yield from self._value(item, here)

    def _empty(self, node: yaml.Node, path: Path) -> None:
        text = self._text_lines[node.start_mark.line] if node.start_mark.line < len(self._text_lines) else ""
        if re.search(r":\s+#[0-9a-zA-Z]", text):
            self._document.blame(path, "everything after # is a comment, so no value is left", 'Use quotes: "#27ae60".')
        else:
            self._document.blame(path, "the key has no value", "Write one, or take the line away.")

    def _secret(self, path: Path) -> None:
        self._document.blame(
            path,
            "a secret stands in the campaign file, which people share",
            "Take it out, make a new one at the service, and set it in the environment or in .env, for example as "
            f"{nearest(str(path[-1]), _ENVIRONMENT) or 'SENDGRID_API_KEY'}.",
        )


_ENVIRONMENT = (
    "LEAF_TOKEN", "LEAF_USERNAME", "LEAF_PASSWORD", "SENDGRID_API_KEY",
    "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_API_KEY", "TWILIO_API_SECRET",
)  # fmt: skip


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _yaml_problem(error: yaml.YAMLError, text: str, file: str) -> Problem:
    """What the YAML library says, in words that help."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark else None
    said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read")
    if position := getattr(error, "position", None):
        line = text.count("\n", 0, position) + 1
    shown = text.split("\n")[line - 1] if line and line <= text.count("\n") + 1 else ""
    what, fix = (
        f"this is not valid YAML: {said}",
        "Look at the indentation, and put quotes around texts with : # { or @.",
    )
    if "\t" in shown[: len(shown) - len(shown.lstrip())] or r"'\t'" in said:
        what, fix = "the line has a tab", "YAML takes spaces only: replace the tab by two spaces."
    elif "single document" in str(error):
        what, fix = "the file has a second document (---)", "Keep one campaign in a file."
    elif "{{" in shown:
        fix = 'Put quotes around the text with braces: "{{ … }}".'
    return Problem(ProblemKind.CAMPAIGN, what, fix, Where(file, line=line))
